/* SPDX-License-Identifier: MIT */
/* Registers, the status machine and resets; see test_worker.c for traffic. */
#include "tests/unit/virtio/core_fixture.h"

static void refuses_bad_parameters(void **state)
{
	struct core_fixture *f = *state;
	struct virtio_core *core = NULL;
	static const struct {
		unsigned queues;
		uint16_t size;
	} bad[] = {
		{ 0, 16 },
		{ VIRTIO_QUEUES_MAX + 1, 16 },
		{ 1, 0 },
		{ 1, 24 },
		{ 1, 2 * VIRTIO_QUEUE_SIZE_MAX },
	};

	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		const struct virtio_core_params params = {
			.queues = bad[i].queues,
			.queue_size = bad[i].size,
			.name = "x",
		};

		assert_int_equal(virtio_core_new(&params, &fixture_dev_ops, f,
						 &fixture_transport_ops, f,
						 &f->mem, &f->log, &core),
				 -EINVAL);
	}
	assert_null(core);
}

static void offers_what_it_has(void **state)
{
	struct core_fixture *f = *state;

	assert_int_equal(virtio_core_queues(f->core), QUEUES);
	assert_true(virtio_core_features(f->core) ==
		    (V1 | EVENT_IDX | RING_RESET | PACKED | IN_ORDER |
		     VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC) |
		     VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM)));
}

static void offers_no_more_than_it_is_told(void **state)
{
	struct core_fixture *f = *state;
	const struct virtio_core_params params = {
		.queues = 1, .queue_size = 8, .name = "x", .split_only = true,
	};
	struct virtio_core *core;

	assert_int_equal(virtio_core_new(&params, &fixture_dev_ops, f,
					 &fixture_transport_ops, f, &f->mem,
					 &f->log, &core), 0);
	assert_true(virtio_core_features(core) ==
		    (virtio_core_features(f->core) & ~(PACKED | IN_ORDER)));
	virtio_core_set_driver_features(core, 1,
					(uint32_t)((V1 | PACKED) >> 32));
	virtio_core_set_status(core, NEGOTIATED);
	assert_false(virtio_core_status(core) & VIRTIO_STATUS_FEATURES_OK);
	virtio_core_free(core);
}

static void reads_the_configuration_and_ones_beyond(void **state)
{
	struct core_fixture *f = *state;
	uint8_t buf[6];

	virtio_core_config_read(f->core, 4, buf, 6);
	assert_memory_equal(buf, "igur\xff\xff", 6);
	virtio_core_config_read(f->core, UINT32_MAX, buf, 6);
	assert_memory_equal(buf, "\xff\xff\xff\xff\xff\xff", 6);
}

