/* SPDX-License-Identifier: MIT */
#include "virtio/virtio_queue.h"

#include "common/bytes.h"
#include "virtio/virtio_ring.h"
#include "virtio/virtio_spec.h"

#include <errno.h>

#define CACHE_LINE 64
#define HINT_DESCS 4                    /* a line of them */

void virtio_queue_init(struct virtio_queue *q, struct gmem *mem)
{
	*q = (struct virtio_queue){ .mem = mem };
	q->error = "it was never attached";
	gmem_register(mem, &q->reader);
}

void virtio_queue_done(struct virtio_queue *q)
{
	gmem_unregister(q->mem, &q->reader);
}

int virtio_queue_break(struct virtio_queue *q, const char *why)
{
	if (!q->error)
		q->error = why;
	return -EPROTO;
}

void virtio_queue_attach(struct virtio_queue *q,
			 const struct virtio_queue_regs *regs,
			 uint64_t features)
{
	q->error = NULL;
	q->generation = 0;
	q->size = regs->size;
	q->parked_first = q->parked_count = 0;
	q->saved_first = q->saved_count = 0;
	q->event_idx = features & VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX);
	q->indirect = features & VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC);
	q->in_order = features & VIRTIO_FEATURE(VIRTIO_F_IN_ORDER);
	q->ring = features & VIRTIO_FEATURE(VIRTIO_F_RING_PACKED) ?
			  &virtio_packed_ring : &virtio_split_ring;
	(void)q->ring->attach(q, regs); /* q->error tells */
	virtio_queue_set_log(q, regs);
}

/* The driver's area is never written. */
void virtio_queue_set_log(struct virtio_queue *q,
			  const struct virtio_queue_regs *regs)
{
	q->desc.logged = q->device.logged = regs->logged;
	q->device.log_gpa = regs->log;
	q->generation = 0;
}

uint32_t virtio_queue_base(const struct virtio_queue *q)
{
	return q->ring ? q->ring->base(q) : 0;
}

int virtio_queue_set_base(struct virtio_queue *q, uint32_t base)
{
	return q->error ? -EPROTO : q->ring->set_base(q, base);
}

void virtio_queue_enter(struct virtio_queue *q)
{
	uint64_t generation = gmem_enter(q->mem, &q->reader);

	if (generation == q->generation)
		return;
	virtio_area_map(&q->desc);
	virtio_area_map(&q->driver);
	virtio_area_map(&q->device);
	q->generation = generation;
}

void virtio_queue_leave(struct virtio_queue *q)
{
	gmem_leave(&q->reader);
}

/* A request was gathered, or that broke the queue. */
static int gathered(struct virtio_queue *q, struct virtio_request *req, int ret)
{
	if (ret < 0) {
		(void)q->ring->push(q, req, 0);  /* it is broken already */
		return ret;
	}
	virtio_request_ready(req);
	return 1;
}

int virtio_queue_pop(struct virtio_queue *q, struct virtio_request *req)
{
	bool begun = false;
	int ret;

	if (q->error)
		return -EPROTO;
	ret = q->ring->pop(q, req, &begun);
	return begun ? gathered(q, req, ret) : ret;
}

int virtio_queue_push(struct virtio_queue *q, struct virtio_request *req,
		      uint32_t used)
{
	int ret = 0;

	if (virtio_request_finish(req, used)) {
		ret = virtio_queue_break(q, "a buffer cannot be written");
		used = 0;
	}
	if (q->ring->push(q, req, used))
		ret = -EPROTO;
	return ret;
}

int virtio_queue_park(struct virtio_queue *q, const struct virtio_request *req)
{
	unsigned last = (unsigned)q->parked_first + q->parked_count;

	if (q->parked_count == q->size)
		return virtio_queue_break(q, "more requests wait than the queue holds");
	q->parked[last % VIRTIO_QUEUE_SIZE_MAX] = (struct virtio_parked){
		.id = req->id,
		.places = req->places,
	};
	q->parked_count++;
	if (q->ring->park)
		q->ring->park(q, req);
	return 0;
}

/* Begin again the oldest request that is parked. */
static void take_parked(struct virtio_queue *q, struct virtio_request *req)
{
	const struct virtio_parked *parked = &q->parked[q->parked_first];

	virtio_request_begin(req, parked->id);
	req->places = parked->places;
	q->parked_first = (q->parked_first + 1u) % VIRTIO_QUEUE_SIZE_MAX;
	q->parked_count--;
}

int virtio_queue_resume(struct virtio_queue *q, struct virtio_request *req)
{
	if (q->error)
		return -EPROTO;
	take_parked(q, req);
	return gathered(q, req, q->ring->gather(q, req));
}

