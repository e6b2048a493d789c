/* SPDX-License-Identifier: MIT */
#include "common/bytes.h"
#include "virtio/fs/vfs_private.h"

/* A device number as the kernel's new_encode_dev() puts it into 32 bits. */
static uint32_t encode_dev(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | (major & 0xfff) << 8 |
	       (minor & 0xfff00) << 12;
}

void vfs_fill_attr(const struct vfs_share *share, const struct lx_stat *st,
		   struct fuse_attr *attr)
{
	*attr = (struct fuse_attr){
		.ino = st->ino ^ share->ino_mask,
		.size = st->size,
		.blocks = st->blocks,
		.atime = (uint64_t)st->atime.sec,
		.mtime = (uint64_t)st->mtime.sec,
		.ctime = (uint64_t)st->ctime.sec,
		.atimensec = st->atime.nsec,
		.mtimensec = st->mtime.nsec,
		.ctimensec = st->ctime.nsec,
		.mode = st->mode,
		.nlink = st->nlink,
		.uid = vfs_idmap_to_guest(share->options.uid_map, st->uid),
		.gid = vfs_idmap_to_guest(share->options.gid_map, st->gid),
		.rdev = encode_dev(st->rdev_major, st->rdev_minor),
		.blksize = st->blksize,
	};
}

const struct lx_time *vfs_attr_timeout(const struct vfs_share *share,
				       const struct lx_stat *st)
{
	static const struct lx_time none;
	const bool privileged = LX_S_ISREG(st->mode) &&
				st->mode & (LX_S_ISUID | LX_S_ISGID);

	return privileged ? &none : &share->timeout;
}

void vfs_fill_attr_out(const struct vfs_share *share, const struct lx_stat *st,
		       struct fuse_attr_out *ret_attr)
{
	const struct lx_time *timeout = vfs_attr_timeout(share, st);

	ret_attr->attr_valid = (uint64_t)timeout->sec;
	ret_attr->attr_valid_nsec = timeout->nsec;
	vfs_fill_attr(share, st, &ret_attr->attr);
}

/* A handle that does not exist (any more) is no error: the node will do. */
int vfs_stat(struct vfs_server *s, uint64_t node, uint32_t getattr_flags,
	     uint64_t fh, const struct vfs_share **ret_share,
	     struct lx_stat *ret_st)
{
	struct vfs_handle *handle;
	struct vfs_inode *inode;
	int err;

	if (getattr_flags & FUSE_GETATTR_FH &&
	    !vfs_handle_get(&s->handles, fh, node, VFS_HANDLE_ANY, &handle)) {
		err = lx_file_getattr(handle->file, ret_st);
		if (!err)
			*ret_share = handle->share;
		vfs_handle_put(&s->handles, handle);
		return err;
	}
	inode = vfs_inode_get(s->inodes, node);
	if (!inode)
		return -LX_ESTALE;
	err = lx_getattr(vfs_vol(inode), inode->node, ret_st);
	if (!err)
		*ret_share = inode->key.share;
	vfs_inode_put(s->inodes, inode);
	return err;
}

int vfs_getattr(void *fs, const struct fuse_request *req,
		const struct fuse_getattr_in *in,
		struct fuse_attr_out *ret_attr)
{
	const struct vfs_share *share;
	struct lx_stat st;
	int err;

	err = vfs_stat(fs, req->node, in->getattr_flags, in->fh, &share, &st);
	if (!err)
		vfs_fill_attr_out(share, &st, ret_attr);
	return err;
}

/* Lock owners are about mandatory locks, which Linux has no more. */
static struct lx_setattr changes(const struct fuse_setattr_in *in)
{
	static const struct {
		uint32_t fattr, lx;
	} bits[] = {
		{ FATTR_MODE, LX_SET_MODE },
		{ FATTR_UID, LX_SET_UID },
		{ FATTR_GID, LX_SET_GID },
		{ FATTR_SIZE, LX_SET_SIZE },
		{ FATTR_ATIME, LX_SET_ATIME },
		{ FATTR_MTIME, LX_SET_MTIME },
		{ FATTR_ATIME_NOW, LX_SET_ATIME_NOW },
		{ FATTR_MTIME_NOW, LX_SET_MTIME_NOW },
		{ FATTR_CTIME, LX_SET_CTIME },
		{ FATTR_KILL_SUIDGID, LX_SET_KILL_PRIV },
	};
	struct lx_setattr attr = {
		.mode = in->mode,
		.uid = in->uid,
		.gid = in->gid,
		.size = in->size,
		.atime = { (int64_t)in->atime, in->atimensec },
		.mtime = { (int64_t)in->mtime, in->mtimensec },
	};