static void refuses_features_without_version_1(void **state)
{
	struct core_fixture *f = *state;

	virtio_core_set_driver_features(f->core, 0, (uint32_t)EVENT_IDX);
	virtio_core_set_status(f->core, READY);
	assert_int_equal(virtio_core_status(f->core),
			 VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
}

static void refuses_features_that_were_not_offered(void **state)
{
	struct core_fixture *f = *state;
	const uint64_t other = VIRTIO_FEATURE(VIRTIO_F_NOTIFICATION_DATA);

	virtio_core_set_driver_features(f->core, 1,
					(uint32_t)((V1 | other) >> 32));
	virtio_core_set_status(f->core, NEGOTIATED);
	assert_int_equal(virtio_core_status(f->core),
			 VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	assert_true(virtio_core_driver_features(f->core) == (V1 | other));
	/* The driver may think again. */
	negotiate(f, V1);
}

static void freezes_features_at_features_ok(void **state)
{
	struct core_fixture *f = *state;

	negotiate(f, V1 | EVENT_IDX);
	virtio_core_set_driver_features(f->core, 0, 0);
	virtio_core_set_driver_features(f->core, 2, 0);
	assert_true(virtio_core_driver_features(f->core) == (V1 | EVENT_IDX));
}

static void takes_driver_ok_only_after_features_ok(void **state)
{
	struct core_fixture *f = *state;

	virtio_core_set_status(f->core, VIRTIO_STATUS_DRIVER_OK);
	assert_int_equal(virtio_core_status(f->core), 0);
}

static void keeps_status_bits_and_its_own(void **state)
{
	struct core_fixture *f = *state;

	negotiate(f, V1);
	virtio_core_set_status(f->core, VIRTIO_STATUS_FAILED |
					VIRTIO_STATUS_NEEDS_RESET | 0x30);
	assert_int_equal(virtio_core_status(f->core),
			 NEGOTIATED | VIRTIO_STATUS_FAILED);
}

static void checks_queue_registers(void **state)
{
	struct core_fixture *f = *state;
	struct virtio_queue_regs regs = { .size = 8, .desc = 0x1000,
					  .driver = 0x2000, .device = 0x3000 };
	const uint16_t bad[] = { 0, 12, 2 * QUEUE_SIZE };

	assert_int_equal(virtio_core_queue(f->core, 0).size, QUEUE_SIZE);
	virtio_core_set_queue(f->core, 0, &regs);
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		regs.size = bad[i];
		virtio_core_set_queue(f->core, 0, &regs);
		assert_int_equal(virtio_core_queue(f->core, 0).size, 8);
	}
	assert_int_equal(virtio_core_queue(f->core, 0).device, 0x3000);
	virtio_core_enable_queue(f->core, 0);
	regs.device = 0x4000;
	virtio_core_set_queue(f->core, 0, &regs);
	assert_int_equal(virtio_core_queue(f->core, 0).device, 0x3000);
	assert_true(virtio_core_queue(f->core, 0).enabled);
}

static void takes_any_size_for_a_packed_ring(void **state)
{
	struct core_fixture *f = *state;
	struct virtio_queue_regs regs = { .size = 12 };
	const uint16_t bad[] = { 0, QUEUE_SIZE + 1 };

	negotiate(f, V1 | PACKED);
	virtio_core_set_queue(f->core, 0, &regs);
	assert_int_equal(virtio_core_queue(f->core, 0).size, 12);
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		regs.size = bad[i];
		virtio_core_set_queue(f->core, 0, &regs);
		assert_int_equal(virtio_core_queue(f->core, 0).size, 12);
	}
}

/* What a driver writes before FEATURES_OK is not agreed yet. */
static void keeps_powers_of_2_until_packed_rings_are_agreed_on(void **state)
{
	struct core_fixture *f = *state;
	const struct virtio_queue_regs regs = { .size = 12 };

	virtio_core_set_driver_features(f->core, 1,
					(uint32_t)((V1 | PACKED) >> 32));
	virtio_core_set_queue(f->core, 0, &regs);
	assert_int_equal(virtio_core_queue(f->core, 0).size, QUEUE_SIZE);
	negotiate(f, V1);
	virtio_core_set_queue(f->core, 0, &regs);
	assert_int_equal(virtio_core_queue(f->core, 0).size, QUEUE_SIZE);
}

static void knows_no_other_queues(void **state)
{
	struct core_fixture *f = *state;
	const struct virtio_queue_regs regs = { .size = 8 };

	virtio_core_set_queue(f->core, QUEUES, &regs);
	virtio_core_enable_queue(f->core, QUEUES);
	virtio_core_reset_queue(f->core, QUEUES);
	virtio_core_kick(f->core, QUEUES);
	assert_false(virtio_core_queue_resetting(f->core, QUEUES));
	assert_int_equal(virtio_core_queue(f->core, QUEUES).size, 0);
	assert_null(virtio_core_queue_event(f->core, QUEUES));
}

static void resets_at_once_before_driver_ok(void **state)
{
	struct core_fixture *f = *state;
	const struct virtio_queue_regs regs = { .size = 8, .desc = 0x1000 };

	assert_int_equal(virtio_core_start(f->core), 0);
	negotiate(f, V1);
	virtio_core_set_queue(f->core, 1, &regs);
	virtio_core_enable_queue(f->core, 1);
	virtio_core_set_status(f->core, 0);
	assert_int_equal(virtio_core_status(f->core), 0);
	assert_true(virtio_core_driver_features(f->core) == 0);
	assert_int_equal(virtio_core_queue(f->core, 1).size, QUEUE_SIZE);
	assert_int_equal(virtio_core_queue(f->core, 1).desc, 0);
	assert_false(virtio_core_queue(f->core, 1).enabled);
	assert_int_equal(get(f, &f->transport_resets), 1);
	assert_int_equal(get(f, &f->device_resets), 1);
}

