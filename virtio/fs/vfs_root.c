/* SPDX-License-Identifier: MIT */
/*
 * vfs_root.c - a root of our own: a read-only directory, nowhere on the host,
 * whose names lead to the shares of the server.
 *
 * The names are to the guest what mount points are to Linux: they can be
 * neither removed nor renamed (-LX_EBUSY), and what is behind them is another
 * file system, where the guest lets itself be told so (FUSE_SUBMOUNTS).  It is
 * also where it does not: names do not move from one share to another.
 *
 * A directory that the host puts in the place of a share's is not noticed, as
 * it would not be by a mount; a file is looked up by its name each time.
 *
 * Node 1 has no inode.  The operations here are those that a read-only
 * directory has; all others find no inode and answer -LX_EROFS (see
 * vfs_no_inode()), so that none of them can take it for one of the host's.
 */
#include "common/limits.h"
#include "virtio/fs/vfs_private.h"

#include <string.h>
#include <time.h>

#define ROOT_INO 1
#define ROOT_MODE (LX_S_IFDIR | 0555u)
#define ROOT_BLOCK 4096

/* Its attributes hold, and nothing about them is translated. */
static const struct vfs_share own = { .timeout = { VFS_TIMEOUT_ALWAYS_S, 0 } };

/* Where the names are found: on no device, so that each is another one. */
static const struct vfs_inode nowhere;

/* ---- attributes -------------------------------------------------------- */

static struct lx_stat attributes(const struct vfs_server *s)
{
	struct lx_stat st = {
		.ino = ROOT_INO,
		.mode = ROOT_MODE,
		.nlink = 2,
		.blksize = ROOT_BLOCK,
		.atime = s->started,
		.mtime = s->started,
		.ctime = s->started,
		.btime = s->started,
		.has_btime = true,
	};

	for (size_t i = 0; i < s->share_count; i++)
		st.nlink += !vfs_share_is_file(&s->shares[i]);
	return st;
}

void vfs_root_fill_entry(const struct vfs_server *s,
			 struct fuse_entry_out *ret_entry)
{
	struct lx_stat st = attributes(s);

	vfs_fill_entry(s, &own, NULL, FUSE_ROOT_ID, &st, ret_entry);
}

static int root_getattr(void *fs, const struct fuse_request *req,
			const struct fuse_getattr_in *in,
			struct fuse_attr_out *ret_attr)
{
	struct lx_stat st = attributes(fs);

	(void)req;
	(void)in;
	vfs_fill_attr_out(&own, &st, ret_attr);
	return 0;
}

static int root_statx(void *fs, const struct fuse_request *req,
		      const struct fuse_statx_in *in,
		      struct fuse_statx_out *ret_stx)
{
	struct lx_stat st = attributes(fs);

	(void)req;
	(void)in;
	vfs_fill_statx_out(&own, &st, ret_stx);
	return 0;
}

static int root_access(void *fs, const struct fuse_request *req,
		       const struct fuse_access_in *in)
{
	(void)fs;
	(void)req;
	return in->mask & LX_W_OK ? -LX_EROFS : 0;
}

/* There is no room in it, and none is taken. */
static int root_statfs(void *fs, const struct fuse_request *req,
		       struct fuse_kstatfs *ret_st)
{
	(void)fs;
	(void)req;
	ret_st->bsize = ret_st->frsize = ROOT_BLOCK;
	ret_st->namelen = LX_NAME_MAX;
	return 0;
}

static ssize_t root_getxattr(void *fs, const struct fuse_request *req,
			     const char *name, struct iov_tail *dst)
{
	(void)fs;
	(void)req;
	(void)name;
	(void)dst;
	return -LX_ENODATA;
}

static ssize_t root_listxattr(void *fs, const struct fuse_request *req,
			      struct iov_tail *dst)
{
	(void)fs;
	(void)req;
	(void)dst;
	return 0;
}

static ssize_t root_ioctl(void *fs, const struct fuse_request *req,
			  const struct fuse_ioctl_in *in, const void *data,
			  struct iov_tail *dst)
{
	(void)fs;
	(void)req;
	(void)in;
	(void)data;
	(void)dst;
	return -LX_ENOTTY;
}

/* ---- names ------------------------------------------------------------- */

static struct vfs_share *find(const struct vfs_server *s, const char *name)
{
	for (size_t i = 0; i < s->share_count; i++)
		if (!strcmp(s->shares[i].name, name))
			return &s->shares[i];
	return NULL;
}

/* Answer with the node that a share's name leads to, and count a lookup. */
static int enter(struct vfs_server *s, struct vfs_share *share,
		 const struct lx_stat *st, struct fuse_entry_out *ret_entry)
{
	struct lx_node *node;
	struct lx_stat now;
	uint64_t id;
	int err;

	if (vfs_inodes_find(s->inodes, share, st, &id)) {
		vfs_fill_entry(s, share, &nowhere, id, st, ret_entry);
		return 0;
	}
	err = vfs_share_look_up(share, &node, &now);
	if (err)
		return vfs_note(s, "LOOKUP", err);
	return vfs_enter_node(s, share, &nowhere, node, &now, ret_entry);
}

