/* SPDX-License-Identifier: MIT */
/*
 * fuse_numbers.h - opcodes, notification codes and flags of FUSE 7.45.
 *
 * Part of fuse_proto.h, which is what to include.  Flags of INIT are 64-bit
 * values: `flags` of the INIT records holds the low half of them and `flags2`
 * the high one.
 */
#ifndef FUSE_FUSE_NUMBERS_H
#define FUSE_FUSE_NUMBERS_H

#include <stdint.h>

enum fuse_opcode {
	FUSE_LOOKUP = 1,
	FUSE_FORGET = 2,                        /* no reply */
	FUSE_GETATTR = 3,
	FUSE_SETATTR = 4,
	FUSE_READLINK = 5,
	FUSE_SYMLINK = 6,
	FUSE_MKNOD = 8,
	FUSE_MKDIR = 9,
	FUSE_UNLINK = 10,
	FUSE_RMDIR = 11,
	FUSE_RENAME = 12,
	FUSE_LINK = 13,
	FUSE_OPEN = 14,
	FUSE_READ = 15,
	FUSE_WRITE = 16,
	FUSE_STATFS = 17,
	FUSE_RELEASE = 18,
	FUSE_FSYNC = 20,
	FUSE_SETXATTR = 21,
	FUSE_GETXATTR = 22,
	FUSE_LISTXATTR = 23,
	FUSE_REMOVEXATTR = 24,
	FUSE_FLUSH = 25,
	FUSE_INIT = 26,
	FUSE_OPENDIR = 27,
	FUSE_READDIR = 28,
	FUSE_RELEASEDIR = 29,
	FUSE_FSYNCDIR = 30,
	FUSE_GETLK = 31,
	FUSE_SETLK = 32,
	FUSE_SETLKW = 33,
	FUSE_ACCESS = 34,
	FUSE_CREATE = 35,
	FUSE_INTERRUPT = 36,                    /* no reply */
	FUSE_BMAP = 37,
	FUSE_DESTROY = 38,
	FUSE_IOCTL = 39,
	FUSE_POLL = 40,
	FUSE_NOTIFY_REPLY = 41,                 /* no reply */
	FUSE_BATCH_FORGET = 42,                 /* no reply */
	FUSE_FALLOCATE = 43,
	FUSE_READDIRPLUS = 44,
	FUSE_RENAME2 = 45,
	FUSE_LSEEK = 46,
	FUSE_COPY_FILE_RANGE = 47,              /* (28) */
	FUSE_SETUPMAPPING = 48,                 /* (31) */
	FUSE_REMOVEMAPPING = 49,                /* (31) */
	FUSE_SYNCFS = 50,                       /* (34) */
	FUSE_TMPFILE = 51,                      /* (37) */
	FUSE_STATX = 52,                        /* (39) */
	FUSE_COPY_FILE_RANGE_64 = 53,           /* (45) */
	CUSE_INIT = 4096
};

/* What a server tells without being asked: `error` of the header, unique 0. */
enum fuse_notify_code {
	FUSE_NOTIFY_POLL = 1,
	FUSE_NOTIFY_INVAL_INODE = 2,
	FUSE_NOTIFY_INVAL_ENTRY = 3,
	FUSE_NOTIFY_STORE = 4,
	FUSE_NOTIFY_RETRIEVE = 5,
	FUSE_NOTIFY_DELETE = 6,
	FUSE_NOTIFY_RESEND = 7,                 /* (40) */
	FUSE_NOTIFY_INC_EPOCH = 8,              /* (44) */
	FUSE_NOTIFY_PRUNE = 9                   /* (45) */
};

/* ---- INIT flags ------------------------------------------------------- */

