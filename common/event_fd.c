/* SPDX-License-Identifier: MIT */
/*
 * A write to an eventfd that is full blocks unless it has O_NONBLOCK, which the
 * other process can take away at any time, and no flag of a single write says
 * otherwise.  So the table below tells which descriptors are being written to,
 * and who has the time makes room in those that are full.
 */
#include "common/event_fd.h"

#include "common/bytes.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define WRITERS_MAX 256

/*
 * A descriptor + 1, which stays open while it is here; negative: it is being
 * looked at, and stays here meanwhile; 0: free.
 */
static atomic_int writing[WRITERS_MAX];

/* A place for fd, or NULL.  Each thread looks in a cache line of its own. */
static atomic_int *enter(int fd)
{
	const size_t first = (uintptr_t)&fd / 4096 * 16;

	for (size_t i = 0; i < WRITERS_MAX; i++) {
		atomic_int *place = &writing[(first + i) % WRITERS_MAX];
		int free = 0;

		if (atomic_compare_exchange_strong(place, &free, fd + 1))
			return place;
	}
	return NULL;
}

static void leave(atomic_int *place, int fd)
{
	int there = fd + 1;

	while (!atomic_compare_exchange_strong(place, &there, 0)) {
		sched_yield();
		there = fd + 1;
	}
}

void event_signal_fd(int fd)
{
	const uint64_t one = 1;
	atomic_int *place = enter(fd);
	ssize_t n;

	do
		n = write(fd, &one, sizeof(one));
	while (n < 0 && errno == EINTR);
	if (place)
		leave(place, fd);
}

/* RWF_NOWAIT, because O_NONBLOCK may be taken away after a poll(), too. */
int event_clear_fd(int fd)
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
	ret = event_clear_fd(fd);
	return !ret || ret == -EAGAIN ? 0 : -EINVAL;
}

/* In an eventfd; nobody is to wait for another thing that is full. */
static bool make_room(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	if (poll(&p, 1, 0))
		return false;
	if (event_clear_fd(fd))
		(void)shutdown(fd, SHUT_RDWR);
	return true;
}

bool event_free_signallers(void)
{
	bool found = false;

	for (size_t i = 0; i < WRITERS_MAX; i++) {
		int there = atomic_load(&writing[i]);

		if (there <= 0 ||
		    !atomic_compare_exchange_strong(&writing[i], &there,
						    -there))
			continue;
		found |= make_room(there - 1);
		atomic_store(&writing[i], there);
	}
	return found;
}
