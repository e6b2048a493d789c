/* SPDX-License-Identifier: MIT */
/*
 * vfs_remove.c - operations that take names away: UNLINK, RMDIR, RENAME.
 *
 * What the guest removes it may use on, by a working directory or an O_PATH
 * descriptor say, of which no handle tells.  So the inode that a name leads to,
 * if the guest knows it, is held while the name goes, and lives until it is
 * forgotten.  That takes a call to find it, and is needed only where inodes are
 * known that have no descriptor: lx_removal_begin() knows.
 */
#include "virtio/fs/vfs_private.h"

/* What a name leads to, as far as the guest knows it. */
struct target {
	struct vfs_inode *inode;        /* or NULL */
	bool held;
};

static struct target find(struct vfs_server *s, struct vfs_inode *dir,
			  const char *name)
{
	struct target target = { .inode = NULL };
	struct lx_stat st;

	if (lx_stat_name(vfs_vol(dir), dir->node, name, &st))
		return target;
	target.inode = vfs_inodes_peek(s->inodes, dir->key.share, &st);
	/* Where it cannot be held, it goes: the guest wanted it to. */
	target.held = target.inode &&
		      !lx_node_hold(vfs_vol(dir), target.inode->node);
	return target;
}

static void put(struct vfs_server *s, const struct target *target)
{
	if (!target->inode)
		return;
	if (target->held)
		lx_node_release(target->inode->key.share->vol,
				target->inode->node);
	vfs_inode_put(s->inodes, target->inode);
}

/* It has this name now. */
static void named(const struct target *target, struct vfs_inode *dir,
		  const char *name)
{
	if (target->inode)
		lx_node_named(vfs_vol(dir), target->inode->node, dir->node,
			      name);
}

static void unnamed(const struct target *target, struct vfs_inode *dir,
		    const char *name)
{
	if (target->inode)
		lx_node_unnamed(vfs_vol(dir), target->inode->node, dir->node,
				name);
}

/* ---- UNLINK, RMDIR ----------------------------------------------------- */

static int remove_name(struct vfs_server *s, const struct fuse_request *req,
		       const char *name,
		       int (*fn)(struct lx_volume *vol, struct lx_node *dir,
				 const char *name))
{
	struct vfs_inode *dir = vfs_inode_get(s->inodes, req->node);
	struct target target = { .inode = NULL };
	bool tell;
	int err;

	if (!dir)
		return -LX_ESTALE;
	tell = lx_removal_begin(vfs_vol(dir));
	if (tell)
		target = find(s, dir, name);
	err = fn(vfs_vol(dir), dir->node, name);
	if (!err)
		unnamed(&target, dir, name);
	put(s, &target);
	lx_removal_end(vfs_vol(dir), tell);
	vfs_inode_put(s->inodes, dir);
	return err;
}

int vfs_unlink(void *fs, const struct fuse_request *req, const char *name)
{
	return remove_name(fs, req, name, lx_unlink);
}

int vfs_rmdir(void *fs, const struct fuse_request *req, const char *name)
{
	return remove_name(fs, req, name, lx_rmdir);
}

/* ---- RENAME ------------------------------------------------------------ */

static int move(struct vfs_server *s, struct vfs_inode *from, const char *name,
		struct vfs_inode *to, const char *new_name, uint32_t flags,
		const struct lx_caller *who)
{
	struct target moved = { .inode = NULL }, replaced = { .inode = NULL };
	struct lx_volume *vol = vfs_vol(from);
	bool tell = lx_removal_begin(vol);
	int err;

	if (tell) {
		moved = find(s, from, name);
		replaced = find(s, to, new_name);
	}
	err = lx_rename(vol, from->node, name, to->node, new_name, flags, who);
	/* Of two names of one file, none goes. */
	if (!err && moved.inode != replaced.inode) {
		if (flags & LX_RENAME_EXCHANGE)
			named(&replaced, from, name);
		else
			unnamed(&replaced, to, new_name);
		named(&moved, to, new_name);
	}
	put(s, &moved);
	put(s, &replaced);
	lx_removal_end(vol, tell);
	return err;
}

/* A whiteout is created, and so needs an owner. */
int vfs_rename(void *fs, const struct fuse_request *req, const char *name,
	       uint64_t new_dir, const char *new_name, uint32_t flags)
{
	struct vfs_server *s = fs;
	struct vfs_inode *from = vfs_inode_get(s->inodes, req->node);
	struct vfs_inode *to = vfs_inode_get(s->inodes, new_dir);
	struct lx_caller who = { 0 };
	int err = from && to ? 0 : vfs_no_inode(s, new_dir);

	if (!err && from->key.share != to->key.share)
		err = -LX_EXDEV;
	if (!err && flags & LX_RENAME_WHITEOUT)
		err = vfs_creator(from->key.share, req, &who);
	if (!err)
		err = move(s, from, name, to, new_name, flags, &who);
	if (from)
		vfs_inode_put(s->inodes, from);
	if (to)
		vfs_inode_put(s->inodes, to);
	return err;
}
