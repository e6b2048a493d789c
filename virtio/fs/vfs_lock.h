/* SPDX-License-Identifier: MIT */
/*
 * vfs_lock.h - who holds record locks.
 *
 * The guest's record locks are held on the host, where they stand against the
 * host's processes and other guests.  They are open file description locks:
 * classic ones would belong to the process of the server, so that all its
 * guests would be one owner.  So whoever locks a file in the guest (an owner:
 * the number that the guest gives to a process' table of descriptors) gets an
 * open file of his own, one for each file that he locks.
 *
 * An owner's file is closed, and with it his locks go, when the guest closes a
 * descriptor of that file (FLUSH), as POSIX wants it; when he unlocks all of
 * it and nobody of his uses it right now; and at the end of the mount.  And
 * when the handle is released that he has last locked by: by then each process
 * that had it has closed it, but an open file description that is the owner
 * itself (F_OFD_SETLK in the guest) does not say so otherwise.
 *
 * flock(2) needs none of this: such a lock belongs to the guest's open file,
 * which is an open file of the host (a handle) already.
 *
 * Lock: `lock` is a leaf; it guards the table and the counts, never a call
 * into lxutil.
 */
#ifndef VIRTIO_FS_VFS_LOCK_H
#define VIRTIO_FS_VFS_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define VFS_LOCK_BUCKETS 256u           /* a power of two */

struct vfs_lock_owner;

struct vfs_locks {
	pthread_mutex_t lock;
	_Atomic size_t count;           /* of owners; written with the lock */
	struct vfs_lock_owner *bucket[VFS_LOCK_BUCKETS]; /* by node */
};

void vfs_locks_init(struct vfs_locks *locks);
/* Nobody may use it any more. */
void vfs_locks_done(struct vfs_locks *locks);

/* Drop the record locks of all. */
void vfs_locks_clear(struct vfs_locks *locks);
/* Drop those that this owner has on a node.  Cheap where nobody has any. */
void vfs_locks_drop(struct vfs_locks *locks, uint64_t node, uint64_t owner);
/* Drop those on a node that were last set by this handle, which is released. */
void vfs_locks_release(struct vfs_locks *locks, uint64_t node, uint64_t handle);

size_t vfs_locks_count(struct vfs_locks *locks);

#endif
