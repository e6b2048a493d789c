/* SPDX-License-Identifier: MIT */
#include "tests/lib/fake_packed.h"

#include "common/bytes.h"

#define WRAP 0x8000
#define F_NEXT 1
#define F_WRITE 2
#define F_INDIRECT 4
#define F_AVAIL 0x80
#define F_USED 0x8000
#define EVENT_ENABLE 0
#define EVENT_DISABLE 1
#define EVENT_DESC 2

static unsigned number(uint16_t place)
{
	return place & (WRAP - 1);
}

uint16_t fake_packed_skip(const struct fake_ring *ring, uint16_t place,
			  unsigned n)
{
	unsigned at = number(place) + n, wrap = place & WRAP;

	if (at >= ring->size) {
		at -= ring->size;
		wrap ^= WRAP;
	}
	return (uint16_t)(at | wrap);
}

uint16_t fake_packed_turn(uint16_t place)
{
	return place & WRAP ? F_AVAIL : F_USED;
}

static uint64_t desc_at(const struct fake_ring *ring, uint16_t place)
{
	return ring->desc + 16u * number(place);
}

static void write_body(struct fake_ring *ring, uint64_t at, uint64_t addr,
		       uint32_t len, uint16_t id)
{
	uint8_t *d = fake_ram_ptr(ring->ram, at);

	le64_store(d, addr);
	le32_store(d + 8, len);
	le16_store(d + 12, id);
}

void fake_packed_desc(struct fake_ring *ring, uint16_t place, uint64_t addr,
		      uint32_t len, uint16_t id, uint16_t flags)
{
	uint64_t at = desc_at(ring, place);

	write_body(ring, at, addr, len, id);
	fake_ram_store16(ring->ram, at + 14, flags);
}

uint16_t fake_packed_flags(struct fake_ring *ring, uint16_t place)
{
	return fake_ram_load16(ring->ram, desc_at(ring, place) + 14);
}

void fake_packed_set_event(struct fake_ring *ring, uint16_t place,
			   uint16_t flags)
{
	fake_ram_store16(ring->ram, ring->avail, place);
	fake_ram_store16(ring->ram, ring->avail + 2, flags);
}

uint16_t fake_packed_event_place(struct fake_ring *ring)
{
	return fake_ram_load16(ring->ram, ring->used);
}

uint16_t fake_packed_event_flags(struct fake_ring *ring)
{
	return fake_ram_load16(ring->ram, ring->used + 2);
}

/* ---- a driver that behaves --------------------------------------------- */

static uint16_t take_id(struct fake_ring *ring, size_t places)
{
	uint16_t id;

	do {
		id = ring->next_desc++ % ring->size;
	} while (ring->places[id]);
	ring->places[id] = (uint16_t)places;
	return id;
}

static void write_table(struct fake_ring *ring, const struct fake_buf *buf,
			size_t readable, size_t n, uint64_t table)
{
	for (size_t k = 0; k < n; k++) {
		uint64_t at = table + 16 * k;

		write_body(ring, at, buf[k].gpa, buf[k].len, 0);
		le16_store(fake_ram_ptr(ring->ram, at + 14),
			   k < readable ? 0 : F_WRITE);
	}
}

uint16_t fake_packed_add(struct fake_ring *ring, const struct fake_buf *buf,
			 size_t readable, size_t writable, uint64_t table)
{
	size_t n = readable + writable, places = table ? 1 : n;
	uint16_t first = ring->avail_idx;
	uint16_t id = take_id(ring, places);

	if (table) {
		write_table(ring, buf, readable, n, table);
		fake_packed_desc(ring, first, table, (uint32_t)(16 * n), id,
				 F_INDIRECT | fake_packed_turn(first));
	}
	/* The first one last. */
	for (size_t k = table ? 0 : n; k-- > 0;) {
		uint16_t place = fake_packed_skip(ring, first, (unsigned)k);
		uint16_t flags = fake_packed_turn(place);

		flags |= k + 1 < n ? F_NEXT : 0;
		flags |= k < readable ? 0 : F_WRITE;
		fake_packed_desc(ring, place, buf[k].gpa, buf[k].len, id,
				 flags);
	}
	ring->avail_idx = fake_packed_skip(ring, first, (unsigned)places);
	return id;
}

/* How far `b` is after `a`. */
static unsigned distance(const struct fake_ring *ring, uint16_t a, uint16_t b)
{
	unsigned round = 2u * ring->size;

	return (number(b) + (b & WRAP ? ring->size : 0) + round - number(a) -
		(a & WRAP ? ring->size : 0)) % round;
}

bool fake_packed_must_kick(struct fake_ring *ring)
{
	uint16_t old = ring->told_avail, now = ring->avail_idx;
	uint16_t flags = fake_packed_event_flags(ring);

	ring->told_avail = now;
	if (flags != EVENT_DESC)
		return flags == EVENT_ENABLE;
	return distance(ring, old, fake_packed_event_place(ring)) <
	       distance(ring, old, now);
}

bool fake_packed_has_used(struct fake_ring *ring)
{
	uint16_t turn = ring->used_idx & WRAP ? F_AVAIL | F_USED : 0;

	return (fake_packed_flags(ring, ring->used_idx) &
		(F_AVAIL | F_USED)) == turn;
}

bool fake_packed_collect(struct fake_ring *ring, uint16_t *ret_head,
			 uint32_t *ret_len)
{
	uint16_t place = ring->used_idx, id;
	uint16_t flags;
	const uint8_t *d;

	if (!fake_packed_has_used(ring))
		return false;
	flags = fake_packed_flags(ring, place);
	d = fake_ram_ptr(ring->ram, desc_at(ring, place));
	id = le16_load(d + 12);
	*ret_head = id;
	*ret_len = flags & F_WRITE ? le32_load(d + 8) : 0;
	/* An id that is not out will be seen again and again. */
	if (id < ring->size) {
		ring->used_idx = fake_packed_skip(ring, place,
						  ring->places[id]);
		ring->places[id] = 0;
	}
	return true;
}

bool fake_packed_arm(struct fake_ring *ring)
{
	fake_packed_set_event(ring, ring->used_idx,
			      ring->event_idx ? EVENT_DESC : EVENT_ENABLE);
	return !fake_packed_has_used(ring);
}

void fake_packed_disarm(struct fake_ring *ring)
{
	fake_packed_set_event(ring, 0, EVENT_DISABLE);
}
