/* SPDX-License-Identifier: MIT */
/* A core that is saved, and another that goes on where it was. */
#include "tests/unit/virtio/save_fixture.h"

#include <sys/eventfd.h>
#include <unistd.h>

/* ---- all of it --------------------------------------------------------- */

static void goes_on_where_it_was(void **state)
{
	struct core_fixture *f = *state;
	uint16_t head;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1 | EVENT_IDX);
	for (unsigned i = 0; i < 2 * QUEUE_SIZE + 3; i++)
		request(f, i % QUEUES);
	move(f);
	assert_int_equal(virtio_core_status(f->core), READY);
	assert_int_equal(virtio_core_driver_features(f->core),
			 V1 | EVENT_IDX | f->format);
	for (unsigned i = 0; i < QUEUES; i++) {
		struct virtio_queue_regs regs = virtio_core_queue(f->core, i);

		assert_int_equal(regs.size, QUEUE_SIZE);
		assert_true(regs.enabled);
		assert_int_equal(regs.desc, f->ring[i].desc);
		assert_int_equal(regs.driver, f->ring[i].avail);
		assert_int_equal(regs.device, f->ring[i].used);
	}
	/* The driver had made this available just before. */
	head = add(f, 1);
	assert_int_equal(virtio_core_start(f->core), 0);
	await_true(fake_ring_has_used(&f->ring[1]));
	assert_used(f, 1, head, 4);
	for (unsigned i = 0; i < 2 * QUEUE_SIZE + 3; i++)
		request(f, i % QUEUES);
	assert_int_equal(get(f, &f->config_interrupts), 0);
}

static void goes_on_from_state_that_nobody_used(void **state)
{
	struct core_fixture *f = *state;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	request(f, 0);
	for (unsigned i = 0; i < 3; i++)
		move(f);
	assert_int_equal(virtio_core_start(f->core), 0);
	request(f, 0);
	request(f, 1);
}

/* The driver has reset it since it was stopped, as much as registers can. */
static void finishes_a_reset_that_was_begun(void **state)
{
	struct core_fixture *f = *state;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	request(f, 0);
	virtio_core_stop(f->core);
	virtio_core_set_status(f->core, 0);
	assert_int_equal(virtio_core_status(f->core), READY);
	move(f);
	assert_int_equal(get(f, &f->device_resets), 2);
	assert_int_equal(virtio_core_status(f->core), 0);
	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	request(f, 0);
}

/* Of the other device, there may be much to forget. */
static void what_was_restored_is_forgotten_by_a_worker(void **state)
{
	struct core_fixture *f = *state;
	unsigned resets;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	move(f);
	resets = get(f, &f->device_resets);
	virtio_core_set_status(f->core, 0);
	assert_int_equal(get(f, &f->device_resets), resets);
	assert_int_equal(virtio_core_start(f->core), 0);
	await_true(virtio_core_status(f->core) == 0);
	assert_int_equal(get(f, &f->device_resets), resets + 1);
	assert_false(pthread_equal(f->reset_thread, pthread_self()));
}

static void keeps_those_that_wait(void **state)
{
	struct core_fixture *f = *state;
	uint16_t head[3];
	char *byte[3];
	unsigned tries;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	request(f, 0);
	for (unsigned i = 0; i < 3; i++)
		head[i] = add_waiting(f, &byte[i]);
	virtio_core_kick(f->core, 0);
	await(f, &f->tries, 5);
	move(f);
	tries = get(f, &f->tries);
	assert_int_equal(virtio_core_start(f->core), 0);
	await(f, &f->tries, tries + 3);
	for (unsigned i = 3; i-- > 0; ) {
		let_go(f, byte[i]);
		await_true(fake_ring_has_used(&f->ring[0]));
		assert_used(f, 0, head[i], 4);
	}
	request(f, 0);
	/* Each was answered once. */
	assert_int_equal(get(f, &f->handled), 5);
}

