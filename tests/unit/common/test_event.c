/* SPDX-License-Identifier: MIT */
#include "common/event.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <setjmp.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

/* Is the event signalled, as one sees who polls its handle? */
static bool signalled(const struct event *e)
{
	struct pollfd p = { .fd = (int)event_handle(e), .events = POLLIN };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLIN);
}

static void any_number_of_signals_is_one_wake_up(void **state)
{
	struct event e;

	(void)state;
	assert_int_equal(event_init(&e), 0);
	assert_false(signalled(&e));
	for (int i = 0; i < 5; i++)
		event_signal(&e);
	assert_true(signalled(&e));
	event_wait(&e);
	assert_false(signalled(&e));
	event_done(&e);
}

static void a_full_counter_does_not_block(void **state)
{
	const uint64_t full = UINT64_MAX - 1;
	struct event e;

	(void)state;
	assert_int_equal(event_init(&e), 0);
	assert_int_equal(write((int)event_handle(&e), &full, sizeof(full)),
			 sizeof(full));
	event_signal(&e);
	event_wait(&e);
	assert_false(signalled(&e));
	event_done(&e);
}

static void the_handle_may_be_signalled_from_outside(void **state)
{
	const uint64_t one = 1;
	struct event e;

	(void)state;
	assert_int_equal(event_init(&e), 0);
	assert_int_equal(write((int)event_handle(&e), &one, sizeof(one)),
			 sizeof(one));
	event_wait(&e);
	assert_false(signalled(&e));
	event_done(&e);
}

static void the_handle_is_not_inherited(void **state)
{
	struct event e;

	(void)state;
	assert_int_equal(event_init(&e), 0);
	assert_true(fcntl((int)event_handle(&e), F_GETFD) & FD_CLOEXEC);
	event_done(&e);
	assert_int_equal(e.fd, -1);
}

struct ping {
	struct event to, back;
	int seen;
};

static void *answer(void *arg)
{
	struct ping *ping = arg;

	for (int i = 0; i < 100; i++) {
		event_wait(&ping->to);
		ping->seen++;
		event_signal(&ping->back);
	}
	return NULL;
}

/* Under the thread sanitizer also: what was written before is seen after. */
static void wakes_a_thread_that_waits(void **state)
{
	struct ping ping = { .seen = 0 };
	pthread_t thread;

	(void)state;
	assert_int_equal(event_init(&ping.to), 0);
	assert_int_equal(event_init(&ping.back), 0);
	assert_int_equal(pthread_create(&thread, NULL, answer, &ping), 0);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(ping.seen, i);
		event_signal(&ping.to);
		event_wait(&ping.back);
	}
	pthread_join(thread, NULL);
	assert_int_equal(ping.seen, 100);
	event_done(&ping.to);
	event_done(&ping.back);
}

static void waits_no_longer_than_it_is_told(void **state)
{
	struct timespec before, after;
	struct event e;
	int64_t ms;

	(void)state;
	assert_int_equal(event_init(&e), 0);
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_false(event_wait_for(&e, 20));
	clock_gettime(CLOCK_MONOTONIC, &after);
	ms = (after.tv_sec - before.tv_sec) * 1000 +
	     (after.tv_nsec - before.tv_nsec) / 1000000;
	assert_in_range(ms, 19, 30000);
	assert_false(event_wait_for(&e, 0));
	event_signal(&e);
	assert_true(event_wait_for(&e, 0));
	assert_false(signalled(&e));
	event_signal(&e);
	assert_true(event_wait_for(&e, 60000));
	event_signal(&e);
	assert_true(event_wait_for(&e, -1));
	assert_false(event_wait_for(&e, 0));
	event_done(&e);
}

/* ---- eventfds of another process --------------------------------------- */

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

static void waits_for_either(void **state)
{
	int fd = eventfd(0, EFD_CLOEXEC), none = -1;
	struct event e;

	(void)state;
	assert_int_equal(event_init(&e), 0);
	assert_false(event_wait_either(&e, &fd, 0));
	assert_false(event_wait_either(&e, &none, 0));
	event_signal(&e);
	assert_true(event_wait_either(&e, &none, -1));
	event_signal(&e);
	assert_true(event_wait_either(&e, &fd, -1));
	assert_int_equal(eventfd_write(fd, 2), 0);
	assert_true(event_wait_either(&e, &fd, -1));
	/* Both at once are taken at once. */
	event_signal(&e);
	assert_int_equal(eventfd_write(fd, 1), 0);
	assert_true(event_wait_either(&e, &fd, -1));
	assert_false(event_wait_either(&e, &fd, 0));
	assert_true(fd >= 0);
	close(fd);
	event_done(&e);
}

static void gives_up_what_cannot_be_read(void **state)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC), null = fd;
	struct event e;

	(void)state;
	assert_int_equal(event_init(&e), 0);
	assert_false(event_wait_either(&e, &fd, 1000));
	assert_int_equal(fd, -1);
	close(null);
	event_done(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_number_of_signals_is_one_wake_up),
		cmocka_unit_test(a_full_counter_does_not_block),
		cmocka_unit_test(the_handle_may_be_signalled_from_outside),
		cmocka_unit_test(the_handle_is_not_inherited),
		cmocka_unit_test(wakes_a_thread_that_waits),
		cmocka_unit_test(waits_no_longer_than_it_is_told),
		cmocka_unit_test(knows_an_eventfd),
		cmocka_unit_test(waits_for_either),
		cmocka_unit_test(gives_up_what_cannot_be_read),
	};

	alarm(60);      /* a lost wake-up must not hang the tests */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
