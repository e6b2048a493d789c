/* SPDX-License-Identifier: MIT */
#include "virtio/virtio_poll.h"

#include "common/bytes.h"

void virtio_poll_init(struct virtio_poll *poll, unsigned us)
{
	*poll = (struct virtio_poll){
		.window_ns = us * UINT64_C(1000),
		.wanted = VIRTIO_POLL_SLEEPS_MIN,
	};
}

void virtio_poll_came(struct virtio_poll *poll, bool answered)
{
	poll->came = true;
	if (answered)
		poll->unanswered = 0;
	else if (poll->unanswered < VIRTIO_UNANSWERED_MIN)
		poll->unanswered++;
}

static bool nobody_waits(const struct virtio_poll *poll)
{
	return poll->unanswered == VIRTIO_UNANSWERED_MIN;
}

bool virtio_poll_naps(struct virtio_poll *poll)
{
	bool naps = poll->came && nobody_waits(poll);

	poll->came = false;
	return naps;
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
	return poll->window_ns && poll->sleeps >= poll->wanted &&
	       !nobody_waits(poll);
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
