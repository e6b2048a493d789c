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
#include "virtio/virtio_spec.h"

#include <string.h>

struct virtio_ring_ops {
	/* Check size and addresses, set the areas and the progress. */
	int (*attach)(struct virtio_queue *q,
		      const struct virtio_queue_regs *regs);
	/*
	 * Can more than `n` be popped, which is below the queue's size?  0, or
	 * positive: yes.  A packed ring's descriptors are counted instead: for
	 * n > 0 there may be fewer requests.
	 */
	int (*available)(struct virtio_queue *q, unsigned n);
	/*
	 * Pop the next chain and gather its descriptors.  1; 0: there is none.
	 * When it fails after *ret_begun was set, the request can and must be
	 * pushed.
	 */
	int (*pop)(struct virtio_queue *q, struct virtio_request *req,
		   bool *ret_begun);
	/*
	 * The request, which was popped or gathered last, is parked.  A format
	 * whose used descriptors overwrite available ones (packed rings) keeps
	 * those of this one.  NULL: nothing to do.
	 */
	void (*park)(struct virtio_queue *q, const struct virtio_request *req);
	/*
	 * Gather once more the descriptors of the request that
	 * virtio_request_begin() was given, which is the oldest that is parked.
	 */
	int (*gather)(struct virtio_queue *q, struct virtio_request *req);
	/* Write it down as used; the driver does not see it yet. */
	int (*push)(struct virtio_queue *q, const struct virtio_request *req,
		    uint32_t used);
	/* Let the driver see all that were pushed, and there are some. */
	int (*publish)(struct virtio_queue *q);
	/* Does the driver want an interrupt for what was published?  0 or 1. */
	int (*must_interrupt)(struct virtio_queue *q);
	/* Ask for notifications, or do not. */
	int (*notify)(struct virtio_queue *q, bool wanted);
	/* The progress as one number, and go on from there. */
	uint32_t (*base)(const struct virtio_queue *q);
	int (*set_base)(struct virtio_queue *q, uint32_t base);
	/*
	 * Go on from these indices or places, with what is parked, and saved of
	 * it, already: check that one goes with the other.
	 */
	int (*restore)(struct virtio_queue *q, uint16_t next_avail,
		       uint16_t next_used);
};

extern const struct virtio_ring_ops virtio_split_ring;
extern const struct virtio_ring_ops virtio_packed_ring;

/* Set one area; false: misaligned, or it wraps. */
bool virtio_ring_area(struct virtio_queue *q, struct virtio_area *area,
		      uint64_t gpa, size_t size, size_t align, uint32_t flags);

/* Descriptors: the ring's own, or an indirect table. */
struct virtio_table {
	uint64_t gpa;
	const uint8_t *ptr;             /* NULL: not in one piece */
	uint16_t count;
};

static inline struct virtio_table
virtio_ring_own_table(const struct virtio_queue *q)
{
	return (struct virtio_table){ q->desc.gpa, q->desc.ptr, q->size };
}

/* Check the indirect table that `desc` names; it has at least one entry. */
int virtio_ring_table(struct virtio_queue *q, const struct virtio_desc *desc,
		      struct virtio_table *ret_table);

/* Copy descriptor `i`, which is below the count. */
static inline int virtio_ring_read(struct virtio_queue *q,
				   const struct virtio_table *table, unsigned i,
				   uint8_t raw[VIRTQ_DESC_SIZE])
{
	const size_t at = (size_t)i * VIRTQ_DESC_SIZE;

	if (table->ptr)
		memcpy(raw, table->ptr + at, VIRTQ_DESC_SIZE);
	else if (gmem_read(q->mem, &q->reader, table->gpa + at, raw,
			   VIRTQ_DESC_SIZE))
		return virtio_queue_break(q, "descriptors are outside guest memory");
	return 0;
}

/*
 * While the request that was popped is gathered and served, the cache can fetch
 * what the driver's core has written for those that come next: of the one after
 * the next what its first descriptor points to, and of the next one, whose
 * indirect table is there by now, what that begins with.  `desc` is the first
 * descriptor, in the ring, which is mapped; `flags_at` is where a descriptor's
 * flags are.  What is read here is a hint only: when it is popped all is read
 * anew, and checked.
 */
void virtio_ring_prefetch(struct virtio_queue *q, const uint8_t *desc,
			  unsigned flags_at);
void virtio_ring_prefetch_table(struct virtio_queue *q, const uint8_t *desc,
				unsigned flags_at);

/* Add the buffer of one descriptor to the request. */
int virtio_ring_buffer(struct virtio_queue *q, const struct virtio_desc *desc,
		       struct virtio_request *req);

#endif
