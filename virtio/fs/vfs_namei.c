/* SPDX-License-Identifier: MIT */
/*
 * vfs_namei.c - operations on names: LOOKUP, FORGET, everything that makes or
 * takes away a name, and what links say.
 *
 * Each reply with an entry counts one lookup of its node, which the guest will
 * FORGET.
 */
#include "virtio/fs/vfs_private.h"

/* ---- entries ----------------------------------------------------------- */

static void fill_entry(struct vfs_server *s, uint64_t id,
		       const struct lx_stat *st,
		       struct fuse_entry_out *ret_entry)
{
	*ret_entry = (struct fuse_entry_out){
		.nodeid = id,
		.generation = 0,        /* no node id is used twice */
		.entry_valid = (uint64_t)s->entry_timeout.sec,
		.entry_valid_nsec = s->entry_timeout.nsec,
		.attr_valid = (uint64_t)s->attr_timeout.sec,
		.attr_valid_nsec = s->attr_timeout.nsec,
	};
	vfs_fill_attr(st, &ret_entry->attr);
}

/* Answer with `node`, which is taken in any case. */
static int enter_node(struct vfs_server *s, struct lx_node *node,
		      const struct lx_stat *st,
		      struct fuse_entry_out *ret_entry)
{
	uint64_t id;
	int err;

	err = vfs_inodes_add(s->inodes, node, st, &id);
	if (!err)
		fill_entry(s, id, st, ret_entry);
	return err;
}

int vfs_enter(struct vfs_server *s, struct vfs_inode *dir, const char *name,
	      const struct lx_stat *st, struct fuse_entry_out *ret_entry)
{
	struct lx_node *node;
	struct lx_stat now;
	uint64_t id;
	int err;

	if (vfs_inodes_find(s->inodes, st, &id)) {
		fill_entry(s, id, st, ret_entry);
		return 0;
	}
	/* Not known: what the name is by now. */
	err = lx_lookup(s->vol, dir->node, name, &node, &now);
	if (err)
		return vfs_note(s, "LOOKUP", err);
	return enter_node(s, node, &now, ret_entry);
}

/* ---- LOOKUP, FORGET ---------------------------------------------------- */

int vfs_lookup(void *fs, const struct fuse_request *req, const char *name,
	       struct fuse_entry_out *ret_entry)
{
	struct vfs_server *s = fs;
	struct vfs_inode *dir = vfs_inode_get(s->inodes, req->node);
	struct lx_stat st;
	int err;

	if (!dir)
		return -LX_ESTALE;
	err = lx_stat_name(s->vol, dir->node, name, &st);
	if (!err)
		err = vfs_enter(s, dir, name, &st, ret_entry);
	vfs_inode_put(s->inodes, dir);
	return err;
}

void vfs_forget(void *fs, uint64_t node, uint64_t count)
{
	struct vfs_server *s = fs;

	vfs_inodes_forget(s->inodes, node, count);
}

/* ---- creation ---------------------------------------------------------- */

/*
 * The directory to create in.  Room for a node is looked for first, so that a
 * full table does not leave things behind that the guest was refused.
 */
static int dir_to_create_in(struct vfs_server *s,
			    const struct fuse_request *req,
			    struct vfs_inode **ret_dir)
{
	struct vfs_inode *dir;

	if (vfs_inodes_full(s->inodes)) {
		vfs_note(s, "creation", -LX_ENFILE);
		return -LX_ENFILE;
	}
	dir = vfs_inode_get(s->inodes, req->node);
	if (!dir)
		return -LX_ESTALE;
	*ret_dir = dir;
	return 0;
}

/* The end of each creation: err, or the entry of what was made. */
static int created(struct vfs_server *s, struct vfs_inode *dir, int err,
		   struct lx_node *node, const struct lx_stat *st,
		   struct fuse_entry_out *ret_entry)
{
	vfs_inode_put(s->inodes, dir);
	if (err)
		return vfs_note(s, "creation", err);
	return enter_node(s, node, st, ret_entry);
}

static struct lx_caller caller(const struct fuse_request *req)
{
	return (struct lx_caller){ .uid = req->uid, .gid = req->gid };
}

int vfs_symlink(void *fs, const struct fuse_request *req, const char *name,
		const char *target, struct fuse_entry_out *ret_entry)
{
	struct vfs_server *s = fs;
	struct lx_caller who = caller(req);
	struct lx_node *node = NULL;
	struct vfs_inode *dir;
	struct lx_stat st;
	int err;

	err = dir_to_create_in(s, req, &dir);
	if (err)
		return err;
	err = lx_symlink(s->vol, dir->node, name, target, &who, &node, &st);
	return created(s, dir, err, node, &st, ret_entry);
}

int vfs_mknod(void *fs, const struct fuse_request *req,
	      const struct fuse_mknod_in *in, const char *name,
	      struct fuse_entry_out *ret_entry)
{
	struct vfs_server *s = fs;
	struct lx_caller who = caller(req);
	/* As the kernel's new_decode_dev(). */
	uint32_t major = in->rdev >> 8 & 0xfff;
	uint32_t minor = (in->rdev & 0xff) | (in->rdev >> 12 & 0xfff00);
	struct lx_node *node = NULL;
	struct vfs_inode *dir;
	struct lx_stat st;
	int err;

