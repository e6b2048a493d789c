/* SPDX-License-Identifier: MIT */
/*
 * fuse_proto.h - the FUSE wire protocol, version 7.45.
 *
 * The records and numbers that a guest's kernel and a file system exchange,
 * under the names that Linux gives them in <linux/fuse.h>, so that any host
 * can compile this and nothing depends on how old the installed headers are.
 * Records are in the guest's byte order.  Guests and hosts here are
 * little-endian, so records are used as they come.
 *
 * A request is struct fuse_in_header, the argument record of its opcode, and
 * names or data; a reply is struct fuse_out_header and a record or data.
 * Numbers in parentheses say with which minor version something came.
 */
#ifndef FUSE_FUSE_PROTO_H
#define FUSE_FUSE_PROTO_H

#include "fuse/fuse_notify.h"
#include "fuse/fuse_numbers.h"

#include <stdint.h>

#define FUSE_KERNEL_VERSION 7u
#define FUSE_KERNEL_MINOR_VERSION 45u

/* The node id of the root. */
#define FUSE_ROOT_ID 1u

/* ---- headers ---------------------------------------------------------- */

struct fuse_in_header {
	uint32_t len;                   /* of the whole request */
	uint32_t opcode;
	uint64_t unique;
	uint64_t nodeid;
	uint32_t uid, gid, pid;
	uint16_t total_extlen;          /* of extensions, in 8 bytes (38) */
	uint16_t padding;
};
_Static_assert(sizeof(struct fuse_in_header) == 40, "wire size");

struct fuse_out_header {
	uint32_t len;                   /* of the whole reply */
	int32_t error;                  /* 0 or negative */
	uint64_t unique;                /* the request's */
};
_Static_assert(sizeof(struct fuse_out_header) == 16, "wire size");

/* ---- INIT ------------------------------------------------------------- */

struct fuse_init_in {
	uint32_t major, minor;
	uint32_t max_readahead;
	uint32_t flags;                 /* up to here before (36) */
	uint32_t flags2;
	uint32_t unused[11];
};
_Static_assert(sizeof(struct fuse_init_in) == 64, "wire size");

struct fuse_init_out {
	uint32_t major, minor;
	uint32_t max_readahead;
	uint32_t flags;
	uint16_t max_background;
	uint16_t congestion_threshold;
	uint32_t max_write;
	uint32_t time_gran;             /* nanoseconds */
	uint16_t max_pages;             /* (28) */
	uint16_t map_alignment;         /* log2 (31) */
	uint32_t flags2;                /* (36) */
	uint32_t max_stack_depth;       /* (40) */
	uint16_t request_timeout;       /* seconds (43) */
	uint16_t unused[11];
};
_Static_assert(sizeof(struct fuse_init_out) == 64, "wire size");

/* ---- attributes and names --------------------------------------------- */

struct fuse_attr {
	uint64_t ino;
	uint64_t size;
	uint64_t blocks;                /* of 512 bytes */
	uint64_t atime, mtime, ctime;
	uint32_t atimensec, mtimensec, ctimensec;
	uint32_t mode;
	uint32_t nlink;
	uint32_t uid, gid;
	uint32_t rdev;                  /* minor, major << 8, minor << 12 */
	uint32_t blksize;
	uint32_t flags;                 /* FUSE_ATTR_* (32) */
};
_Static_assert(sizeof(struct fuse_attr) == 88, "wire size");

struct fuse_entry_out {
	uint64_t nodeid;                /* 0: there is none, and cache that */
	uint64_t generation;
	uint64_t entry_valid;           /* how long the name holds, seconds */
	uint64_t attr_valid;            /* how long attr holds */
	uint32_t entry_valid_nsec;
	uint32_t attr_valid_nsec;
	struct fuse_attr attr;
};
_Static_assert(sizeof(struct fuse_entry_out) == 128, "wire size");

struct fuse_attr_out {
	uint64_t attr_valid;
	uint32_t attr_valid_nsec;
	uint32_t dummy;
	struct fuse_attr attr;
};
_Static_assert(sizeof(struct fuse_attr_out) == 104, "wire size");

struct fuse_forget_in {
	uint64_t nlookup;
};
_Static_assert(sizeof(struct fuse_forget_in) == 8, "wire size");

struct fuse_forget_one {
	uint64_t nodeid;
	uint64_t nlookup;
};
_Static_assert(sizeof(struct fuse_forget_one) == 16, "wire size");

