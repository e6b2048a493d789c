/* SPDX-License-Identifier: MIT */
/*
 * lx.h - Linux' numbers and records, the same on every host.
 *
 * Nothing here depends on the host's libc: a server on another host speaks
 * Linux to its guest all the same.  Values are those of the Linux kernel's
 * generic (x86-64, arm64) ABI.
 */
#ifndef LXUTIL_LX_H
#define LXUTIL_LX_H

#include "common/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Functions return 0 or a negative number of these; see errno(3). */
enum {
	LX_EPERM = 1,
	LX_ENOENT = 2,
	LX_EINTR = 4,
	LX_EIO = 5,
	LX_ENXIO = 6,
	LX_E2BIG = 7,
	LX_EBADF = 9,
	LX_EAGAIN = 11,
	LX_ENOMEM = 12,
	LX_EACCES = 13,
	LX_EFAULT = 14,
	LX_EBUSY = 16,
	LX_EEXIST = 17,
	LX_EXDEV = 18,
	LX_ENODEV = 19,
	LX_ENOTDIR = 20,
	LX_EISDIR = 21,
	LX_EINVAL = 22,
	LX_ENFILE = 23,
	LX_EMFILE = 24,
	LX_ENOTTY = 25,
	LX_ETXTBSY = 26,
	LX_EFBIG = 27,
	LX_ENOSPC = 28,
	LX_ESPIPE = 29,
	LX_EROFS = 30,
	LX_EMLINK = 31,
	LX_EPIPE = 32,
	LX_ERANGE = 34,
	LX_EDEADLK = 35,
	LX_ENAMETOOLONG = 36,
	LX_ENOLCK = 37,
	LX_ENOSYS = 38,
	LX_ENOTEMPTY = 39,
	LX_ELOOP = 40,
	LX_ENODATA = 61,
	LX_ENOPKG = 65,
	LX_EPROTO = 71,
	LX_EBADMSG = 74,
	LX_EOVERFLOW = 75,
	LX_EILSEQ = 84,
	LX_EMSGSIZE = 90,
	LX_EOPNOTSUPP = 95,
	LX_ENOTCONN = 107,
	LX_ETIMEDOUT = 110,
	LX_EHOSTDOWN = 112,
	LX_ESTALE = 116,
	LX_EUCLEAN = 117,
	LX_EREMOTEIO = 121,
	LX_EDQUOT = 122,
	LX_ENOKEY = 126,
	LX_EKEYREJECTED = 129
};

/* The largest number that a reply may carry (the kernel's MAX_ERRNO). */
#define LX_MAX_ERRNO 4095

#define LX_S_IFMT 0170000u
#define LX_S_IFSOCK 0140000u
#define LX_S_IFLNK 0120000u
#define LX_S_IFREG 0100000u
#define LX_S_IFBLK 0060000u
#define LX_S_IFDIR 0040000u
#define LX_S_IFCHR 0020000u
#define LX_S_IFIFO 0010000u
#define LX_S_ISUID 0004000u
#define LX_S_ISGID 0002000u
#define LX_S_ISVTX 0001000u

#define LX_S_ISREG(m) (((m) & LX_S_IFMT) == LX_S_IFREG)
#define LX_S_ISDIR(m) (((m) & LX_S_IFMT) == LX_S_IFDIR)
#define LX_S_ISLNK(m) (((m) & LX_S_IFMT) == LX_S_IFLNK)

/* statx(2): what a mask says, and attributes that a file may have. */
#define LX_STATX_BASIC_STATS 0x7ffu
#define LX_STATX_BTIME 0x800u

#define LX_STATX_ATTR_COMPRESSED 0x4u
#define LX_STATX_ATTR_IMMUTABLE 0x10u
#define LX_STATX_ATTR_APPEND 0x20u
#define LX_STATX_ATTR_NODUMP 0x40u
#define LX_STATX_ATTR_ENCRYPTED 0x800u
#define LX_STATX_ATTR_VERITY 0x100000u

/* The d_type of a mode. */
#define LX_DT(m) (((m) & LX_S_IFMT) >> 12)

