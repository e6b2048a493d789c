/* SPDX-License-Identifier: MIT */
/*
 * The split ring (virtio 1.3 2.7).
 *
 * The driver puts heads of chains into the available ring and advances its
 * index; the device puts them into the used ring and advances its own.  Both
 * indices run freely through 16 bits.  All index, flag and event accesses are
 * seq_cst (virtio_area.h), which is what 2.7.7 and 2.7.10 need:
 *
 *  - The driver stores avail->idx and then loads avail_event (or used->flags);
 *    the device stores avail_event and then loads avail->idx again.
 *  - The device stores used->idx and then loads used_event (or avail->flags);
 *    the driver stores used_event and then loads used->idx again.
 *
 * Of each pair one sees the other, so no work and no completion is missed.
 */
#include "virtio/virtio_ring.h"

#include "common/bytes.h"
#include "virtio/virtio_core.h"
#include "virtio/virtio_spec.h"

#include <errno.h>

static const char nowhere[] = "the ring is outside guest memory";

static int attach(struct virtio_queue *q, const struct virtio_queue_regs *regs)
{
	uint16_t size = regs->size;

	q->next_avail = q->seen_avail = 0;
	q->next_used = q->shown_used = q->told_used = 0;
	q->flags_set = false;
	if (!is_pow2(size) || size > VIRTIO_QUEUE_SIZE_MAX)
		return virtio_queue_break(q, "the queue's size is no power of two");
	if (!virtio_ring_area(q, &q->desc, regs->desc, virtq_desc_bytes(size),
			      VIRTQ_DESC_ALIGN, GMEM_READ) ||
	    !virtio_ring_area(q, &q->driver, regs->driver,
			      virtq_avail_bytes(size), VIRTQ_AVAIL_ALIGN,
			      GMEM_READ) ||
	    !virtio_ring_area(q, &q->device, regs->device,
			      virtq_used_bytes(size), VIRTQ_USED_ALIGN,
			      GMEM_WRITE))
		return virtio_queue_break(q, "the ring is misaligned");
	return 0;
}

static int available(struct virtio_queue *q, unsigned n)
{
	int idx;

	if ((uint16_t)(q->seen_avail - q->next_avail) > n)
		return 1;
	idx = virtio_area_load16(&q->driver, VIRTQ_AVAIL_IDX);
	if (idx < 0)
		return virtio_queue_break(q, nowhere);
	if ((uint16_t)(idx - q->next_avail) > q->size)
		return virtio_queue_break(q, "the available index jumped by more than the queue's size");
	q->seen_avail = (uint16_t)idx;
	return (uint16_t)(idx - q->next_avail) > n;
}

static int read_desc(struct virtio_queue *q, const struct virtio_table *table,
		     unsigned i, struct virtio_desc *ret_desc)
{
	uint8_t raw[VIRTQ_DESC_SIZE];

	if (virtio_ring_read(q, table, i, raw))
		return -EPROTO;
	*ret_desc = (struct virtio_desc){
		.addr = le64_load(raw + VIRTQ_DESC_ADDR),
		.len = le32_load(raw + VIRTQ_DESC_LEN),
		.flags = le16_load(raw + VIRTQ_DESC_FLAGS),
		.next = le16_load(raw + VIRTQ_DESC_NEXT),
	};
	return 0;
}

/*
 * Gather the chain that begins with its head, which is its id, in the ring's
 * table, and may go on, once, in an indirect one.
 */
static int gather(struct virtio_queue *q, struct virtio_request *req)
{
	struct virtio_table table = virtio_ring_own_table(q);
	struct virtio_desc d = { .next = req->id };
	bool indirect = false;

	for (unsigned n = 0;;) {
		if (d.next >= table.count)
			return virtio_queue_break(q, "a next descriptor is outside its table");
		if (++n > table.count)
			return virtio_queue_break(q, "a loop of descriptors");
		if (read_desc(q, &table, d.next, &d))
			return -EPROTO;
		if (d.flags & VIRTQ_DESC_F_INDIRECT) {
			if (indirect)
				return virtio_queue_break(q, "an indirect table in an indirect table");
			if (virtio_ring_table(q, &d, &table))
				return -EPROTO;
			indirect = true;
			n = d.next = 0;
			continue;
		}
		if (virtio_ring_buffer(q, &d, req))
			return -EPROTO;
		if (!(d.flags & VIRTQ_DESC_F_NEXT))
			return 1;
	}
}

/* The head that is popped after n others, or NULL. */
static const uint8_t *peek(const struct virtio_queue *q, unsigned n)
{
	unsigned slot = (q->next_avail + n) & (q->size - 1u);
	uint16_t head;

	if ((uint16_t)(q->seen_avail - q->next_avail) <= n)
		return NULL;
	head = le16_load(q->driver.ptr + VIRTQ_AVAIL_RING +
			 slot * VIRTQ_AVAIL_ELEM_SIZE);
	return head < q->size ? q->desc.ptr + head * VIRTQ_DESC_SIZE : NULL;
}

