/* SPDX-License-Identifier: MIT */
/*
 * The packed ring (virtio 1.3 2.8).
 *
 * One ring of descriptors that both sides go around: the driver makes chains
 * available in it, one descriptor after the other, and the device writes one
 * used descriptor for each chain, at the place of its own, in the order of
 * completion; then it skips as many places as the chain had.  A place is a
 * number and a wrap counter, which says by the flags AVAIL and USED whose turn
 * a descriptor is: both differ when it is available, and are the same when it
 * is used.
 *
 * What orders the two sides is the flags of one descriptor: the driver stores
 * those of a chain's first one last, and of several used descriptors the
 * device stores the first one's flags last.  Events follow the same rule as in
 * virtio_split.c, with these flags for indices: who stores them and then loads
 * the other's event structure, or the reverse, cannot miss the other.
 */
#include "virtio/virtio_ring.h"

#include "common/bytes.h"
#include "virtio/virtio_core.h"
#include "virtio/virtio_spec.h"

#include <errno.h>

#define FLAGS_TURN (VIRTQ_DESC_F_AVAIL | VIRTQ_DESC_F_USED)

static const char nowhere[] = "the ring is outside guest memory";

/* ---- places ------------------------------------------------------------ */

static unsigned number(uint16_t place)
{
	return place & PVIRTQ_PLACE_MASK;
}

/* `n` places on, which is at most once around. */
static uint16_t skip(const struct virtio_queue *q, uint16_t place, unsigned n)
{
	unsigned at = number(place) + n;
	unsigned wrap = place & PVIRTQ_PLACE_WRAP;

	if (at >= q->size) {
		at -= q->size;
		wrap ^= PVIRTQ_PLACE_WRAP;
	}
	return (uint16_t)(at | wrap);
}

/* How far `b` is after `a`; the counter wraps after two rounds. */
static unsigned distance(const struct virtio_queue *q, uint16_t a, uint16_t b)
{
	unsigned round = 2u * q->size;
	unsigned d = number(b) + round - number(a);

	if ((a ^ b) & PVIRTQ_PLACE_WRAP)
		d += q->size;
	return d < round ? d : d - round;
}

static uint64_t flags_at(uint16_t place)
{
	return number(place) * VIRTQ_DESC_SIZE + PVIRTQ_DESC_FLAGS;
}

/* The flags that make a descriptor at this place available, and used. */
static uint16_t flags_available(uint16_t place)
{
	return place & PVIRTQ_PLACE_WRAP ? VIRTQ_DESC_F_AVAIL :
					   VIRTQ_DESC_F_USED;
}

static uint16_t flags_used(uint16_t place)
{
	return place & PVIRTQ_PLACE_WRAP ? FLAGS_TURN : 0;
}

/* ---- what the driver has made available -------------------------------- */

static int attach(struct virtio_queue *q, const struct virtio_queue_regs *regs)
{
	size_t bytes = virtq_desc_bytes(regs->size);

	q->next_avail = PVIRTQ_PLACE_WRAP;
	q->seen_flags = 0;
	q->next_used = q->shown_used = q->told_used = PVIRTQ_PLACE_WRAP;
	for (size_t i = 0; i < ARRAY_LEN(q->in_use); i++)
		q->in_use[i] = 0;
	if (!regs->size || regs->size > VIRTIO_QUEUE_SIZE_MAX)
		return virtio_queue_break(q, "the queue's size is out of range");
	if (!virtio_ring_area(q, &q->desc, regs->desc, bytes, VIRTQ_DESC_ALIGN,
			      GMEM_READ | GMEM_WRITE) ||
	    !virtio_ring_area(q, &q->driver, regs->driver, PVIRTQ_EVENT_SIZE,
			      PVIRTQ_EVENT_ALIGN, GMEM_READ) ||
	    !virtio_ring_area(q, &q->device, regs->device, PVIRTQ_EVENT_SIZE,
			      PVIRTQ_EVENT_ALIGN, GMEM_WRITE))
		return virtio_queue_break(q, "the ring is misaligned");
	return 0;
}

