/* SPDX-License-Identifier: MIT */
/*
 * fuse_ops.h - what a file system implements to be served by a fuse_session.
 *
 * The session parses a request, calls one member, and makes the reply of what
 * it returns.  The reply is the return value, so no request can be answered
 * twice or not at all.
 *
 * For every member:
 *  - It returns 0 or a count, or a negative -LX_E... number.
 *  - A NULL member answers -LX_ENOSYS (which tells Linux not to ask again).
 *  - `fs` is the pointer given to fuse_session_new().
 *  - `req` and what it points to is the session's private, checked copy; it
 *    lives as long as the call.  Names in it have been checked: one component,
 *    not empty, "." or "..", at most LX_NAME_MAX bytes.  The node id in
 *    req->node, handles, sizes, offsets and flags are the guest's word.
 *  - Output arguments (ret_*) come zeroed and count only on success.
 *  - `dst` and `src` are the guest's memory, of exactly the size that the
 *    request allows: a member that fills dst returns how many bytes it wrote
 *    from the start.  A READ's dst may be longer than max_write (a guest with
 *    64 KiB pages reads 256 of them), and must be filled unless the file ends.
 *  - It may be called from several threads at a time, INIT and DESTROY too
 *    where a guest misbehaves (the session lets neither overlap others).
 *  - It may block.
 */
#ifndef FUSE_FUSE_OPS_H
#define FUSE_FUSE_OPS_H

#include "common/iov.h"
#include "fuse/fuse_proto.h"
#include "lxutil/lx.h"

#include <stdbool.h>
#include <sys/types.h>

struct fuse_dirents;
struct save_reader;
struct save_writer;

/* What read() and write() answer where they shall not block, and would. */
#define FUSE_BLOCKS (-(LX_MAX_ERRNO + 2))
/*
 * What they answer where they may go on by themselves, and do: what comes of
 * it, and when, goes to fuse_later_end().
 */
#define FUSE_GOES_ON (-(LX_MAX_ERRNO + 3))

struct fuse_later;

/* Who sends which request about which node. */
struct fuse_request {
	uint32_t opcode;
	uint64_t unique;
	uint64_t node;
	uint32_t uid, gid, pid;
	/*
	 * For what creates: the caller's umask where INIT agreed on
	 * FUSE_DONT_MASK (else 0, the guest has applied it); one further group
	 * of the caller (FUSE_CREATE_SUPP_GROUP); and a security context to
	 * give to what is created (FUSE_SECURITY_CTX), or a NULL name.
	 */
	uint32_t umask;
	bool has_group;
	uint32_t group;
	const char *secctx_name;
	const void *secctx;
	size_t secctx_len;
	/*
	 * READ and WRITE: answer FUSE_BLOCKS rather than block, for others
	 * wait; `slow`: also where that cannot be told, as they mostly block.
	 */
	bool nowait, slow;
	/*
	 * Where that is so, and not NULL, they may answer FUSE_GOES_ON instead;
	 * then it is theirs until they have ended (fuse_later.h).
	 */
	struct fuse_later *later;
};

/* What INIT agreed on; all fields are settled before and after init(). */
struct fuse_init_info {
	uint32_t minor;                 /* the guest's, 7.minor */
	uint64_t offered;               /* FUSE_* flags that the guest has */
	/*
	 * Flags to answer: the session has put in what it wants itself; init()
	 * may add offered ones and remove some.
	 */
	uint64_t flags;
	uint32_t max_readahead;
	uint32_t max_write;             /* bytes of one WRITE */
	uint32_t max_background;
	uint32_t time_gran;
};

struct fuse_ops {
	/* A new mount; 0, or an error that makes it fail. */
	int (*init)(void *fs, struct fuse_init_info *info);
	/* Unmounted or reset: forget every node and handle. */
	void (*destroy)(void *fs);

	/*
	 * Only where init() agreed on FUSE_EXPORT_SUPPORT, name may be "." (the
	 * node itself, of whatever type) and ".." (the parent of a directory).
	 */
	int (*lookup)(void *fs, const struct fuse_request *req,
		      const char *name, struct fuse_entry_out *ret_entry);
	/* The guest drops `count` of the lookups of `node`. */
	void (*forget)(void *fs, uint64_t node, uint64_t count);
	int (*getattr)(void *fs, const struct fuse_request *req,
		       const struct fuse_getattr_in *in,
		       struct fuse_attr_out *ret_attr);
	int (*setattr)(void *fs, const struct fuse_request *req,
		       const struct fuse_setattr_in *in,
		       struct fuse_attr_out *ret_attr);
	/* Target without NUL. */
	ssize_t (*readlink)(void *fs, const struct fuse_request *req,
			    struct iov_tail *dst);
	/* target: a string, not empty, shorter than LX_PATH_MAX. */
	int (*symlink)(void *fs, const struct fuse_request *req,
		       const char *name, const char *target,
		       struct fuse_entry_out *ret_entry);
	int (*mknod)(void *fs, const struct fuse_request *req,
		     const struct fuse_mknod_in *in, const char *name,
		     struct fuse_entry_out *ret_entry);
	int (*mkdir)(void *fs, const struct fuse_request *req,
		     const struct fuse_mkdir_in *in, const char *name,
		     struct fuse_entry_out *ret_entry);
	int (*unlink)(void *fs, const struct fuse_request *req,
		      const char *name);
	int (*rmdir)(void *fs, const struct fuse_request *req,
		     const char *name);
	/* RENAME and RENAME2; flags are LX_RENAME_*. */
	int (*rename)(void *fs, const struct fuse_request *req,
		      const char *name, uint64_t new_dir, const char *new_name,
		      uint32_t flags);
	/* A new name in req->node for `node`. */
	int (*link)(void *fs, const struct fuse_request *req, uint64_t node,
		    const char *name, struct fuse_entry_out *ret_entry);