static void look_ahead(struct virtio_queue *q)
{
	const uint8_t *desc;

	if (!q->desc.ptr || !q->driver.ptr)
		return;
	desc = peek(q, 1);
	if (desc)
		virtio_ring_prefetch(q, desc, VIRTQ_DESC_FLAGS);
	desc = peek(q, 0);
	if (desc && le16_load(desc + VIRTQ_DESC_FLAGS) & VIRTQ_DESC_F_INDIRECT)
		virtio_ring_prefetch_table(q, desc, VIRTQ_DESC_FLAGS);
}

static int pop(struct virtio_queue *q, struct virtio_request *req,
	       bool *ret_begun)
{
	unsigned slot = q->next_avail & (q->size - 1u);
	uint8_t raw[VIRTQ_AVAIL_ELEM_SIZE];
	int ret = available(q, 0);
	uint16_t head;

	if (ret <= 0)
		return ret;
	if (virtio_area_read(&q->driver,
			     VIRTQ_AVAIL_RING + slot * sizeof(raw), raw,
			     sizeof(raw)))
		return virtio_queue_break(q, nowhere);
	head = le16_load(raw);
	if (head >= q->size)
		return virtio_queue_break(q, "the head of a chain is outside the table");
	q->next_avail++;
	virtio_request_begin(req, head);
	*ret_begun = true;
	look_ahead(q);
	return gather(q, req);
}

static int push(struct virtio_queue *q, const struct virtio_request *req,
		uint32_t used)
{
	unsigned slot = q->next_used & (q->size - 1u);
	uint8_t raw[VIRTQ_USED_ELEM_SIZE];

	le64_store(raw, req->id | (uint64_t)used << 32);
	if (virtio_area_write(&q->device, VIRTQ_USED_RING + slot * sizeof(raw),
			      raw, sizeof(raw)))
		return virtio_queue_break(q, nowhere);
	q->next_used++;
	return 0;
}

static int publish(struct virtio_queue *q)
{
	q->shown_used = q->next_used;
	if (virtio_area_store16(&q->device, VIRTQ_USED_IDX, q->next_used))
		return virtio_queue_break(q, nowhere);
	return 0;
}

static int must_interrupt(struct virtio_queue *q)
{
	uint16_t old = q->told_used;
	uint64_t where = q->event_idx ? virtq_used_event_offset(q->size) :
					VIRTQ_AVAIL_FLAGS;
	int value = virtio_area_load16(&q->driver, where);

	if (value < 0)
		return virtio_queue_break(q, nowhere);
	q->told_used = q->next_used;
	if (q->event_idx)
		return virtq_need_event((uint16_t)value, q->next_used, old);
	return !(value & VIRTQ_AVAIL_F_NO_INTERRUPT);
}

/*
 * With EVENT_IDX nothing is to be done when notifications are not wanted: the
 * index where one was wanted has been passed (virtio 1.3 2.7.10).  The flags
 * are 0 then, whatever the driver has left there.
 */
static int notify(struct virtio_queue *q, bool wanted)
{
	uint16_t flags = wanted || q->event_idx ? 0 : VIRTQ_USED_F_NO_NOTIFY;
	int ret = 0;

	if (q->event_idx && wanted)
		ret = virtio_area_store16(&q->device,
					  virtq_avail_event_offset(q->size),
					  q->next_avail);
	if (!ret && (!q->event_idx || !q->flags_set))
		ret = virtio_area_store16(&q->device, VIRTQ_USED_FLAGS, flags);
	q->flags_set = true;
	return ret ? virtio_queue_break(q, nowhere) : 0;
}

static uint32_t base(const struct virtio_queue *q)
{
	return q->next_avail;
}

/* The other index of progress is in the ring. */
static int set_base(struct virtio_queue *q, uint32_t value)
{
	int used = virtio_area_load16(&q->device, VIRTQ_USED_IDX);

	if (used < 0)
		return virtio_queue_break(q, nowhere);
	if (value > UINT16_MAX || (uint16_t)(value - (uint32_t)used) > q->size)
		return virtio_queue_break(q, "the base is not within the queue's size after the used index");
	q->next_avail = q->seen_avail = (uint16_t)value;
	q->next_used = q->shown_used = q->told_used = (uint16_t)used;
	return 0;
}

static int restore(struct virtio_queue *q, uint16_t avail, uint16_t used)
{
	for (unsigned i = 0; i < q->parked_count; i++) {
		if (q->parked[i].id >= q->size)
			return virtio_queue_break(q, "the head of a chain that waits is outside the table");
	}
	if (q->saved_count)
		return virtio_queue_break(q, "copies of descriptors in a split ring");
	q->next_avail = q->seen_avail = avail;
	q->next_used = q->shown_used = q->told_used = used;
	return 0;
}

const struct virtio_ring_ops virtio_split_ring = {
	.attach = attach,
	.available = available,
	.pop = pop,
	.gather = gather,
	.push = push,
	.publish = publish,
	.must_interrupt = must_interrupt,
	.notify = notify,
	.base = base,
	.set_base = set_base,
	.restore = restore,
};
