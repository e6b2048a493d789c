/* SPDX-License-Identifier: MIT */
#include "common/event.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

static void any_number_of_signals_is_one_wake_up(void **state)
{
	struct event e;

	(void)state;
	assert_int_equal(event_init(&e), 0);
	for (int round = 0; round < 3; round++) {
		assert_false(event_wait_for(&e, 0));
		for (int i = 0; i < 5; i++)
			event_signal(&e);
		event_wait(&e);
	}
	assert_false(event_wait_for(&e, 0));
	event_done(&e);
}

/* Nor is the signal lost. */
static void a_full_counter_does_not_block(void **state)
{
	const uint64_t full = UINT64_MAX - 1;
	struct event e;

	(void)state;
	assert_int_equal(event_init(&e), 0);
	assert_int_equal(write((int)event_handle(&e), &full, sizeof(full)),
			 sizeof(full));
	event_wait(&e);
	event_signal(&e);
	assert_true(event_wait_for(&e, 0));
	assert_false(event_wait_for(&e, 0));
	event_done(&e);
}

static void the_handle_may_be_signalled_from_outside(void **state)
{
	const uint64_t one = 1;
	struct event e;

	(void)state;
	assert_int_equal(event_init(&e), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(write((int)event_handle(&e), &one,
				       sizeof(one)), sizeof(one));
		event_wait(&e);
		assert_false(event_wait_for(&e, 0));
	}
	event_done(&e);
}

static void the_handle_may_be_polled(void **state)
{
	struct pollfd p = { .events = POLLIN };
	struct event e;

	(void)state;
	assert_int_equal(event_init(&e), 0);
	p.fd = (int)event_handle(&e);
	assert_int_equal(poll(&p, 1, 0), 0);
	event_signal(&e);
	assert_int_equal(poll(&p, 1, 0), 1);
	event_done(&e);
}

static void nothing_is_inherited(void **state)
{
	struct event e;

	(void)state;
	assert_int_equal(event_init(&e), 0);
	assert_true(fcntl((int)event_handle(&e), F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(e.epoll, F_GETFD) & FD_CLOEXEC);
	event_done(&e);
	assert_int_equal(e.fd, -1);
	event_done(&e);         /* of what is not there */
}

static void send(int fd)
{
	const uint64_t one = 1;

	assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
}

static void another_can_be_watched(void **state)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	struct event e;

	(void)state;
	assert_int_equal(event_init(&e), 0);
	send(fd);
	assert_int_equal(event_watch(&e, fd), 0);
	/* What it holds counts, and then each that comes. */
	for (int i = 0; i < 3; i++) {
		event_wait(&e);
		assert_false(event_wait_for(&e, 0));
		send(fd);
	}
	event_signal(&e);
	event_wait(&e);
	assert_false(event_wait_for(&e, 0));
	event_unwatch(&e, fd);
	send(fd);
	assert_false(event_wait_for(&e, 0));
	event_signal(&e);
	assert_true(event_wait_for(&e, 0));
	/* Once more. */
	assert_int_equal(event_watch(&e, fd), 0);
	assert_true(event_wait_for(&e, 0));
	event_done(&e);
	close(fd);
}

/* Its other owner may read it at any moment, and has it blocking or not. */
static void what_is_watched_may_be_read_by_others(void **state)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	uint64_t count;
	struct event e;

	(void)state;
	assert_int_equal(event_init(&e), 0);
	assert_int_equal(event_watch(&e, fd), 0);
	send(fd);
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	(void)event_wait_for(&e, 0);
	assert_false(event_wait_for(&e, 0));
	send(fd);
	assert_true(event_wait_for(&e, 0));
	event_done(&e);
	close(fd);
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
	event_signal(&e);
	assert_true(event_wait_for(&e, 60000));
	event_signal(&e);
	assert_true(event_wait_for(&e, -1));
	assert_false(event_wait_for(&e, 0));
	event_done(&e);
}

/* ---- eventfds of another process --------------------------------------- */

static void watches_nothing_that_never_signals(void **state)
{
	int memory = memfd_create("memory", MFD_CLOEXEC);
	struct event e;

	(void)state;
	assert_int_equal(event_init(&e), 0);
	assert_int_equal(event_watch(&e, memory), -EPERM);
	assert_int_equal(event_watch(&e, -1), -EBADF);
	event_done(&e);
	close(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_number_of_signals_is_one_wake_up),
		cmocka_unit_test(a_full_counter_does_not_block),
		cmocka_unit_test(the_handle_may_be_signalled_from_outside),
		cmocka_unit_test(the_handle_may_be_polled),
		cmocka_unit_test(nothing_is_inherited),
		cmocka_unit_test(another_can_be_watched),
		cmocka_unit_test(what_is_watched_may_be_read_by_others),
		cmocka_unit_test(watches_nothing_that_never_signals),
		cmocka_unit_test(wakes_a_thread_that_waits),
		cmocka_unit_test(waits_no_longer_than_it_is_told),
	};

	alarm(60);      /* a lost wake-up must not hang the tests */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
