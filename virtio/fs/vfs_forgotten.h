/* SPDX-License-Identifier: MIT */
/*
 * vfs_forgotten.h - inodes that the guest has forgotten and may yet ask for.
 *
 * A file handle of the guest (open_by_handle_at(2), an NFS client) names a node
 * and outlives what the guest's kernel remembers: it then looks up "." of the
 * node.  So the last VFS_FORGOTTEN_MAX inodes that were forgotten stay in the
 * table, without a descriptor: they keep neither space nor mounts of the host
 * busy, and answer -LX_ESTALE when they are gone.
 *
 * The list is by slots, as there may be many.  Its lock is a leaf, taken with
 * an inode's shard locked: who has that knows whether the inode is on the list.
 */
#ifndef VIRTIO_FS_VFS_FORGOTTEN_H
#define VIRTIO_FS_VFS_FORGOTTEN_H

#include "virtio/fs/vfs_slots.h"

struct vfs_inode;

struct vfs_forgotten {
	struct vfs_slots *slots;        /* of all inodes */
	size_t max;
	pthread_mutex_t lock;
	uint32_t oldest, newest;        /* indices, or 0 */
	_Atomic size_t count;
};

void vfs_forgotten_init(struct vfs_forgotten *list, struct vfs_slots *slots,
			size_t max);
void vfs_forgotten_done(struct vfs_forgotten *list);

void vfs_forgotten_add(struct vfs_forgotten *list, struct vfs_inode *inode);
void vfs_forgotten_remove(struct vfs_forgotten *list, struct vfs_inode *inode);

/*
 * The oldest, still on the list, with one more reference, if there are more
 * than max; else NULL.
 */
struct vfs_inode *vfs_forgotten_excess(struct vfs_forgotten *list);

#endif