	int (*open)(void *fs, const struct fuse_request *req,
		    const struct fuse_open_in *in,
		    struct fuse_open_out *ret_open);
	int (*create)(void *fs, const struct fuse_request *req,
		      const struct fuse_create_in *in, const char *name,
		      struct fuse_entry_out *ret_entry,
		      struct fuse_open_out *ret_open);
	ssize_t (*read)(void *fs, const struct fuse_request *req,
			const struct fuse_read_in *in, struct iov_tail *dst);
	ssize_t (*write)(void *fs, const struct fuse_request *req,
			 const struct fuse_write_in *in, struct iov_tail *src);
	int (*flush)(void *fs, const struct fuse_request *req,
		     const struct fuse_flush_in *in);
	/* Frees the handle whatever it returns. */
	int (*release)(void *fs, const struct fuse_request *req,
		       const struct fuse_release_in *in);
	int (*fsync)(void *fs, const struct fuse_request *req,
		     const struct fuse_fsync_in *in);
	int (*statfs)(void *fs, const struct fuse_request *req,
		      struct fuse_kstatfs *ret_st);
	int (*access)(void *fs, const struct fuse_request *req,
		      const struct fuse_access_in *in);

	int (*opendir)(void *fs, const struct fuse_request *req,
		       const struct fuse_open_in *in,
		       struct fuse_open_out *ret_open);
	/* Fill the buffer by fuse_dirents_add(); plus: READDIRPLUS. */
	int (*readdir)(void *fs, const struct fuse_request *req,
		       const struct fuse_read_in *in, bool plus,
		       struct fuse_dirents *dirents);
	int (*releasedir)(void *fs, const struct fuse_request *req,
			  const struct fuse_release_in *in);
	int (*fsyncdir)(void *fs, const struct fuse_request *req,
			const struct fuse_fsync_in *in);

	/* value: private bytes, at most LX_XATTR_SIZE_MAX. */
	int (*setxattr)(void *fs, const struct fuse_request *req,
			const struct fuse_setxattr_in *in, const char *name,
			const void *value);
	/*
	 * dst of size 0 asks for the size; it is returned and nothing is
	 * written.  Else the value is written and its length returned.
	 */
	ssize_t (*getxattr)(void *fs, const struct fuse_request *req,
			    const char *name, struct iov_tail *dst);
	ssize_t (*listxattr)(void *fs, const struct fuse_request *req,
			     struct iov_tail *dst);
	int (*removexattr)(void *fs, const struct fuse_request *req,
			   const char *name);

	int (*fallocate)(void *fs, const struct fuse_request *req,
			 const struct fuse_fallocate_in *in);
	/* SEEK_DATA and SEEK_HOLE (and the others); the new offset. */
	int (*lseek)(void *fs, const struct fuse_request *req,
		     const struct fuse_lseek_in *in, uint64_t *ret_offset);
	/* Bytes copied; COPY_FILE_RANGE and COPY_FILE_RANGE_64. */
	int64_t (*copy_file_range)(void *fs, const struct fuse_request *req,
				   const struct fuse_copy_file_range_in *in);
	/* Write out the whole file system of the node. */
	int (*syncfs)(void *fs, const struct fuse_request *req);
	/* An unnamed regular file in the directory req->node. */
	int (*tmpfile)(void *fs, const struct fuse_request *req,
		       const struct fuse_create_in *in,
		       struct fuse_entry_out *ret_entry,
		       struct fuse_open_out *ret_open);
	int (*statx)(void *fs, const struct fuse_request *req,
		     const struct fuse_statx_in *in,
		     struct fuse_statx_out *ret_stx);
	/*
	 * Restricted ioctls only (no FUSE_IOCTL_UNRESTRICTED): data is in_size
	 * private bytes; what is written to dst, up to in->out_size bytes, is
	 * returned as a count.
	 */
	ssize_t (*ioctl)(void *fs, const struct fuse_request *req,
			 const struct fuse_ioctl_in *in, const void *data,
			 struct iov_tail *dst);
	int (*getlk)(void *fs, const struct fuse_request *req,
		     const struct fuse_lk_in *in,
		     struct fuse_file_lock *ret_lock);
	/*
	 * SETLK and SETLKW, record locks and (FUSE_LK_FLOCK) flock.  Never
	 * waits: -LX_EAGAIN says that the lock is taken.
	 */
	int (*setlk)(void *fs, const struct fuse_request *req,
		     const struct fuse_lk_in *in);
	/*
	 * A SETLKW that was answered -LX_EAGAIN is not tried again: it was
	 * interrupted, or too many wait.
	 */
	void (*setlkw_dropped)(void *fs, const struct fuse_request *req);

	/*
	 * Write what the guest knows and has open as records, so that
	 * restore() of another file system of the same options, maybe in
	 * another process, goes on where this one is.  No request is at work.
	 * Nothing changes.  0, or a negative errno.
	 */
	int (*save)(void *fs, struct save_writer *w);
	/*
	 * Take it over, after an init() that has agreed on the same.  The
	 * records are not to be trusted.  0, or the reader's error (a negative
	 * errno); then destroy() follows.
	 */
	int (*restore)(void *fs, struct save_reader *r);

	/*
	 * The members for requests about FUSE_ROOT_ID, where the root is not
	 * like other nodes; NULL: these ones.
	 */
	const struct fuse_ops *root;
};

#endif
