/* SPDX-License-Identifier: MIT */
/*
 * vfs_share.h - a directory of the host that is served, with its options.
 *
 * A server has one, whose root is node 1; or several, which its root leads to
 * (see vfs_root.c).  Each inode and each open file belongs to one of them: the
 * same inode of the host, reached by two, is two nodes.
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
	/* From the options, see vfs_init.c: */
	struct lx_time timeout;         /* names and attributes hold so long */
	uint32_t open_flags;            /* FOPEN_* of every file */
	uint32_t opendir_flags;         /* and of every directory */
};

/*
 * Open the host directory `root`.  log and the maps of the options are
 * borrowed until vfs_share_close().  0, or -LX_E... from opening root.
 */
int vfs_share_open(struct vfs_share *share, const char *root,
		   const struct vfs_options *options, const struct log *log);
/* Nothing of it may be open.  One that is all zeros is closed already. */
void vfs_share_close(struct vfs_share *share);

/* Set timeout and flags by the cache policy. */
void vfs_share_set_cache(struct vfs_share *share);

#endif