/* The flags of the descriptor at a place, or 0: it is not available. */
static inline int load_flags(struct virtio_queue *q, uint16_t place)
{
	int flags = virtio_area_load16(&q->desc, flags_at(place));

	if (flags < 0)
		return virtio_queue_break(q, nowhere);
	return (flags & FLAGS_TURN) == flags_available(place) ? flags : 0;
}

/* Those of the next one.  What is available stays so, and is asked once. */
static int next_flags(struct virtio_queue *q)
{
	int flags = q->seen_flags;

	if (!flags) {
		flags = load_flags(q, q->next_avail);
		q->seen_flags = (uint16_t)MAX(flags, 0);
	}
	return flags;
}

static int available(struct virtio_queue *q, unsigned n)
{
	return n ? load_flags(q, skip(q, q->next_avail, n)) : next_flags(q);
}

static inline int read_desc(struct virtio_queue *q,
			    const struct virtio_table *table, unsigned i,
			    struct virtio_desc *ret_desc)
{
	uint8_t raw[VIRTQ_DESC_SIZE];

	if (virtio_ring_read(q, table, i, raw))
		return -EPROTO;
	*ret_desc = (struct virtio_desc){
		.addr = le64_load(raw + VIRTQ_DESC_ADDR),
		.len = le32_load(raw + VIRTQ_DESC_LEN),
		.flags = le16_load(raw + PVIRTQ_DESC_FLAGS),
		.next = le16_load(raw + PVIRTQ_DESC_ID),
	};
	return 0;
}

/* Where descriptor `i` of the request at work is kept. */
static struct virtio_desc *saved(struct virtio_queue *q, unsigned i)
{
	return &q->saved[(q->saved_first + q->saved_count + i) %
			 VIRTIO_QUEUE_SIZE_MAX];
}

/*
 * All entries of the table.  Of their flags only WRITE counts (virtio 1.3
 * 2.8.7).
 */
static int gather_table(struct virtio_queue *q, const struct virtio_desc *desc,
			struct virtio_request *req)
{
	struct virtio_table table;
	struct virtio_desc d;

	if (virtio_ring_table(q, desc, &table))
		return -EPROTO;
	for (unsigned i = 0; i < table.count; i++) {
		if (read_desc(q, &table, i, &d) ||
		    virtio_ring_buffer(q, &d, req))
			return -EPROTO;
	}
	return 1;
}

static int gather_saved(struct virtio_queue *q, struct virtio_request *req)
{
	const struct virtio_desc *d = saved(q, 0);

	if (d->flags & VIRTQ_DESC_F_INDIRECT)
		return gather_table(q, d, req);
	for (unsigned i = 0; i < req->places; i++) {
		d = saved(q, i);
		if (d->flags & VIRTQ_DESC_F_INDIRECT)
			return virtio_queue_break(q, "an indirect table in a chain");
		if (virtio_ring_buffer(q, d, req))
			return -EPROTO;
	}
	return 1;
}

/*
 * Copy the chain that begins with `flags` at the next place.  The number of its
 * descriptors, or what virtio_queue_break() returned.
 */
static int copy_chain(struct virtio_queue *q, uint16_t flags)
{
	unsigned room = q->size - distance(q, q->next_used, q->next_avail);
	const struct virtio_table table = virtio_ring_own_table(q);
	uint16_t place = q->next_avail;

	for (unsigned n = 0; n < room; place = skip(q, place, 1)) {
		struct virtio_desc *d = saved(q, n);

		if (read_desc(q, &table, number(place), d))
			return -EPROTO;
		if (!n++)
			d->flags = flags;       /* those that were checked */
		else if ((d->flags & FLAGS_TURN) != flags_available(place))
			return virtio_queue_break(q, "a chain goes on with a descriptor that is not available");
		if (!(d->flags & VIRTQ_DESC_F_NEXT))
			return (int)n;
	}
	return virtio_queue_break(q, "a chain is longer than there is room in the ring");
}

/* The buffer is in use from now on; false: it is already. */
static bool take_id(struct virtio_queue *q, unsigned id)
{
	uint64_t *word = &q->in_use[id / 64], bit = UINT64_C(1) << id % 64;

	if (*word & bit)
		return false;
	*word |= bit;
	return true;
}

