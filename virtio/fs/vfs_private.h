/* SPDX-License-Identifier: MIT */
/*
 * vfs_private.h - what the files of VirtioFs share.
 *
 * Every operation begins with the inode of its node.  A node id that is not
 * (or no longer) in the table answers -LX_ESTALE: that is what it is, and it
 * makes a Linux guest look the path up anew instead of failing.  Nor is node 1
 * where the root is our own, which has operations of its own.
 */
#ifndef VIRTIO_FS_VFS_PRIVATE_H
#define VIRTIO_FS_VFS_PRIVATE_H

#include "fuse/fuse_dirent.h"
#include "fuse/fuse_proto.h"
#include "lxutil/lx_volume.h"
#include "virtio/fs/vfs_handle.h"
#include "virtio/fs/vfs_inode.h"
#include "virtio/fs/vfs_lock.h"
#include "virtio/fs/vfs_retake.h"
#include "virtio/fs/vfs_server.h"
#include "virtio/fs/vfs_share.h"

struct vfs_server {
	const struct log *log;
	struct vfs_share *shares;
	size_t share_count;
	struct fuse_ops ops;
	/* Where node 1 leads to the shares, see vfs_root.c: */
	bool own_root;
	struct fuse_ops root_ops;
	struct lx_time started;         /* the times of that root */
	/* What INIT agreed on; no request runs while it changes. */
	uint64_t flags;
	struct vfs_inodes *inodes;
	struct vfs_handles handles;
	struct vfs_locks locks;
	struct vfs_retake retake;
};

/* ---- helpers ----------------------------------------------------------- */

static inline struct lx_volume *vfs_vol(const struct vfs_inode *inode)
{
	return inode->key.share->vol;
}

/* Is it the root of its share? */
static inline bool vfs_is_top(const struct vfs_inode *inode)
{
	const struct lx_stat *top = &inode->key.share->top_st;

	return inode->key.ino == top->ino && inode->key.dev == top->dev &&
	       inode->key.mount == top->mount;
}

/* The error of a request about a node that has no inode. */
static inline int vfs_no_inode(const struct vfs_server *s, uint64_t node)
{
	return s->own_root && node == FUSE_ROOT_ID ? -LX_EROFS : -LX_ESTALE;
}

/* Log an error of the host that its owner should know of; returns err. */
int vfs_note(struct vfs_server *s, const char *what, int err);

/* What counts of the open(2) flags of OPEN and CREATE. */
uint32_t vfs_open_flags(const struct vfs_server *s,
			const struct vfs_share *share, uint32_t flags);

/*
 * Open a node as OPEN and CREATE ask for; open_flags are FUSE_OPEN_*, those
 * that are returned FOPEN_*.
 */
int vfs_open_node(struct vfs_server *s, struct vfs_share *share,
		  struct lx_node *node, uint32_t flags, uint32_t open_flags,
		  struct lx_file **ret_file, uint32_t *ret_open_flags);

/* Attributes as the guest shall see them. */
void vfs_fill_attr(const struct vfs_share *share, const struct lx_stat *st,
		   struct fuse_attr *attr);
/*
 * How long the guest may keep the attributes: not at all if the file is setuid
 * or setgid, as Linux does not ask again for the mode alone when a write, by
 * which the server takes these bits away, has changed it.
 */
const struct lx_time *vfs_attr_timeout(const struct vfs_share *share,
				       const struct lx_stat *st);
void vfs_fill_attr_out(const struct vfs_share *share, const struct lx_stat *st,
		       struct fuse_attr_out *ret_attr);
void vfs_fill_statx_out(const struct vfs_share *share, const struct lx_stat *st,
			struct fuse_statx_out *ret_stx);

/* Who asks, by the host's ids; -LX_EPERM: that user may do nothing here. */
int vfs_caller(const struct vfs_share *share, const struct fuse_request *req,
	       struct lx_caller *ret_who);

/*
 * What is done without privilege from now on, this caller does: as a member of
 * his group, where the guest tells.  (With FUSE_ALLOW_IDMAP it may not, and of
 * his further groups it never tells.)
 */
void vfs_act_for(const struct vfs_share *share, const struct fuse_request *req);

/*
 * Who will own what is created.  A mount that maps ids (FUSE_ALLOW_IDMAP) may
 * have none for the caller, and "nobody" must not become the server's own:
 * -LX_EOVERFLOW; else as vfs_caller().
 */
int vfs_creator(const struct vfs_share *share, const struct fuse_request *req,
		struct lx_caller *ret_who);

/*
 * Attributes of a node, by a handle where getattr_flags say so, and the share
 * that it belongs to.
 */
int vfs_stat(struct vfs_server *s, uint64_t node, uint32_t getattr_flags,
	     uint64_t fh, const struct vfs_share **ret_share,
	     struct lx_stat *ret_st);

/* Answer with a node that is known, found in dir (or NULL). */
void vfs_fill_entry(const struct vfs_server *s, const struct vfs_share *share,
		    const struct vfs_inode *dir, uint64_t id,
		    const struct lx_stat *st,
		    struct fuse_entry_out *ret_entry);

