/* SPDX-License-Identifier: MIT */
/*
 * vfs_create.c - operations that create: SYMLINK, MKNOD, MKDIR, CREATE,
 * TMPFILE.
 *
 * What is created belongs to the caller from the first moment.  A security
 * context (FUSE_SECURITY_CTX) cannot be given in the same step: it is set
 * afterwards, and where that or anything else fails, what was created is
 * removed.
 */
#include "virtio/fs/vfs_private.h"

#include <string.h>

/* ---- every creation ---------------------------------------------------- */

int vfs_dir_to_create_in(struct vfs_server *s, const struct fuse_request *req,
			 struct vfs_inode **ret_dir)
{
	struct vfs_inode *dir;

	if (vfs_inodes_full(s->inodes)) {
		vfs_note(s, "creation", -LX_ENFILE);
		return -LX_ENFILE;
	}
	dir = vfs_inode_get(s->inodes, req->node);
	if (!dir)
		return vfs_no_inode(s, req->node);
	*ret_dir = dir;
	return 0;
}

int vfs_creator(const struct vfs_share *share, const struct fuse_request *req,
		struct lx_caller *ret_who)
{
	const struct vfs_options *o = &share->options;
	int err;

	if (req->uid == FUSE_INVALID_UIDGID || req->gid == FUSE_INVALID_UIDGID)
		return -LX_EOVERFLOW;
	err = vfs_caller(share, req, ret_who);
	if (err)
		return err;
	/* Where maps make it another user's, it is not to be run as him. */
	if (vfs_idmap_to_guest(o->uid_map, ret_who->uid) != req->uid ||
	    vfs_idmap_to_guest(o->gid_map, ret_who->gid) != req->gid)
		ret_who->umask |= LX_S_ISUID | LX_S_ISGID;
	return 0;
}

/* The directory, and who will own what is created. */
static int begin(struct vfs_server *s, const struct fuse_request *req,
		 struct lx_caller *ret_who, struct vfs_inode **ret_dir)
{
	struct vfs_inode *dir = NULL;
	int err;

	err = vfs_dir_to_create_in(s, req, &dir);
	if (err)
		return err;
	err = vfs_creator(dir->key.share, req, ret_who);
	if (err)
		vfs_inode_put(s->inodes, dir);
	else
		*ret_dir = dir;
	return err;
}

/* Take back what was just created, unless the name is another's by now. */
static void undo(struct vfs_inode *dir, const char *name,
		 const struct lx_stat *made)
{
	struct lx_stat st;

	if (lx_stat_name(vfs_vol(dir), dir->node, name, &st) ||
	    st.ino != made->ino || st.dev != made->dev)
		return;
	if (LX_S_ISDIR(st.mode))
		lx_rmdir(vfs_vol(dir), dir->node, name);
	else
		lx_unlink(vfs_vol(dir), dir->node, name);
}

/* What was created gets its security context.  On failure, node is closed. */
static int label(const struct vfs_server *s, const struct fuse_request *req,
		 struct vfs_inode *dir, struct lx_node *node)
{
	const struct vfs_share *share = dir->key.share;
	int err;

	if (!req->secctx_name)
		return 0;
	err = vfs_set_xattr(s, share, node, req->secctx_name, req->secctx,
			    req->secctx_len, 0);
	if (err)
		lx_node_close(share->vol, node);
	return err;
}

/*
 * The end of each creation: err, or the entry of what was made.  name is NULL
 * where it has none.
 */
static int finish(struct vfs_server *s, const struct fuse_request *req,
		  struct vfs_inode *dir, const char *name, int err,
		  struct lx_node *node, const struct lx_stat *st,
		  struct fuse_entry_out *ret_entry)
{
	bool made = !err;

	if (!err)
		err = label(s, req, dir, node);
	if (!err)
		err = vfs_enter_node(s, dir->key.share, dir, node, st,
				     ret_entry);
	if (err && made && name)
		undo(dir, name, st);
	vfs_inode_put(s->inodes, dir);
	return vfs_note(s, "creation", err);
}

/* ---- SYMLINK, MKNOD, MKDIR --------------------------------------------- */

int vfs_symlink(void *fs, const struct fuse_request *req, const char *name,
		const char *target, struct fuse_entry_out *ret_entry)
{
	struct vfs_server *s = fs;
	struct lx_node *node = NULL;
	struct vfs_inode *dir;
	struct lx_caller who;
	struct lx_stat st;
	int err;

	err = begin(s, req, &who, &dir);
	if (err)
		return err;
	err = lx_symlink(vfs_vol(dir), dir->node, name, target, &who, &node,
			 &st);
	return finish(s, req, dir, name, err, node, &st, ret_entry);
}

int vfs_mknod(void *fs, const struct fuse_request *req,
	      const struct fuse_mknod_in *in, const char *name,
	      struct fuse_entry_out *ret_entry)
{
	struct vfs_server *s = fs;
	/* As the kernel's new_decode_dev(). */
	uint32_t major = in->rdev >> 8 & 0xfff;
	uint32_t minor = (in->rdev & 0xff) | (in->rdev >> 12 & 0xfff00);
	struct lx_node *node = NULL;
	struct vfs_inode *dir;
	struct lx_caller who;
	struct lx_stat st;
	int err;

