/* SPDX-License-Identifier: MIT */
#include "common/event.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

int event_init(struct event *event)
{
	event->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return event->fd < 0 ? -errno : 0;
}

void event_done(struct event *event)
{
	close(event->fd);
	event->fd = -1;
}

void event_signal(struct event *event)
{
	const uint64_t one = 1;

	/* EAGAIN means that the counter is full, that is, signalled. */
	while (write(event->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

bool event_wait_for(struct event *event, int ms)
{
	struct pollfd p = { .fd = event->fd, .events = POLLIN };
	uint64_t count;

	while (read(event->fd, &count, sizeof(count)) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return false;
		/* A handler of the host's that runs here may end it early. */
		if (poll(&p, 1, ms) <= 0 && ms >= 0)
			return false;
	}
	return true;
}

void event_wait(struct event *event)
{
	(void)event_wait_for(event, -1);
}
