/* SPDX-License-Identifier: MIT */
/* Rings that are stopped and started again, and what waits meanwhile. */
#include "tests/unit/virtio_vhost_user/front_end.h"

#include <poll.h>
#include <time.h>

static void pause_ms(long ms)
{
	const struct timespec t = { 0, ms * 1000000 };

	nanosleep(&t, NULL);
}

/* ---- stopping ---------------------------------------------------------- */

static void finishes_requests_before_it_tells_the_base(void **state)
{
	struct front_end *f = *state;
	struct pollfd p = { .fd = f->sock, .events = POLLIN };
	uint32_t reply[2];
	uint16_t head;

	fe_start(f, FE_FEATURES);
	fe_set(f, &f->hold, true);
	head = fe_add(f, 0, '.');
	fe_kick(f, 0);
	fe_await(f, &f->entered, 1);
	fe_send_state(f, GET_VRING_BASE, 0, 0);
	assert_int_equal(poll(&p, 1, 30), 0);
	fe_set(f, &f->hold, false);
	fe_reply(f, GET_VRING_BASE, reply, sizeof(reply));
	assert_int_equal(reply[1], 1);
	assert_int_equal(fake_ring_used_idx(&f->ring[0]), 1);
	fe_wait_used(f, 0, head);
	assert_int_equal(fe_get_base(f, 0), 1);
}

static void goes_on_at_its_base(void **state)
{
	struct front_end *f = *state;

	fe_start(f, FE_FEATURES);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < FE_QUEUES; i++) {
			fe_call(f, i);
			fe_call(f, i);
			fe_enable(f, i, false);
		}
		for (unsigned i = 0; i < FE_QUEUES; i++) {
			uint32_t base = fe_get_base(f, i);

			assert_int_equal(base, 2 * round + 2);
			fe_set_ring(f, i, base);
			fe_enable(f, i, true);
		}
	}
	fe_call(f, 1);
	assert_int_equal(fe_get(f, &f->resets), 0);
}

/* Another back-end has served it before, as after a restart. */
static void begins_at_a_base(void **state)
{
	struct front_end *f = *state;
	uint32_t base;

	fe_start(f, FE_FEATURES);
	for (unsigned i = 0; i < 5; i++)
		fe_call(f, 1);
	base = fe_get_base(f, 1);
	assert_int_equal(base, 5);
	fe_disconnect(f);
	fe_connect(f);
	fe_negotiate(f, FE_FEATURES);
	fe_set_ring(f, 1, base);
	fe_enable(f, 1, true);
	fe_call(f, 1);
	assert_int_equal(fe_get_base(f, 1), 6);
	assert_int_equal(fe_get(f, &f->resets), 1);     /* by the disconnect */
}

/* ---- packed rings ------------------------------------------------------ */

#define PACKED_FEATURES (FE_FEATURES | FE_F_PACKED)

static void goes_on_at_the_base_of_a_packed_ring(void **state)
{
	struct front_end *f = *state;

	fe_start(f, PACKED_FEATURES);
	/* More than two rounds, in a back-end after another. */
	for (unsigned i = 0; i < 40; i++) {
		uint32_t base;

		fe_call(f, 1);
		fe_enable(f, 1, false);
		base = fe_get_base(f, 1);
		/* Both sides stand where as many requests lead. */
		assert_int_equal(base & 0xffff, base >> 16);
		assert_int_equal(base & 0x7fff, (i + 1) % FE_QUEUE_SIZE);
		if (i % 4 == 3) {
			fe_disconnect(f);
			fe_connect(f);
			fe_negotiate(f, PACKED_FEATURES);
		}
		fe_set_ring(f, 1, base);
		fe_enable(f, 1, true);
	}
	assert_int_equal(fe_get(f, &f->handled), 40);
}

/* It says 0 for the beginning, of whatever ring. */
static void begins_as_user_mode_linux_says(void **state)
{
	struct front_end *f = *state;

	fe_negotiate(f, PACKED_FEATURES);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 2; i++) {
			fe_make_ring(f, i, PACKED_FEATURES);
			fe_set_ring(f, i, 0);
			fe_enable(f, i, true);
			fe_call(f, i);
		}
		/* Its driver is unbound, and it does not ask for the bases. */
		fe_enable(f, 1, false);
		fe_enable(f, 0, false);
	}
	assert_int_equal(fe_get(f, &f->handled), 4);
}

/* ---- requests that wait ------------------------------------------------ */

/* Two, one before and one after a request that is answered. */
static void start_waiting(struct front_end *f, uint64_t features,
			  uint16_t ret_head[2])
{
	fe_start(f, features);
	ret_head[0] = fe_add(f, 0, 'w');
	fe_kick(f, 0);
	fe_await(f, &f->tries, 1);
	fe_call(f, 0);
	ret_head[1] = fe_add(f, 0, 'w');
	fe_kick(f, 0);
	fe_await(f, &f->entered, 5);
}

/* In any order: they are let go between the two tries, perhaps. */
static void assert_answered(struct front_end *f, const uint16_t head[2])
{
	uint16_t first;

	fe_set(f, &f->let_go, true);
	first = fe_next_used(f, 0);
	assert_true(first == head[0] || first == head[1]);
	fe_wait_used(f, 0, first == head[0] ? head[1] : head[0]);
	fe_call(f, 0);
	assert_int_equal(fe_get(f, &f->handled), 4);
}