/* A device that has seen requests may take long to forget them. */
static void resets_on_a_worker_after_driver_ok(void **state)
{
	struct core_fixture *f = *state;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	set(f, &f->hold_reset, true);
	virtio_core_set_status(f->core, 0);
	await(f, &f->device_resets, 1);
	assert_int_equal(virtio_core_status(f->core), READY);
	/* What is written meanwhile changes nothing. */
	virtio_core_set_status(f->core, 0);
	virtio_core_set_status(f->core, VIRTIO_STATUS_FAILED);
	virtio_core_enable_queue(f->core, 0);
	set(f, &f->hold_reset, false);
	await_true(virtio_core_status(f->core) == 0);
	assert_int_equal(get(f, &f->device_resets), 1);
	assert_int_equal(get(f, &f->transport_resets), 1);
	assert_false(pthread_equal(f->reset_thread, pthread_self()));
}

static void waits_for_the_request_in_flight(void **state)
{
	struct core_fixture *f = *state;
	uint16_t head;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	set(f, &f->hold, true);
	head = add(f, 0);
	add(f, 0);
	virtio_core_kick(f->core, 0);
	await(f, &f->entered, 1);
	virtio_core_set_status(f->core, 0);
	pause_ms(20);
	assert_int_equal(virtio_core_status(f->core), READY);
	assert_int_equal(get(f, &f->device_resets), 0);
	set(f, &f->hold, false);
	await_true(virtio_core_status(f->core) == 0);
	assert_int_equal(get(f, &f->device_resets), 1);
	/* It was completed; the one after it was not begun. */
	assert_used(f, 0, head, 4);
	assert_int_equal(fake_ring_used_idx(&f->ring[0]), 1);
	assert_int_equal(get(f, &f->handled), 1);
}

static void works_again_after_a_reset(void **state)
{
	struct core_fixture *f = *state;
	uint16_t head;

	assert_int_equal(virtio_core_start(f->core), 0);
	for (unsigned i = 1; i <= 5; i++) {
		drive(f, i & 1 ? V1 : V1 | EVENT_IDX);
		head = add(f, 1);
		virtio_core_kick(f->core, 1);
		await(f, &f->interrupts[1], i);
		assert_used(f, 1, head, 4);
		virtio_core_set_status(f->core, 0);
		await_true(virtio_core_status(f->core) == 0);
		assert_int_equal(get(f, &f->device_resets), i);
	}
}

static void resets_at_once_while_stopped(void **state)
{
	struct core_fixture *f = *state;

	drive(f, V1);
	add(f, 0);
	virtio_core_set_status(f->core, 0);
	assert_int_equal(virtio_core_status(f->core), 0);
	assert_int_equal(get(f, &f->device_resets), 1);
	assert_int_equal(virtio_core_start(f->core), 0);
	pause_ms(20);
	assert_int_equal(get(f, &f->entered), 0);
}

/* A core that was stopped after it has served a request. */
static void serve_and_stop(struct core_fixture *f, unsigned handled)
{
	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	add(f, 0);
	virtio_core_kick(f->core, 0);
	await(f, &f->handled, handled);
	virtio_core_stop(f->core);
}

/* There may be much to forget, which is for nobody who writes a register. */
static void what_was_served_is_forgotten_by_a_worker(void **state)
{
	struct core_fixture *f = *state;

	serve_and_stop(f, 1);
	virtio_core_set_status(f->core, 0);
	assert_int_equal(get(f, &f->device_resets), 0);
	assert_int_equal(virtio_core_status(f->core), READY);
	virtio_core_set_status(f->core, VIRTIO_STATUS_FAILED);
	assert_int_equal(virtio_core_status(f->core), READY);
	assert_int_equal(virtio_core_start(f->core), 0);
	await_true(virtio_core_status(f->core) == 0);
	assert_int_equal(get(f, &f->device_resets), 1);
	assert_false(pthread_equal(f->reset_thread, pthread_self()));
	/* There is nothing more to forget. */
	virtio_core_stop(f->core);
	drive(f, V1);
	virtio_core_set_status(f->core, 0);
	assert_int_equal(virtio_core_status(f->core), 0);
}