struct fuse_batch_forget_in {
	uint32_t count;                 /* of fuse_forget_one that follow */
	uint32_t dummy;
};
_Static_assert(sizeof(struct fuse_batch_forget_in) == 8, "wire size");

struct fuse_getattr_in {
	uint32_t getattr_flags;
	uint32_t dummy;
	uint64_t fh;
};
_Static_assert(sizeof(struct fuse_getattr_in) == 16, "wire size");

struct fuse_setattr_in {
	uint32_t valid;                 /* FATTR_* */
	uint32_t padding;
	uint64_t fh;
	uint64_t size;
	uint64_t lock_owner;
	uint64_t atime, mtime, ctime;
	uint32_t atimensec, mtimensec, ctimensec;
	uint32_t mode;
	uint32_t unused4;
	uint32_t uid, gid;
	uint32_t unused5;
};
_Static_assert(sizeof(struct fuse_setattr_in) == 88, "wire size");

struct fuse_mknod_in {
	uint32_t mode;
	uint32_t rdev;
	uint32_t umask;
	uint32_t padding;
};
_Static_assert(sizeof(struct fuse_mknod_in) == 16, "wire size");

struct fuse_mkdir_in {
	uint32_t mode;
	uint32_t umask;
};
_Static_assert(sizeof(struct fuse_mkdir_in) == 8, "wire size");

struct fuse_rename_in {
	uint64_t newdir;
};
_Static_assert(sizeof(struct fuse_rename_in) == 8, "wire size");

struct fuse_rename2_in {
	uint64_t newdir;
	uint32_t flags;
	uint32_t padding;
};
_Static_assert(sizeof(struct fuse_rename2_in) == 16, "wire size");

struct fuse_link_in {
	uint64_t oldnodeid;
};
_Static_assert(sizeof(struct fuse_link_in) == 8, "wire size");

struct fuse_access_in {
	uint32_t mask;
	uint32_t padding;
};
_Static_assert(sizeof(struct fuse_access_in) == 8, "wire size");

struct fuse_sx_time {
	int64_t tv_sec;
	uint32_t tv_nsec;
	int32_t reserved;
};
_Static_assert(sizeof(struct fuse_sx_time) == 16, "wire size");

struct fuse_statx {
	uint32_t mask;
	uint32_t blksize;
	uint64_t attributes;
	uint32_t nlink;
	uint32_t uid, gid;
	uint16_t mode;
	uint16_t spare0[1];
	uint64_t ino;
	uint64_t size;
	uint64_t blocks;
	uint64_t attributes_mask;
	struct fuse_sx_time atime, btime, ctime, mtime;
	uint32_t rdev_major, rdev_minor;
	uint32_t dev_major, dev_minor;
	uint64_t spare2[14];
};
_Static_assert(sizeof(struct fuse_statx) == 256, "wire size");

struct fuse_statx_in {
	uint32_t getattr_flags;
	uint32_t reserved;
	uint64_t fh;
	uint32_t sx_flags;
	uint32_t sx_mask;
};
_Static_assert(sizeof(struct fuse_statx_in) == 24, "wire size");

struct fuse_statx_out {
	uint64_t attr_valid;
	uint32_t attr_valid_nsec;
	uint32_t flags;
	uint64_t spare[2];
	struct fuse_statx stat;
};
_Static_assert(sizeof(struct fuse_statx_out) == 288, "wire size");

struct fuse_kstatfs {
	uint64_t blocks, bfree, bavail; /* of frsize bytes */
	uint64_t files, ffree;
	uint32_t bsize;
	uint32_t namelen;
	uint32_t frsize;
	uint32_t padding;
	uint32_t spare[6];
};
_Static_assert(sizeof(struct fuse_kstatfs) == 80, "wire size");

struct fuse_statfs_out {
	struct fuse_kstatfs st;
};
_Static_assert(sizeof(struct fuse_statfs_out) == 80, "wire size");

struct fuse_syncfs_in {
	uint64_t padding;
};
_Static_assert(sizeof(struct fuse_syncfs_in) == 8, "wire size");

/* ---- extended attributes ---------------------------------------------- */

/* Without FUSE_SETXATTR_EXT the record ends here. */
#define FUSE_COMPAT_SETXATTR_IN_SIZE 8u

struct fuse_setxattr_in {
	uint32_t size;
	uint32_t flags;                 /* XATTR_CREATE, XATTR_REPLACE */
	uint32_t setxattr_flags;        /* (33) */
	uint32_t padding;
};
_Static_assert(sizeof(struct fuse_setxattr_in) == 16, "wire size");