#define FUSE_ASYNC_READ (1ull << 0)             /* reads in parallel */
#define FUSE_POSIX_LOCKS (1ull << 1)            /* GETLK, SETLK, SETLKW */
#define FUSE_FILE_OPS (1ull << 2)               /* never used */
#define FUSE_ATOMIC_O_TRUNC (1ull << 3)         /* OPEN truncates */
#define FUSE_EXPORT_SUPPORT (1ull << 4)         /* LOOKUP of . and .. */
#define FUSE_BIG_WRITES (1ull << 5)             /* beyond 4 KiB */
#define FUSE_DONT_MASK (1ull << 6)              /* the server applies umask */
#define FUSE_SPLICE_WRITE (1ull << 7)           /* /dev/fuse only */
#define FUSE_SPLICE_MOVE (1ull << 8)
#define FUSE_SPLICE_READ (1ull << 9)
#define FUSE_FLOCK_LOCKS (1ull << 10)           /* flock(2) is remote */
#define FUSE_HAS_IOCTL_DIR (1ull << 11)
#define FUSE_AUTO_INVAL_DATA (1ull << 12)       /* a new mtime drops pages */
#define FUSE_DO_READDIRPLUS (1ull << 13)
#define FUSE_READDIRPLUS_AUTO (1ull << 14)      /* when it looks useful */
#define FUSE_ASYNC_DIO (1ull << 15)
#define FUSE_WRITEBACK_CACHE (1ull << 16)
#define FUSE_NO_OPEN_SUPPORT (1ull << 17)       /* OPEN may be ENOSYS */
#define FUSE_PARALLEL_DIROPS (1ull << 18)       /* LOOKUPs in parallel */
#define FUSE_HANDLE_KILLPRIV (1ull << 19)       /* the server drops s-bits */
#define FUSE_POSIX_ACL (1ull << 20)
#define FUSE_ABORT_ERROR (1ull << 21)           /* /dev/fuse only */
#define FUSE_MAX_PAGES (1ull << 22)             /* max_pages is valid (28) */
#define FUSE_CACHE_SYMLINKS (1ull << 23)        /* (28) */
#define FUSE_NO_OPENDIR_SUPPORT (1ull << 24)    /* (29) */
#define FUSE_EXPLICIT_INVAL_DATA (1ull << 25)   /* (30) */
#define FUSE_MAP_ALIGNMENT (1ull << 26)         /* map_alignment valid (31) */
#define FUSE_SUBMOUNTS (1ull << 27)             /* FUSE_ATTR_SUBMOUNT (32) */
#define FUSE_HANDLE_KILLPRIV_V2 (1ull << 28)    /* (33) */
#define FUSE_SETXATTR_EXT (1ull << 29)          /* longer setxattr_in (33) */
#define FUSE_INIT_EXT (1ull << 30)              /* flags2 is valid (36) */
#define FUSE_INIT_RESERVED (1ull << 31)
#define FUSE_SECURITY_CTX (1ull << 32)          /* sent at creation (36) */
#define FUSE_HAS_INODE_DAX (1ull << 33)         /* FUSE_ATTR_DAX (36) */
#define FUSE_CREATE_SUPP_GROUP (1ull << 34)     /* sent at creation (38) */
#define FUSE_HAS_EXPIRE_ONLY (1ull << 35)       /* (38) */
#define FUSE_DIRECT_IO_ALLOW_MMAP (1ull << 36)  /* (39) */
#define FUSE_DIRECT_IO_RELAX FUSE_DIRECT_IO_ALLOW_MMAP
#define FUSE_PASSTHROUGH (1ull << 37)           /* (40) */
#define FUSE_NO_EXPORT_SUPPORT (1ull << 38)     /* (40) */
#define FUSE_HAS_RESEND (1ull << 39)            /* FUSE_UNIQUE_RESEND (40) */
#define FUSE_ALLOW_IDMAP (1ull << 40)           /* (41) */
#define FUSE_OVER_IO_URING (1ull << 41)         /* /dev/fuse only (42) */
#define FUSE_REQUEST_TIMEOUT (1ull << 42)       /* (43) */

/* ---- flags of single messages ----------------------------------------- */

