/* SPDX-License-Identifier: MIT */
/* Requests that wait, seen through the core: who is served when. */
#include "tests/unit/virtio/core_fixture.h"

#include <sched.h>
#include <unistd.h>

/* Make available, without a kick, one that waits while *ret_byte says so. */
static uint16_t add_waiting(struct core_fixture *f, unsigned queue,
			    char **ret_byte)
{
	struct fake_buf buf = { fake_ram_alloc(&f->ram, 8, 8), 8 };

	*ret_byte = fake_ram_ptr(&f->ram, buf.gpa);
	**ret_byte = WAITS;
	return fake_ring_add(&f->ring[queue], &buf, 0, 1, 0);
}

static void let_go(struct core_fixture *f, char *byte)
{
	pthread_mutex_lock(&f->lock);
	*byte = 0;
	pthread_mutex_unlock(&f->lock);
}

/* A core that runs, and a request of queue 0 that waits. */
static uint16_t start_waiting(struct core_fixture *f, uint64_t features,
			      char **ret_byte)
{
	uint16_t head;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, features);
	head = add_waiting(f, 0, ret_byte);
	virtio_core_kick(f->core, 0);
	await(f, &f->tries, 1);
	return head;
}

static void answers_when_it_waits_no_more(void **state)
{
	struct core_fixture *f = *state;
	char *byte;
	uint16_t head = start_waiting(f, V1, &byte);

	/* Nobody kicks, and it is tried again all the same. */
	await(f, &f->tries, 8);
	assert_int_equal(fake_ring_used_idx(&f->ring[0]), 0);
	assert_int_equal(get(f, &f->interrupts[0]), 0);
	let_go(f, byte);
	await(f, &f->interrupts[0], 1);
	assert_used(f, 0, head, 4);
	assert_int_equal(get(f, &f->handled), 1);
	/* That was it. */
	pause_ms(2 * VIRTIO_WAIT_MAX_MS);
	assert_int_equal(get(f, &f->handled), 1);
	assert_int_equal(fake_ring_used_idx(&f->ring[0]), 1);
}

static void others_overtake_it(void **state)
{
	struct core_fixture *f = *state;
	char *byte;
	uint16_t head = start_waiting(f, V1 | EVENT_IDX, &byte);

	for (unsigned i = 1; i <= 40; i++) {
		/* The places of the others only: descriptor 0 is in use. */
		uint16_t other;

		if (f->ring[0].next_desc % QUEUE_SIZE == head)
			f->ring[0].next_desc++;
		other = add(f, 0);
		virtio_core_kick(f->core, 0);
		await(f, &f->handled, i);
		await_true(fake_ring_has_used(&f->ring[0]));
		assert_used(f, 0, other, 4);
	}
	let_go(f, byte);
	await(f, &f->handled, 41);
	await_true(fake_ring_has_used(&f->ring[0]));
	assert_used(f, 0, head, 4);
}

/* With IN_ORDER: others come after it, and find the queue as it should be. */
static void holds_up_others_in_order(void **state)
{
	struct core_fixture *f = *state;
	char *byte;
	uint16_t head[3];

	head[0] = start_waiting(f, V1 | EVENT_IDX | IN_ORDER, &byte);
	for (unsigned i = 1; i < 3; i++) {
		head[i] = add(f, 0);
		virtio_core_kick(f->core, 0);
	}
	await(f, &f->tries, get(f, &f->tries) + 3);
	assert_int_equal(get(f, &f->handled), 0);
	let_go(f, byte);
	await(f, &f->handled, 3);
	for (unsigned i = 0; i < 3; i++) {
		await_true(fake_ring_has_used(&f->ring[0]));
		assert_used(f, 0, head[i], 4);
	}
	/* It goes on as usual then. */
	head[0] = add(f, 0);
	virtio_core_kick(f->core, 0);
	await_true(fake_ring_has_used(&f->ring[0]));
	assert_used(f, 0, head[0], 4);
}

/* The next to be served when others are being tried again is a new one. */
static void does_not_hold_up_others(void **state)
{
	struct core_fixture *f = *state;
	uint16_t other;
	char *byte;
	size_t at;

	start_waiting(f, V1, &byte);
	for (unsigned i = 0; i < 10; i++)
		add_waiting(f, 0, &byte);
	virtio_core_kick(f->core, 0);
	/* Turns being taken, all of them have been tried by then. */
	await(f, &f->tries, get(f, &f->tries) + 30);
	/* Held in one of them; and then one more is made available. */
	pthread_mutex_lock(&f->lock);
	f->order_len = 0;
	f->hold = true;
	f->entered = 0;
	pthread_mutex_unlock(&f->lock);
	await(f, &f->entered, 1);
	other = add(f, 0);
	virtio_core_kick(f->core, 0);
	set(f, &f->hold, false);
	await(f, &f->handled, 1);
	await_true(fake_ring_has_used(&f->ring[0]));
	assert_used(f, 0, other, 4);
	pthread_mutex_lock(&f->lock);
	for (at = 0; at < f->order_len && f->order[at] == WAITS; at++)
		;
	pthread_mutex_unlock(&f->lock);
	assert_int_equal(at, 1);
}