	err = begin(s, req, &who, &dir);
	if (err)
		return err;
	err = lx_mknod(vfs_vol(dir), dir->node, name, in->mode, major, minor,
		       &who, &node, &st);
	return finish(s, req, dir, name, err, node, &st, ret_entry);
}

int vfs_mkdir(void *fs, const struct fuse_request *req,
	      const struct fuse_mkdir_in *in, const char *name,
	      struct fuse_entry_out *ret_entry)
{
	struct vfs_server *s = fs;
	struct lx_node *node = NULL;
	struct vfs_inode *dir;
	struct lx_caller who;
	struct lx_stat st;
	int err;

	err = begin(s, req, &who, &dir);
	if (err)
		return err;
	err = lx_mkdir(vfs_vol(dir), dir->node, name, in->mode, &who, &node,
		       &st);
	return finish(s, req, dir, name, err, node, &st, ret_entry);
}

/* ---- CREATE, TMPFILE --------------------------------------------------- */

/* The file that was there already. */
static int open_existing(struct vfs_server *s, const struct fuse_request *req,
			 struct vfs_inode *dir,
			 const struct fuse_create_in *in, const char *name,
			 struct lx_file **ret_file,
			 struct fuse_entry_out *ret_entry,
			 uint32_t *ret_open_flags)
{
	struct vfs_share *share = dir->key.share;
	struct lx_node *node;
	struct lx_stat st;
	int err;

	err = lx_lookup(share->vol, dir->node, name, &node, &st);
	/* It was there a moment ago: ESTALE makes Linux try again. */
	if (err)
		return err == -LX_ENOENT ? -LX_ESTALE : err;
	if (in->open_flags & FUSE_OPEN_KILL_SUIDGID)
		vfs_act_for(share, req);
	err = vfs_open_node(s, share, node, in->flags, in->open_flags,
			    ret_file, ret_open_flags);
	if (!err && in->flags & LX_O_TRUNC)
		err = lx_file_getattr(*ret_file, &st);
	if (!err)
		return vfs_enter_node(s, share, dir, node, &st, ret_entry);
	lx_node_close(share->vol, node);
	return err;
}

/* A new file with this name, or with none. */
static int make_file(struct vfs_server *s, const struct fuse_request *req,
		     const struct fuse_create_in *in, const char *name,
		     struct lx_file **ret_file,
		     struct fuse_entry_out *ret_entry)
{
	struct lx_node *node = NULL;
	struct vfs_inode *dir;
	struct lx_caller who;
	struct lx_stat st;
	uint32_t flags;
	int err;

	err = begin(s, req, &who, &dir);
	if (err)
		return err;
	flags = vfs_open_flags(s, dir->key.share, in->flags) & ~LX_O_TRUNC;
	if (name)
		err = lx_create(vfs_vol(dir), dir->node, name,
				flags | LX_O_EXCL, in->mode, &who, ret_file,
				&node, &st);
	else
		err = lx_tmpfile(vfs_vol(dir), dir->node,
				 flags | (in->flags & LX_O_EXCL), in->mode,
				 &who, ret_file, &node, &st);
	return finish(s, req, dir, name, err, node, &st, ret_entry);
}

/* Room for a handle comes first, so that a full table creates nothing. */
static int make_handle(struct vfs_server *s, const struct fuse_request *req,
		       const struct fuse_create_in *in, const char *name,
		       struct fuse_entry_out *ret_entry,
		       struct fuse_open_out *ret_open)
{
	struct vfs_inode *dir = vfs_inode_get(s->inodes, req->node);
	struct vfs_handle *handle;
	struct lx_file *file = NULL;
	int err;

	if (!dir)
		return vfs_no_inode(s, req->node);
	err = vfs_handle_reserve(&s->handles, VFS_HANDLE_FILE, &handle);
	if (err) {
		vfs_note(s, "CREATE", err);
		goto out;
	}
	ret_open->open_flags = dir->key.share->open_flags;
	err = make_file(s, req, in, name, &file, ret_entry);
	if (err == -LX_EEXIST && name && !(in->flags & LX_O_EXCL))
		err = open_existing(s, req, dir, in, name, &file, ret_entry,
				    &ret_open->open_flags);
	if (err) {
		lx_file_close(file);
		vfs_handle_cancel(&s->handles, handle);
		goto out;
	}
	ret_open->fh = vfs_handle_open(handle, dir->key.share, file,
				       ret_entry->nodeid);
out:
	vfs_inode_put(s->inodes, dir);
	return err;
}

int vfs_create(void *fs, const struct fuse_request *req,
	       const struct fuse_create_in *in, const char *name,
	       struct fuse_entry_out *ret_entry,
	       struct fuse_open_out *ret_open)
{
	return make_handle(fs, req, in, name, ret_entry, ret_open);
}

int vfs_tmpfile(void *fs, const struct fuse_request *req,
		const struct fuse_create_in *in,
		struct fuse_entry_out *ret_entry,
		struct fuse_open_out *ret_open)
{
	return make_handle(fs, req, in, NULL, ret_entry, ret_open);
}
