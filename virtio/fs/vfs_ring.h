/* SPDX-License-Identifier: MIT */
/*
 * vfs_ring.h - READs and WRITEs of one queue that go on by themselves
 * (VIRTIO_CHAIN_GOES_ON), by an lx_async.
 *
 * There is a vfs_op for each, which has the place for what it needs; it holds
 * its file by a reference to the handle.  The lx_async is taken from the
 * device's reserve when it is first needed, on the queue's thread, and goes
 * back with the thread.  Where there is none, nothing goes on by itself.
 *
 * Used by the queue's thread.
 */
#ifndef VIRTIO_FS_VFS_RING_H
#define VIRTIO_FS_VFS_RING_H

#include "common/event.h"
#include "common/log.h"
#include "fuse/fuse_later.h"
#include "lxutil/lx_async.h"
#include "virtio/fs/vfs_handle.h"
#include "virtio/virtio_device.h"

struct vfs_ring;

/*
 * For the queue whose thread this is and waits for the event.  All is borrowed.
 * NULL: no memory.
 */
struct vfs_ring *vfs_ring_new(struct lx_reserve *reserve, struct event *event,
			      const struct log *log);
/* Nothing goes on.  NULL is allowed. */
void vfs_ring_free(struct vfs_ring *ring);

/*
 * What the session is to know of this chain's request: where it may go on, by
 * vfs_ring_go_on(); NULL: it may not.  It counts for one request.
 */
struct fuse_later *vfs_ring_offer(struct vfs_ring *ring,
				  struct virtio_chain *chain);

/* A transfer between an open file and guest memory. */
struct vfs_transfer {
	struct vfs_handles *handles;
	struct vfs_handle *handle;      /* the caller has it */
	struct iov_tail mem;
	uint64_t offset;
	bool write;
	/* To the end of memory or of the file, if one call falls short. */
	bool whole;
	bool no_less;                   /* -LX_EIO if that was not all */
};

/*
 * The request that it was offered to goes on by itself, with a reference of its
 * own to the handle.  False: it cannot.
 */
bool vfs_ring_go_on(struct fuse_later *later,
		    const struct vfs_transfer *transfer);

/* As in struct virtio_device_ops. */
void vfs_ring_progress(struct vfs_ring *ring, bool sleeps);
bool vfs_ring_progressed(const struct vfs_ring *ring);

#endif
