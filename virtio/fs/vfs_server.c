/* SPDX-License-Identifier: MIT */
/*
 * vfs_server.c - life of the server and of a mount, and STATFS.
 *
 * The node and handle tables live as long as the server.  A mount that ends
 * empties them, and their generations go on, so nothing that an earlier mount
 * was told means something in a later one.
 */
#include "virtio/fs/vfs_server.h"

#include "virtio/fs/vfs_private.h"

#include <stdlib.h>

int vfs_note(struct vfs_server *s, const char *what, int err)
{
	switch (-err) {
	case LX_EMFILE:
	case LX_ENFILE:
	case LX_ENOMEM:
		log_limited(s->log, LOG_VIRTIOFS, LOG_WARN,
			    "%s: %s, with %zu nodes and %zu open files",
			    what, lx_errname(err), vfs_inodes_count(s->inodes),
			    vfs_handles_count(&s->handles));
		break;
	case LX_EIO:
		log_limited(s->log, LOG_VIRTIOFS, LOG_WARN, "%s: %s", what,
			    lx_errname(err));
		break;
	}
	return err;
}

/* ---- shares ------------------------------------------------------------ */

int vfs_share_open(struct vfs_share *share, const char *root,
		   const struct vfs_options *options, const struct log *log)
{
	*share = (struct vfs_share){
		.options = *options,
		.vol_options = {
			.read_only = options->read_only,
			.inode_file_handles = options->inode_file_handles,
		},
	};
	vfs_share_set_cache(share);
	return lx_volume_open(root, &share->vol_options, log, &share->vol);
}

void vfs_share_close(struct vfs_share *share)
{
	lx_volume_close(share->vol);
	share->vol = NULL;
}

/* ---- the server -------------------------------------------------------- */

/* Node 1 is the root of the share. */
static int add_root(struct vfs_server *s)
{
	struct lx_node *node;
	struct lx_stat st;
	uint64_t id;
	int err;

	err = lx_volume_root(s->share.vol, &node, &st);
	if (!err)
		err = vfs_inodes_add(s->inodes, &s->share, node, &st, &id);
	return err;
}

int vfs_server_new(const char *root, const struct vfs_options *options,
		   const struct log *log, struct vfs_server **ret_server)
{
	struct vfs_server *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -LX_ENOMEM;
	s->log = log;
	vfs_handles_init(&s->handles);
	vfs_locks_init(&s->locks);
	err = vfs_inodes_new(log, &s->inodes);
	if (!err)
		err = vfs_share_open(&s->share, root, options, log);
	if (!err)
		err = add_root(s);
	if (err) {
		vfs_server_free(s);
		return err;
	}
	*ret_server = s;
	return 0;
}

void vfs_server_free(struct vfs_server *s)
{
	if (!s)
		return;
	vfs_locks_done(&s->locks);
	vfs_handles_done(&s->handles);
	vfs_inodes_free(s->inodes);
	vfs_share_close(&s->share);
	free(s);
}

struct vfs_server_stats vfs_server_stats(struct vfs_server *s)
{
	return (struct vfs_server_stats){
		.nodes = vfs_inodes_count(s->inodes),
		.handles = vfs_handles_count(&s->handles),
		.lock_owners = vfs_locks_count(&s->locks),
	};
}

/* ---- mounts ------------------------------------------------------------ */

static void destroy(void *fs)
{
	struct vfs_server *s = fs;

	log_limited(s->log, LOG_VIRTIOFS, LOG_DEBUG,
		    "mount ends with %zu nodes and %zu open files",
		    vfs_inodes_count(s->inodes),
		    vfs_handles_count(&s->handles));
	vfs_locks_clear(&s->locks);
	vfs_handles_clear(&s->handles);
	vfs_inodes_clear(s->inodes);
}

static int statfs(void *fs, const struct fuse_request *req,
		  struct fuse_kstatfs *ret_st)
{
	struct vfs_server *s = fs;
	struct vfs_inode *inode = vfs_inode_get(s->inodes, req->node);
	struct lx_statfs st;
	int err;

	if (!inode)
		return -LX_ESTALE;
	err = lx_statfs(vfs_vol(inode), inode->node, &st);
	vfs_inode_put(s->inodes, inode);
	if (err)
		return vfs_note(s, "STATFS", err);
	*ret_st = (struct fuse_kstatfs){
		.blocks = st.blocks,
		.bfree = st.bfree,
		.bavail = st.bavail,
		.files = st.files,
		.ffree = st.ffree,
		.bsize = st.bsize,
		.frsize = st.frsize,
		.namelen = st.namelen,
	};
	return 0;
}

const struct fuse_ops vfs_fuse_ops = {
	.init = vfs_init,
	.destroy = destroy,
	.lookup = vfs_lookup,
	.forget = vfs_forget,
	.getattr = vfs_getattr,
	.setattr = vfs_setattr,
	.readlink = vfs_readlink,
	.symlink = vfs_symlink,
	.mknod = vfs_mknod,
	.mkdir = vfs_mkdir,
	.unlink = vfs_unlink,
	.rmdir = vfs_rmdir,
	.rename = vfs_rename,
	.link = vfs_link,
	.open = vfs_open,
	.create = vfs_create,
	.read = vfs_read,
	.write = vfs_write,
	.flush = vfs_flush,
	.release = vfs_release,
	.fsync = vfs_fsync,
	.statfs = statfs,
	.access = vfs_access,
	.opendir = vfs_opendir,
	.readdir = vfs_readdir,
	.releasedir = vfs_releasedir,
	.fsyncdir = vfs_fsyncdir,
	.setxattr = vfs_setxattr,
	.getxattr = vfs_getxattr,
	.listxattr = vfs_listxattr,
	.removexattr = vfs_removexattr,
	.fallocate = vfs_fallocate,
	.lseek = vfs_lseek,
	.copy_file_range = vfs_copy_file_range,
	.syncfs = vfs_syncfs,
	.tmpfile = vfs_tmpfile,
	.statx = vfs_statx,
	.ioctl = vfs_ioctl,
	.getlk = vfs_getlk,
	.setlk = vfs_setlk,
	.setlkw_dropped = vfs_setlkw_dropped,
};
