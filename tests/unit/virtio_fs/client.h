/* SPDX-License-Identifier: MIT */
/*
 * client.h - the guest's side of FUSE for these tests: builds requests, hands
 * them to a session, and takes the replies apart.
 *
 * A client is for one thread; several may talk to one session.  Functions
 * return 0 or a count, or the negative error number of the reply.
 */
#ifndef TESTS_UNIT_VIRTIO_FS_CLIENT_H
#define TESTS_UNIT_VIRTIO_FS_CLIENT_H

#include "fuse/fuse_session.h"

#include <sys/types.h>

#define CLIENT_DATA_MAX FUSE_MAX_WRITE

struct client {
	struct fuse_session *session;
	uint32_t uid, gid;
	uint64_t offered;       /* at INIT: FUSE_* flags... */
	uint64_t flags;         /* ...and what was agreed on */
	uint32_t umask;         /* of MKDIR, MKNOD, CREATE */
	uint32_t in_open_flags; /* FUSE_OPEN_* of OPEN and CREATE */
	uint32_t open_flags;    /* FOPEN_* of their last reply */
	uint32_t write_flags;   /* FUSE_WRITE_* */
	uint32_t file_flags;    /* O_* of the file that is written */
	/* What MKDIR and CREATE come with, or NULL and 0. */
	const char *label_name, *label;
	size_t label_len;       /* 0: it is a string */
	uint32_t group;
	size_t piece;           /* cut messages into pieces of so many bytes */
	uint64_t unique;
	size_t in_len;
	uint8_t in[CLIENT_DATA_MAX + 4096];
	size_t reply_len;       /* without the header */
	uint8_t *reply;
	uint8_t out[CLIENT_DATA_MAX + 4096];
};

struct client *client_new(struct fuse_session *session);
void client_free(struct client *c);

/* Any message: begin, put what it consists of, send. */
void client_begin(struct client *c, uint32_t opcode, uint64_t node);
void client_put(struct client *c, const void *bytes, size_t len);
void client_put_name(struct client *c, const char *name);
/* reply_max: room for the reply without its header.  Returns its length. */
ssize_t client_send(struct client *c, size_t reply_max);
/* The same, and the reply is a record of exactly this size. */
int client_send_for(struct client *c, void *ret, size_t size);
/* The label and group, if any, at the end of a message. */
void client_put_extensions(struct client *c);
/* For messages without a reply. */
void client_post(struct client *c);

int client_init(struct client *c);
int client_destroy(struct client *c);

int client_lookup(struct client *c, uint64_t dir, const char *name,
		  struct fuse_entry_out *ret);
void client_forget(struct client *c, uint64_t node, uint64_t count);
int client_getattr(struct client *c, uint64_t node, struct fuse_attr *ret);
int client_getattr_fh(struct client *c, uint64_t node, uint64_t fh,
		      struct fuse_attr *ret);
int client_setattr(struct client *c, uint64_t node,
		   const struct fuse_setattr_in *in, struct fuse_attr *ret);
int client_access(struct client *c, uint64_t node, uint32_t mask);
int client_statfs(struct client *c, uint64_t node, struct fuse_kstatfs *ret);

int client_mkdir(struct client *c, uint64_t dir, const char *name,
		 uint32_t mode, struct fuse_entry_out *ret);
int client_mknod(struct client *c, uint64_t dir, const char *name,
		 uint32_t mode, uint32_t rdev, struct fuse_entry_out *ret);
int client_symlink(struct client *c, uint64_t dir, const char *name,
		   const char *target, struct fuse_entry_out *ret);
ssize_t client_readlink(struct client *c, uint64_t node, size_t reply_max);
int client_link(struct client *c, uint64_t node, uint64_t dir,
		const char *name, struct fuse_entry_out *ret);
/* UNLINK, RMDIR. */
int client_remove(struct client *c, uint32_t opcode, uint64_t dir,
		  const char *name);
int client_rename(struct client *c, uint64_t dir, const char *name,
		  uint64_t new_dir, const char *new_name, uint32_t flags);

/* OPEN, OPENDIR. */
int client_open(struct client *c, uint32_t opcode, uint64_t node,
		uint32_t flags, uint64_t *ret_fh);
int client_create(struct client *c, uint64_t dir, const char *name,
		  uint32_t flags, uint32_t mode, struct fuse_entry_out *ret,
		  uint64_t *ret_fh);
/* READ, READDIR, READDIRPLUS: the data is in c->reply. */
ssize_t client_read(struct client *c, uint32_t opcode, uint64_t node,
		    uint64_t fh, uint64_t offset, uint32_t size);
ssize_t client_write(struct client *c, uint64_t node, uint64_t fh,
		     uint64_t offset, const void *data, uint32_t size);
int client_flush(struct client *c, uint64_t node, uint64_t fh);
/* RELEASE, RELEASEDIR. */
int client_release(struct client *c, uint32_t opcode, uint64_t node,
		   uint64_t fh);
/* FSYNC, FSYNCDIR. */
int client_fsync(struct client *c, uint32_t opcode, uint64_t node,
		 uint64_t fh, uint32_t flags);

int client_setxattr(struct client *c, uint64_t node, const char *name,
		    const void *value, uint32_t size, uint32_t flags);
/* LISTXATTR with name NULL.  Returns the length, also with size 0. */
ssize_t client_getxattr(struct client *c, uint64_t node, const char *name,
			uint32_t size);
int client_removexattr(struct client *c, uint64_t node, const char *name);

/* ---- client_range.c ---------------------------------------------------- */

int client_fallocate(struct client *c, uint64_t node, uint64_t fh,
		     uint32_t mode, uint64_t offset, uint64_t length);
int64_t client_lseek(struct client *c, uint64_t node, uint64_t fh,
		     uint64_t offset, uint32_t whence);
int64_t client_copy(struct client *c, const struct fuse_copy_file_range_in *in,
		    uint64_t node);
int client_syncfs(struct client *c, uint64_t node);
int client_tmpfile(struct client *c, uint64_t dir, uint32_t flags,
		   uint32_t mode, struct fuse_entry_out *ret,
		   uint64_t *ret_fh);
int client_statx(struct client *c, uint64_t node,
		 const struct fuse_statx_in *in, struct fuse_statx_out *ret);
/* Returns the length of what it passes out, which is in c->reply + 16. */
ssize_t client_ioctl(struct client *c, uint64_t node, uint64_t fh,
		     uint32_t cmd, const void *data, uint32_t in_size,
		     uint32_t out_size);
/*
 * GETLK (in *lock too), SETLK, SETLKW.  FUSE_WAIT: it waits, and is tried again
 * by the next with the same c->unique (which counts up).
 */
int client_lock(struct client *c, uint32_t opcode, uint64_t node,
		uint64_t fh, uint64_t owner, struct fuse_file_lock *lock);
void client_interrupt(struct client *c, uint64_t unique);
int client_flock(struct client *c, uint64_t node, uint64_t fh, uint32_t type);

/* An entry of a READDIR or READDIRPLUS reply. */
struct client_dirent {
	struct fuse_entry_out entry;    /* READDIRPLUS */
	uint64_t ino, next;
	uint32_t type;
	char name[256];
};
/* The entry at *offset of the reply, which is moved on; false: the end. */
bool client_next_dirent(const struct client *c, bool plus, size_t *offset,
			struct client_dirent *ret);

#endif