/* fuse_setattr_in.valid */
#define FATTR_MODE (1u << 0)
#define FATTR_UID (1u << 1)
#define FATTR_GID (1u << 2)
#define FATTR_SIZE (1u << 3)
#define FATTR_ATIME (1u << 4)
#define FATTR_MTIME (1u << 5)
#define FATTR_FH (1u << 6)                      /* fh is valid */
#define FATTR_ATIME_NOW (1u << 7)
#define FATTR_MTIME_NOW (1u << 8)
#define FATTR_LOCKOWNER (1u << 9)               /* lock_owner is valid */
#define FATTR_CTIME (1u << 10)
#define FATTR_KILL_SUIDGID (1u << 11)           /* (33) */

/* fuse_open_out.open_flags */
#define FOPEN_DIRECT_IO (1u << 0)               /* no page cache */
#define FOPEN_KEEP_CACHE (1u << 1)              /* what is cached stays */
#define FOPEN_NONSEEKABLE (1u << 2)
#define FOPEN_CACHE_DIR (1u << 3)               /* cache its entries (28) */
#define FOPEN_STREAM (1u << 4)                  /* no position */
#define FOPEN_NOFLUSH (1u << 5)                 /* no FLUSH at close (35) */
#define FOPEN_PARALLEL_DIRECT_WRITES (1u << 6)  /* (38) */
#define FOPEN_PASSTHROUGH (1u << 7)             /* backing_id is valid (40) */

/* fuse_open_in.open_flags, fuse_create_in.open_flags (33) */
#define FUSE_OPEN_KILL_SUIDGID (1u << 0)

/* fuse_attr.flags */
#define FUSE_ATTR_SUBMOUNT (1u << 0)            /* root of a submount (32) */
#define FUSE_ATTR_DAX (1u << 1)                 /* (36) */

/* fuse_getattr_in.getattr_flags, fuse_statx_in.getattr_flags */
#define FUSE_GETATTR_FH (1u << 0)               /* fh is valid */

/* fuse_read_in.read_flags */
#define FUSE_READ_LOCKOWNER (1u << 1)           /* lock_owner is valid */

/* fuse_write_in.write_flags */
#define FUSE_WRITE_CACHE (1u << 0)              /* write-back; fh is a guess */
#define FUSE_WRITE_LOCKOWNER (1u << 1)          /* lock_owner is valid */
#define FUSE_WRITE_KILL_SUIDGID (1u << 2)       /* (31) */
#define FUSE_WRITE_KILL_PRIV FUSE_WRITE_KILL_SUIDGID

/* fuse_release_in.release_flags */
#define FUSE_RELEASE_FLUSH (1u << 0)
#define FUSE_RELEASE_FLOCK_UNLOCK (1u << 1)

/* fuse_fsync_in.fsync_flags */
#define FUSE_FSYNC_FDATASYNC (1u << 0)

/* fuse_setxattr_in.setxattr_flags (33) */
#define FUSE_SETXATTR_ACL_KILL_SGID (1u << 0)

/* fuse_lk_in.lk_flags */
#define FUSE_LK_FLOCK (1u << 0)

/* fuse_ioctl_in.flags, fuse_ioctl_out.flags */
#define FUSE_IOCTL_COMPAT (1u << 0)
#define FUSE_IOCTL_UNRESTRICTED (1u << 1)
#define FUSE_IOCTL_RETRY (1u << 2)
#define FUSE_IOCTL_32BIT (1u << 3)
#define FUSE_IOCTL_DIR (1u << 4)
#define FUSE_IOCTL_COMPAT_X32 (1u << 5)         /* (30) */
#define FUSE_IOCTL_MAX_IOV 256u

/* fuse_poll_in.flags */
#define FUSE_POLL_SCHEDULE_NOTIFY (1u << 0)

/* fuse_notify_inval_entry_out.flags */
#define FUSE_EXPIRE_ONLY (1u << 0)              /* (38) */

/* fuse_setupmapping_in.flags */
#define FUSE_SETUPMAPPING_FLAG_WRITE (1ull << 0)
#define FUSE_SETUPMAPPING_FLAG_READ (1ull << 1)

/* fuse_in_header.unique: the request was sent before, without a reply (40) */
#define FUSE_UNIQUE_RESEND (1ull << 63)
/* fuse_in_header.uid and gid when an idmapped mount has none to tell (41) */
#define FUSE_INVALID_UIDGID ((uint32_t)-1)

#endif
