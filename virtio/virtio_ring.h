/* SPDX-License-Identifier: MIT */
/*
 * virtio_ring.h - what a ring format implements (private to virtio_queue.c
 * and the formats), and what it is built from.
 *
 * Functions that return int return 0 (or 1 where said) or what
 * virtio_queue_break() returned.  The areas are mapped, the queue is whole.
 */
#ifndef VIRTIO_VIRTIO_RING_H
#define VIRTIO_VIRTIO_RING_H

#include "virtio/virtio_queue.h"

struct virtio_ring_ops {
	/* Check size and addresses, set the areas and the progress. */
	int (*attach)(struct virtio_queue *q,
		      const struct virtio_queue_regs *regs);
	/* Is there something to pop?  0 or 1. */
	int (*available)(struct virtio_queue *q);
	/*
	 * Pop what is available and gather its descriptors.  When that fails
	 * after *ret_begun was set, the request can and must be pushed.
	 */
	int (*pop)(struct virtio_queue *q, struct virtio_request *req,
		   bool *ret_begun);
	/*
	 * Gather once more the descriptors of the request that
	 * virtio_request_begin() was given; it was popped and has not been
	 * pushed, but others have.  A format that writes over descriptors by
	 * that (packed rings) keeps a copy of them when it pops.
	 */
	int (*gather)(struct virtio_queue *q, struct virtio_request *req);
	int (*push)(struct virtio_queue *q, const struct virtio_request *req,
		    uint32_t used);
	/* Does the driver want an interrupt?  0 or 1. */
	int (*must_interrupt)(struct virtio_queue *q);
	/* Ask for notifications, or do not. */
	int (*notify)(struct virtio_queue *q, bool wanted);
	/* The progress as one number, and go on from there. */
	uint32_t (*base)(const struct virtio_queue *q);
	int (*set_base)(struct virtio_queue *q, uint32_t base);
};

extern const struct virtio_ring_ops virtio_split_ring;

/* Set one area; false: misaligned, or it wraps. */
bool virtio_ring_area(struct virtio_queue *q, struct virtio_area *area,
		      uint64_t gpa, size_t size, size_t align, uint32_t flags);

/* A descriptor, copied. */
struct virtio_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;                 /* VIRTQ_DESC_F_* */
	uint16_t next;
};

/* Copy entry `i` of a descriptor table (split rings, indirect tables). */
int virtio_ring_desc(struct virtio_queue *q, const struct virtio_area *table,
		     uint16_t i, struct virtio_desc *ret_desc);

/* Add all entries of the indirect table that `desc` names. */
int virtio_ring_indirect(struct virtio_queue *q, const struct virtio_desc *desc,
			 struct virtio_request *req);

#endif