void virtio_queue_give_up(struct virtio_queue *q, struct virtio_request *req)
{
	while (q->parked_count) {
		take_parked(q, req);
		(void)q->ring->push(q, req, 0);  /* it is broken already */
	}
}

bool virtio_queue_available(struct virtio_queue *q, unsigned n)
{
	return !q->error && n < q->size && q->ring->available(q, n) > 0;
}

void virtio_queue_publish(struct virtio_queue *q)
{
	/* A queue that pushed nothing may have no ring to write to. */
	if (q->next_used != q->shown_used)
		(void)q->ring->publish(q);      /* q->error tells */
}

bool virtio_queue_must_interrupt(struct virtio_queue *q)
{
	virtio_queue_publish(q);
	return q->next_used != q->told_used && q->ring->must_interrupt(q) > 0;
}

bool virtio_queue_arm(struct virtio_queue *q)
{
	int ret;

	if (q->error || q->ring->notify(q, true))
		return false;
	/* What came before the driver could see that is not announced. */
	ret = q->ring->available(q, 0);
	if (ret > 0)
		virtio_queue_disarm(q);
	return !ret;
}

void virtio_queue_disarm(struct virtio_queue *q)
{
	if (!q->error)
		(void)q->ring->notify(q, false);  /* q->error tells */
}

/* ---- what ring formats are built from ---------------------------------- */

bool virtio_ring_area(struct virtio_queue *q, struct virtio_area *area,
		      uint64_t gpa, size_t size, size_t align, uint32_t flags)
{
	*area = (struct virtio_area){
		.gpa = gpa,
		.size = size,
		.flags = flags,
		.mem = q->mem,
		.reader = &q->reader,
		.log_gpa = gpa,
	};
	return gpa % align == 0 && gpa + size - 1 >= gpa;
}

int virtio_ring_table(struct virtio_queue *q, const struct virtio_desc *desc,
		      struct virtio_table *ret_table)
{
	uint64_t len = desc->len;
	const uint8_t *p;

	if (!q->indirect)
		return virtio_queue_break(q, "an indirect table was not negotiated");
	if (desc->flags & VIRTQ_DESC_F_NEXT)
		return virtio_queue_break(q, "an indirect table with a next descriptor");
	if (!desc->len || desc->len % VIRTQ_DESC_SIZE)
		return virtio_queue_break(q, "an indirect table of an odd length");
	if (desc->len / VIRTQ_DESC_SIZE > VIRTIO_INDIRECT_MAX)
		return virtio_queue_break(q, "an indirect table is too long");
	if (desc->addr + desc->len - 1 < desc->addr)
		return virtio_queue_break(q, "an indirect table wraps around");
	p = gmem_map(&q->reader, desc->addr, GMEM_READ, &len);
	*ret_table = (struct virtio_table){
		.gpa = desc->addr,
		.ptr = len == desc->len ? p : NULL,
		.count = (uint16_t)(desc->len / VIRTQ_DESC_SIZE),
	};
	return 0;
}

void virtio_ring_prefetch(struct virtio_queue *q, const uint8_t *desc,
			  unsigned flags_at)
{
	uint64_t addr = le64_load(desc + VIRTQ_DESC_ADDR), len = 1;
	const uint8_t *p = gmem_map(&q->reader, addr, 0, &len);

	if (!p)
		return;
	if (le16_load(desc + flags_at) & VIRTQ_DESC_F_WRITE) {
		__builtin_prefetch(p, 1);
		__builtin_prefetch(p + CACHE_LINE, 1);
	} else {
		__builtin_prefetch(p);
		__builtin_prefetch(p + CACHE_LINE);
	}
}

/* A message's header and record, and where those of its reply go. */
void virtio_ring_prefetch_table(struct virtio_queue *q, const uint8_t *desc,
				unsigned flags_at)
{
	uint64_t len = MIN(le32_load(desc + VIRTQ_DESC_LEN),
			   HINT_DESCS * VIRTQ_DESC_SIZE);
	const uint8_t *table = gmem_map(&q->reader,
					le64_load(desc + VIRTQ_DESC_ADDR),
					GMEM_READ, &len);

	for (unsigned i = 0; table && i < len / VIRTQ_DESC_SIZE; i++)
		virtio_ring_prefetch(q, table + i * VIRTQ_DESC_SIZE, flags_at);
}

int virtio_ring_buffer(struct virtio_queue *q, const struct virtio_desc *desc,
		       struct virtio_request *req)
{
	const char *error = virtio_request_add(req, desc->addr, desc->len,
					       desc->flags &
					       VIRTQ_DESC_F_WRITE);

	return error ? virtio_queue_break(q, error) : 0;
}
