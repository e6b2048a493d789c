/* SPDX-License-Identifier: MIT */
/* When a worker polls its queue. */
#include "virtio/virtio_poll.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>

#define US 1000u
#define WINDOW (50 * US)

/* Sleep shortly until a try pays; how often? */
static unsigned sleeps(struct virtio_poll *poll)
{
	unsigned n = 0;

	for (; !virtio_poll_pays(poll); n++) {
		virtio_poll_slept(poll, WINDOW);
		assert_true(n < 10000);
	}
	return n;
}

static void waits_for_sleeps_that_are_short(void **state)
{
	struct virtio_poll poll;

	(void)state;
	virtio_poll_init(&poll, 50);
	assert_false(virtio_poll_pays(&poll));
	assert_int_equal(sleeps(&poll), VIRTIO_POLL_SLEEPS_MIN);
	/* It goes on for as long as it finds something. */
	virtio_poll_tried(&poll, true);
	assert_true(virtio_poll_pays(&poll));
	virtio_poll_slept(&poll, WINDOW + 1);
	assert_false(virtio_poll_pays(&poll));
	assert_int_equal(sleeps(&poll), VIRTIO_POLL_SLEEPS_MIN);
}

static void wants_them_in_a_row(void **state)
{
	struct virtio_poll poll;

	(void)state;
	virtio_poll_init(&poll, 50);
	for (unsigned i = 0; i < 100; i++) {
		virtio_poll_slept(&poll, 1);
		virtio_poll_slept(&poll, WINDOW + 1);
		assert_false(virtio_poll_pays(&poll));
	}
}

static void tries_less_often_the_more_fail(void **state)
{
	struct virtio_poll poll;
	unsigned want = VIRTIO_POLL_SLEEPS_MIN;

	(void)state;
	virtio_poll_init(&poll, 50);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(sleeps(&poll), want);
		virtio_poll_tried(&poll, false);
		if (want < VIRTIO_POLL_SLEEPS_MAX)
			want *= 2;
	}
	assert_int_equal(want, VIRTIO_POLL_SLEEPS_MAX);
	/* Good ones make up for it. */
	for (unsigned i = 0; i < 20; i++)
		virtio_poll_tried(&poll, true);
	virtio_poll_slept(&poll, WINDOW + 1);
	assert_int_equal(sleeps(&poll), VIRTIO_POLL_SLEEPS_MIN);
}

static void never_tries_without_a_window(void **state)
{
	struct virtio_poll poll;

	(void)state;
	virtio_poll_init(&poll, 0);
	for (unsigned i = 0; i < 100; i++) {
		virtio_poll_slept(&poll, 0);
		assert_false(virtio_poll_pays(&poll));
	}
}

/* How many requests without answer come, one by one, before a nap? */
static unsigned unanswered(struct virtio_poll *poll)
{
	unsigned n = 0;

	do {
		virtio_poll_came(poll, false);
		assert_true(++n < 10000);
	} while (!virtio_poll_naps(poll));
	return n;
}

static void nap(struct virtio_poll *poll, unsigned finds)
{
	while (finds--)
		virtio_poll_came(poll, false);
}

static void naps_where_nobody_waits(void **state)
{
	struct virtio_poll poll;

	(void)state;
	virtio_poll_init(&poll, 0);
	assert_int_equal(unanswered(&poll), VIRTIO_UNANSWERED_MIN);
	nap(&poll, VIRTIO_NAP_FINDS);
	assert_true(virtio_poll_naps(&poll));
	/* What finds nothing is the last. */
	assert_false(virtio_poll_naps(&poll));
	assert_int_equal(unanswered(&poll), 1);
	/* Somebody waits. */
	virtio_poll_came(&poll, true);
	nap(&poll, VIRTIO_NAP_FINDS);
	assert_false(virtio_poll_naps(&poll));
	assert_int_equal(unanswered(&poll),
			 VIRTIO_UNANSWERED_MIN - VIRTIO_NAP_FINDS);
}

/* A driver that waits until each is used. */
static void naps_less_often_the_less_it_finds(void **state)
{
	unsigned want = VIRTIO_UNANSWERED_MIN;
	struct virtio_poll poll;

	(void)state;
	virtio_poll_init(&poll, 0);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(unanswered(&poll), want);
		nap(&poll, VIRTIO_NAP_FINDS - 1);
		assert_false(virtio_poll_naps(&poll));
		if (want < VIRTIO_UNANSWERED_MAX)
			want *= 2;
	}
	assert_int_equal(want, VIRTIO_UNANSWERED_MAX);
	/* One that waits no more makes up for it. */
	unanswered(&poll);
	nap(&poll, VIRTIO_NAP_FINDS);
	assert_true(virtio_poll_naps(&poll));
	assert_false(virtio_poll_naps(&poll));
	virtio_poll_came(&poll, true);
	assert_int_equal(unanswered(&poll), VIRTIO_UNANSWERED_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_for_sleeps_that_are_short),
		cmocka_unit_test(wants_them_in_a_row),
		cmocka_unit_test(tries_less_often_the_more_fail),
		cmocka_unit_test(never_tries_without_a_window),
		cmocka_unit_test(naps_where_nobody_waits),
		cmocka_unit_test(naps_less_often_the_less_it_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
