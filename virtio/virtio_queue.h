/* SPDX-License-Identifier: MIT */
/*
 * virtio_queue.h - one virtqueue, whatever the format of its ring: take a
 * request from it, give it back, and who must be told what.
 *
 * Ring and descriptors are the guest's memory, which it may change at any
 * moment: every number is read once into a local, checked, and used.  What
 * breaks the rules breaks the queue: it says why, once, and yields nothing
 * more until it is attached anew.
 *
 * A request that cannot be answered yet is parked: only its id is kept, in the
 * order of coming, and it is gathered from the ring (or, where used descriptors
 * overwrite it, from copies) again when it is resumed.  Like any other it is
 * given back exactly once.
 *
 * Used by one thread, which is the reader of the queue's guest memory: pop,
 * push, park, resume and arm are allowed only between enter and leave.
 */
#ifndef VIRTIO_VIRTIO_QUEUE_H
#define VIRTIO_VIRTIO_QUEUE_H

#include "common/limits.h"
#include "virtio/virtio_area.h"
#include "virtio/virtio_core.h"
#include "virtio/virtio_request.h"

#include <stdbool.h>
#include <stdint.h>

struct save_reader;
struct save_writer;
struct virtio_ring_ops;

/* A descriptor, copied. */
struct virtio_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;                 /* VIRTQ_DESC_F_* */
	uint16_t next;                  /* packed rings: the buffer's id */
};

struct virtio_parked {
	uint16_t id;
	uint16_t places;                /* as in struct virtio_request */
};

struct virtio_queue {
	struct gmem *mem;
	struct gmem_reader reader;
	uint64_t generation;            /* for which the areas are mapped */

	const struct virtio_ring_ops *ring;
	struct virtio_area desc, driver, device;
	uint16_t size;
	bool event_idx, indirect, in_order;     /* negotiated */

	/*
	 * Progress; kept over stop and start.  Indices of a split ring, places
	 * (PVIRTQ_PLACE_*) of a packed one.
	 */
	uint16_t next_avail;            /* the next to be popped */
	uint16_t seen_avail;            /* split: the driver's, as last read */
	uint16_t seen_flags;            /* packed: the next one's, or 0 */
	uint16_t next_used;             /* the next to be pushed */
	uint16_t shown_used;            /* the driver sees those before it */
	uint16_t told_used;             /* when interrupting was last decided */
	uint16_t shown_flags;           /* packed: they show what was pushed */
	bool flags_set;                 /* split: used->flags is ours */

	/* The requests that are parked, the oldest at parked_first. */
	uint16_t parked_first, parked_count;
	struct virtio_parked parked[VIRTIO_QUEUE_SIZE_MAX];

	/*
	 * Packed: the descriptors of those that are parked, in the same order,
	 * and after them those of the request that is at work.
	 */
	uint16_t saved_first, saved_count;
	struct virtio_desc saved[VIRTIO_QUEUE_SIZE_MAX];
	/* Packed: the buffers that the driver has given and not got back. */
	uint64_t in_use[VIRTIO_QUEUE_SIZE_MAX / 64];

	const char *error;              /* why it is broken, or NULL */
};

/* Registers the reader.  mem is borrowed until virtio_queue_done(). */
void virtio_queue_init(struct virtio_queue *q, struct gmem *mem);
void virtio_queue_done(struct virtio_queue *q);

/*
 * Begin at the start of a ring with these registers and features, and with
 * nothing parked.  Without a usable ring the queue is broken from the start.
 */
void virtio_queue_attach(struct virtio_queue *q,
			 const struct virtio_queue_regs *regs,
			 uint64_t features);

/*
 * Only what regs say of the log; of a queue that is attached, outside guest
 * memory.
 */
void virtio_queue_set_log(struct virtio_queue *q,
			  const struct virtio_queue_regs *regs);

/*
 * The place in the ring where it stands, which is for whoever serves the ring
 * next: the base of a vring in vhost-user.  Its meaning is the ring format's:
 * of a split ring, the next index of the available ring.  What is parked has
 * been popped, so it is behind this place.  0 when it was never attached.
 */
uint32_t virtio_queue_base(const struct virtio_queue *q);
/*
 * Go on from there, as the first thing after attaching, between enter and
 * leave.  0, or -EPROTO: there is no such place, and the queue is broken.
 */
int virtio_queue_set_base(struct virtio_queue *q, uint32_t base);

/*
 * Add to a record the progress and what is parked; nothing is at work, and all
 * was published.
 */
void virtio_queue_save(const struct virtio_queue *q, struct save_writer *w);
/*
 * Go on from there, as the first thing after attaching; guest memory is not
 * touched.  It is the rest of the record, which is not trusted: 0, or the
 * reader's error, and the queue is broken.
 */
int virtio_queue_restore(struct virtio_queue *q, struct save_reader *r);

void virtio_queue_enter(struct virtio_queue *q);
void virtio_queue_leave(struct virtio_queue *q);

/*
 * Take the next request.  1; 0: there is none; -EPROTO: the queue is broken,
 * and a chain that was begun has been given back with length 0.
 */
int virtio_queue_pop(struct virtio_queue *q, struct virtio_request *req);

/*
 * Give it back with `used` bytes written to it; the driver will see that when
 * it is published.  0, or -EPROTO: the queue is broken.
 */
int virtio_queue_push(struct virtio_queue *q, struct virtio_request *req,
		      uint32_t used);

/*
 * Park it instead, before another is popped or resumed.  0, or -EPROTO: more
 * wait than a driver that waits for its buffers can have in flight, so the
 * queue is broken, and it is to be pushed.
 */
int virtio_queue_park(struct virtio_queue *q, const struct virtio_request *req);
/*
 * Take the oldest of those that are parked, and there is one, as
 * virtio_queue_pop() does.
 */
int virtio_queue_resume(struct virtio_queue *q, struct virtio_request *req);
/*
 * The queue is broken: give back all that are parked, with length 0.  req is
 * to work with.
 */
void virtio_queue_give_up(struct virtio_queue *q, struct virtio_request *req);

/*
 * Is there more to take than n requests?  What it finds is what pop will take.
 * For n > 0 it is a guess, which helps to plan.
 */
bool virtio_queue_available(struct virtio_queue *q, unsigned n);

/* Let the driver see all that were pushed.  Nothing, if it does already. */
void virtio_queue_publish(struct virtio_queue *q);
/*
 * Publish, and say whether the driver wants an interrupt for what was
 * published since it was last asked.
 */
bool virtio_queue_must_interrupt(struct virtio_queue *q);

/*
 * Ask the driver for a notification, before sleeping.  True: sleep; false:
 * there is work already (or the queue is broken).
 */
bool virtio_queue_arm(struct virtio_queue *q);
/* Notifications are not needed for now. */
void virtio_queue_disarm(struct virtio_queue *q);

/* Break it; `why` is a constant.  Returns -EPROTO.  The first reason stays. */
int virtio_queue_break(struct virtio_queue *q, const char *why);

#endif