/* open(2) flags; what FUSE_OPEN and FUSE_CREATE carry on x86-64. */
#define LX_O_ACCMODE 00000003u
#define LX_O_RDONLY 00000000u
#define LX_O_WRONLY 00000001u
#define LX_O_RDWR 00000002u
#define LX_O_CREAT 00000100u
#define LX_O_EXCL 00000200u
#define LX_O_NOCTTY 00000400u
#define LX_O_TRUNC 00001000u
#define LX_O_APPEND 00002000u
#define LX_O_NONBLOCK 00004000u
#define LX_O_DSYNC 00010000u
#define LX_O_DIRECT 00040000u
#define LX_O_LARGEFILE 00100000u
#define LX_O_DIRECTORY 00200000u
#define LX_O_NOFOLLOW 00400000u
#define LX_O_NOATIME 01000000u
#define LX_O_CLOEXEC 02000000u
#define LX_O_SYNC 04010000u
#define LX_O_PATH 010000000u
/* Ours and not Linux': LX_O_TRUNC drops setuid and setgid; see lx_write(). */
#define LX_O_KILL_PRIV 0x80000000u

/* Ours: how lx_write() writes. */
#define LX_WRITE_KILL_PRIV 1u
#define LX_WRITE_APPEND 2u

#define LX_RENAME_NOREPLACE 1u
#define LX_RENAME_EXCHANGE 2u
#define LX_RENAME_WHITEOUT 4u

#define LX_XATTR_CREATE 1u
#define LX_XATTR_REPLACE 2u
/* Ours: an access ACL drops setgid, as by a process without privilege. */
#define LX_XATTR_KILL_SGID 0x80000000u

#define LX_F_OK 0u
#define LX_X_OK 1u
#define LX_W_OK 2u
#define LX_R_OK 4u

struct lx_time {
	int64_t sec;
	uint32_t nsec;                  /* below 10^9 */
};

/* What lstat(2) and statx(2) tell; devices as major and minor numbers. */
struct lx_stat {
	uint64_t ino;
	uint64_t dev;                   /* identifies the file system */
	uint64_t mount;                 /* identifies the mount; 0: unknown */
	uint64_t size;
	uint64_t blocks;                /* of 512 bytes */
	struct lx_time atime, mtime, ctime, btime;
	uint32_t mode;
	uint32_t nlink;
	uint32_t uid, gid;
	uint32_t rdev_major, rdev_minor;
	uint32_t blksize;
	bool has_btime;
	uint64_t attributes;            /* STATX_ATTR_* that are set... */
	uint64_t attributes_mask;       /* ...of those that are known */
	uint32_t dio_mem_align, dio_offset_align; /* 0: no direct I/O known */
};

struct lx_statfs {
	uint64_t blocks, bfree, bavail; /* of frsize bytes */
	uint64_t files, ffree;
	uint32_t bsize, frsize;
	uint32_t namelen;
};

/* Who asks: the new owner of what is created. */
struct lx_caller {
	uint32_t uid, gid;
	/* Where no default ACL says more; but S_ISUID and S_ISGID always. */
	uint32_t umask;
	bool has_group;                 /* also a member of `group` */
	uint32_t group;
};

/* A record lock; the range is [start, end], end UINT64_MAX >> 1: to EOF. */
enum {
	LX_F_RDLCK = 0,
	LX_F_WRLCK = 1,
	LX_F_UNLCK = 2
};

struct lx_lock {
	uint64_t start, end;
	uint32_t type;                  /* LX_F_* */
	uint32_t pid;                   /* of the holder; 0: unknown */
};

/* fallocate(2) modes. */
#define LX_FALLOC_FL_KEEP_SIZE 0x01u
#define LX_FALLOC_FL_PUNCH_HOLE 0x02u
#define LX_FALLOC_FL_COLLAPSE_RANGE 0x08u
#define LX_FALLOC_FL_ZERO_RANGE 0x10u
#define LX_FALLOC_FL_INSERT_RANGE 0x20u
#define LX_FALLOC_FL_UNSHARE_RANGE 0x40u

#define LX_SEEK_SET 0u
#define LX_SEEK_CUR 1u
#define LX_SEEK_END 2u
#define LX_SEEK_DATA 3u
#define LX_SEEK_HOLE 4u

#endif
