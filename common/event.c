/* SPDX-License-Identifier: MIT */
#include "common/event.h"

#include "common/bytes.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int watch(int epoll, int fd)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

int event_init(struct event *event)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int ret = fd < 0 || epoll < 0 ? -errno : watch(epoll, fd);

	*event = (struct event){ .fd = fd, .epoll = epoll };
	if (ret)
		event_done(event);
	return ret;
}

void event_done(struct event *event)
{
	if (event->fd >= 0)
		close(event->fd);
	if (event->epoll >= 0)
		close(event->epoll);
	event->fd = event->epoll = -1;
}

int event_watch(struct event *event, int fd)
{
	return watch(event->epoll, fd);
}

void event_unwatch(struct event *event, int fd)
{
	(void)epoll_ctl(event->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/*
 * What came before the signal is seen after the wait.  The kernel sees to that;
 * this is for thread sanitizers, which do not know that epoll does.
 */
static void order(struct event *event)
{
	atomic_fetch_add(&event->signals, 1);
}

static int write_one(int fd)
{
	const uint64_t one = 1;
	ssize_t n;

	do
		n = write(fd, &one, sizeof(one));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

void event_signal(struct event *event)
{
	uint64_t count;

	order(event);
	/* When the counter is full, nothing is reported any more. */
	while (write_one(event->fd) == -EAGAIN)
		(void)!read(event->fd, &count, sizeof(count));
}

bool event_wait_for(struct event *event, int ms)
{
	struct epoll_event e[2];
	int n;

	/* A handler of the host's that runs here may end it early. */
	do
		n = epoll_wait(event->epoll, e, ARRAY_LEN(e), ms);
	while (n <= 0 && ms < 0);
	order(event);
	return n > 0;
}

void event_wait(struct event *event)
{
	(void)event_wait_for(event, -1);
}