static void or_by_who_stops_or_resets(void **state)
{
	struct core_fixture *f = *state;

	serve_and_stop(f, 1);
	virtio_core_set_status(f->core, 0);
	virtio_core_stop(f->core);
	assert_int_equal(virtio_core_status(f->core), 0);
	serve_and_stop(f, 2);
	virtio_core_set_status(f->core, 0);
	virtio_core_reset(f->core);
	assert_int_equal(virtio_core_status(f->core), 0);
	serve_and_stop(f, 3);
	virtio_core_reset(f->core);
	assert_int_equal(virtio_core_status(f->core), 0);
	assert_int_equal(get(f, &f->device_resets), 3);
}

static void *let_go_later(void *arg)
{
	struct core_fixture *f = arg;

	pause_ms(20);
	set(f, &f->hold, false);
	return NULL;
}

/* A bus reset waits. */
static void bus_reset_is_done_when_it_returns(void **state)
{
	struct core_fixture *f = *state;
	pthread_t helper;

	assert_int_equal(virtio_core_start(f->core), 0);
	drive(f, V1);
	set(f, &f->hold, true);
	add(f, 0);
	virtio_core_kick(f->core, 0);
	await(f, &f->entered, 1);
	pthread_create(&helper, NULL, let_go_later, f);
	virtio_core_reset(f->core);
	assert_int_equal(virtio_core_status(f->core), 0);
	assert_int_equal(get(f, &f->handled), 1);
	assert_int_equal(get(f, &f->device_resets), 1);
	pthread_join(helper, NULL);
	drive(f, V1);
}

/* The stop ends the workers; the reset that they were asked for is not lost. */
static void reset_and_stop_at_once(void **state)
{
	struct core_fixture *f = *state;

	for (unsigned i = 1; i <= 20; i++) {
		assert_int_equal(virtio_core_start(f->core), 0);
		drive(f, V1);
		virtio_core_set_status(f->core, 0);
		virtio_core_stop(f->core);
		assert_int_equal(virtio_core_status(f->core), 0);
		assert_int_equal(get(f, &f->device_resets), i);
	}
}

static void count_line(void *ctx, enum log_level level, const char *target,
		       const char *message)
{
	unsigned *lines = ctx;

	(void)level;
	(void)target;
	(void)message;
	++*lines;
}

static void a_driver_that_resets_for_ever_does_not_fill_the_log(void **state)
{
	struct core_fixture *f = *state;
	unsigned lines = 0;

	log_set_sink(&f->log, count_line, &lines);
	log_set_filter(&f->log, "debug", NULL, 0);
	for (int i = 0; i < 100; i++) {
		negotiate(f, V1);
		virtio_core_set_status(f->core, READY);
		virtio_core_set_status(f->core, 0);
		assert_int_equal(virtio_core_status(f->core), 0);
	}
	/* Two places, and a new period may have begun meanwhile. */
	assert_in_range(lines, 2 * LOG_BURST, 4 * LOG_BURST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		core_test(refuses_bad_parameters),
		core_test(offers_what_it_has),
		core_test(offers_no_more_than_it_is_told),
		core_test(reads_the_configuration_and_ones_beyond),
		core_test(refuses_features_without_version_1),
		core_test(refuses_features_that_were_not_offered),
		core_test(freezes_features_at_features_ok),
		core_test(takes_driver_ok_only_after_features_ok),
		core_test(keeps_status_bits_and_its_own),
		core_test(checks_queue_registers),
		core_test(takes_any_size_for_a_packed_ring),
		core_test(keeps_powers_of_2_until_packed_rings_are_agreed_on),
		core_test(knows_no_other_queues),
		core_test(resets_at_once_before_driver_ok),
		core_test(resets_on_a_worker_after_driver_ok),
		core_test(waits_for_the_request_in_flight),
		core_test(works_again_after_a_reset),
		core_test(resets_at_once_while_stopped),
		core_test(what_was_served_is_forgotten_by_a_worker),
		core_test(or_by_who_stops_or_resets),
		core_test(bus_reset_is_done_when_it_returns),
		core_test(reset_and_stop_at_once),
		core_test(a_driver_that_resets_for_ever_does_not_fill_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
