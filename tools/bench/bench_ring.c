/* SPDX-License-Identifier: MIT */
#include "tools/bench/bench_ring.h"

#include "common/bytes.h"
#include "tools/bench/bench_fail.h"

/* The split ring's driver and device areas, with the event indexes. */
struct split_driver {
	uint16_t flags, idx, ring[];    /* ring[size] is used_event */
};

struct split_device {
	uint16_t flags, idx;
	struct vring_used_elem ring[];  /* after the last: avail_event */
};

static uint16_t *avail_event(const struct bench_ring *r)
{
	struct split_device *device = r->device;

	return (uint16_t *)&device->ring[r->size];
}

/*
 * In one order for both sides: who publishes and then looks whether the other
 * sleeps must not miss that it does.
 */
static uint16_t load16(const uint16_t *p)
{
	return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

static void store16(uint16_t *p, uint16_t v)
{
	__atomic_store_n(p, v, __ATOMIC_SEQ_CST);
}

size_t bench_ring_bytes(void)
{
	return 3 * bench_pages(BENCH_RING_SIZE * sizeof(struct vring_desc));
}

void bench_ring_init(struct bench_ring *r, struct bench_ram *ram, unsigned size,
		     uint64_t features)
{
	const size_t area = BENCH_RING_SIZE * sizeof(struct vring_desc);

	*r = (struct bench_ring){
		.ram = ram,
		.packed = features >> VIRTIO_F_RING_PACKED & 1,
		.event_idx = features >> VIRTIO_RING_F_EVENT_IDX & 1,
		.size = size,
		.desc = bench_ram_take(ram, area),
		.driver = bench_ram_take(ram, area),
		.device = bench_ram_take(ram, area),
		.avail_wrap = true,
		.used_wrap = true,
	};
	while (r->free_count < size) {
		r->free[r->free_count] = (uint16_t)(size - 1 - r->free_count);
		r->free_count++;
	}
}

/* ---- adding ------------------------------------------------------------ */

static void fill_split_table(const struct bench_ring *r,
			     struct vring_desc *table,
			     const struct bench_segment *seg, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		table[i].addr = bench_ram_gpa(r->ram, seg[i].base);
		table[i].len = seg[i].len;
		table[i].flags =
			(uint16_t)((seg[i].device_writes ? VRING_DESC_F_WRITE
							 : 0) |
				   (i + 1 < count ? VRING_DESC_F_NEXT : 0));
		table[i].next = (uint16_t)(i + 1);
	}
}

static void fill_packed_table(const struct bench_ring *r,
			      struct vring_packed_desc *table,
			      const struct bench_segment *seg, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		table[i].addr = bench_ram_gpa(r->ram, seg[i].base);
		table[i].len = seg[i].len;
		table[i].id = 0;
		table[i].flags = seg[i].device_writes ? VRING_DESC_F_WRITE : 0;
	}
}

static void add_split(struct bench_ring *r, struct vring_desc *table,
		      unsigned count, uint16_t id)
{
	struct vring_desc *desc = r->desc;
	struct split_driver *driver = r->driver;

	desc[id].addr = bench_ram_gpa(r->ram, table);
	desc[id].len = count * (uint32_t)sizeof(*table);
	desc[id].flags = VRING_DESC_F_INDIRECT;
	desc[id].next = 0;
	driver->ring[r->next_avail % r->size] = id;
	r->next_avail++;
}

static void add_packed(struct bench_ring *r, struct vring_desc *table,
		       unsigned count, uint16_t id)
{
	struct vring_packed_desc *desc = r->desc;
	struct vring_packed_desc *d = &desc[r->next_avail % r->size];
	unsigned flags = VRING_DESC_F_INDIRECT;

	flags |= r->avail_wrap ? 1u << VRING_PACKED_DESC_F_AVAIL
			       : 1u << VRING_PACKED_DESC_F_USED;
	d->addr = bench_ram_gpa(r->ram, table);
	d->len = count * (uint32_t)sizeof(*table);
	d->id = id;
	store16((uint16_t *)&d->flags, (uint16_t)flags);
	r->next_avail++;
	if (r->next_avail % r->size == 0)
		r->avail_wrap = !r->avail_wrap;
}

