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
 * What the host grants is recorded (vfs_held.h), to tell whose a lock is and
 * who waits for whom (vfs_deadlock.h), and as the host's kernel has no limit of
 * its own: each range takes some of its memory.
 *
 * Locks: an owner's `order` is held while the host is asked for one of his
 * locks, so that the record is what the host has.  `lock`, taken after it, is a
 * leaf; it guards the table, the records and the counts, never a call into
 * lxutil.
 */
#ifndef VIRTIO_FS_VFS_LOCK_H
#define VIRTIO_FS_VFS_LOCK_H

#include "virtio/fs/vfs_deadlock.h"
#include "virtio/fs/vfs_held.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define VFS_LOCK_BUCKETS 256u           /* a power of two */

/* Somebody of the guest who has locked something of a file. */
struct vfs_lock_owner {
	uint64_t node, owner;
	struct lx_file *file;
	pthread_mutex_t order;          /* of his locks and their record */
	/* Of the last lock: */
	_Atomic uint64_t handle;
	_Atomic uint32_t pid;           /* the guest's */
	_Atomic bool retake;            /* the host has not granted all */
	/* Guarded by the table's lock: */
	struct vfs_held held;
	unsigned references;            /* the table's and the users' */
	struct vfs_lock_owner *next;    /* in its bucket */
};

struct vfs_locks {
	pthread_mutex_t lock;
	struct vfs_waits waits;
	uint64_t granted;               /* how many locks so far */
	size_t max;                     /* ranges */
	size_t ranges;                  /* that all have, or are asking for */
	_Atomic size_t count;           /* of owners; written with the lock */
	struct vfs_lock_owner *bucket[VFS_LOCK_BUCKETS]; /* by node */
};

/* At most max (up to VFS_LOCK_RANGES_MAX) ranges of all owners. */
void vfs_locks_init(struct vfs_locks *locks, size_t max);
/* Nobody may use it any more. */
void vfs_locks_done(struct vfs_locks *locks);

/* Drop the record locks of all. */
void vfs_locks_clear(struct vfs_locks *locks);
/* Drop those that this owner has on a node.  Cheap where nobody has any. */
void vfs_locks_drop(struct vfs_locks *locks, uint64_t node, uint64_t owner);
/* Drop those on a node that were last set by this handle, which is released. */
void vfs_locks_release(struct vfs_locks *locks, uint64_t node, uint64_t handle);

/* All owners of a node are in one bucket; for who has the lock. */
struct vfs_lock_owner **vfs_locks_bucket(struct vfs_locks *locks,
					 uint64_t node);

size_t vfs_locks_count(struct vfs_locks *locks);

struct fuse_lk_in;
struct vfs_server;

/*
 * An owner of saved state (in->owner, fh and lk.pid), who has these ranges of
 * the node: record them, and ask the host for them.  -LX_EAGAIN: they are for
 * vfs_locks_retake() to try again.  Another error: they are lost, or make no
 * sense (-LX_EINVAL) or are too many (-LX_ENOLCK).
 */
int vfs_locks_restore(struct vfs_server *s, uint64_t node,
		      const struct fuse_lk_in *in,
		      const struct vfs_held_range *range, size_t count);
/* False: others still hold them. */
bool vfs_locks_retake(struct vfs_locks *locks, uint64_t node, uint64_t owner);

#endif
