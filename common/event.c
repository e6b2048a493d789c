/* SPDX-License-Identifier: MIT */
#include "common/event.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
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

/*
 * Take the signals: 0; -EAGAIN: there are none; another -errno.  RWF_NOWAIT,
 * because O_NONBLOCK belongs to the other process as well, which may take it
 * away after poll().
 */
static int clear_fd(int fd)
{
	uint64_t count;
	struct iovec iov = { &count, sizeof(count) };
	ssize_t n;

	do
		n = preadv2(fd, &iov, 1, -1, RWF_NOWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == sizeof(count) ? 0 : -EBADF;
}

/* Of files without a type it is the one that 8 bytes can be read from. */
int event_check_fd(int fd)
{
	struct stat st;
	int ret;

	if (fstat(fd, &st) || (st.st_mode & S_IFMT))
		return -EINVAL;
	ret = clear_fd(fd);
	return !ret || ret == -EAGAIN ? 0 : -EINVAL;
}

bool event_wait_either(struct event *event, int *fd, int ms)
{
	struct pollfd p[2] = {
		{ .fd = event->fd, .events = POLLIN },
		{ .fd = *fd, .events = POLLIN },
	};
	uint64_t count;
	bool signalled;
	int ret;

	if (*fd < 0)
		return event_wait_for(event, ms);
	if (poll(p, 2, ms) <= 0)
		return false;
	signalled = p[0].revents &&
		    read(event->fd, &count, sizeof(count)) == sizeof(count);
	if (!p[1].revents)
		return signalled;
	ret = clear_fd(*fd);
	if (ret && ret != -EAGAIN)
		*fd = -1;
	return signalled || !ret;
}

void event_wait(struct event *event)
{
	(void)event_wait_for(event, -1);
}
