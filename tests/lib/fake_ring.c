/* SPDX-License-Identifier: MIT */
#include "tests/lib/fake_ring.h"

#include "common/bytes.h"
#include "tests/lib/fake_packed.h"
#include "virtio/virtio_spec.h"

void fake_ring_init(struct fake_ring *ring, struct fake_ram *ram, uint16_t size,
		    bool event_idx)
{
	*ring = (struct fake_ring){
		.ram = ram,
		.size = size,
		.event_idx = event_idx,
		.desc = fake_ram_alloc(ram, 16u * size, 16),
		.avail = fake_ram_alloc(ram, 6u + 2u * size, 2),
		.used = fake_ram_alloc(ram, 6u + 8u * size, 4),
	};
}

void fake_ring_init_packed(struct fake_ring *ring, struct fake_ram *ram,
			   uint16_t size, bool event_idx)
{
	const uint16_t start = 0x8000;  /* the first round */

	*ring = (struct fake_ring){
		.ram = ram,
		.size = size,
		.event_idx = event_idx,
		.packed = true,
		.desc = fake_ram_alloc(ram, 16u * size, 16),
		.avail = fake_ram_alloc(ram, 4, 4),
		.used = fake_ram_alloc(ram, 4, 4),
		.avail_idx = start,
		.told_avail = start,
		.used_idx = start,
	};
}

void fake_ring_desc(struct fake_ring *ring, uint64_t table, uint16_t i,
		    uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	uint8_t *d = fake_ram_ptr(ring->ram, table + 16u * i);

	le64_store(d, addr);
	le32_store(d + 8, len);
	le16_store(d + 12, flags);
	le16_store(d + 14, next);
}

void fake_ring_publish(struct fake_ring *ring, uint16_t head)
{
	unsigned slot = ring->avail_idx % ring->size;

	fake_ram_store16(ring->ram, ring->avail + 4 + 2u * slot, head);
	fake_ring_set_avail_idx(ring, (uint16_t)(ring->avail_idx + 1));
}

void fake_ring_set_avail_idx(struct fake_ring *ring, uint16_t idx)
{
	ring->avail_idx = idx;
	fake_ram_store16(ring->ram, ring->avail + 2, idx);
}

uint16_t fake_ring_used_idx(struct fake_ring *ring)
{
	return fake_ram_load16(ring->ram, ring->used + 2);
}

void fake_ring_set_used_event(struct fake_ring *ring, uint16_t idx)
{
	fake_ram_store16(ring->ram, ring->avail + 4 + 2u * ring->size, idx);
}

uint16_t fake_ring_avail_event(struct fake_ring *ring)
{
	return fake_ram_load16(ring->ram, ring->used + 4 + 8u * ring->size);
}

static uint16_t take_desc(struct fake_ring *ring)
{
	return ring->next_desc++ % ring->size;
}

uint16_t fake_ring_add(struct fake_ring *ring, const struct fake_buf *buf,
		       size_t readable, size_t writable, uint64_t table)
{
	size_t n = readable + writable;
	bool indirect = table;
	uint16_t first, i;

	if (ring->packed)
		return fake_packed_add(ring, buf, readable, writable, table);
	i = first = take_desc(ring);
	if (indirect) {
		fake_ring_desc(ring, ring->desc, first, table,
			       (uint32_t)(16 * n), VIRTQ_DESC_F_INDIRECT, 0);
		i = 0;
	} else {
		table = ring->desc;
	}
	for (size_t k = 0; k < n; k++) {
		uint16_t flags = k < readable ? 0 : VIRTQ_DESC_F_WRITE;
		uint16_t next = 0;

		if (k + 1 < n) {
			flags |= VIRTQ_DESC_F_NEXT;
			next = indirect ? (uint16_t)(k + 1) : take_desc(ring);
		}
		fake_ring_desc(ring, table, i, buf[k].gpa, buf[k].len, flags,
			       next);
		i = next;
	}
	fake_ring_publish(ring, first);
	return first;
}

bool fake_ring_must_kick(struct fake_ring *ring)
{
	uint16_t old = ring->told_avail, now = ring->avail_idx;

	if (ring->packed)
		return fake_packed_must_kick(ring);
	ring->told_avail = now;
	if (!ring->event_idx)
		return !(fake_ram_load16(ring->ram, ring->used) & 1);
	return (uint16_t)(now - fake_ring_avail_event(ring) - 1) <
	       (uint16_t)(now - old);
}

bool fake_ring_has_used(struct fake_ring *ring)
{
	if (ring->packed)
		return fake_packed_has_used(ring);
	return fake_ring_used_idx(ring) != ring->used_idx;
}

bool fake_ring_collect(struct fake_ring *ring, uint16_t *ret_head,
		       uint32_t *ret_len)
{
	const uint8_t *elem;

	if (ring->packed)
		return fake_packed_collect(ring, ret_head, ret_len);
	if (!fake_ring_has_used(ring))
		return false;
	elem = fake_ram_ptr(ring->ram, ring->used + 4 +
			    8u * (ring->used_idx % ring->size));
	*ret_head = (uint16_t)le32_load(elem);
	*ret_len = le32_load(elem + 4);
	ring->used_idx++;
	return true;
}

bool fake_ring_arm(struct fake_ring *ring)
{
	if (ring->packed)
		return fake_packed_arm(ring);
	if (ring->event_idx)
		fake_ring_set_used_event(ring, ring->used_idx);
	else
		fake_ram_store16(ring->ram, ring->avail, 0);
	return !fake_ring_has_used(ring);
}

void fake_ring_disarm(struct fake_ring *ring)
{
	if (ring->packed)
		fake_packed_disarm(ring);
	else
		fake_ram_store16(ring->ram, ring->avail, 1);
}
