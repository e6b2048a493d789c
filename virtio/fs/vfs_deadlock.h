/* SPDX-License-Identifier: MIT */
/*
 * vfs_deadlock.h - who waits for a record lock, and would wait for ever.
 *
 * A wait is a SETLKW that was tried and found its lock taken; its transport
 * tries it again and again.  If the owners in its way wait as well, for others
 * and these in the end for the first, nobody can go on: EDEADLK, as Linux
 * answers it.  Only owners of this table are known: a lock of the host or of
 * another guest may always be given up.
 *
 * As a transport may drop a request, a wait that was not tried for long counts
 * no more.  All is guarded by the table's lock.
 */
#ifndef VIRTIO_FS_VFS_DEADLOCK_H
#define VIRTIO_FS_VFS_DEADLOCK_H

#include "common/limits.h"
#include "lxutil/lx.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VFS_WAIT_STALE_MS 2000u
/* Owners and waits that are looked at before it is none. */
#define VFS_DEADLOCK_STEPS 16384u

struct vfs_locks;

struct vfs_wait {
	uint64_t unique;                /* of the request */
	uint64_t node, owner;
	struct lx_lock lock;
	uint64_t seen_ms;               /* when it was last tried */
	uint64_t searched;              /* locks.granted of then */
	uint64_t mark;                  /* of the search that was here */
};

struct vfs_waits {
	struct vfs_wait *wait;          /* VFS_WAITS_MAX, or NULL: none yet */
	size_t count;
	uint64_t mark;
};

/*
 * Request `unique` of this owner waits (on) for the lock.  True: it must not,
 * and does no more.  now_ms is of any clock that does not go back.
 */
bool vfs_waits_on(struct vfs_locks *locks, uint64_t unique, uint64_t node,
		  uint64_t owner, const struct lx_lock *lock, uint64_t now_ms);
/* It waits no more, if it did. */
void vfs_waits_end(struct vfs_waits *waits, uint64_t unique);
/* Nobody waits. */
void vfs_waits_clear(struct vfs_waits *waits);

#endif