static int root_lookup(void *fs, const struct fuse_request *req,
		       const char *name, struct fuse_entry_out *ret_entry)
{
	struct vfs_server *s = fs;
	struct vfs_share *share = find(s, name);
	struct lx_stat st;
	int err;

	(void)req;
	if (!strcmp(name, ".") || !strcmp(name, "..")) {
		vfs_root_fill_entry(s, ret_entry);
		return 0;
	}
	if (!share)
		return -LX_ENOENT;
	err = vfs_share_stat(share, &st);
	if (!err)
		err = enter(s, share, &st, ret_entry);
	return err == -LX_ENOENT ? vfs_no_entry(share, ret_entry) : err;
}

static int root_unlink(void *fs, const struct fuse_request *req,
		       const char *name)
{
	const struct vfs_share *share = find(fs, name);

	(void)req;
	if (!share)
		return -LX_ENOENT;
	return vfs_share_is_file(share) ? -LX_EBUSY : -LX_EISDIR;
}

static int root_rmdir(void *fs, const struct fuse_request *req,
		      const char *name)
{
	const struct vfs_share *share = find(fs, name);

	(void)req;
	if (!share)
		return -LX_ENOENT;
	return vfs_share_is_file(share) ? -LX_ENOTDIR : -LX_EBUSY;
}

static int root_rename(void *fs, const struct fuse_request *req,
		       const char *name, uint64_t new_dir,
		       const char *new_name, uint32_t flags)
{
	(void)req;
	(void)new_name;
	(void)flags;
	if (!find(fs, name))
		return -LX_ENOENT;
	return new_dir == FUSE_ROOT_ID ? -LX_EBUSY : -LX_EXDEV;
}

/* ---- reading it -------------------------------------------------------- */

static int root_opendir(void *fs, const struct fuse_request *req,
			const struct fuse_open_in *in,
			struct fuse_open_out *ret_open)
{
	struct vfs_server *s = fs;
	struct vfs_handle *handle;
	int err;

	(void)in;
	err = vfs_handle_reserve(&s->handles, VFS_HANDLE_DIR, &handle);
	if (err)
		return vfs_note(s, "OPENDIR", err);
	ret_open->fh = vfs_handle_open(handle, NULL, NULL, req->node);
	return 0;
}

static int check_handle(struct vfs_server *s, const struct fuse_request *req,
			uint64_t fh)
{
	struct vfs_handle *handle;
	int err;

	err = vfs_handle_get(&s->handles, fh, req->node, VFS_HANDLE_DIR,
			     &handle);
	if (!err)
		vfs_handle_put(&s->handles, handle);
	return err;
}

static int root_fsyncdir(void *fs, const struct fuse_request *req,
			 const struct fuse_fsync_in *in)
{
	return check_handle(fs, req, in->fh);
}

/*
 * Pack the entry at `offset`: ".", "..", and the shares, of which those are
 * left out that are not there.  False: it does not fit.
 */
static bool add_entry(struct vfs_server *s, uint64_t offset, bool plus,
		      struct fuse_dirents *dirents)
{
	static const char *const dots[] = { ".", ".." };
	struct fuse_entry_out out = { 0 };
	struct lx_stat st = attributes(s);
	struct vfs_share *share = NULL;
	const char *name;

	if (offset < 2) {
		name = dots[offset];
	} else {
		share = &s->shares[offset - 2];
		name = share->name;
	}
	if (!fuse_dirents_fits(dirents, strlen(name)))
		return false;
	if (share && vfs_share_stat(share, &st))
		return true;
	vfs_fill_attr(share ? share : &own, &st, &out.attr);
	if (plus && share && enter(s, share, &st, &out) == -LX_ENOENT)
		return true;
	return fuse_dirents_add(dirents, out.attr.ino, offset + 1,
				LX_DT(st.mode), name, strlen(name), &out);
}

static int root_readdir(void *fs, const struct fuse_request *req,
			const struct fuse_read_in *in, bool plus,
			struct fuse_dirents *dirents)
{
	struct vfs_server *s = fs;
	uint64_t offset = in->offset;
	size_t room = dirents->left;
	int err = check_handle(s, req, in->fh);

	if (err)
		return err;
	while (offset < s->share_count + 2 &&
	       add_entry(s, offset, plus, dirents))
		offset++;
	return dirents->full && dirents->left == room ? -LX_EINVAL : 0;
}

/* ---- the table --------------------------------------------------------- */

void vfs_root_override(struct fuse_ops *ops)
{
	ops->lookup = root_lookup;
	ops->getattr = root_getattr;
	ops->statx = root_statx;
	ops->access = root_access;
	ops->statfs = root_statfs;
	ops->getxattr = root_getxattr;
	ops->listxattr = root_listxattr;
	ops->ioctl = root_ioctl;
	ops->unlink = root_unlink;
	ops->rmdir = root_rmdir;
	ops->rename = root_rename;
	ops->opendir = root_opendir;
	ops->readdir = root_readdir;
	ops->fsyncdir = root_fsyncdir;
}