	err = dir_to_create_in(s, req, &dir);
	if (err)
		return err;
	err = lx_mknod(s->vol, dir->node, name, in->mode, major, minor, &who,
		       &node, &st);
	return created(s, dir, err, node, &st, ret_entry);
}

int vfs_mkdir(void *fs, const struct fuse_request *req,
	      const struct fuse_mkdir_in *in, const char *name,
	      struct fuse_entry_out *ret_entry)
{
	struct vfs_server *s = fs;
	struct lx_caller who = caller(req);
	struct lx_node *node = NULL;
	struct vfs_inode *dir;
	struct lx_stat st;
	int err;

	err = dir_to_create_in(s, req, &dir);
	if (err)
		return err;
	err = lx_mkdir(s->vol, dir->node, name, in->mode, &who, &node, &st);
	return created(s, dir, err, node, &st, ret_entry);
}

int vfs_create(void *fs, const struct fuse_request *req,
	       const struct fuse_create_in *in, const char *name,
	       struct fuse_entry_out *ret_entry,
	       struct fuse_open_out *ret_open)
{
	struct vfs_server *s = fs;
	struct lx_caller who = caller(req);
	struct vfs_handle *handle;
	struct lx_node *node = NULL;
	struct lx_file *file = NULL;
	struct vfs_inode *dir;
	struct lx_stat st;
	int err;

	err = vfs_handle_reserve(&s->handles, VFS_HANDLE_FILE, &handle);
	if (err)
		return vfs_note(s, "CREATE", err);
	err = dir_to_create_in(s, req, &dir);
	if (err) {
		vfs_handle_cancel(&s->handles, handle);
		return err;
	}
	err = lx_create(s->vol, dir->node, name,
			vfs_open_flags(in->flags) | (in->flags & LX_O_EXCL),
			in->mode, &who, &file, &node, &st);
	err = created(s, dir, err, node, &st, ret_entry);
	if (err) {
		if (file)
			lx_file_close(file);
		vfs_handle_cancel(&s->handles, handle);
		return err;
	}
	ret_open->fh = vfs_handle_open(handle, file, ret_entry->nodeid);
	ret_open->open_flags = s->open_flags;
	return 0;
}

/*
 * The guest gets the node that it knows, whose attributes have changed.  Where
 * it has forgotten it meanwhile, the new name leads to it.
 */
int vfs_link(void *fs, const struct fuse_request *req, uint64_t node,
	     const char *name, struct fuse_entry_out *ret_entry)
{
	struct vfs_server *s = fs;
	struct vfs_inode *inode = vfs_inode_get(s->inodes, node);
	struct vfs_inode *dir = vfs_inode_get(s->inodes, req->node);
	struct lx_stat st;
	int err = -LX_ESTALE;

	if (inode && dir)
		err = lx_link(s->vol, inode->node, dir->node, name, &st);
	if (!err)
		err = vfs_enter(s, dir, name, &st, ret_entry);
	if (inode)
		vfs_inode_put(s->inodes, inode);
	if (dir)
		vfs_inode_put(s->inodes, dir);
	return err;
}

/* ---- removal and renaming ---------------------------------------------- */

int vfs_unlink(void *fs, const struct fuse_request *req, const char *name)
{
	struct vfs_server *s = fs;
	struct vfs_inode *dir = vfs_inode_get(s->inodes, req->node);
	int err;

	if (!dir)
		return -LX_ESTALE;
	err = lx_unlink(s->vol, dir->node, name);
	vfs_inode_put(s->inodes, dir);
	return err;
}

int vfs_rmdir(void *fs, const struct fuse_request *req, const char *name)
{
	struct vfs_server *s = fs;
	struct vfs_inode *dir = vfs_inode_get(s->inodes, req->node);
	int err;

	if (!dir)
		return -LX_ESTALE;
	err = lx_rmdir(s->vol, dir->node, name);
	vfs_inode_put(s->inodes, dir);
	return err;
}

int vfs_rename(void *fs, const struct fuse_request *req, const char *name,
	       uint64_t new_dir, const char *new_name, uint32_t flags)
{
	struct vfs_server *s = fs;
	struct vfs_inode *from = vfs_inode_get(s->inodes, req->node);
	struct vfs_inode *to = vfs_inode_get(s->inodes, new_dir);
	int err = -LX_ESTALE;

	if (from && to)
		err = lx_rename(s->vol, from->node, name, to->node, new_name,
				flags);
	if (from)
		vfs_inode_put(s->inodes, from);
	if (to)
		vfs_inode_put(s->inodes, to);
	return err;
}

/* ---- READLINK ---------------------------------------------------------- */

ssize_t vfs_readlink(void *fs, const struct fuse_request *req,
		     struct iov_tail *dst)
{
	struct vfs_server *s = fs;
	struct vfs_inode *inode = vfs_inode_get(s->inodes, req->node);
	char target[LX_PATH_MAX];
	ssize_t len;

	if (!inode)
		return -LX_ESTALE;
	len = lx_readlink(s->vol, inode->node, target, sizeof(target));
	vfs_inode_put(s->inodes, inode);
	/* Half a target would lead somewhere else. */
	if (len > 0 && !iov_tail_write(dst, target, (size_t)len))
		return -LX_ENAMETOOLONG;
	return len;
}