/*
 * A driver that never lets the queue run dry, until `head` is answered, or, if
 * n is not 0, `n` tries were made.  Returns whether it was answered; *in_flight
 * requests are on their way before and after.
 */
static bool storm(struct core_fixture *f, unsigned n, uint16_t head,
		  unsigned *in_flight)
{
	struct fake_ring *ring = &f->ring[0];
	struct fake_buf buf = { fake_ram_alloc(&f->ram, 8, 8), 8 };
	bool answered = false;
	uint16_t used;
	uint32_t len;

	while (!answered && !(n && get(f, &f->tries) >= n)) {
		while (fake_ring_collect(ring, &used, &len)) {
			answered |= used == head;
			*in_flight -= used != head;
		}
		if (*in_flight > QUEUE_SIZE / 2) {
			sched_yield();
			continue;
		}
		if (ring->next_desc % QUEUE_SIZE == head)
			ring->next_desc++;
		fake_ring_add(ring, &buf, 0, 1, 0);
		++*in_flight;
		virtio_core_kick(f->core, 0);
	}
	return answered;
}

static void is_not_starved_by_a_storm(void **state)
{
	struct core_fixture *f = *state;
	unsigned in_flight = 0;
	char *byte;
	uint16_t head = start_waiting(f, V1, &byte);

	alarm(PATIENCE_S);              /* a failure is a storm without end */
	assert_false(storm(f, get(f, &f->tries) + 8, head, &in_flight));
	let_go(f, byte);
	assert_true(storm(f, 0, head, &in_flight));
	alarm(0);
}

static void stays_over_stop_and_start(void **state)
{
	struct core_fixture *f = *state;
	char *byte;
	uint16_t head = start_waiting(f, V1, &byte);

	for (unsigned i = 0; i < 5; i++) {
		unsigned tries;

		virtio_core_stop(f->core);
		tries = get(f, &f->tries);
		pause_ms(5);
		assert_int_equal(get(f, &f->tries), tries);
		assert_int_equal(fake_ring_used_idx(&f->ring[0]), 0);
		assert_int_equal(virtio_core_start(f->core), 0);
		await(f, &f->tries, tries + 2);
	}
	virtio_core_stop(f->core);
	*byte = 0;
	assert_int_equal(virtio_core_start(f->core), 0);
	await(f, &f->handled, 1);
	virtio_core_stop(f->core);
	assert_used(f, 0, head, 4);
	assert_int_equal(get(f, &f->device_resets), 0);
}

static void a_reset_drops_it(void **state)
{
	struct core_fixture *f = *state;
	struct fake_ring old;
	unsigned tries;
	uint16_t head;
	char *byte;

	start_waiting(f, V1, &byte);
	virtio_core_set_status(f->core, 0);
	await_true(virtio_core_status(f->core) == 0);
	tries = get(f, &f->tries);
	assert_int_equal(get(f, &f->device_resets), 1);
	old = f->ring[0];
	drive(f, V1);
	head = add(f, 0);
	virtio_core_kick(f->core, 0);
	await(f, &f->interrupts[0], 1);
	assert_used(f, 0, head, 4);
	pause_ms(2 * VIRTIO_WAIT_MAX_MS);
	assert_int_equal(get(f, &f->tries), tries);
	assert_int_equal(get(f, &f->handled), 1);
	assert_false(fake_ring_has_used(&old));
}

static void a_reset_of_its_queue_drops_it(void **state)
{
	struct core_fixture *f = *state;
	char *byte, *other_byte;
	struct fake_ring old;
	uint16_t head, other;

	start_waiting(f, V1 | RING_RESET, &byte);
	other = add_waiting(f, 1, &other_byte);
	virtio_core_kick(f->core, 1);
	virtio_core_reset_queue(f->core, 0);
	await_true(!virtio_core_queue_resetting(f->core, 0));
	old = f->ring[0];
	set_up_queue(f, 0, V1);
	let_go(f, byte);
	head = add(f, 0);
	virtio_core_kick(f->core, 0);
	await(f, &f->handled, 1);
	await(f, &f->interrupts[0], 1);
	assert_used(f, 0, head, 4);
	assert_false(fake_ring_has_used(&old));
	/* That of the other queue waits on. */
	let_go(f, other_byte);
	await(f, &f->interrupts[1], 1);
	assert_used(f, 1, other, 4);
	assert_int_equal(get(f, &f->handled), 2);
}

