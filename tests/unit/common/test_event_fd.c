/* SPDX-License-Identifier: MIT */
#include "common/event_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define SIGNALLERS 4
#define HANG_S 60

/* It does not block, and what is counted there is not ours. */
static void signals_another_process(void **state)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	const uint64_t full = UINT64_MAX - 2;
	uint64_t count;

	(void)state;
	event_signal_fd(fd);
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 1);
	assert_int_equal(write(fd, &full, sizeof(full)), sizeof(full));
	for (int i = 0; i < 3; i++)
		event_signal_fd(fd);
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	assert_true(count == full + 1);
	close(fd);
}

static void knows_an_eventfd(void **state)
{
	int fds[2], memory = memfd_create("memory", MFD_CLOEXEC);
	int blocking = eventfd(3, EFD_CLOEXEC);
	struct pollfd p = { .fd = blocking, .events = POLLIN };

	(void)state;
	assert_int_equal(event_check_fd(blocking), 0);
	assert_int_equal(poll(&p, 1, 0), 0);    /* and has cleared it */
	assert_int_equal(event_check_fd(blocking), 0);
	close(blocking);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "12345678", 8), 8);
	assert_int_equal(event_check_fd(fds[0]), -EINVAL);
	assert_int_equal(write(memory, "1234567812345678", 16), 16);
	assert_int_equal(lseek(memory, 0, SEEK_SET), 0);
	assert_int_equal(event_check_fd(memory), -EINVAL);
	assert_int_equal(event_check_fd(-1), -EINVAL);
	close(fds[0]);
	assert_int_equal(event_check_fd(fds[1]), -EINVAL);
	close(fds[1]);
	close(memory);
}

static void never_waits_for_signals(void **state)
{
	int fd = eventfd(2, EFD_CLOEXEC);

	(void)state;
	alarm(HANG_S);
	assert_int_equal(event_clear_fd(fd), 0);
	assert_int_equal(event_clear_fd(fd), -EAGAIN);
	close(fd);
}

/* ---- those that block --------------------------------------------------- */

struct signaller {
	pthread_t thread;
	int fd;
	atomic_uint *done;              /* how many have been */
};

static void *signal_it(void *arg)
{
	struct signaller *s = arg;

	event_signal_fd(s->fd);
	atomic_fetch_add(s->done, 1);
	return NULL;
}

static void start(struct signaller *s, int fd, atomic_uint *done)
{
	*s = (struct signaller){ .fd = fd, .done = done };
	assert_int_equal(pthread_create(&s->thread, NULL, signal_it, s), 0);
}

static void go_on(const atomic_uint *done, unsigned count)
{
	alarm(HANG_S);
	while (atomic_load(done) < count) {
		(void)event_free_signallers();
		usleep(1000);
	}
}

static void those_at_a_full_eventfd_go_on(void **state)
{
	const uint64_t full = UINT64_MAX - 1;
	struct signaller s[SIGNALLERS];
	atomic_uint done = 0;
	int fd[SIGNALLERS];
	uint64_t count;

	(void)state;
	for (unsigned i = 0; i < SIGNALLERS; i++) {
		fd[i] = eventfd(0, EFD_CLOEXEC);
		assert_int_equal(write(fd[i], &full, sizeof(full)),
				 sizeof(full));
		start(&s[i], fd[i], &done);
	}
	usleep(10 * 1000);
	assert_int_equal(atomic_load(&done), 0);
	go_on(&done, SIGNALLERS);
	for (unsigned i = 0; i < SIGNALLERS; i++) {
		pthread_join(s[i].thread, NULL);
		assert_int_equal(read(fd[i], &count, sizeof(count)),
				 sizeof(count));
		assert_int_equal(count, 1);
		close(fd[i]);
	}
}

static void those_at_a_full_socket_go_on(void **state)
{
	struct signaller s;
	atomic_uint done = 0;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	while (send(pair[0], "12345678", 8, MSG_DONTWAIT) > 0)
		;
	start(&s, pair[0], &done);
	go_on(&done, 1);
	pthread_join(s.thread, NULL);
	close(pair[0]);
	close(pair[1]);
}

/* Of nobody's descriptors anything is taken. */
static void others_are_left_alone(void **state)
{
	int fd = eventfd(3, EFD_CLOEXEC | EFD_NONBLOCK);
	uint64_t count;

	(void)state;
	event_signal_fd(fd);
	assert_false(event_free_signallers());
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 4);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_another_process),
		cmocka_unit_test(knows_an_eventfd),
		cmocka_unit_test(never_waits_for_signals),
		cmocka_unit_test(those_at_a_full_eventfd_go_on),
		cmocka_unit_test(those_at_a_full_socket_go_on),
		cmocka_unit_test(others_are_left_alone),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