struct fuse_getxattr_in {
	uint32_t size;
	uint32_t padding;
};
_Static_assert(sizeof(struct fuse_getxattr_in) == 8, "wire size");

struct fuse_getxattr_out {
	uint32_t size;
	uint32_t padding;
};
_Static_assert(sizeof(struct fuse_getxattr_out) == 8, "wire size");

/* ---- open files ------------------------------------------------------- */

struct fuse_open_in {
	uint32_t flags;                 /* O_* */
	uint32_t open_flags;            /* FUSE_OPEN_* (33) */
};
_Static_assert(sizeof(struct fuse_open_in) == 8, "wire size");

struct fuse_create_in {
	uint32_t flags;                 /* O_* */
	uint32_t mode;
	uint32_t umask;
	uint32_t open_flags;            /* FUSE_OPEN_* (33) */
};
_Static_assert(sizeof(struct fuse_create_in) == 16, "wire size");

struct fuse_open_out {
	uint64_t fh;
	uint32_t open_flags;            /* FOPEN_* */
	int32_t backing_id;             /* (40) */
};
_Static_assert(sizeof(struct fuse_open_out) == 16, "wire size");

struct fuse_release_in {
	uint64_t fh;
	uint32_t flags;                 /* O_* */
	uint32_t release_flags;
	uint64_t lock_owner;
};
_Static_assert(sizeof(struct fuse_release_in) == 24, "wire size");

struct fuse_flush_in {
	uint64_t fh;
	uint32_t unused;
	uint32_t padding;
	uint64_t lock_owner;
};
_Static_assert(sizeof(struct fuse_flush_in) == 24, "wire size");

struct fuse_read_in {
	uint64_t fh;
	uint64_t offset;
	uint32_t size;
	uint32_t read_flags;
	uint64_t lock_owner;
	uint32_t flags;                 /* O_* */
	uint32_t padding;
};
_Static_assert(sizeof(struct fuse_read_in) == 40, "wire size");

struct fuse_write_in {
	uint64_t fh;
	uint64_t offset;
	uint32_t size;
	uint32_t write_flags;
	uint64_t lock_owner;
	uint32_t flags;                 /* O_* */
	uint32_t padding;
};
_Static_assert(sizeof(struct fuse_write_in) == 40, "wire size");

struct fuse_write_out {
	uint32_t size;
	uint32_t padding;
};
_Static_assert(sizeof(struct fuse_write_out) == 8, "wire size");

struct fuse_fsync_in {
	uint64_t fh;
	uint32_t fsync_flags;
	uint32_t padding;
};
_Static_assert(sizeof(struct fuse_fsync_in) == 16, "wire size");

/* ---- directories ------------------------------------------------------ */

/*
 * An entry of a READDIR reply: this, the name without NUL, and zeros up to a
 * multiple of 8 bytes.  In a READDIRPLUS reply a fuse_entry_out precedes it.
 */
struct fuse_dirent {
	uint64_t ino;
	uint64_t off;                   /* where the next one is */
	uint32_t namelen;
	uint32_t type;                  /* DT_* */
	char name[];
};
_Static_assert(sizeof(struct fuse_dirent) == 24, "wire size");

#define FUSE_REC_ALIGN(x) (((x) + 7) & ~(uint64_t)7)

/* ---- locks ------------------------------------------------------------ */

struct fuse_file_lock {
	uint64_t start;
	uint64_t end;                   /* the last byte */
	uint32_t type;                  /* F_RDLCK, F_WRLCK, F_UNLCK */
	uint32_t pid;
};
_Static_assert(sizeof(struct fuse_file_lock) == 24, "wire size");

struct fuse_lk_in {
	uint64_t fh;
	uint64_t owner;
	struct fuse_file_lock lk;
	uint32_t lk_flags;
	uint32_t padding;
};
_Static_assert(sizeof(struct fuse_lk_in) == 48, "wire size");

struct fuse_lk_out {
	struct fuse_file_lock lk;
};
_Static_assert(sizeof(struct fuse_lk_out) == 24, "wire size");

/* ---- other operations ------------------------------------------------- */

struct fuse_interrupt_in {
	uint64_t unique;
};
_Static_assert(sizeof(struct fuse_interrupt_in) == 8, "wire size");

