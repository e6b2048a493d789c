/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_share.h"

#include "lxutil/lx_path.h"

#include <string.h>

static int open_volume(struct vfs_share *share, const char *root,
		       const struct log *log)
{
	int err;

	err = lx_volume_open(root, &share->vol_options, log, &share->vol);
	if (err == -LX_ENOTDIR)
		err = lx_volume_open_file(root, &share->vol_options, log,
					  &share->vol, share->file);
	return err;
}

/* A file without a name has that of its path, though it may be a link. */
static int set_name(struct vfs_share *share, const struct vfs_folder *folder)
{
	const char *slash = strrchr(folder->root, '/');
	const char *name = folder->name;

	if (!name && !vfs_share_is_file(share))
		return 0;
	if (!name)
		name = slash ? slash + 1 : folder->root;
	if (lx_check_name(name))
		return -LX_EINVAL;
	strcpy(share->name, name);
	return 0;
}

int vfs_share_open(struct vfs_share *share, const struct vfs_folder *folder,
		   unsigned max_descriptors, const struct log *log)
{
	const struct vfs_options *o = &folder->options;
	int err;

	*share = (struct vfs_share){
		.options = *o,
		.vol_options = {
			.read_only = o->read_only,
			.inode_file_handles = o->inode_file_handles,
			.max_descriptors = max_descriptors,
		},
	};
	vfs_share_set_cache(share);
	err = open_volume(share, folder->root, log);
	if (!err)
		err = set_name(share, folder);
	if (!err)
		err = lx_volume_root(share->vol, &share->top, &share->top_st);
	if (err)
		vfs_share_close(share);
	return err;
}

void vfs_share_close(struct vfs_share *share)
{
	if (share->top)
		lx_node_close(share->vol, share->top);
	lx_volume_close(share->vol);
	share->top = NULL;
	share->vol = NULL;
}

/* A file that the host has replaced by something else is not there. */
static int check_type(const struct vfs_share *share, const struct lx_stat *st)
{
	return vfs_share_is_file(share) && !LX_S_ISREG(st->mode) ?
		       -LX_ENOENT : 0;
}

int vfs_share_stat(struct vfs_share *share, struct lx_stat *ret_st)
{
	struct lx_stat st;
	int err;

	err = vfs_share_is_file(share) ?
		      lx_stat_name(share->vol, share->top, share->file, &st) :
		      lx_getattr(share->vol, share->top, &st);
	if (!err)
		err = check_type(share, &st);
	if (!err)
		*ret_st = st;
	return err;
}

int vfs_share_look_up(struct vfs_share *share, struct lx_node **ret_node,
		      struct lx_stat *ret_st)
{
	struct lx_node *node;
	struct lx_stat st;
	int err;

	err = vfs_share_is_file(share) ?
		      lx_lookup(share->vol, share->top, share->file, &node,
				&st) :
		      lx_volume_root(share->vol, &node, &st);
	if (err)
		return err;
	err = check_type(share, &st);
	if (err) {
		lx_node_close(share->vol, node);
		return err;
	}
	*ret_node = node;
	*ret_st = st;
	return 0;
}
