/* SPDX-License-Identifier: MIT */
/*
 * vfs_held.h - which ranges of a file one owner has locked.
 *
 * The host's kernel holds the locks and does not tell whose they are, nor has
 * it a limit; this is a record of what it has granted.  What the record will be
 * is made before the host is asked, so that there is room for it.
 */
#ifndef VIRTIO_FS_VFS_HELD_H
#define VIRTIO_FS_VFS_HELD_H

#include "lxutil/lx.h"

#include <stdbool.h>
#include <stdint.h>

struct vfs_held_range {
	uint64_t start, end;            /* end is in it */
	uint32_t type;                  /* LX_F_RDLCK or LX_F_WRLCK */
};

/* All zeros: nothing is locked. */
struct vfs_held {
	struct vfs_held_range *range;   /* in no order, none overlap */
	uint32_t count;
};

/*
 * The record once the owner has locked, or (LX_F_UNLCK) unlocked, this; to be
 * taken or cleared.  0 or -LX_ENOMEM.
 */
int vfs_held_next(const struct vfs_held *held, const struct lx_lock *lock,
		  struct vfs_held *ret_next);
/* It is so. */
void vfs_held_take(struct vfs_held *held, struct vfs_held *next);
/* Does something stand in the way of somebody else's lock? */
bool vfs_held_blocks(const struct vfs_held *held, const struct lx_lock *lock);
/* Is there a lock of this very type where this one is? */
bool vfs_held_has(const struct vfs_held *held, const struct lx_lock *lock);
/* Forget all. */
void vfs_held_clear(struct vfs_held *held);

#endif