struct fuse_bmap_in {
	uint64_t block;
	uint32_t blocksize;
	uint32_t padding;
};
_Static_assert(sizeof(struct fuse_bmap_in) == 16, "wire size");

struct fuse_bmap_out {
	uint64_t block;
};
_Static_assert(sizeof(struct fuse_bmap_out) == 8, "wire size");

struct fuse_ioctl_in {
	uint64_t fh;
	uint32_t flags;
	uint32_t cmd;
	uint64_t arg;
	uint32_t in_size;
	uint32_t out_size;
};
_Static_assert(sizeof(struct fuse_ioctl_in) == 32, "wire size");

struct fuse_ioctl_iovec {
	uint64_t base;
	uint64_t len;
};
_Static_assert(sizeof(struct fuse_ioctl_iovec) == 16, "wire size");

struct fuse_ioctl_out {
	int32_t result;
	uint32_t flags;
	uint32_t in_iovs;
	uint32_t out_iovs;
};
_Static_assert(sizeof(struct fuse_ioctl_out) == 16, "wire size");

struct fuse_poll_in {
	uint64_t fh;
	uint64_t kh;
	uint32_t flags;
	uint32_t events;
};
_Static_assert(sizeof(struct fuse_poll_in) == 24, "wire size");

struct fuse_poll_out {
	uint32_t revents;
	uint32_t padding;
};
_Static_assert(sizeof(struct fuse_poll_out) == 8, "wire size");

struct fuse_fallocate_in {
	uint64_t fh;
	uint64_t offset;
	uint64_t length;
	uint32_t mode;
	uint32_t padding;
};
_Static_assert(sizeof(struct fuse_fallocate_in) == 32, "wire size");

struct fuse_lseek_in {
	uint64_t fh;
	uint64_t offset;
	uint32_t whence;
	uint32_t padding;
};
_Static_assert(sizeof(struct fuse_lseek_in) == 24, "wire size");

struct fuse_lseek_out {
	uint64_t offset;
};
_Static_assert(sizeof(struct fuse_lseek_out) == 8, "wire size");

/* COPY_FILE_RANGE answers with fuse_write_out, _64 with the record below. */
struct fuse_copy_file_range_in {
	uint64_t fh_in;
	uint64_t off_in;
	uint64_t nodeid_out;
	uint64_t fh_out;
	uint64_t off_out;
	uint64_t len;
	uint64_t flags;
};
_Static_assert(sizeof(struct fuse_copy_file_range_in) == 56, "wire size");

struct fuse_copy_file_range_out {
	uint64_t bytes_copied;
};
_Static_assert(sizeof(struct fuse_copy_file_range_out) == 8, "wire size");

/* ---- the DAX window --------------------------------------------------- */

struct fuse_setupmapping_in {
	uint64_t fh;
	uint64_t foffset;               /* in the file */
	uint64_t len;
	uint64_t flags;
	uint64_t moffset;               /* in the window */
};
_Static_assert(sizeof(struct fuse_setupmapping_in) == 40, "wire size");

struct fuse_removemapping_in {
	uint32_t count;                 /* of fuse_removemapping_one */
};
_Static_assert(sizeof(struct fuse_removemapping_in) == 4, "wire size");

struct fuse_removemapping_one {
	uint64_t moffset;
	uint64_t len;
};
_Static_assert(sizeof(struct fuse_removemapping_one) == 16, "wire size");

/* ---- extensions, after what the opcode has ------------------------------ */

/* Types up to FUSE_MAX_NR_SECCTX are the count of a fuse_secctx_header. */
enum fuse_ext_type {
	FUSE_MAX_NR_SECCTX = 31,
	FUSE_EXT_GROUPS = 32            /* (38) */
};

struct fuse_ext_header {
	uint32_t size;                  /* this header included */
	uint32_t type;
};
_Static_assert(sizeof(struct fuse_ext_header) == 8, "wire size");

struct fuse_secctx_header {
	uint32_t size;                  /* of all, this header included */
	uint32_t nr_secctx;
};
_Static_assert(sizeof(struct fuse_secctx_header) == 8, "wire size");

/* One context; its name, a string, and `size` bytes of label follow. */
struct fuse_secctx {
	uint32_t size;
	uint32_t padding;
};
_Static_assert(sizeof(struct fuse_secctx) == 8, "wire size");

struct fuse_supp_groups {
	uint32_t nr_groups;
	uint32_t groups[];
};
_Static_assert(sizeof(struct fuse_supp_groups) == 4, "wire size");

#endif
