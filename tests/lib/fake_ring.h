/* SPDX-License-Identifier: MIT */
/*
 * fake_ring.h - the driver's side of a virtqueue in a fake_ram.
 *
 * The upper half is a well-behaved driver of either format: it adds buffers and
 * collects what was used.  The lower half writes single fields of a split ring,
 * whatever the rules say; fake_packed.h has those of a packed one.
 * Nothing here is shared with the device's side.
 */
#ifndef TESTS_LIB_FAKE_RING_H
#define TESTS_LIB_FAKE_RING_H

#include "tests/lib/fake_ram.h"

#include <stdbool.h>

struct fake_buf {
	uint64_t gpa;
	uint32_t len;
};

#define FAKE_RING_SIZE_MAX 1024

struct fake_ring {
	struct fake_ram *ram;
	uint16_t size;
	bool event_idx;
	bool packed;
	/* Guest addresses of the three areas. */
	uint64_t desc;
	uint64_t avail;                 /* packed: the driver's events */
	uint64_t used;                  /* packed: the device's events */
	/* Indices, or places of a packed ring. */
	uint16_t avail_idx;             /* the next to be published */
	uint16_t told_avail;            /* when kicking was last decided */
	uint16_t used_idx;              /* the next to be collected */
	uint16_t next_desc;             /* taken round robin (packed: ids) */
	/* Packed: how many each id that is out has. */
	uint16_t places[FAKE_RING_SIZE_MAX];
};

/* Rings in fresh memory. */
void fake_ring_init(struct fake_ring *ring, struct fake_ram *ram, uint16_t size,
		    bool event_idx);
void fake_ring_init_packed(struct fake_ring *ring, struct fake_ram *ram,
			   uint16_t size, bool event_idx);

/*
 * Make a chain of `readable` and then `writable` buffers available.  `table` is
 * where an indirect table is to be made of it (16 bytes for each buffer), or 0.
 * Returns the head (packed: the id).  The caller keeps at most `size`
 * descriptors in flight.
 */
uint16_t fake_ring_add(struct fake_ring *ring, const struct fake_buf *buf,
		       size_t readable, size_t writable, uint64_t table);
/* Does the device want to be told of what was added since the last call? */
bool fake_ring_must_kick(struct fake_ring *ring);

/* Is there a used chain to collect? */
bool fake_ring_has_used(struct fake_ring *ring);
/* Collect one used chain; false: there is none. */
bool fake_ring_collect(struct fake_ring *ring, uint16_t *ret_head,
		       uint32_t *ret_len);
/* Ask for an interrupt at the next used chain; false: there is one now. */
bool fake_ring_arm(struct fake_ring *ring);
/* Ask for no interrupts (split: without event_idx only). */
void fake_ring_disarm(struct fake_ring *ring);

/* ---- single fields of a split ring -------------------------------------- */

/* Write a descriptor of the table at `table` (ring->desc, or an indirect). */
void fake_ring_desc(struct fake_ring *ring, uint64_t table, uint16_t i,
		    uint64_t addr, uint32_t len, uint16_t flags, uint16_t next);
/* Put a head into the next place of the available ring and publish it. */
void fake_ring_publish(struct fake_ring *ring, uint16_t head);
void fake_ring_set_avail_idx(struct fake_ring *ring, uint16_t idx);
uint16_t fake_ring_used_idx(struct fake_ring *ring);
void fake_ring_set_used_event(struct fake_ring *ring, uint16_t idx);
uint16_t fake_ring_avail_event(struct fake_ring *ring);

#endif
