/* SPDX-License-Identifier: MIT */
/*
 * vfs_held.h - which ranges of a file one owner has locked.
 *
 * The host's kernel holds the locks and does not tell whose they are; this is a
 * record of what it has granted.  An owner with more than VFS_HELD_MAX ranges
 * is not recorded until he has unlocked all: nothing then stands in anybody's
 * way as far as this goes.
 */
#ifndef VIRTIO_FS_VFS_HELD_H
#define VIRTIO_FS_VFS_HELD_H

#include "lxutil/lx.h"

#include <stdbool.h>
#include <stddef.h>

#define VFS_HELD_MAX 64u

struct vfs_held_range {
	uint64_t start, end;            /* end is in it */
	uint32_t type;                  /* LX_F_RDLCK or LX_F_WRLCK */
};

/* All zeros: nothing is locked. */
struct vfs_held {
	struct vfs_held_range *range;   /* in no order, none overlap */
	uint32_t count, room;
	bool unknown;                   /* too many, or no memory */
};

/* The owner has locked, or (LX_F_UNLCK) unlocked, this. */
void vfs_held_set(struct vfs_held *held, const struct lx_lock *lock);
/* Does something stand in the way of somebody else's lock? */
bool vfs_held_blocks(const struct vfs_held *held, const struct lx_lock *lock);
/* Is there a lock of this very type where this one is? */
bool vfs_held_has(const struct vfs_held *held, const struct lx_lock *lock);
/* Forget all. */
void vfs_held_clear(struct vfs_held *held);

#endif
