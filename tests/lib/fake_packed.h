/* SPDX-License-Identifier: MIT */
/*
 * fake_packed.h - the driver's side of a packed virtqueue, behind the calls of
 * fake_ring.h; and its single fields, whatever the rules say.
 *
 * A place is a descriptor's number with the round's wrap counter on top, as in
 * the event structures.
 */
#ifndef TESTS_LIB_FAKE_PACKED_H
#define TESTS_LIB_FAKE_PACKED_H

#include "tests/lib/fake_ring.h"

/* As fake_ring_add() and so on, for a packed ring. */
uint16_t fake_packed_add(struct fake_ring *ring, const struct fake_buf *buf,
			 size_t readable, size_t writable, uint64_t table);
bool fake_packed_must_kick(struct fake_ring *ring);
bool fake_packed_has_used(struct fake_ring *ring);
bool fake_packed_collect(struct fake_ring *ring, uint16_t *ret_head,
			 uint32_t *ret_len);
bool fake_packed_arm(struct fake_ring *ring);
void fake_packed_disarm(struct fake_ring *ring);

/* ---- single fields ----------------------------------------------------- */

/* The place `n` after this one. */
uint16_t fake_packed_skip(const struct fake_ring *ring, uint16_t place,
			  unsigned n);
/* The flags AVAIL and USED that make a descriptor at this place available. */
uint16_t fake_packed_turn(uint16_t place);
/* Write a descriptor of the ring, its flags last. */
void fake_packed_desc(struct fake_ring *ring, uint16_t place, uint64_t addr,
		      uint32_t len, uint16_t id, uint16_t flags);
uint16_t fake_packed_flags(struct fake_ring *ring, uint16_t place);
/* The driver's event structure, and the device's. */
void fake_packed_set_event(struct fake_ring *ring, uint16_t place,
			   uint16_t flags);
uint16_t fake_packed_event_place(struct fake_ring *ring);
uint16_t fake_packed_event_flags(struct fake_ring *ring);

#endif
