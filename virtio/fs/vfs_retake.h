/* SPDX-License-Identifier: MIT */
/*
 * vfs_retake.h - locks of a restored guest that the host does not grant yet.
 *
 * The server where the guest was saved may still be there and hold them, as it
 * does while a machine moves: its locks stand for the guest's until it goes.
 * Then they are to be taken over, quickly, so a thread tries again and again,
 * at first each VFS_RETAKE_MIN_MS, up to VFS_RETAKE_MAX_MS.  Meanwhile the
 * guest has them, as far as it can see: they are recorded.  If somebody else
 * has taken one in between, or the first server stays, it gives up after
 * VFS_RETAKE_GIVE_UP_MS and says so in the log.
 *
 * The thread is there only while something is left to be taken.
 */
#ifndef VIRTIO_FS_VFS_RETAKE_H
#define VIRTIO_FS_VFS_RETAKE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VFS_RETAKE_MIN_MS 5
#define VFS_RETAKE_MAX_MS 500
#define VFS_RETAKE_GIVE_UP_MS 60000

struct vfs_server;

/* The record locks of an owner, or (owner_is_handle) the flock of a handle. */
struct vfs_retake_lock {
	uint64_t node, owner;
	bool owner_is_handle;
};

struct vfs_retake {
	struct vfs_retake_lock *lock;
	size_t count, room;
	pthread_t thread;
	bool running;
	/*
	 * Of stop, and of `lock` and count while the thread runs; those of
	 * handles are taken within.
	 */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool stop;
};

void vfs_retake_init(struct vfs_retake *retake);
void vfs_retake_done(struct vfs_retake *retake);

/* Before the start: one more.  0 or -LX_ENOMEM. */
int vfs_retake_add(struct vfs_retake *retake, struct vfs_retake_lock lock);
/* Try from now on, if there is something.  0, or -LX_E...: no thread. */
int vfs_retake_start(struct vfs_server *s);
/*
 * Is a flock of another handle of the node still to be taken?  It comes first.
 * (Record locks that are go by their records.)
 */
bool vfs_retake_blocks_flock(struct vfs_server *s, uint64_t node, uint64_t fh);
/* Forget all.  Nothing may be started meanwhile. */
void vfs_retake_stop(struct vfs_retake *retake);

#endif
