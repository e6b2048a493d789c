/* SPDX-License-Identifier: MIT */
/*
 * vfs_server.c - life of the server and of a mount, and STATFS.
 *
 * The node and handle tables live as long as the server.  A mount that ends
 * empties them, and their generations go on, so nothing that an earlier mount
 * was told means something in a later one.
 */
#include "virtio/fs/vfs_server.h"

#include "common/bytes.h"
#include "virtio/fs/vfs_private.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

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

/* ---- life -------------------------------------------------------------- */

static bool same_mount(const struct vfs_options *a, const struct vfs_options *b)
{
	return a->writeback == b->writeback && a->allow_mmap == b->allow_mmap &&
	       a->readdirplus == b->readdirplus &&
	       a->posix_acl == b->posix_acl &&
	       a->security_label == b->security_label &&
	       a->announce_submounts == b->announce_submounts &&
	       a->killpriv_v2 == b->killpriv_v2 && a->locks == b->locks &&
	       a->max_descriptors == b->max_descriptors &&
	       a->max_nodes == b->max_nodes &&
	       a->max_handles == b->max_handles && a->max_locks == b->max_locks;
}

/* What an option says, or as many as there may be. */
static uint32_t most(unsigned option, uint32_t max)
{
	return option ? MIN(option, max) : max;
}

/* How many descriptors each of `count` shares may hold; 0: all there are. */
static unsigned part(const struct vfs_options *o, size_t count)
{
	size_t all = o->max_descriptors;

	if (!all && count > 1)
		all = lx_max_descriptors();
	return all ? (unsigned)MAX(all / count, 1u) : 0;
}

/* Open one more share of `count`. */
static int add_share(struct vfs_server *s, const struct vfs_folder *folder,
		     size_t count)
{
	struct vfs_share *share = &s->shares[s->share_count];
	int err;

	err = vfs_share_open(share, folder, part(&folder->options, count),
			     s->log);
	if (err)
		return err;
	for (size_t i = 0; i < s->share_count; i++)
		if (!strcmp(share->name, s->shares[i].name) ||
		    !same_mount(&share->options, &s->shares[i].options))
			err = -LX_EINVAL;
	if (err)
		vfs_share_close(share);
	else
		s->share_count++;
	return err;
}

/* Node 1 is the root of the only share, which has no name, or our own. */
static int add_root(struct vfs_server *s)
{
	struct lx_node *node;
	struct lx_stat st;
	uint64_t id;
	int err;

	s->own_root = s->shares[0].name[0];
	if (s->own_root)
		return vfs_inodes_skip_root(s->inodes);
	err = lx_volume_root(s->shares[0].vol, &node, &st);
	if (!err)
		err = vfs_inodes_add(s->inodes, s->shares, node, &st, &id);
	return err;
}

static int init(struct vfs_server *s, const struct vfs_folder *folders,
		size_t count, const struct log *log)
{
	const struct vfs_options *o = &folders[0].options;
	struct timespec now = { 0 };
	int err;

	s->log = log;
	clock_gettime(CLOCK_REALTIME, &now);
	s->started = (struct lx_time){ now.tv_sec, (uint32_t)now.tv_nsec };
	vfs_handles_init(&s->handles, most(o->max_handles, VFS_HANDLES_MAX));
	vfs_locks_init(&s->locks, most(o->max_locks, VFS_LOCK_RANGES_MAX));
	vfs_retake_init(&s->retake);
	err = vfs_inodes_new(log, most(o->max_nodes, VFS_NODES_MAX),
			     &s->inodes);
	if (err)
		return err;
	s->shares = calloc(count, sizeof(*s->shares));
	if (!s->shares)
		return -LX_ENOMEM;
	for (size_t i = 0; i < count && !err; i++)
		err = add_share(s, &folders[i], count);
	return err ? err : add_root(s);
}

static int new_server(const struct vfs_folder *folders, size_t count,
		      const struct log *log, size_t *ret_failed,
		      struct vfs_server **ret_server)
{
	struct vfs_server *s = calloc(1, sizeof(*s));
	int err = s ? init(s, folders, count, log) : -LX_ENOMEM;

	if (!err) {
		*ret_server = s;
		return 0;
	}
	*ret_failed = s && s->share_count < count ? s->share_count : 0;
	vfs_server_free(s);
	return err;
}

int vfs_server_new(const char *root, const struct vfs_options *options,
		   const struct log *log, struct vfs_server **ret_server)
{
	const struct vfs_folder folder = { .root = root, .options = *options };
	size_t failed;

	return new_server(&folder, 1, log, &failed, ret_server);
}

int vfs_server_new_folders(const struct vfs_folder *folders, size_t count,
			   const struct log *log, size_t *ret_failed,
			   struct vfs_server **ret_server)
{
	return new_server(folders, count, log, ret_failed, ret_server);
}

void vfs_server_free(struct vfs_server *s)
{
	if (!s)
		return;
	vfs_retake_done(&s->retake);
	vfs_locks_done(&s->locks);
	vfs_handles_done(&s->handles);
	vfs_inodes_free(s->inodes);
	for (size_t i = 0; i < s->share_count; i++)
		vfs_share_close(&s->shares[i]);
	free(s->shares);
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
	vfs_retake_stop(&s->retake);
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

static const struct fuse_ops operations = {
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
	.save = vfs_save,
	.restore = vfs_restore,
};

const struct fuse_ops *vfs_server_ops(struct vfs_server *s)
{
	s->ops = operations;
	if (s->own_root) {
		s->root_ops = operations;
		vfs_root_override(&s->root_ops);
		s->ops.root = &s->root_ops;
	}
	return &s->ops;
}