void bench_ring_add(struct bench_ring *r, struct vring_desc *table,
		    const struct bench_segment *seg, unsigned count,
		    void *cookie)
{
	uint16_t id;

	if (!r->free_count || count > BENCH_SEGMENTS)
		bench_fail("the ring has no room for %u segments", count);
	id = r->free[--r->free_count];
	r->cookie[id] = cookie;
	if (r->packed) {
		fill_packed_table(r, (void *)table, seg, count);
		add_packed(r, table, count, id);
	} else {
		fill_split_table(r, table, seg, count);
		add_split(r, table, count, id);
	}
}

/* Did the count pass `event` on its way from `old` to `now`? */
static bool passed(uint16_t event, uint16_t now, uint16_t old)
{
	return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

static bool packed_wants_kick(const struct bench_ring *r, uint16_t old)
{
	const struct vring_packed_desc_event *event = r->device;
	uint16_t flags = load16((const uint16_t *)&event->flags);
	uint16_t where = load16((const uint16_t *)&event->off_wrap);
	uint16_t at = where & 0x7fff, now = r->next_avail % (uint16_t)r->size;

	if (flags != VRING_PACKED_EVENT_FLAG_DESC)
		return flags != VRING_PACKED_EVENT_FLAG_DISABLE;
	/* An index of the last lap lies a lap behind. */
	if ((where >> VRING_PACKED_EVENT_F_WRAP_CTR) != r->avail_wrap)
		at = (uint16_t)(at - r->size);
	old = (uint16_t)(now - (uint16_t)(r->next_avail - old));
	return passed(at, now, old);
}

bool bench_ring_publish(struct bench_ring *r)
{
	const struct split_device *device = r->device;
	struct split_driver *driver = r->driver;
	uint16_t old = r->kicked;

	if (!r->packed)
		store16(&driver->idx, r->next_avail);
	r->kicked = r->next_avail;
	if (r->packed)
		return packed_wants_kick(r, old);
	if (r->event_idx)
		return passed(load16(avail_event(r)), r->next_avail, old);
	return !(load16(&device->flags) & VRING_USED_F_NO_NOTIFY);
}

/* ---- getting back ------------------------------------------------------ */

static bool is_used(const struct bench_ring *r)
{
	const struct split_device *device = r->device;
	const struct vring_packed_desc *desc = r->desc;
	uint16_t flags;
	bool avail, used;

	if (!r->packed)
		return load16(&device->idx) != r->next_used;
	flags = load16((const uint16_t *)&desc[r->next_used % r->size].flags);
	avail = flags >> VRING_PACKED_DESC_F_AVAIL & 1;
	used = flags >> VRING_PACKED_DESC_F_USED & 1;
	return avail == used && used == r->used_wrap;
}

void *bench_ring_get(struct bench_ring *r, uint32_t *ret_len)
{
	const struct split_device *device = r->device;
	const struct vring_packed_desc *desc = r->desc;
	unsigned at = r->next_used % r->size;
	void *cookie;
	uint32_t id;

	if (!is_used(r))
		return NULL;
	id = r->packed ? desc[at].id : device->ring[at].id;
	*ret_len = r->packed ? desc[at].len : device->ring[at].len;
	r->next_used++;
	if (r->packed && r->next_used % r->size == 0)
		r->used_wrap = !r->used_wrap;
	if (id >= r->size || !r->cookie[id])
		bench_fail("the device gave back %u, which it never had", id);
	r->free[r->free_count++] = (uint16_t)id;
	cookie = r->cookie[id];
	r->cookie[id] = NULL;
	return cookie;
}

bool bench_ring_arm(struct bench_ring *r)
{
	struct vring_packed_desc_event *event = r->driver;
	struct split_driver *driver = r->driver;
	unsigned wrap;

	if (!r->packed) {
		store16(&driver->ring[r->size], r->next_used);
	} else if (r->event_idx) {
		wrap = (unsigned)r->used_wrap << VRING_PACKED_EVENT_F_WRAP_CTR;
		store16((uint16_t *)&event->off_wrap,
			(uint16_t)(r->next_used % r->size | wrap));
		store16((uint16_t *)&event->flags,
			VRING_PACKED_EVENT_FLAG_DESC);
	}
	return !is_used(r);
}