static void does_not_try_those_that_wait_all_the_time(void **state)
{
	struct core_fixture *f = *state;
	struct timespec began, ended;
	unsigned tries, ms;
	char *byte;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	add_waiting(f, &byte);
	virtio_core_kick(f->core, 0);
	await(f, &f->tries, 1);
	move(f);
	tries = get(f, &f->tries);
	clock_gettime(CLOCK_MONOTONIC, &began);
	assert_int_equal(virtio_core_start(f->core), 0);
	await(f, &f->tries, tries + 1);
	pause_ms(3 * VIRTIO_WAIT_MAX_MS);
	tries = get(f, &f->tries) - tries;
	clock_gettime(CLOCK_MONOTONIC, &ended);
	ms = (unsigned)((ended.tv_sec - began.tv_sec) * 1000 +
			(ended.tv_nsec - began.tv_nsec) / 1000000);
	/* After 1 ms, 2, 4 and so on. */
	assert_in_range(tries, 1, 9 + ms / VIRTIO_WAIT_MAX_MS);
}

static void those_that_wait_hold_up_others_in_order(void **state)
{
	struct core_fixture *f = *state;
	uint16_t head, other;
	char *byte;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1 | IN_ORDER);
	head = add_waiting(f, &byte);
	virtio_core_kick(f->core, 0);
	await(f, &f->tries, 1);
	move(f);
	assert_int_equal(virtio_core_start(f->core), 0);
	other = add(f, 0);
	virtio_core_kick(f->core, 0);
	await(f, &f->tries, get(f, &f->tries) + 3);
	assert_int_equal(get(f, &f->handled), 0);
	let_go(f, byte);
	await(f, &f->handled, 2);
	await_true(fake_ring_has_used(&f->ring[0]));
	assert_used(f, 0, head, 4);
	await_true(fake_ring_has_used(&f->ring[0]));
	assert_used(f, 0, other, 4);
}

static void begins_at_the_start_where_nothing_was_served(void **state)
{
	struct core_fixture *f = *state;
	uint16_t head;

	drive(f, V1);
	head = add(f, 0);
	move(f);
	assert_int_equal(virtio_core_start(f->core), 0);
	await_true(fake_ring_has_used(&f->ring[0]));
	assert_used(f, 0, head, 4);
}

static void keeps_a_driver_that_is_not_ready(void **state)
{
	struct core_fixture *f = *state;

	negotiate(f, V1 | f->format);
	set_up_queue(f, 0, V1);
	move(f);
	assert_int_equal(virtio_core_status(f->core), NEGOTIATED);
	assert_true(virtio_core_queue(f->core, 0).enabled);
	assert_false(virtio_core_queue(f->core, 1).enabled);
	assert_int_equal(virtio_core_start(f->core), 0);
	virtio_core_set_status(f->core, READY);
	request(f, 0);
}

static void a_broken_queue_stays_broken(void **state)
{
	struct core_fixture *f = *state;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	fake_ring_publish(&f->ring[0], 60000);
	virtio_core_kick(f->core, 0);
	await(f, &f->config_interrupts, 1);
	move(f);
	assert_int_equal(virtio_core_status(f->core),
			 READY | VIRTIO_STATUS_NEEDS_RESET);
	assert_int_equal(virtio_core_start(f->core), 0);
	virtio_core_kick(f->core, 0);
	request(f, 1);
	pause_ms(5);
	assert_int_equal(fake_ring_used_idx(&f->ring[0]), 0);
	/* The driver was told before. */
	assert_int_equal(get(f, &f->config_interrupts), 1);
	virtio_core_set_status(f->core, 0);
	await_true(virtio_core_status(f->core) == 0);
	drive(f, V1);
	request(f, 0);
}

static void is_not_saved_or_restored_while_it_runs(void **state)
{
	struct core_fixture *f = *state;
	struct save_writer *w = malloc(sizeof(*w));
	struct fake_image image = save_by(f, virtio_core_save), none = { 0 };

	assert_non_null(w);
	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	save_open(w, KIND, fake_image_write, &none);
	assert_int_equal(virtio_core_save(f->core, w), -EBUSY);
	assert_int_equal(virtio_core_save_device(f->core, w), -EBUSY);
	assert_int_equal(restore_by(f, &image, virtio_core_restore), -EBUSY);
	assert_int_equal(restore_by(f, &image, virtio_core_restore_device),
			 -EBUSY);
	request(f, 0);
	free(w);
	fake_image_done(&image);
	fake_image_done(&none);
}

/* ---- single queues ----------------------------------------------------- */

