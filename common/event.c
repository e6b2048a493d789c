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

void event_wait(struct event *event)
{
	struct pollfd p = { .fd = event->fd, .events = POLLIN };
	uint64_t count;

	while (read(event->fd, &count, sizeof(count)) < 0) {
		if (errno == EAGAIN)
			(void)poll(&p, 1, -1);
		else if (errno != EINTR)
			return;
	}
}
