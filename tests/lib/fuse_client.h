/* SPDX-License-Identifier: MIT */
/*
 * fuse_client.h - a guest's FUSE client for tests: builds requests, sends them
 * by a fake_guest, and takes replies apart.
 *
 * Functions return 0 or a count, or the reply's negative Linux error, or what
 * fake_guest_call() says.  A reply that is no proper one is -EPROTO (-71).
 * One thread for each client, one queue for each thread.
 */
#ifndef TESTS_LIB_FUSE_CLIENT_H
#define TESTS_LIB_FUSE_CLIENT_H

#include "fuse/fuse_proto.h"
#include "tests/lib/fake_guest.h"

struct fuse_client {
	struct fake_guest *guest;
	unsigned queue;
	uint64_t unique;
	uint32_t uid, gid, pid;
	bool setxattr_ext;              /* INIT agreed on it */
};

/* One piece of a request after its header. */
struct fuse_part {
	const void *data;
	size_t len;
};

/*
 * Send a request and take the payload of its reply.  The bytes of payload, or
 * a negative error.
 */
int64_t fuse_client_call(struct fuse_client *c, uint32_t opcode, uint64_t node,
			 const struct fuse_part *parts, size_t count,
			 void *out, size_t out_size);

/* Mount: INIT with everything that Linux offers.  ret_init may be NULL. */
int fuse_client_init(struct fuse_client *c, struct fuse_init_out *ret_init);
int fuse_client_destroy(struct fuse_client *c);

int fuse_client_lookup(struct fuse_client *c, uint64_t dir, const char *name,
		       struct fuse_entry_out *ret_entry);
/* Look "a/b/c" up from the root; the last one's node id, or 0. */
uint64_t fuse_client_walk(struct fuse_client *c, const char *path);
int fuse_client_forget(struct fuse_client *c, uint64_t node, uint64_t count);
int fuse_client_getattr(struct fuse_client *c, uint64_t node,
			struct fuse_attr *ret_attr);
int fuse_client_setattr(struct fuse_client *c, uint64_t node,
			const struct fuse_setattr_in *in,
			struct fuse_attr *ret_attr);
int fuse_client_readlink(struct fuse_client *c, uint64_t node, char *buf,
			 size_t size);
int fuse_client_symlink(struct fuse_client *c, uint64_t dir, const char *name,
			const char *target, struct fuse_entry_out *ret_entry);
int fuse_client_mknod(struct fuse_client *c, uint64_t dir, const char *name,
		      uint32_t mode, uint32_t rdev,
		      struct fuse_entry_out *ret_entry);
int fuse_client_mkdir(struct fuse_client *c, uint64_t dir, const char *name,
		      uint32_t mode, struct fuse_entry_out *ret_entry);
int fuse_client_unlink(struct fuse_client *c, uint64_t dir, const char *name);
int fuse_client_rmdir(struct fuse_client *c, uint64_t dir, const char *name);
/* RENAME2 when flags are not 0. */
int fuse_client_rename(struct fuse_client *c, uint64_t dir, const char *name,
		       uint64_t new_dir, const char *new_name, uint32_t flags);
int fuse_client_link(struct fuse_client *c, uint64_t node, uint64_t dir,
		     const char *name, struct fuse_entry_out *ret_entry);

int fuse_client_open(struct fuse_client *c, uint64_t node, uint32_t flags,
		     uint64_t *ret_fh);
int fuse_client_create(struct fuse_client *c, uint64_t dir, const char *name,
		       uint32_t flags, uint32_t mode,
		       struct fuse_entry_out *ret_entry, uint64_t *ret_fh);
int64_t fuse_client_read(struct fuse_client *c, uint64_t node, uint64_t fh,
			 uint64_t offset, void *buf, uint32_t size);
int64_t fuse_client_write(struct fuse_client *c, uint64_t node, uint64_t fh,
			  uint64_t offset, const void *buf, uint32_t size);
int fuse_client_flush(struct fuse_client *c, uint64_t node, uint64_t fh);
int fuse_client_release(struct fuse_client *c, uint64_t node, uint64_t fh);
int fuse_client_fsync(struct fuse_client *c, uint64_t node, uint64_t fh);
int fuse_client_statfs(struct fuse_client *c, struct fuse_kstatfs *ret_st);
int fuse_client_access(struct fuse_client *c, uint64_t node, uint32_t mask);

int fuse_client_opendir(struct fuse_client *c, uint64_t node, uint64_t *ret_fh);
int fuse_client_releasedir(struct fuse_client *c, uint64_t node, uint64_t fh);
/* One READDIR or READDIRPLUS; its bytes. */
int64_t fuse_client_readdir(struct fuse_client *c, uint64_t node, uint64_t fh,
			    uint64_t offset, bool plus, void *buf,
			    uint32_t size);
/*
 * The entry at *at of a reply of `len` bytes, its name NUL-terminated in
 * `name`; advances *at.  entry (with plus) may be NULL.  False: no more, or it
 * is no proper one.
 */
bool fuse_client_dirent(const void *buf, size_t len, bool plus, size_t *at,
			struct fuse_dirent *ret_dirent, char name[256],
			struct fuse_entry_out *ret_entry);

int fuse_client_setxattr(struct fuse_client *c, uint64_t node,
			 const char *name, const void *value, uint32_t size,
			 uint32_t flags);
/* size 0 asks for the size. */
int64_t fuse_client_getxattr(struct fuse_client *c, uint64_t node,
			     const char *name, void *buf, uint32_t size);
int64_t fuse_client_listxattr(struct fuse_client *c, uint64_t node, void *buf,
			      uint32_t size);
int fuse_client_removexattr(struct fuse_client *c, uint64_t node,
			    const char *name);

#endif