/* The descriptor `n` places on; they are mapped. */
static const uint8_t *desc_at(const struct virtio_queue *q, unsigned n)
{
	return q->desc.ptr +
	       number(skip(q, q->next_avail, n)) * VIRTQ_DESC_SIZE;
}

/* As if each request took one place, which it does with an indirect table. */
static void look_ahead(struct virtio_queue *q)
{
	if (!q->desc.ptr || !next_flags(q))
		return;
	if (q->seen_flags & VIRTQ_DESC_F_INDIRECT)
		virtio_ring_prefetch_table(q, desc_at(q, 0), PVIRTQ_DESC_FLAGS);
	if (available(q, 1))
		virtio_ring_prefetch(q, desc_at(q, 1), PVIRTQ_DESC_FLAGS);
}

static int pop(struct virtio_queue *q, struct virtio_request *req,
	       bool *ret_begun)
{
	int flags = next_flags(q), n;
	uint16_t id;

	if (flags <= 0)
		return flags;
	n = copy_chain(q, (uint16_t)flags);
	if (n < 0)
		return n;
	id = saved(q, (unsigned)n - 1)->next;
	if (id >= q->size)
		return virtio_queue_break(q, "a buffer's id is not below the queue's size");
	if (!take_id(q, id))
		return virtio_queue_break(q, "a buffer's id is in use");
	q->next_avail = skip(q, q->next_avail, (unsigned)n);
	q->seen_flags = 0;
	virtio_request_begin(req, id);
	req->places = (uint16_t)n;
	*ret_begun = true;
	look_ahead(q);
	return gather_saved(q, req);
}

static void park(struct virtio_queue *q, const struct virtio_request *req)
{
	q->saved_count = (uint16_t)(q->saved_count + req->places);
}

/*
 * Move the oldest descriptors behind the others, one by one: the two places may
 * overlap, but none is overwritten before it is moved.
 */
static int gather(struct virtio_queue *q, struct virtio_request *req)
{
	for (unsigned i = 0; i < req->places; i++) {
		*saved(q, 0) = q->saved[q->saved_first];
		q->saved_first = (q->saved_first + 1u) % VIRTIO_QUEUE_SIZE_MAX;
	}
	q->saved_count = (uint16_t)(q->saved_count - req->places);
	return gather_saved(q, req);
}

/* ---- what the device has used ------------------------------------------ */

static int push(struct virtio_queue *q, const struct virtio_request *req,
		uint32_t used)
{
	uint16_t place = q->next_used;
	uint16_t flags = flags_used(place);
	uint64_t at = number(place) * VIRTQ_DESC_SIZE + VIRTQ_DESC_LEN;
	uint8_t raw[VIRTQ_DESC_SIZE - VIRTQ_DESC_LEN];
	int ret;

	if (used)
		flags |= VIRTQ_DESC_F_WRITE;
	le64_store(raw, used | (uint64_t)req->id << 32 |
			(uint64_t)flags << 48);
	if (place == q->shown_used) {
		q->shown_flags = flags;
		ret = virtio_area_write(&q->desc, at, raw,
					PVIRTQ_DESC_FLAGS - VIRTQ_DESC_LEN);
	} else {
		/* The driver does not look there before it has seen that. */
		ret = virtio_area_write(&q->desc, at, raw, sizeof(raw));
	}
	if (ret)
		return virtio_queue_break(q, nowhere);
	q->in_use[req->id / 64] &= ~(UINT64_C(1) << req->id % 64);
	q->next_used = skip(q, place, req->places);
	return 0;
}

static int publish(struct virtio_queue *q)
{
	uint16_t place = q->shown_used;

	q->shown_used = q->next_used;
	if (virtio_area_store16(&q->desc, flags_at(place), q->shown_flags))
		return virtio_queue_break(q, nowhere);
	return 0;
}

/* ---- events ------------------------------------------------------------ */

