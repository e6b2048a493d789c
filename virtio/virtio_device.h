/* SPDX-License-Identifier: MIT */
/*
 * virtio_device.h - what a virtio device implements, whatever its transport.
 *
 * The core (virtio_core.h) owns queues, status and worker threads; the device
 * gets whole requests.
 */
#ifndef VIRTIO_VIRTIO_DEVICE_H
#define VIRTIO_VIRTIO_DEVICE_H

#include "common/iov.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct save_reader;
struct save_writer;

/*
 * One request: a descriptor chain, translated and checked.  The readable
 * pieces come before the writable ones (virtio 1.3 2.6.4.2).  The memory is
 * the guest's and may change at any moment: read once, then use the copy.
 */
struct virtio_chain {
	struct iov *readable;           /* the device may change it */
	size_t readable_count;
	struct iov *writable;
	size_t writable_count;
	/*
	 * Others wait for the thread.  So a device that would block may return
	 * VIRTIO_CHAIN_BLOCKS or VIRTIO_CHAIN_GOES_ON instead.
	 */
	bool may_leave;
	/* Requests are slow just now: it pays to take their times. */
	bool timed;
};

/*
 * What virtio_device_ops.request returns for a request that cannot be answered
 * yet: it has written nothing, and gets the same chain again after a while,
 * until it returns something else.  Other chains are handled meanwhile, unless
 * the driver has VIRTIO_F_IN_ORDER: then those of its queue wait, too.
 */
#define VIRTIO_CHAIN_WAITS ((ssize_t)-0x10000)
/* The while, in milliseconds: short at first, then doubled up to this. */
#define VIRTIO_WAIT_MIN_MS 1
#define VIRTIO_WAIT_MAX_MS 32

/*
 * What it returns for a request that would block, and may leave: it has
 * written nothing, and gets the same chain again on another thread, where it
 * may block.  Its queue goes on meanwhile.
 */
#define VIRTIO_CHAIN_BLOCKS ((ssize_t)-0x10001)

/*
 * What it returns for a request that goes on by itself, on no thread, and may
 * leave: chain and memory are the device's until progress() ends it.
 */
#define VIRTIO_CHAIN_GOES_ON ((ssize_t)-0x10002)

/*
 * What request() would have returned, of a chain that went on by itself: the
 * bytes written, or VIRTIO_CHAIN_BLOCKS: nothing came of it, and it is to be
 * handled again where it may block.  From progress() only, once.
 */
void virtio_chain_end(struct virtio_chain *chain, ssize_t used);

/* What thread_init() is told on a thread that belongs to no queue. */
#define VIRTIO_NO_QUEUE (~0u)

struct event;

struct virtio_device_ops {
	uint16_t id;                    /* VIRTIO_ID_FS */
	uint32_t config_size;           /* bytes of configuration space */
	/*
	 * Of so many queues, the first ones, most requests have no answer, and
	 * the driver waits for none (virtio_poll.h).
	 */
	unsigned unanswered_queues;

	/*
	 * Copy of the configuration bytes; offset + len is within config_size.
	 * Any thread, at any time; must not block.
	 */
	void (*config_read)(void *dev, uint32_t offset, void *buf, size_t len);

	/*
	 * Handle one chain of queue `queue`; on its worker thread, or on one
	 * for requests that block: those run beside each other.  May block.
	 * Returns the bytes written from the start of the writable pieces (the
	 * exact used.len); VIRTIO_CHAIN_WAITS (on the worker thread only);
	 * VIRTIO_CHAIN_BLOCKS; VIRTIO_CHAIN_GOES_ON; or another
	 * negative number: the chain makes no sense and the queue is broken; it
	 * is then completed with length 0.
	 *
	 * A chain that waits is taken from the guest's memory anew each time,
	 * so a driver that meddles with it makes it another one.  It stays
	 * over stop and start; a reset drops it, as the driver takes all its
	 * buffers back by that.
	 */
	ssize_t (*request)(void *dev, unsigned queue,
			   struct virtio_chain *chain);

	/*
	 * Chains of the queue go on by themselves, and nothing else is to be
	 * done for it, or one has ended, or several were begun: begin what was
	 * put off for that, and end those that are through.  If it `sleeps`
	 * next, its event is signalled as soon as there is more to do, until
	 * the next call.  On the queue's worker thread.  NULL: no chain of this
	 * device goes on by itself.
	 */
	void (*progress)(void *dev, unsigned queue, bool sleeps);
	/* Is there something to do for progress()?  Costs little to ask. */
	bool (*progressed)(void *dev, unsigned queue);

	/*
	 * The worker thread of a queue begins, whose event is given, or one for
	 * requests that block (VIRTIO_NO_QUEUE, NULL); called on it, before any
	 * request.  NULL: nothing to do.
	 */
	void (*thread_init)(void *dev, unsigned queue, struct event *event);
	/* It ends, and no chain of its queue is under way.  Likewise. */
	void (*thread_done)(void *dev, unsigned queue);

	/*
	 * The driver has reset the device, or the host has: all queues are
	 * quiet, and what waited is dropped.  Forget the driver's state.  On a
	 * worker thread or in the host's call; may block.
	 */
	void (*reset)(void *dev);

	/*
	 * Write the driver's state as records (common/save.h), or take it over
	 * from there into a device that is as after reset().  All queues are
	 * stopped; in the host's call; may block.  0, or a negative errno (of
	 * the writer or reader, if it has one).  The records are not to be
	 * trusted; after an error the device is as after reset().  NULL: it has
	 * no state.
	 */
	int (*save)(void *dev, struct save_writer *w);
	int (*restore)(void *dev, struct save_reader *r);
};

#endif
