/* SPDX-License-Identifier: MIT */
/*
 * bench_ring.h - the driver's side of one virtqueue, split or packed, as a
 * Linux guest drives it: each request is one descriptor with an indirect
 * table, and kicks and interrupts are suppressed by event indexes where the
 * device has them (virtio 1.3 2.7 and 2.8).
 *
 * One thread uses a ring.
 */
#ifndef BENCH_RING_H
#define BENCH_RING_H

#include "tools/bench/bench_ram.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <stdbool.h>

#define BENCH_RING_SIZE 256             /* descriptors; requests at a time */
#define BENCH_SEGMENTS 260              /* entries of an indirect table */

struct bench_ring {
	struct bench_ram *ram;
	bool packed, event_idx;
	unsigned size;
	void *desc, *driver, *device;   /* the three areas */
	void *cookie[BENCH_RING_SIZE];
	uint16_t free[BENCH_RING_SIZE]; /* ids that are not in use */
	unsigned free_count;
	uint16_t next_avail, next_used;
	uint16_t kicked;                /* next_avail when it last decided */
	bool avail_wrap, used_wrap;     /* packed */
};

/* One piece of a request: memory of the guest. */
struct bench_segment {
	void *base;
	uint32_t len;
	bool device_writes;
};

/* Guest memory that a ring takes, indirect tables included. */
size_t bench_ring_bytes(void);

/* size: at most BENCH_RING_SIZE; features: those negotiated. */
void bench_ring_init(struct bench_ring *ring, struct bench_ram *ram,
		     unsigned size, uint64_t features);

/*
 * Make a request available: what the device reads comes first.  `table` is
 * BENCH_SEGMENTS descriptors of guest memory that are the request's until it
 * comes back with `cookie`.  There must be room.
 */
void bench_ring_add(struct bench_ring *ring, struct vring_desc *table,
		    const struct bench_segment *seg, unsigned count,
		    void *cookie);

/* Publish what was added; true: the device wants to be kicked. */
bool bench_ring_publish(struct bench_ring *ring);

/* A request that came back, with the bytes written; NULL: there is none. */
void *bench_ring_get(struct bench_ring *ring, uint32_t *ret_len);

/*
 * Ask for an interrupt when the next comes back.  False: one is there
 * already, do not sleep.
 */
bool bench_ring_arm(struct bench_ring *ring);

#endif