/* The driver writes the place first, and then the flags. */
static int must_interrupt(struct virtio_queue *q)
{
	int flags = virtio_area_load16(&q->driver, PVIRTQ_EVENT_FLAGS);
	int place = virtio_area_load16(&q->driver, PVIRTQ_EVENT_PLACE);
	uint16_t old = q->told_used;

	q->told_used = q->next_used;
	if (flags < 0 || place < 0)
		return virtio_queue_break(q, nowhere);
	flags &= PVIRTQ_EVENT_FLAGS_MASK;
	if (flags == PVIRTQ_EVENT_DESC && q->event_idx)
		return distance(q, old, (uint16_t)place) <
		       distance(q, old, q->next_used);
	return flags != PVIRTQ_EVENT_DISABLE;
}

/*
 * With EVENT_IDX nothing is to be done when notifications are not wanted, as in
 * a split ring.
 */
static int notify(struct virtio_queue *q, bool wanted)
{
	uint16_t flags = wanted ? PVIRTQ_EVENT_ENABLE : PVIRTQ_EVENT_DISABLE;
	int ret = 0;

	if (q->event_idx) {
		if (!wanted)
			return 0;
		flags = PVIRTQ_EVENT_DESC;
		ret = virtio_area_store16(&q->device, PVIRTQ_EVENT_PLACE,
					  q->next_avail);
	}
	if (!ret)
		ret = virtio_area_store16(&q->device, PVIRTQ_EVENT_FLAGS,
					  flags);
	return ret ? virtio_queue_break(q, nowhere) : 0;
}

/* ---- progress ---------------------------------------------------------- */

static uint32_t base(const struct virtio_queue *q)
{
	return q->next_avail | (uint32_t)q->next_used << 16;
}

/* Has no device been around?  It sets the used flag, and drivers keep it. */
static int never_used(struct virtio_queue *q)
{
	for (uint16_t i = 0; i < q->size; i++) {
		int flags = virtio_area_load16(&q->desc, flags_at(i));

		if (flags < 0)
			return virtio_queue_break(q, nowhere);
		if (flags & VIRTQ_DESC_F_USED)
			return 0;
	}
	return 1;
}

static int set_places(struct virtio_queue *q, uint16_t avail, uint16_t used)
{
	if (number(avail) >= q->size || number(used) >= q->size ||
	    distance(q, used, avail) > q->size)
		return virtio_queue_break(q, "the base is outside the ring");
	q->next_avail = avail;
	q->seen_flags = 0;
	q->next_used = q->shown_used = q->told_used = used;
	return 0;
}

/*
 * Rings begin with a wrap counter of 1 (virtio 1.3 2.8.1), and 0 is the place
 * one round later.  User-Mode Linux means the beginning by it, of every ring;
 * that is where a ring is that was never used.
 */
static int set_base(struct virtio_queue *q, uint32_t value)
{
	uint16_t avail = (uint16_t)value, used = (uint16_t)(value >> 16);
	int fresh = value ? 0 : never_used(q);

	if (fresh < 0)
		return fresh;
	if (fresh)
		avail = used = PVIRTQ_PLACE_WRAP;
	return set_places(q, avail, used);
}

/* Every request that waits has an id and places of its own. */
static int restore(struct virtio_queue *q, uint16_t avail, uint16_t used)
{
	unsigned places = 0;

	if (set_places(q, avail, used))
		return -EPROTO;
	for (unsigned i = 0; i < q->parked_count; i++) {
		const struct virtio_parked *parked = &q->parked[i];

		if (parked->id >= q->size || !take_id(q, parked->id))
			return virtio_queue_break(q, "the id of a chain that waits is none, or in use");
		if (!parked->places)
			return virtio_queue_break(q, "a chain that waits without descriptors");
		places += parked->places;
	}
	if (places != q->saved_count || places > distance(q, used, avail))
		return virtio_queue_break(q, "chains that wait have more or fewer descriptors than there are");
	return 0;
}

const struct virtio_ring_ops virtio_packed_ring = {
	.attach = attach,
	.available = available,
	.pop = pop,
	.park = park,
	.gather = gather,
	.push = push,
	.publish = publish,
	.must_interrupt = must_interrupt,
	.notify = notify,
	.base = base,
	.set_base = set_base,
	.restore = restore,
};
