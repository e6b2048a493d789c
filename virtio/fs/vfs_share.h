/* SPDX-License-Identifier: MIT */
/*
 * vfs_share.h - a directory of the host that is served, with its options; or a
 * regular file, which is a directory that has no other name in it.
 *
 * A server has one directory, whose root is node 1; or any number of both, to
 * which its own root leads (see vfs_root.c).  Each inode and each open file
 * belongs to one share: an inode of the host that is reached by two is two
 * nodes.
 *
 * A share is constant while requests run.
 */
#ifndef VIRTIO_FS_VFS_SHARE_H
#define VIRTIO_FS_VFS_SHARE_H

#include "common/log.h"
#include "lxutil/lx_volume.h"
#include "virtio/fs/vfs_server.h"

struct vfs_share {
	struct vfs_options options;
	struct lx_volume_options vol_options;
	struct lx_volume *vol;
	struct lx_node *top;            /* the root of vol */
	struct lx_stat top_st;          /* who that is */
	char name[LX_NAME_MAX + 1];     /* in the server's root; or "" */
	char file[LX_NAME_MAX + 1];     /* in top, the only one; "": all */
	/* From the options, see vfs_init.c: */
	struct lx_time timeout;         /* names and attributes hold so long */
	uint32_t open_flags;            /* FOPEN_* of every file */
	uint32_t opendir_flags;         /* and of every directory */
	uint64_t ino_mask;              /* the guest's st_ino ^ the host's */
};

/*
 * Open what the folder says, a directory or a regular file, which without a
 * name has that of its path.  log and the maps of the options are borrowed
 * until vfs_share_close().  0, -LX_EINVAL (the name is none), or -LX_E... from
 * opening the root.
 */
int vfs_share_open(struct vfs_share *share, const struct vfs_folder *folder,
		   unsigned max_descriptors, const struct log *log);
/* Nothing of it may be open.  One that is all zeros is closed already. */
void vfs_share_close(struct vfs_share *share);

/* Set timeout and flags by the cache policy. */
void vfs_share_set_cache(struct vfs_share *share);

static inline bool vfs_share_is_file(const struct vfs_share *share)
{
	return share->file[0];
}

/*
 * Attributes of what the share's name leads to now; for a file, whatever file
 * the host has under that name.  -LX_ENOENT: that is no regular file.
 */
int vfs_share_stat(struct vfs_share *share, struct lx_stat *ret_st);
/* A new node for it, and its attributes. */
int vfs_share_look_up(struct vfs_share *share, struct lx_node **ret_node,
		      struct lx_stat *ret_st);

#endif