static void is_given_back_empty_when_the_queue_breaks(void **state)
{
	struct core_fixture *f = *state;
	uint16_t head[2];
	unsigned tries;
	char *byte;

	head[0] = start_waiting(f, V1, &byte);
	head[1] = add_waiting(f, 0, &byte);
	virtio_core_kick(f->core, 0);
	await(f, &f->tries, 6);
	fake_ring_publish(&f->ring[0], 60000);
	virtio_core_kick(f->core, 0);
	await(f, &f->config_interrupts, 1);
	tries = get(f, &f->tries);
	await_true(fake_ring_used_idx(&f->ring[0]) == 2);
	assert_int_equal(get(f, &f->interrupts[0]), 1);
	/* In the order that their tries have come to. */
	if (le32_load(fake_ram_ptr(&f->ram, f->ring[0].used + 4)) == head[0]) {
		assert_used(f, 0, head[0], 0);
		assert_used(f, 0, head[1], 0);
	} else {
		assert_used(f, 0, head[1], 0);
		assert_used(f, 0, head[0], 0);
	}
	pause_ms(2 * VIRTIO_WAIT_MAX_MS);
	assert_int_equal(get(f, &f->tries), tries);
	assert_int_equal(fake_ring_used_idx(&f->ring[0]), 2);
}

/* A driver that lies makes one head available more often than there are. */
static void is_bounded_by_the_size_of_the_queue(void **state)
{
	struct core_fixture *f = *state;
	char *byte;
	uint16_t head = start_waiting(f, V1, &byte);

	for (unsigned i = 1; i < QUEUE_SIZE; i++) {
		unsigned tries = get(f, &f->tries);

		fake_ring_publish(&f->ring[0], head);
		virtio_core_kick(f->core, 0);
		await(f, &f->tries, tries + i + 1);
	}
	assert_int_equal(get(f, &f->config_interrupts), 0);
	fake_ring_publish(&f->ring[0], head);
	virtio_core_kick(f->core, 0);
	await(f, &f->config_interrupts, 1);
	assert_int_equal(virtio_core_status(f->core),
			 READY | VIRTIO_STATUS_NEEDS_RESET);
	assert_int_equal(fake_ring_used_idx(&f->ring[0]), QUEUE_SIZE + 1);
	f->ring[0].used_idx = 1;        /* the first place was used twice */
	for (unsigned i = 0; i < QUEUE_SIZE; i++)
		assert_used(f, 0, head, 0);
}

static void breaks_its_queue_when_the_driver_ruins_it(void **state)
{
	struct core_fixture *f = *state;
	char *byte;
	uint16_t head = start_waiting(f, V1, &byte);

	virtio_core_stop(f->core);
	fake_ring_desc(&f->ring[0], f->ring[0].desc, head, RAM_GPA, 8,
		       VIRTQ_DESC_F_NEXT, head);
	assert_int_equal(virtio_core_start(f->core), 0);
	await(f, &f->config_interrupts, 1);
	assert_used(f, 0, head, 0);
	assert_int_equal(fake_ring_used_idx(&f->ring[0]), 1);
}

static void leaves_memory_while_it_waits(void **state)
{
	struct core_fixture *f = *state;
	char *byte;

	start_waiting(f, V1, &byte);
	/* Returns, though nobody answers it. */
	assert_int_equal(gmem_remove(&f->mem, RAM_GPA, RAM_SIZE), 0);
	/* The driver has taken its own queue away. */
	await(f, &f->config_interrupts, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		core_test(answers_when_it_waits_no_more),
		core_test(others_overtake_it),
		core_test(holds_up_others_in_order),
		core_packed_test(holds_up_others_in_order),
		core_packed_test(others_overtake_it),
		core_test(does_not_hold_up_others),
		core_packed_test(does_not_hold_up_others),
		core_test(is_not_starved_by_a_storm),
		core_packed_test(is_not_starved_by_a_storm),
		core_test(stays_over_stop_and_start),
		core_test(a_reset_drops_it),
		core_packed_test(a_reset_drops_it),
		core_test(a_reset_of_its_queue_drops_it),
		core_test(is_given_back_empty_when_the_queue_breaks),
		core_test(is_bounded_by_the_size_of_the_queue),
		core_test(breaks_its_queue_when_the_driver_ruins_it),
		core_test(leaves_memory_while_it_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