	for (size_t i = 0; i < ARRAY_LEN(bits); i++)
		if (in->valid & bits[i].fattr)
			attr.valid |= bits[i].lx;
	/* The guest sets both: "a time, and it is now". */
	if (attr.valid & LX_SET_ATIME_NOW)
		attr.valid &= ~(uint32_t)LX_SET_ATIME;
	if (attr.valid & LX_SET_MTIME_NOW)
		attr.valid &= ~(uint32_t)LX_SET_MTIME;
	return attr;
}

/* The owner that the guest asks for, by the host's ids. */
static int map_owner(const struct vfs_share *share, struct lx_setattr *attr)
{
	int err = 0;

	if (attr->valid & LX_SET_UID)
		err = vfs_idmap_to_host(share->options.uid_map, attr->uid,
					&attr->uid);
	if (!err && attr->valid & LX_SET_GID)
		err = vfs_idmap_to_host(share->options.gid_map, attr->gid,
					&attr->gid);
	return err;
}

/*
 * A guest that drops privilege by itself, and sees all of it, means the owner
 * alone: overlayfs gives what it has copied, setuid or not, to the owner of the
 * original.
 */
static int drop_privilege(const struct vfs_server *s,
			  const struct vfs_inode *inode,
			  struct lx_setattr *attr)
{
	const struct vfs_share *share = inode->key.share;

	if (!(attr->valid & (LX_SET_UID | LX_SET_GID | LX_SET_SIZE)))
		return 0;
	if (!(s->flags & FUSE_HANDLE_KILLPRIV_V2) && share->options.xattr &&
	    !share->options.xattrmap)
		attr->valid |= LX_SET_KEEP_PRIV;
	return vfs_drop_capability(share, inode->node);
}

int vfs_setattr(void *fs, const struct fuse_request *req,
		const struct fuse_setattr_in *in,
		struct fuse_attr_out *ret_attr)
{
	struct vfs_server *s = fs;
	struct lx_setattr attr = changes(in);
	struct vfs_handle *handle = NULL;
	struct vfs_inode *inode;
	struct lx_stat st;
	int err;

	inode = vfs_inode_get(s->inodes, req->node);
	if (!inode)
		return vfs_no_inode(s, req->node);
	err = map_owner(inode->key.share, &attr);
	if (!err && in->valid & FATTR_FH)
		err = vfs_handle_get(&s->handles, in->fh, req->node,
				     VFS_HANDLE_FILE, &handle);
	if (!err)
		err = drop_privilege(s, inode, &attr);
	if (attr.valid & LX_SET_KILL_PRIV)
		vfs_act_for(inode->key.share, req);
	/*
	 * Nothing is what Linux sends for chown(-1, -1).  It would drop setuid,
	 * but everybody may send it, and nobody says who did.
	 */
	if (!err && attr.valid)
		err = lx_setattr(vfs_vol(inode), inode->node,
				 handle ? handle->file : NULL, &attr);
	if (!err)
		err = lx_getattr(vfs_vol(inode), inode->node, &st);
	if (!err)
		vfs_fill_attr_out(inode->key.share, &st, ret_attr);
	if (handle)
		vfs_handle_put(&s->handles, handle);
	vfs_inode_put(s->inodes, inode);
	return err;
}

/* A group that is forbidden is none that the caller is in. */
int vfs_caller(const struct vfs_share *share, const struct fuse_request *req,
	       struct lx_caller *ret_who)
{
	const struct vfs_idmap *gids = share->options.gid_map;
	struct lx_caller who = { .umask = req->umask };
	int err;

	err = vfs_idmap_to_host(share->options.uid_map, req->uid, &who.uid);
	if (!err)
		err = vfs_idmap_to_host(gids, req->gid, &who.gid);
	if (err)
		return err;
	who.has_group = req->has_group &&
			!vfs_idmap_to_host(gids, req->group, &who.group);
	*ret_who = who;
	return 0;
}

void vfs_act_for(const struct vfs_share *share, const struct fuse_request *req)
{
	uint32_t gid;

	if (vfs_idmap_to_host(share->options.gid_map, req->gid, &gid))
		gid = LX_GROUP_NONE;
	lx_thread_group(gid);
}

int vfs_access(void *fs, const struct fuse_request *req,
	       const struct fuse_access_in *in)
{
	struct vfs_server *s = fs;
	struct vfs_inode *inode;
	struct lx_caller who;
	int err;

	inode = vfs_inode_get(s->inodes, req->node);
	if (!inode)
		return -LX_ESTALE;
	err = vfs_caller(inode->key.share, req, &who);
	if (!err)
		err = lx_access(vfs_vol(inode), inode->node, &who, in->mask);
	vfs_inode_put(s->inodes, inode);
	return err;
}