static void pause_and_go_on(struct front_end *f, uint64_t features)
{
	uint16_t head[2];
	uint32_t base;
	unsigned tries;

	start_waiting(f, features, head);
	fe_enable(f, 0, false);
	base = fe_get_base(f, 0);
	assert_int_equal(base & 0x7fff, 3);
	tries = fe_get(f, &f->tries);
	pause_ms(50);
	assert_int_equal(fe_get(f, &f->tries), tries);
	assert_false(fake_ring_has_used(&f->ring[0]));

	fe_send_u64(f, SET_STATUS, 0);
	fe_send_u64(f, SET_FEATURES, features);
	fe_set_ring(f, 0, base);
	fe_enable(f, 0, true);
	fe_await(f, &f->tries, tries + 2);
	assert_answered(f, head);
	assert_int_equal(fe_get(f, &f->resets), 0);
}

static void keeps_what_waits_over_a_pause(void **state)
{
	pause_and_go_on(*state, FE_FEATURES);
}

static void keeps_what_waits_in_a_packed_ring_over_a_pause(void **state)
{
	pause_and_go_on(*state, PACKED_FEATURES);
}

static void keeps_what_waits_over_new_memory(void **state)
{
	struct front_end *f = *state;
	struct fe_region ram = fe_whole_ram();
	uint16_t head[2];

	start_waiting(f, FE_FEATURES, head);
	fe_set_mem_table(f, &ram, 1, &f->ram.fd);
	fe_sync(f);
	assert_answered(f, head);
}

static void keeps_what_waits_over_a_new_kick(void **state)
{
	struct front_end *f = *state;
	uint16_t head[2];

	start_waiting(f, FE_FEATURES, head);
	fe_send_fd(f, SET_VRING_KICK, 0, f->kick[0]);
	fe_sync(f);
	assert_answered(f, head);
}

/* The machine was reset, and the front-end did not say. */
static void drops_what_waits_when_the_driver_begins_anew(void **state)
{
	struct front_end *f = *state;
	uint16_t head[2];

	start_waiting(f, FE_FEATURES, head);
	fe_call(f, 1);
	for (unsigned i = 0; i < FE_QUEUES; i++) {
		fe_enable(f, i, false);
		(void)fe_get_base(f, i);
	}
	fe_send_u64(f, SET_FEATURES, FE_FEATURES);
	for (unsigned i = 0; i < FE_QUEUES; i++) {
		fe_make_ring(f, i, FE_FEATURES);
		fe_set_ring(f, i, 0);
	}
	for (unsigned i = 0; i < FE_QUEUES; i++)
		fe_enable(f, i, true);
	assert_int_equal(fe_get(f, &f->resets), 1);
	fe_set(f, &f->let_go, true);
	for (unsigned i = 0; i < FE_QUEUES; i++)
		fe_call(f, i);
	assert_int_equal(fe_get(f, &f->handled), 2 + FE_QUEUES);
	assert_int_equal(fe_get(f, &f->resets), 1);
}

/* The queue that did nothing yet seems to go on; the others tell. */
static void notices_a_new_driver_by_any_queue(void **state)
{
	struct front_end *f = *state;

	fe_start(f, FE_FEATURES);
	fe_call(f, 2);
	for (unsigned i = 0; i < FE_QUEUES; i++)
		fe_enable(f, i, false);
	for (unsigned i = 0; i < FE_QUEUES; i++) {
		if (i == 2)
			fe_make_ring(f, i, FE_FEATURES);
		fe_set_ring(f, i, 0);
		fe_enable(f, i, true);
		assert_int_equal(fe_get(f, &f->resets), i == 2);
	}
	for (unsigned i = 0; i < FE_QUEUES; i++)
		fe_call(f, i);
}

static void drops_what_waits_with_other_features(void **state)
{
	struct front_end *f = *state;
	uint16_t head[2];
	uint32_t base;

	start_waiting(f, FE_FEATURES, head);
	base = fe_get_base(f, 0);
	fe_get_base(f, 1);
	fe_get_base(f, 2);
	fe_send_u64(f, SET_FEATURES, FE_FEATURES | FE_F_INDIRECT);
	fe_set(f, &f->let_go, true);
	fe_set_ring(f, 0, base);
	fe_sync(f);
	fe_call(f, 0);
	assert_int_equal(fe_get(f, &f->handled), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fe_test(finishes_requests_before_it_tells_the_base),
		fe_test(goes_on_at_its_base),
		fe_test(begins_at_a_base),
		fe_test(goes_on_at_the_base_of_a_packed_ring),
		fe_test(begins_as_user_mode_linux_says),
		fe_test(keeps_what_waits_over_a_pause),
		fe_test(keeps_what_waits_in_a_packed_ring_over_a_pause),
		fe_test(keeps_what_waits_over_new_memory),
		fe_test(keeps_what_waits_over_a_new_kick),
		fe_test(drops_what_waits_when_the_driver_begins_anew),
		fe_test(notices_a_new_driver_by_any_queue),
		fe_test(drops_what_waits_with_other_features),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