/* Answer that a name does not exist, for a while if the options say so. */
int vfs_no_entry(const struct vfs_share *share,
		 struct fuse_entry_out *ret_entry);

/*
 * Answer with the node that `name` in dir, having attributes st, leads to, and
 * count a lookup.
 */
int vfs_enter(struct vfs_server *s, struct vfs_inode *dir, const char *name,
	      const struct lx_stat *st, struct fuse_entry_out *ret_entry);

/*
 * The same with a node of the share that has been opened, which is taken in any
 * case; dir is where it was found, or NULL.
 */
int vfs_enter_node(struct vfs_server *s, struct vfs_share *share,
		   const struct vfs_inode *dir, struct lx_node *node,
		   const struct lx_stat *st, struct fuse_entry_out *ret_entry);

/*
 * The directory req->node to create in.  Room for a node is looked for first,
 * so that a full table does not leave things behind that the guest was
 * refused.
 */
int vfs_dir_to_create_in(struct vfs_server *s, const struct fuse_request *req,
			 struct vfs_inode **ret_dir);

/*
 * Set an attribute that the guest names: by whatever request it comes, names
 * and values are checked and translated.  flags are LX_XATTR_*.
 */
int vfs_set_xattr(const struct vfs_server *s, const struct vfs_share *share,
		  struct lx_node *node, const char *name, const void *value,
		  size_t size, uint32_t flags);

/*
 * Before the data or the owner of a file change: drop file capabilities that
 * xattrmap keeps under a name by which Linux does not know them.  The first
 * takes a node, the second that of an open file.
 */
int vfs_drop_capability(const struct vfs_share *share, struct lx_node *node);
int vfs_drop_capability_of(struct vfs_server *s,
			   const struct vfs_handle *handle);

/* ---- vfs_root.c -------------------------------------------------------- */

/* Answer with the root that leads to the shares. */
void vfs_root_fill_entry(const struct vfs_server *s,
			 struct fuse_entry_out *ret_entry);
/* Replace members by those of that root. */
void vfs_root_override(struct fuse_ops *ops);

/* ---- operations, see fuse_ops.h ---------------------------------------- */

/* vfs_init.c */
int vfs_init(void *fs, struct fuse_init_info *info);

/* vfs_namei.c */
int vfs_lookup(void *fs, const struct fuse_request *req, const char *name,
	       struct fuse_entry_out *ret_entry);
void vfs_forget(void *fs, uint64_t node, uint64_t count);
ssize_t vfs_readlink(void *fs, const struct fuse_request *req,
		     struct iov_tail *dst);
int vfs_link(void *fs, const struct fuse_request *req, uint64_t node,
	     const char *name, struct fuse_entry_out *ret_entry);

/* vfs_remove.c */
int vfs_unlink(void *fs, const struct fuse_request *req, const char *name);
int vfs_rmdir(void *fs, const struct fuse_request *req, const char *name);
int vfs_rename(void *fs, const struct fuse_request *req, const char *name,
	       uint64_t new_dir, const char *new_name, uint32_t flags);

/* vfs_create.c */
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
int vfs_tmpfile(void *fs, const struct fuse_request *req,
		const struct fuse_create_in *in,
		struct fuse_entry_out *ret_entry,
		struct fuse_open_out *ret_open);

/* vfs_attr.c */
int vfs_getattr(void *fs, const struct fuse_request *req,
		const struct fuse_getattr_in *in,
		struct fuse_attr_out *ret_attr);
int vfs_setattr(void *fs, const struct fuse_request *req,
		const struct fuse_setattr_in *in,
		struct fuse_attr_out *ret_attr);
int vfs_access(void *fs, const struct fuse_request *req,
	       const struct fuse_access_in *in);

/* vfs_statx.c */
int vfs_statx(void *fs, const struct fuse_request *req,
	      const struct fuse_statx_in *in, struct fuse_statx_out *ret_stx);

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

/* vfs_range.c */
int vfs_fallocate(void *fs, const struct fuse_request *req,
		  const struct fuse_fallocate_in *in);
int vfs_lseek(void *fs, const struct fuse_request *req,
	      const struct fuse_lseek_in *in, uint64_t *ret_offset);
int64_t vfs_copy_file_range(void *fs, const struct fuse_request *req,
			    const struct fuse_copy_file_range_in *in);

/* vfs_lock.c */
int vfs_getlk(void *fs, const struct fuse_request *req,
	      const struct fuse_lk_in *in, struct fuse_file_lock *ret_lock);
int vfs_setlk(void *fs, const struct fuse_request *req,
	      const struct fuse_lk_in *in);
void vfs_setlkw_dropped(void *fs, const struct fuse_request *req);

/* vfs_syncfs.c */
int vfs_syncfs(void *fs, const struct fuse_request *req);

/* vfs_ioctl.c */
ssize_t vfs_ioctl(void *fs, const struct fuse_request *req,
		  const struct fuse_ioctl_in *in, const void *data,
		  struct iov_tail *dst);

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

/* vfs_save.c, vfs_restore.c */
int vfs_save(void *fs, struct save_writer *w);
int vfs_restore(void *fs, struct save_reader *r);

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
