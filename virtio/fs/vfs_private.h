/* SPDX-License-Identifier: MIT */
/*
 * vfs_private.h - what the files of VirtioFs share.
 *
 * Every operation begins with the inode of its node.  A node id that is not
 * (or no longer) in the table answers -LX_ESTALE: that is what it is, and it
 * makes a Linux guest look the path up anew instead of failing.
 */
#ifndef VIRTIO_FS_VFS_PRIVATE_H
#define VIRTIO_FS_VFS_PRIVATE_H

#include "fuse/fuse_dirent.h"
#include "lxutil/lx_volume.h"
#include "virtio/fs/vfs_handle.h"
#include "virtio/fs/vfs_inode.h"
#include "virtio/fs/vfs_server.h"

/* How long a guest may believe what it was told. */
#define VFS_ENTRY_TIMEOUT_S 1
#define VFS_ATTR_TIMEOUT_S 1

struct vfs_server {
	const struct log *log;
	struct lx_volume_options vol_options;
	struct lx_volume *vol;
	struct lx_time entry_timeout;   /* that a name leads to a node */
	struct lx_time attr_timeout;    /* attributes */
	uint32_t open_flags;            /* FOPEN_* of every file */
	uint32_t opendir_flags;         /* and of every directory */
	struct vfs_inodes *inodes;
	struct vfs_handles handles;
};

/* ---- helpers ----------------------------------------------------------- */

/* Log an error of the host that its owner should know of; returns err. */
int vfs_note(struct vfs_server *s, const char *what, int err);

/* What counts of the open(2) flags of OPEN and CREATE. */
uint32_t vfs_open_flags(uint32_t flags);

void vfs_fill_attr(const struct lx_stat *st, struct fuse_attr *attr);

/*
 * Answer with the node that `name` in dir, having attributes st, leads to, and
 * count a lookup.
 */
int vfs_enter(struct vfs_server *s, struct vfs_inode *dir, const char *name,
	      const struct lx_stat *st, struct fuse_entry_out *ret_entry);

/* ---- operations, see fuse_ops.h ---------------------------------------- */

/* vfs_namei.c */
int vfs_lookup(void *fs, const struct fuse_request *req, const char *name,
	       struct fuse_entry_out *ret_entry);
void vfs_forget(void *fs, uint64_t node, uint64_t count);
ssize_t vfs_readlink(void *fs, const struct fuse_request *req,
		     struct iov_tail *dst);
int vfs_symlink(void *fs, const struct fuse_request *req, const char *name,
		const char *target, struct fuse_entry_out *ret_entry);
int vfs_mknod(void *fs, const struct fuse_request *req,
	      const struct fuse_mknod_in *in, const char *name,
	      struct fuse_entry_out *ret_entry);
int vfs_mkdir(void *fs, const struct fuse_request *req,
	      const struct fuse_mkdir_in *in, const char *name,
	      struct fuse_entry_out *ret_entry);
int vfs_create(void *fs, const struct fuse_request *req,
	       const struct fuse_create_in *in, const char *name,
	       struct fuse_entry_out *ret_entry,
	       struct fuse_open_out *ret_open);
int vfs_unlink(void *fs, const struct fuse_request *req, const char *name);
int vfs_rmdir(void *fs, const struct fuse_request *req, const char *name);
int vfs_rename(void *fs, const struct fuse_request *req, const char *name,
	       uint64_t new_dir, const char *new_name, uint32_t flags);
int vfs_link(void *fs, const struct fuse_request *req, uint64_t node,
	     const char *name, struct fuse_entry_out *ret_entry);

/* vfs_attr.c */
int vfs_getattr(void *fs, const struct fuse_request *req,
		const struct fuse_getattr_in *in,
		struct fuse_attr_out *ret_attr);
int vfs_setattr(void *fs, const struct fuse_request *req,
		const struct fuse_setattr_in *in,
		struct fuse_attr_out *ret_attr);
int vfs_access(void *fs, const struct fuse_request *req,
	       const struct fuse_access_in *in);

/* vfs_io.c */
int vfs_open(void *fs, const struct fuse_request *req,
	     const struct fuse_open_in *in, struct fuse_open_out *ret_open);
ssize_t vfs_read(void *fs, const struct fuse_request *req,
		 const struct fuse_read_in *in, struct iov_tail *dst);
ssize_t vfs_write(void *fs, const struct fuse_request *req,
		  const struct fuse_write_in *in, struct iov_tail *src);
int vfs_flush(void *fs, const struct fuse_request *req,
	      const struct fuse_flush_in *in);
int vfs_release(void *fs, const struct fuse_request *req,
		const struct fuse_release_in *in);
int vfs_fsync(void *fs, const struct fuse_request *req,
	      const struct fuse_fsync_in *in);

/* vfs_dir.c */
int vfs_opendir(void *fs, const struct fuse_request *req,
		const struct fuse_open_in *in, struct fuse_open_out *ret_open);
int vfs_readdir(void *fs, const struct fuse_request *req,
		const struct fuse_read_in *in, bool plus,
		struct fuse_dirents *dirents);
int vfs_releasedir(void *fs, const struct fuse_request *req,
		   const struct fuse_release_in *in);
int vfs_fsyncdir(void *fs, const struct fuse_request *req,
		 const struct fuse_fsync_in *in);

/* vfs_xattr.c */
int vfs_setxattr(void *fs, const struct fuse_request *req,
		 const struct fuse_setxattr_in *in, const char *name,
		 const void *value);
ssize_t vfs_getxattr(void *fs, const struct fuse_request *req,
		     const char *name, struct iov_tail *dst);
ssize_t vfs_listxattr(void *fs, const struct fuse_request *req,
		      struct iov_tail *dst);
int vfs_removexattr(void *fs, const struct fuse_request *req,
		    const char *name);

#endif
