/* SPDX-License-Identifier: MIT */
#include "virtio/virtio_poll.h"

#include "common/bytes.h"

void virtio_poll_init(struct virtio_poll *poll, unsigned us)
{
	*poll = (struct virtio_poll){
		.window_ns = us * UINT64_C(1000),
		.wanted = VIRTIO_POLL_SLEEPS_MIN,
		.nap_wanted = VIRTIO_UNANSWERED_MIN,
	};
}

void virtio_poll_came(struct virtio_poll *poll, bool answered)
{
	poll->came++;
	if (answered)
		poll->unanswered = 0;
	else if (poll->unanswered < VIRTIO_UNANSWERED_MAX)
		poll->unanswered++;
}

/* What a nap has found tells whether there shall be more. */
static void napped(struct virtio_poll *poll)
{
	if (poll->came >= VIRTIO_NAP_FINDS) {
		poll->nap_wanted = VIRTIO_UNANSWERED_MIN;
		return;
	}
	poll->nap_wanted = MIN(poll->nap_wanted * 2, VIRTIO_UNANSWERED_MAX);
	poll->unanswered = 0;
}

bool virtio_poll_naps(struct virtio_poll *poll)
{
	/* One that finds nothing does no harm, and is the last. */
	if (poll->napped && poll->came)
		napped(poll);
	poll->napped = poll->came && poll->unanswered >= poll->nap_wanted;
	poll->came = 0;
	return poll->napped;
}

void virtio_poll_slept(struct virtio_poll *poll, uint64_t ns)
{
	if (ns > poll->window_ns)
		poll->sleeps = 0;
	else if (poll->sleeps < VIRTIO_POLL_SLEEPS_MAX)
		poll->sleeps++;
}

bool virtio_poll_pays(const struct virtio_poll *poll)
{
	return poll->window_ns && poll->sleeps >= poll->wanted;
}

void virtio_poll_tried(struct virtio_poll *poll, bool good)
{
	if (good) {
		poll->wanted = MAX(poll->wanted / 2, VIRTIO_POLL_SLEEPS_MIN);
		return;
	}
	poll->wanted = MIN(poll->wanted * 2, VIRTIO_POLL_SLEEPS_MAX);
	poll->sleeps = 0;
}
