/* SPDX-License-Identifier: MIT */
/*
 * vfs_server.h - VirtioFs: a file system that serves a host directory to a
 * fuse_session, on top of lxutil.
 *
 * It owns the volume, the node table (node ids -> inodes, found again by
 * identity) and the handle table.  Node ids and handles are table keys with a
 * generation, never pointers, and never used for something else again while
 * the guest may hold them.
 */
#ifndef VIRTIO_FS_VFS_SERVER_H
#define VIRTIO_FS_VFS_SERVER_H

#include "common/log.h"
#include "fuse/fuse_ops.h"

struct vfs_server;

struct vfs_options {
	bool read_only;
};

/*
 * A server for the host directory `root`.  log is borrowed until
 * vfs_server_free().  0, or -LX_E... from opening root.
 */
int vfs_server_new(const char *root, const struct vfs_options *options,
		   const struct log *log, struct vfs_server **ret_server);
/* NULL is allowed. */
void vfs_server_free(struct vfs_server *server);

/* The operations; `fs` is the struct vfs_server. */
extern const struct fuse_ops vfs_fuse_ops;

/* Numbers for inspection. */
struct vfs_server_stats {
	size_t nodes;                   /* inodes that the guest may know */
	size_t handles;                 /* open files and directories */
};
struct vfs_server_stats vfs_server_stats(struct vfs_server *server);

#endif