static struct virtio_queue_regs start_one(struct core_fixture *f, int kick)
{
	struct virtio_queue_regs regs = { .size = QUEUE_SIZE };

	if (f->format)
		fake_ring_init_packed(&f->ring[0], &f->ram, QUEUE_SIZE, false);
	else
		fake_ring_init(&f->ring[0], &f->ram, QUEUE_SIZE, false);
	regs.desc = f->ring[0].desc;
	regs.driver = f->ring[0].avail;
	regs.device = f->ring[0].used;
	virtio_core_set_driver_features(f->core, 0, (uint32_t)(V1 | f->format));
	virtio_core_set_driver_features(f->core, 1,
					(uint32_t)((V1 | f->format) >> 32));
	assert_int_equal(virtio_core_start_queue(f->core, 0, &regs,
						 f->format ? 0x80008000 : 0,
						 kick), 0);
	return regs;
}

/* One that waits, in another core; *ret_base is where the queue is. */
static struct virtio_queue_regs move_one(struct core_fixture *f, int kick,
					 char **ret_byte, uint16_t *ret_head,
					 uint32_t *ret_base)
{
	struct virtio_queue_regs regs = start_one(f, kick);
	struct fake_image image;

	*ret_head = add_waiting(f, ret_byte);
	virtio_core_kick(f->core, 0);
	await(f, &f->tries, 2);
	*ret_base = virtio_core_stop_queue(f->core, 0);
	image = save_by(f, virtio_core_save_device);
	new_core(f, QUEUES, true);
	assert_int_equal(restore_by(f, &image, virtio_core_restore_device), 0);
	assert_int_equal(restored_state, DEVICE_STATE);
	virtio_core_set_driver_features(f->core, 0, (uint32_t)(V1 | f->format));
	virtio_core_set_driver_features(f->core, 1,
					(uint32_t)((V1 | f->format) >> 32));
	fake_image_done(&image);
	return regs;
}

static void a_single_queue_goes_on(void **state)
{
	struct core_fixture *f = *state;
	int kick = eventfd(0, EFD_CLOEXEC);
	struct virtio_queue_regs regs;
	uint16_t head;
	uint32_t base;
	char *byte;

	regs = move_one(f, kick, &byte, &head, &base);
	assert_int_equal(virtio_core_start_queue(f->core, 0, &regs, base,
						 kick), 0);
	request(f, 0);
	let_go(f, byte);
	await_true(fake_ring_has_used(&f->ring[0]));
	assert_used(f, 0, head, 4);
	(void)virtio_core_stop_queue(f->core, 0);
	close(kick);
}

static void a_single_queue_may_begin_anew(void **state)
{
	struct core_fixture *f = *state;
	int kick = eventfd(0, EFD_CLOEXEC);
	uint16_t head;
	uint32_t base;
	unsigned tries;
	char *byte;

	(void)move_one(f, kick, &byte, &head, &base);
	(void)start_one(f, kick);
	tries = get(f, &f->tries);
	request(f, 0);
	pause_ms(5);
	assert_int_equal(get(f, &f->tries), tries);
	(void)virtio_core_stop_queue(f->core, 0);
	close(kick);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		save_test(goes_on_where_it_was),
		save_packed_test(goes_on_where_it_was),
		save_test(goes_on_from_state_that_nobody_used),
		save_packed_test(goes_on_from_state_that_nobody_used),
		save_test(finishes_a_reset_that_was_begun),
		save_test(what_was_restored_is_forgotten_by_a_worker),
		save_test(keeps_those_that_wait),
		save_packed_test(keeps_those_that_wait),
		save_test(does_not_try_those_that_wait_all_the_time),
		save_test(those_that_wait_hold_up_others_in_order),
		save_packed_test(those_that_wait_hold_up_others_in_order),
		save_test(begins_at_the_start_where_nothing_was_served),
		save_packed_test(begins_at_the_start_where_nothing_was_served),
		save_test(keeps_a_driver_that_is_not_ready),
		save_test(a_broken_queue_stays_broken),
		save_test(is_not_saved_or_restored_while_it_runs),
		save_test(a_single_queue_goes_on),
		save_packed_test(a_single_queue_goes_on),
		save_test(a_single_queue_may_begin_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
