/* SPDX-License-Identifier: MIT */
/* Helpers alone: how many there are, and who stops when. */
#include "virtio/virtio_helpers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>
#include <cmocka.h>

struct fixture {
	struct virtio_helpers helpers;
	struct virtio_job job[VIRTIO_HELPERS_MAX + 1];
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* Protected by lock. */
	unsigned threads, begun, done;
	bool hold;
};

static void thread_init(void *owner)
{
	struct fixture *f = owner;

	pthread_mutex_lock(&f->lock);
	f->threads++;
	pthread_mutex_unlock(&f->lock);
}

static void run(void *owner, struct virtio_job *job)
{
	struct fixture *f = owner;

	pthread_mutex_lock(&f->lock);
	f->begun++;
	pthread_cond_broadcast(&f->changed);
	while (f->hold)
		pthread_cond_wait(&f->changed, &f->lock);
	job->used++;
	f->done++;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

static const struct virtio_helpers_ops ops = { thread_init, run };

static void await(struct fixture *f, const unsigned *what, unsigned n)
{
	pthread_mutex_lock(&f->lock);
	while (*what < n)
		pthread_cond_wait(&f->changed, &f->lock);
	pthread_mutex_unlock(&f->lock);
}

static void hold(struct fixture *f, bool value)
{
	pthread_mutex_lock(&f->lock);
	f->hold = value;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

static unsigned get(struct fixture *f, const unsigned *what)
{
	unsigned value;

	pthread_mutex_lock(&f->lock);
	value = *what;
	pthread_mutex_unlock(&f->lock);
	return value;
}

static void await_idle(struct virtio_helpers *h)
{
	const struct timespec moment = { 0, 1000000 };
	unsigned busy;

	do {
		nanosleep(&moment, NULL);
		pthread_mutex_lock(&h->lock);
		busy = h->busy;
		pthread_mutex_unlock(&h->lock);
	} while (busy);
}

static void one_thread_serves_many_in_turn(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 20; i++) {
		assert_true(virtio_helpers_run(&f->helpers, &f->job[0]));
		await(f, &f->done, i + 1);
		await_idle(&f->helpers);
	}
	assert_int_equal(get(f, &f->threads), 1);
}

static void refuses_more_than_there_are_threads(void **state)
{
	struct fixture *f = *state;

	hold(f, true);
	for (unsigned i = 0; i < VIRTIO_HELPERS_MAX; i++)
		assert_true(virtio_helpers_run(&f->helpers, &f->job[i]));
	assert_false(virtio_helpers_run(&f->helpers,
					&f->job[VIRTIO_HELPERS_MAX]));
	await(f, &f->begun, VIRTIO_HELPERS_MAX);
	assert_int_equal(get(f, &f->threads), VIRTIO_HELPERS_MAX);
	hold(f, false);
	await(f, &f->done, VIRTIO_HELPERS_MAX);
	for (unsigned i = 0; i < VIRTIO_HELPERS_MAX; i++)
		assert_int_equal(f->job[i].used, 1);
}

static void stop_ends_what_was_begun_and_they_begin_anew(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 10; i++)
		assert_true(virtio_helpers_run(&f->helpers, &f->job[i]));
	virtio_helpers_stop(&f->helpers);
	assert_int_equal(get(f, &f->done), 10);
	assert_true(virtio_helpers_run(&f->helpers, &f->job[0]));
	await(f, &f->done, 11);
}

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .hold = false };
	pthread_mutex_init(&f.lock, NULL);
	pthread_cond_init(&f.changed, NULL);
	virtio_helpers_init(&f.helpers, &ops, &f, "name");
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	hold(f, false);
	virtio_helpers_stop(&f->helpers);
	virtio_helpers_done(&f->helpers);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(one_thread_serves_many_in_turn),
		TEST(refuses_more_than_there_are_threads),
		TEST(stop_ends_what_was_begun_and_they_begin_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
