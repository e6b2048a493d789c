/* SPDX-License-Identifier: MIT */
/*
 * fuse_request.h - a request's bytes, made into a private and checked copy.
 *
 * A request is a header, the argument record of its opcode, up to two strings
 * and perhaps data.  `struct fuse_grammar` says what an opcode has of these;
 * parsing follows it and leaves a `struct fuse_message` that the guest cannot
 * change any more: whatever is checked has been copied first, and the copy is
 * used.  Bytes after what the grammar knows are ignored, as the protocol grows
 * at the end (extensions, longer records).
 *
 * Long data is not copied: `rest` stands at it.
 */
#ifndef FUSE_FUSE_REQUEST_H
#define FUSE_FUSE_REQUEST_H

#include "common/iov.h"
#include "common/limits.h"
#include "fuse/fuse_ops.h"
#include "lxutil/lx.h"

/* What a string of a request is, and so which ones are accepted. */
enum fuse_text {
	FUSE_TEXT_NONE,
	FUSE_TEXT_NAME,                 /* one component of a path */
	FUSE_TEXT_LOOKUP,               /* also "." and "..", if agreed on */
	FUSE_TEXT_TARGET,               /* of a symbolic link */
	FUSE_TEXT_XATTR,                /* name of an extended attribute */
	FUSE_TEXT_ANY,                  /* a name that means nothing */
	FUSE_TEXT_KINDS
};

/* What follows the strings. */
enum fuse_tail {
	FUSE_TAIL_NONE,
	FUSE_TAIL_VALUE,                /* of an extended attribute: copied */
	FUSE_TAIL_IOCTL,                /* what an ioctl passes in: copied */
	FUSE_TAIL_EXTENSIONS,           /* what creates may have: copied */
	FUSE_TAIL_DATA                  /* stays where it is */
};

struct fuse_grammar {
	uint8_t args;                   /* bytes of the argument record */
	uint8_t args_min;               /* its shortest form; 0: no shorter */
	uint8_t text[2];                /* enum fuse_text */
	uint8_t tail;                   /* enum fuse_tail */
};

/* The longest that the strings of one request can be: a SYMLINK's. */
#define FUSE_TEXT_MAX (LX_NAME_MAX + 1 + LX_PATH_MAX)

union fuse_args {
	struct fuse_init_in init;
	struct fuse_forget_in forget;
	struct fuse_batch_forget_in batch_forget;
	struct fuse_getattr_in getattr;
	struct fuse_setattr_in setattr;
	struct fuse_mknod_in mknod;
	struct fuse_mkdir_in mkdir;
	struct fuse_rename_in rename;
	struct fuse_rename2_in rename2;
	struct fuse_link_in link;
	struct fuse_open_in open;
	struct fuse_create_in create;
	struct fuse_read_in read;
	struct fuse_write_in write;
	struct fuse_flush_in flush;
	struct fuse_release_in release;
	struct fuse_fsync_in fsync;
	struct fuse_access_in access;
	struct fuse_setxattr_in setxattr;
	struct fuse_getxattr_in getxattr;
	struct fuse_interrupt_in interrupt;
	struct fuse_fallocate_in fallocate;
	struct fuse_lseek_in lseek;
	struct fuse_copy_file_range_in copy_file_range;
	struct fuse_syncfs_in syncfs;
	struct fuse_statx_in statx;
	struct fuse_ioctl_in ioctl;
	struct fuse_lk_in lk;
};

struct fuse_message {
	struct fuse_request req;
	uint32_t len;                   /* of the whole, as the guest says */
	struct iov_tail rest;           /* what has not been parsed... */
	size_t left;                    /* ...and how many bytes of it count */
	size_t extensions;              /* bytes of them, at the end */
	union fuse_args args;
	const char *text[2];            /* point into text_buf */
	void *value;                    /* on the heap, or NULL */
	char text_buf[FUSE_TEXT_MAX];
};

/*
 * Read the header of the request at `in`; *m needs no initialisation.  False:
 * there is none, or it tells a length shorter than itself.
 */
bool fuse_request_header(struct fuse_message *m, struct iov_tail in);

/*
 * Parse the rest by `g`, once.  flags are those that INIT agreed on.  0, or
 * -LX_E... when it breaks the grammar:
 *   EINVAL        too short, too long (FUSE_REQUEST_MAX), or a name that is
 *                 empty, ".", "..", holds a slash or does not end (LOOKUP
 *                 takes dots where FUSE_EXPORT_SUPPORT was agreed on)
 *   ENAMETOOLONG  a name or a target is too long
 *   ERANGE        an extended attribute's name is too long
 *   E2BIG         an extended attribute's value or an ioctl's data is too
 *                 long
 *   EIO           the header tells more bytes than there are
 *   ENOMEM        no memory for the value
 */
int fuse_request_body(struct fuse_message *m, const struct fuse_grammar *g,
		      uint64_t flags);

/* Free what fuse_request_body() allocated, also after an error of it. */
void fuse_request_done(struct fuse_message *m);

#endif
