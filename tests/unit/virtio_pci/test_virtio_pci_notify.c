/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_pci/pci_fixture.h"
#include "virtio/pci/virtio_pci_internal.h"

#include <unistd.h>

static void await_reset(struct fixture *f)
{
	for (unsigned i = 0; bar_get(f, 0, VIRTIO_PCI_COMMON_STATUS, 1); i++) {
		assert_true(i < 20000);
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	}
}

/*
 * While the device is stopped, a kick stays in the queue's event: says which
 * queues were kicked since the last call, a bit each.
 */
static unsigned kicked(struct fixture *f)
{
	unsigned bits = 0;

	for (unsigned q = 0; q < QUEUES; q++) {
		struct event *event =
			virtio_core_queue_event(virtio_pci_core(f->vp), q);

		if (event_wait_for(event, 0))
			bits |= 1u << q;
	}
	return bits;
}

static void a_write_of_any_width_kicks_its_queues(void **state)
{
	const struct fixture_options options = { .stopped = true };
	struct fixture f;

	(void)state;
	fixture_init(&f, &options);
	start_driver(&f);
	(void)kicked(&f);
	for (unsigned q = 0; q < QUEUES; q++) {
		for (unsigned at = 0; at < 4; at++) {
			bar_set(&f, 0, NOTIFY + 4 * q + at, 1, q);
			assert_int_equal(kicked(&f), 1u << q);
		}
		bar_set(&f, 0, NOTIFY + 4 * q, 2, q);
		assert_int_equal(kicked(&f), 1u << q);
		/* The place counts, not the value. */
		bar_set(&f, 0, NOTIFY + 4 * q, 4, 0xffffffff);
		assert_int_equal(kicked(&f), 1u << q);
	}
	bar_set(&f, 0, NOTIFY + 3, 2, 0);
	assert_int_equal(kicked(&f), 3);
	bar_set(&f, 0, NOTIFY + 4, 8, 0);
	assert_int_equal(kicked(&f), 6);
	fixture_done(&f);
}

static void a_write_beside_the_queues_kicks_none(void **state)
{
	const struct fixture_options options = { .stopped = true };
	struct fixture f;

	(void)state;
	fixture_init(&f, &options);
	start_driver(&f);
	(void)kicked(&f);
	bar_set(&f, 0, NOTIFY - 8, 8, 0);
	bar_set(&f, 0, NOTIFY + 4 * QUEUES, 8, 0);
	bar_set(&f, 0, REGISTER_BAR_SIZE - 4, 8, 0);
	bar_set(&f, 0, NOTIFY, 0, 0);
	bar_set(&f, 2, NOTIFY, 4, 0);
	bar_set(&f, 1, NOTIFY, 4, 0);
	assert_int_equal(kicked(&f), 0);
	/* The last bytes of the last queue, and some more. */
	bar_set(&f, 0, NOTIFY + 4 * QUEUES - 1, 8, 0);
	assert_int_equal(kicked(&f), 1u << (QUEUES - 1));
	assert_int_equal(bar_get(&f, 0, NOTIFY, 4), 0xffffffff);
	assert_int_equal(kicked(&f), 0);
	fixture_done(&f);
}

static void doorbells_live_from_driver_ok_to_reset(void **state)
{
	struct fixture *f = *state;

	negotiate(f, V1);
	set_up_queues(f);
	assert_int_equal(f->doorbell_calls, 0);
	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1, READY);
	assert_int_equal(f->doorbell_calls, QUEUES);
	for (unsigned q = 0; q < QUEUES; q++)
		assert_true(fixture_is(f, &f->doorbell[q]));
	/* A second time changes nothing. */
	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1, READY);
	assert_int_equal(f->doorbell_calls, QUEUES);

	assert_int_equal(f->last_doorbell.bar, 0);
	assert_int_equal(f->last_doorbell.offset, NOTIFY + 4 * (QUEUES - 1));
	assert_int_equal(f->last_doorbell.value, QUEUES - 1);
	assert_int_equal(f->last_doorbell.length, 2);
	assert_int_equal(f->last_doorbell.event,
			 event_handle(virtio_core_queue_event(
				 virtio_pci_core(f->vp), QUEUES - 1)));

	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1, 0);
	await_reset(f);
	for (unsigned q = 0; q < QUEUES; q++)
		assert_false(fixture_is(f, &f->doorbell[q]));
	assert_int_equal(f->doorbell_calls, 2 * QUEUES);
	start_driver(f);
	assert_int_equal(f->doorbell_calls, 3 * QUEUES);
	/* fixture_done() checks that none is left behind. */
}

