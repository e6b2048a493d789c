/* SPDX-License-Identifier: MIT */
/*
 * What a queue is of by itself, and its ring in guest memory does not hold: the
 * two places where it stands, and the requests that are parked.  A queue that
 * is left alone has published and told all, and nothing else is in flight.
 *
 *	u16 next_avail, next_used
 *	u16 parked_count, saved_count
 *	{ u16 id, places } [parked_count]
 *	{ u64 addr, u32 len, u16 flags, next } [saved_count]
 */
#include "virtio/virtio_queue.h"

#include "common/save.h"
#include "virtio/virtio_ring.h"

#include <errno.h>

void virtio_queue_save(const struct virtio_queue *q, struct save_writer *w)
{
	save_u16(w, q->next_avail);
	save_u16(w, q->next_used);
	save_u16(w, q->parked_count);
	save_u16(w, q->saved_count);
	for (unsigned i = 0; i < q->parked_count; i++) {
		const struct virtio_parked *parked =
			&q->parked[(q->parked_first + i) %
				   VIRTIO_QUEUE_SIZE_MAX];

		save_u16(w, parked->id);
		save_u16(w, parked->places);
	}
	for (unsigned i = 0; i < q->saved_count; i++) {
		const struct virtio_desc *d =
			&q->saved[(q->saved_first + i) % VIRTIO_QUEUE_SIZE_MAX];

		save_u64(w, d->addr);
		save_u32(w, d->len);
		save_u16(w, d->flags);
		save_u16(w, d->next);
	}
}

/* What is parked, from the start of the arrays on. */
static void get_parked(struct virtio_queue *q, struct save_reader *r)
{
	q->parked_first = q->saved_first = 0;
	for (unsigned i = 0; i < q->parked_count; i++) {
		q->parked[i].id = save_get_u16(r);
		q->parked[i].places = save_get_u16(r);
	}
	for (unsigned i = 0; i < q->saved_count; i++) {
		struct virtio_desc *d = &q->saved[i];

		d->addr = save_get_u64(r);
		d->len = save_get_u32(r);
		d->flags = save_get_u16(r);
		d->next = save_get_u16(r);
	}
}

int virtio_queue_restore(struct virtio_queue *q, struct save_reader *r)
{
	uint16_t next_avail = save_get_u16(r), next_used = save_get_u16(r);
	uint16_t parked = save_get_u16(r), saved = save_get_u16(r);

	if (q->error || parked > q->size || saved > q->size) {
		(void)virtio_queue_break(q, "more requests wait than the queue holds");
	} else {
		q->parked_count = parked;
		q->saved_count = saved;
		get_parked(q, r);
		(void)q->ring->restore(q, next_avail, next_used);
	}
	if (!q->error && !save_done(r))
		return 0;
	(void)virtio_queue_break(q, "its saved state is wrong");
	q->parked_count = q->saved_count = 0;
	return save_refuse(r, -EINVAL, "a queue cannot go on: %s", q->error);
}
