/* SPDX-License-Identifier: MIT */
/*
 * vfs_namei.c - operations on names: LOOKUP, FORGET, LINK, READLINK.
 *
 * Each reply with an entry counts one lookup of its node, which the guest will
 * FORGET.
 */
#include "virtio/fs/vfs_private.h"

#include <string.h>

/* ---- entries ----------------------------------------------------------- */

/* Is what is found in dir on another file system of the host, or mount? */
static bool is_submount(const struct vfs_server *s,
			const struct vfs_inode *dir, const struct lx_stat *st)
{
	return s->flags & FUSE_SUBMOUNTS && LX_S_ISDIR(st->mode) &&
	       (st->dev != dir->key.dev || st->mount != dir->key.mount);
}

void vfs_fill_entry(const struct vfs_server *s, const struct vfs_share *share,
		    const struct vfs_inode *dir, uint64_t id,
		    const struct lx_stat *st,
		    struct fuse_entry_out *ret_entry)
{
	const struct lx_time *timeout = vfs_attr_timeout(share, st);

	*ret_entry = (struct fuse_entry_out){
		.nodeid = id,
		.generation = 0,        /* no node id is used twice */
		.entry_valid = (uint64_t)share->timeout.sec,
		.entry_valid_nsec = share->timeout.nsec,
		.attr_valid = (uint64_t)timeout->sec,
		.attr_valid_nsec = timeout->nsec,
	};
	vfs_fill_attr(share, st, &ret_entry->attr);
	if (dir && is_submount(s, dir, st))
		ret_entry->attr.flags |= FUSE_ATTR_SUBMOUNT;
}

int vfs_enter_node(struct vfs_server *s, struct vfs_share *share,
		   const struct vfs_inode *dir, struct lx_node *node,
		   const struct lx_stat *st, struct fuse_entry_out *ret_entry)
{
	uint64_t id;
	int err;

	err = vfs_inodes_add(s->inodes, share, node, st, &id);
	if (!err)
		vfs_fill_entry(s, share, dir, id, st, ret_entry);
	return err;
}

/* The node of this id was found by `name` in dir. */
static void note_name(struct vfs_server *s, uint64_t id, struct vfs_inode *dir,
		      const char *name)
{
	struct vfs_inode *inode = vfs_inode_get(s->inodes, id);

	if (!inode)
		return;
	lx_node_named(vfs_vol(dir), inode->node, dir->node, name);
	vfs_inode_put(s->inodes, inode);
}

int vfs_enter(struct vfs_server *s, struct vfs_inode *dir, const char *name,
	      const struct lx_stat *st, struct fuse_entry_out *ret_entry)
{
	struct vfs_share *share = dir->key.share;
	struct lx_node *node;
	struct lx_stat now;
	uint64_t id;
	int err;

	if (vfs_inodes_find(s->inodes, share, st, &id)) {
		if (lx_names_matter(share->vol))
			note_name(s, id, dir, name);
		vfs_fill_entry(s, share, dir, id, st, ret_entry);
		return 0;
	}
	/* Not known: what the name is by now. */
	err = lx_lookup(share->vol, dir->node, name, &node, &now);
	if (err)
		return vfs_note(s, "LOOKUP", err);
	return vfs_enter_node(s, share, dir, node, &now, ret_entry);
}

int vfs_no_entry(const struct vfs_share *share,
		 struct fuse_entry_out *ret_entry)
{
	const struct lx_time *negative = &share->options.negative_timeout;

	if (!negative->sec && !negative->nsec)
		return -LX_ENOENT;
	*ret_entry = (struct fuse_entry_out){
		.entry_valid = (uint64_t)negative->sec,
		.entry_valid_nsec = negative->nsec,
	};
	return 0;
}

/* ---- LOOKUP, FORGET ---------------------------------------------------- */

/*
 * "." and ".." come from a guest that has a file handle of the node
 * (open_by_handle_at(2), an NFS client) and looks for what it has forgotten:
 * the node itself by ".", which it then knows again.
 */
static int look_up_self(struct vfs_server *s, struct vfs_inode *inode,
			struct fuse_entry_out *ret_entry)
{
	struct lx_stat st;
	uint64_t id;
	int err;

	err = lx_getattr(vfs_vol(inode), inode->node, &st);
	if (err)
		return err;
	if (!vfs_inodes_find(s->inodes, inode->key.share, &st, &id))
		return -LX_ESTALE;      /* forgotten just now */
	if (id != vfs_inode_id(inode)) {
		/* The guest would not know it by another number. */
		vfs_inodes_forget(s->inodes, id, 1, false);
		return -LX_ESTALE;
	}
	vfs_fill_entry(s, inode->key.share, NULL, id, &st, ret_entry);
	return 0;
}

static int look_up_parent(struct vfs_server *s, struct vfs_inode *dir,
			  struct fuse_entry_out *ret_entry)
{
	struct lx_node *node;
	struct lx_stat st;
	int err;

	if (s->own_root && vfs_is_top(dir)) {
		vfs_root_fill_entry(s, ret_entry);
		return 0;
	}
	err = lx_lookup_parent(vfs_vol(dir), dir->node, &node, &st);
	if (err)
		return err;
	return vfs_enter_node(s, dir->key.share, NULL, node, &st, ret_entry);
}

static int look_up_name(struct vfs_server *s, struct vfs_inode *dir,
			const char *name, struct fuse_entry_out *ret_entry)
{
	struct lx_stat st;
	int err;

	err = lx_stat_name(vfs_vol(dir), dir->node, name, &st);
	if (!err)
		err = vfs_enter(s, dir, name, &st, ret_entry);
	return err == -LX_ENOENT ? vfs_no_entry(dir->key.share, ret_entry) :
				   err;
}

int vfs_lookup(void *fs, const struct fuse_request *req, const char *name,
	       struct fuse_entry_out *ret_entry)
{
	struct vfs_server *s = fs;
	bool self = !strcmp(name, ".");
	struct vfs_inode *dir = self ? vfs_inode_recall(s->inodes, req->node) :
				       vfs_inode_get(s->inodes, req->node);
	int err;

	if (!dir)
		return -LX_ESTALE;
	if (self)
		err = look_up_self(s, dir, ret_entry);
	else if (!strcmp(name, ".."))
		err = look_up_parent(s, dir, ret_entry);
	else
		err = look_up_name(s, dir, name, ret_entry);
	vfs_inode_put(s->inodes, dir);
	return err;
}

void vfs_forget(void *fs, uint64_t node, uint64_t count)
{
	struct vfs_server *s = fs;

	vfs_inodes_forget(s->inodes, node, count,
			  s->flags & FUSE_EXPORT_SUPPORT);
}

/* ---- LINK -------------------------------------------------------------- */

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
	int err = vfs_no_inode(s, dir ? node : req->node);

	if (inode && dir)
		err = inode->key.share == dir->key.share ? 0 : -LX_EXDEV;
	if (!err)
		err = lx_link(vfs_vol(dir), inode->node, dir->node, name, &st);
	if (!err)
		err = vfs_enter(s, dir, name, &st, ret_entry);
	if (inode)
		vfs_inode_put(s->inodes, inode);
	if (dir)
		vfs_inode_put(s->inodes, dir);
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
	len = lx_readlink(vfs_vol(inode), inode->node, target, sizeof(target));
	vfs_inode_put(s->inodes, inode);
	/* Half a target would lead somewhere else. */
	if (len > 0 && !iov_tail_write(dst, target, (size_t)len))
		return -LX_ENAMETOOLONG;
	return len;
}
