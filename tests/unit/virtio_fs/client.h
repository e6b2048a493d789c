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