static void only_enabled_queues_get_one(void **state)
{
	struct fixture *f = *state;

	negotiate(f, V1);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1, READY);
	assert_int_equal(f->doorbell_calls, 1);
	assert_true(fixture_is(f, &f->doorbell[1]));
}

static void a_refused_driver_ok_gets_none(void **state)
{
	struct fixture *f = *state;

	set_up_queues(f);
	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1,
		VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
			VIRTIO_STATUS_DRIVER_OK);
	assert_false(bar_get(f, 0, VIRTIO_PCI_COMMON_STATUS, 1) &
		     VIRTIO_STATUS_DRIVER_OK);
	assert_int_equal(f->doorbell_calls, 0);
}

static void a_signalled_doorbell_serves_the_queue(void **state)
{
	struct fixture *f = *state;
	const uint64_t one = 1;

	start_driver(f);
	add_buffer(f, QUEUES - 1);
	/* What a host does with the handle. */
	assert_int_equal(write((int)f->last_doorbell.event, &one, sizeof(one)),
			 sizeof(one));
	fixture_await(f, &f->requests[QUEUES - 1], 1);
}

static void without_doorbells_writes_arrive(void **state)
{
	const struct fixture_options options = { .no_doorbells = true };
	struct fixture f;

	(void)state;
	fixture_init(&f, &options);
	start_driver(&f);
	add_buffer(&f, 1);
	bar_set(&f, 0, NOTIFY + 4, 2, 1);
	fixture_await(&f, &f.requests[1], 1);
	fixture_done(&f);
}

static void a_refused_doorbell_is_not_taken_back(void **state)
{
	struct fixture *f = *state;

	fixture_set(f, &f->refuse_doorbells, true);
	start_driver(f);
	assert_int_equal(f->doorbell_calls, QUEUES);
	add_buffer(f, 0);
	bar_set(f, 0, NOTIFY, 2, 0);
	fixture_await(f, &f->requests[0], 1);
	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1, 0);
	await_reset(f);
	assert_int_equal(f->doorbell_calls, QUEUES);
}

/* One processor writes DRIVER_OK, another 0, and the first comes late. */
static void a_reset_in_between_wins(void **state)
{
	struct fixture *f = *state;
	uint64_t epoch = virtio_pci_doorbell_epoch(f->vp);

	negotiate(f, V1);
	set_up_queues(f);
	virtio_core_set_status(virtio_pci_core(f->vp), 0);
	await_reset(f);
	set_up_queues(f);
	virtio_pci_doorbells_add(f->vp, epoch);
	assert_int_equal(f->doorbell_calls, 0);
	virtio_pci_doorbells_add(f->vp, virtio_pci_doorbell_epoch(f->vp));
	assert_int_equal(f->doorbell_calls, QUEUES);
}

static void bus_reset_takes_them_back(void **state)
{
	struct fixture *f = *state;

	start_driver(f);
	virtio_pci_reset(f->vp);
	for (unsigned q = 0; q < QUEUES; q++)
		assert_false(fixture_is(f, &f->doorbell[q]));
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_write_of_any_width_kicks_its_queues),
		cmocka_unit_test(a_write_beside_the_queues_kicks_none),
		TEST(doorbells_live_from_driver_ok_to_reset),
		TEST(only_enabled_queues_get_one),
		TEST(a_refused_driver_ok_gets_none),
		TEST(a_signalled_doorbell_serves_the_queue),
		cmocka_unit_test(without_doorbells_writes_arrive),
		TEST(a_refused_doorbell_is_not_taken_back),
		TEST(a_reset_in_between_wins),
		TEST(bus_reset_takes_them_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
