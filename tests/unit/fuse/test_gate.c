/* SPDX-License-Identifier: MIT */
#include "fuse/fuse_gate.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

static void pause_ms(long ms)
{
	const struct timespec ts = { .tv_nsec = ms * 1000000 };

	nanosleep(&ts, NULL);
}

static void lets_nobody_pass_when_closed(void **state)
{
	struct fuse_gate g;

	(void)state;
	fuse_gate_init(&g);
	assert_null(fuse_gate_enter(&g));
	assert_false(fuse_gate_stop(&g));
	fuse_gate_start(&g, true);
	assert_true(fuse_gate_stop(&g));
	fuse_gate_start(&g, false);
	assert_null(fuse_gate_enter(&g));
	fuse_gate_done(&g);
}

static void lets_more_pass_than_it_has_slots(void **state)
{
	struct fuse_gate_slot *slot[FUSE_GATE_SLOTS + 3];
	struct fuse_gate g;

	(void)state;
	fuse_gate_init(&g);
	fuse_gate_stop(&g);
	fuse_gate_start(&g, true);
	for (int i = 0; i < FUSE_GATE_SLOTS + 3; i++) {
		slot[i] = fuse_gate_enter(&g);
		assert_non_null(slot[i]);
		for (int k = 0; k < i && i < FUSE_GATE_SLOTS; k++)
			assert_ptr_not_equal(slot[k], slot[i]);
	}
	for (int i = FUSE_GATE_SLOTS + 2; i >= 0; i--)
		fuse_gate_leave(&g, slot[i]);
	/* Everybody has left: this does not wait for ever. */
	assert_true(fuse_gate_stop(&g));
	fuse_gate_start(&g, false);
	fuse_gate_done(&g);
}

struct stopper {
	struct fuse_gate gate;
	atomic_bool stopped;
	atomic_bool passed;
};

static void *stop(void *arg)
{
	struct stopper *s = arg;

	fuse_gate_stop(&s->gate);
	atomic_store(&s->stopped, true);
	pause_ms(20);
	assert_false(atomic_load(&s->passed));
	fuse_gate_start(&s->gate, true);
	return NULL;
}

static void *pass(void *arg)
{
	struct stopper *s = arg;
	struct fuse_gate_slot *slot = fuse_gate_enter(&s->gate);

	atomic_store(&s->passed, true);
	assert_non_null(slot);
	fuse_gate_leave(&s->gate, slot);
	return NULL;
}

static void wait_for_state(struct stopper *s, int not_this)
{
	while (atomic_load(&s->gate.state) == not_this)
		pause_ms(1);
}

/* With one inside, and with so many that two share the counter. */
static void stops_when_all_have_left_and_holds_others_back(void **state)
{
	(void)state;
	for (int crowd = 1; crowd <= FUSE_GATE_SLOTS + 2;
	     crowd += FUSE_GATE_SLOTS + 1) {
		struct fuse_gate_slot *slot[FUSE_GATE_SLOTS + 2];
		struct stopper s = { .stopped = false };
		pthread_t stopping, passing;
		int open;

		fuse_gate_init(&s.gate);
		fuse_gate_stop(&s.gate);
		fuse_gate_start(&s.gate, true);
		open = atomic_load(&s.gate.state);
		for (int i = 0; i < crowd; i++)
			slot[i] = fuse_gate_enter(&s.gate);
		assert_int_equal(pthread_create(&stopping, NULL, stop, &s), 0);
		wait_for_state(&s, open);
		assert_int_equal(pthread_create(&passing, NULL, pass, &s), 0);
		pause_ms(10);
		/* The last one inside is the one that counts. */
		for (int i = 0; i < crowd; i++) {
			if (i == crowd - 1)
				pause_ms(20);
			assert_false(atomic_load(&s.stopped));
			fuse_gate_leave(&s.gate, slot[i]);
		}
		pthread_join(stopping, NULL);
		pthread_join(passing, NULL);
		assert_true(atomic_load(&s.passed));
		fuse_gate_done(&s.gate);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lets_nobody_pass_when_closed),
		cmocka_unit_test(lets_more_pass_than_it_has_slots),
		cmocka_unit_test(
			stops_when_all_have_left_and_holds_others_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
