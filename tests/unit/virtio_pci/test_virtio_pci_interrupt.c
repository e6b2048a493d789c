/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_pci/pci_fixture.h"

static void await_line(struct fixture *f, bool level)
{
	for (unsigned i = 0; fixture_is(f, &f->line) != level; i++) {
		assert_true(i < 20000);
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	}
}

/* Wait until the worker has said everything: it is quiet after stop. */
static void settle(struct fixture *f)
{
	virtio_pci_stop(f->vp);
	assert_int_equal(virtio_pci_start(f->vp), 0);
}

static void await_reset(struct fixture *f)
{
	for (unsigned i = 0; bar_get(f, 0, VIRTIO_PCI_COMMON_STATUS, 1); i++) {
		assert_true(i < 20000);
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	}
}

static void each_queue_has_its_vector(void **state)
{
	struct fixture *f = *state;

	enable_msix(f);
	assign_vectors(f);
	start_driver(f);
	for (unsigned q = 0; q < QUEUES; q++) {
		request(f, q);
		fixture_await(f, &f->messages[q + 1], 1);
		assert_int_equal(f->address, 0xfee00000);
		assert_int_equal(f->data, 0x101 + q);
	}
	settle(f);
	for (unsigned q = 0; q < QUEUES; q++)
		assert_int_equal(fixture_get(f, &f->messages[q + 1]), 1);
	assert_int_equal(fixture_get(f, &f->messages[0]), 0);
	assert_false(f->line);
	assert_int_equal(bar_get(f, 0, ISR, 1), 0);
}

static void queues_may_share_a_vector(void **state)
{
	struct fixture *f = *state;

	enable_msix(f);
	for (unsigned q = 0; q < QUEUES; q++) {
		bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2, q);
		bar_set(f, 0, VIRTIO_PCI_COMMON_Q_MSIX, 2, 1);
	}
	start_driver(f);
	request(f, 0);
	request(f, 2);
	fixture_await(f, &f->messages[1], 2);
}

/* Queue 1 breaks and says so, by its own vector and the configuration's. */
static void break_queue(struct fixture *f)
{
	fixture_set(f, &f->corrupt, true);
	request(f, 1);
	for (unsigned i = 0; !(bar_get(f, 0, VIRTIO_PCI_COMMON_STATUS, 1) &
			       VIRTIO_STATUS_NEEDS_RESET); i++) {
		assert_true(i < 20000);
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	}
	settle(f);
	fixture_set(f, &f->corrupt, false);
}

static void any_event_may_have_any_vector(void **state)
{
	struct fixture *f = *state;

	enable_msix(f);
	for (unsigned v = 0; v < VECTORS; v++) {
		unsigned other = (v + 1) % VECTORS;
		unsigned before = fixture_get(f, &f->messages[v]);
		unsigned other_before = fixture_get(f, &f->messages[other]);

		bar_set(f, 0, VIRTIO_PCI_COMMON_MSIX, 2, v);
		bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
		bar_set(f, 0, VIRTIO_PCI_COMMON_Q_MSIX, 2, other);
		assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_MSIX, 2), v);
		assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_MSIX, 2),
				 other);
		start_driver(f);
		break_queue(f);
		assert_int_equal(fixture_get(f, &f->messages[v]), before + 1);
		assert_int_equal(fixture_get(f, &f->messages[other]),
				 other_before + 1);
		bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1, 0);
		await_reset(f);
	}
}

static void no_config_vector_is_no_config_interrupt(void **state)
{
	struct fixture *f = *state;

	enable_msix(f);
	assign_vectors(f);
	bar_set(f, 0, VIRTIO_PCI_COMMON_MSIX, 2, VIRTIO_MSI_NO_VECTOR);
	start_driver(f);
	break_queue(f);
	for (unsigned v = 0; v < VECTORS; v++)
		assert_int_equal(fixture_get(f, &f->messages[v]), v == 2);
	assert_false(f->line);
}

static void no_vector_is_no_interrupt(void **state)
{
	struct fixture *f = *state;

	enable_msix(f);
	start_driver(f);
	request(f, 0);
	settle(f);
	for (unsigned v = 0; v < VECTORS; v++)
		assert_int_equal(fixture_get(f, &f->messages[v]), 0);
	assert_false(f->line);
	assert_int_equal(bar_get(f, 0, ISR, 1), 0);
}

static void a_masked_vector_waits(void **state)
{
	struct fixture *f = *state;

	enable_msix(f);
	assign_vectors(f);
	start_driver(f);
	bar_set(f, 2, 1 * 16 + 12, 1, 1);
	request(f, 0);
	settle(f);
	assert_int_equal(fixture_get(f, &f->messages[1]), 0);
	assert_int_equal(bar_get(f, 2, 0x800, 4), 1 << 1);
	bar_set(f, 2, 1 * 16 + 12, 1, 0);
	assert_int_equal(fixture_get(f, &f->messages[1]), 1);
	assert_int_equal(bar_get(f, 2, 0x800, 4), 0);
}

static void a_broken_queue_uses_the_config_vector(void **state)
{
	struct fixture *f = *state;

	enable_msix(f);
	assign_vectors(f);
	start_driver(f);
	fixture_set(f, &f->corrupt, true);
	request(f, 1);
	fixture_await(f, &f->messages[0], 1);
	settle(f);
	assert_int_equal(fixture_get(f, &f->messages[0]), 1);
	assert_false(f->line);
	/* The ISR status tells of it in both modes. */
	assert_int_equal(bar_get(f, 0, ISR, 1), VIRTIO_PCI_ISR_CONFIG);
	assert_int_equal(bar_get(f, 0, ISR, 1), 0);
}

static void without_msix_the_line_is_raised_until_isr_is_read(void **state)
{
	struct fixture *f = *state;

	start_driver(f);
	for (unsigned i = 0; i < 3; i++) {
		request(f, i);
		await_line(f, true);
		assert_true(cfg_get(f, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
		assert_int_equal(bar_get(f, 0, ISR, 1), VIRTIO_PCI_ISR_QUEUE);
		assert_false(fixture_is(f, &f->line));
		assert_false(cfg_get(f, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
		assert_int_equal(bar_get(f, 0, ISR, 1), 0);
	}
	for (unsigned v = 0; v < VECTORS; v++)
		assert_int_equal(fixture_get(f, &f->messages[v]), 0);
}

static void a_wide_read_of_isr_clears_it_and_a_write_does_not(void **state)
{
	struct fixture *f = *state;

	start_driver(f);
	request(f, 0);
	await_line(f, true);
	bar_set(f, 0, ISR, 1, 0xff);
	bar_set(f, 0, ISR, 4, 0);
	assert_int_equal(bar_get(f, 0, ISR + 1, 4), 0xffffffff);
	assert_true(fixture_is(f, &f->line));
	assert_int_equal(bar_get(f, 0, ISR, 4),
			 0xffffff00 | VIRTIO_PCI_ISR_QUEUE);
	assert_false(fixture_is(f, &f->line));
}

static void a_broken_queue_raises_the_line(void **state)
{
	struct fixture *f = *state;

	start_driver(f);
	fixture_set(f, &f->corrupt, true);
	request(f, 1);
	await_line(f, true);
	settle(f);
	assert_true(bar_get(f, 0, ISR, 1) & VIRTIO_PCI_ISR_CONFIG);
	assert_false(fixture_is(f, &f->line));
}

static void interrupt_disable_holds_the_line_down(void **state)
{
	struct fixture *f = *state;

	cfg_set(f, PCI_COMMAND, 2, PCI_COMMAND_INTX_DISABLE);
	start_driver(f);
	request(f, 0);
	settle(f);
	assert_false(f->line);
	assert_true(cfg_get(f, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	cfg_set(f, PCI_COMMAND, 2, 0);
	assert_true(fixture_is(f, &f->line));
	assert_int_equal(bar_get(f, 0, ISR, 1), VIRTIO_PCI_ISR_QUEUE);
	assert_false(fixture_is(f, &f->line));
}

static void reset_takes_everything_back(void **state)
{
	struct fixture *f = *state;

	start_driver(f);
	assign_vectors(f);
	request(f, 0);
	await_line(f, true);
	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1, 0);
	await_reset(f);
	assert_false(fixture_is(f, &f->line));
	assert_int_equal(bar_get(f, 0, ISR, 1), 0);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_MSIX, 2),
			 VIRTIO_MSI_NO_VECTOR);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2), 0);
	for (unsigned q = 0; q < QUEUES; q++) {
		bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2, q);
		assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_MSIX, 2),
				 VIRTIO_MSI_NO_VECTOR);
	}
}

/* Nothing of the old driver's life reaches the new one. */
static void a_reset_drops_what_a_mask_held_back(void **state)
{
	struct fixture *f = *state;

	enable_msix(f);
	assign_vectors(f);
	start_driver(f);
	bar_set(f, 2, 1 * 16 + 12, 1, 1);
	request(f, 0);
	settle(f);
	assert_int_equal(bar_get(f, 2, 0x800, 4), 1 << 1);
	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1, 0);
	await_reset(f);
	assert_int_equal(bar_get(f, 2, 0x800, 4), 0);
	bar_set(f, 2, 1 * 16 + 12, 1, 0);
	assert_int_equal(fixture_get(f, &f->messages[1]), 0);
}

static void a_host_table_gets_signals_by_vector(void **state)
{
	const struct fixture_options options = { .host_msix_table = true };
	struct fixture f;
	uint32_t cap;

	(void)state;
	fixture_init(&f, &options);
	cap = find_cap(&f, PCI_CAP_ID_MSIX, 0);
	/* Nothing but the enable bit is forwarded; all vectors are masked. */
	cfg_set(&f, cap + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	assign_vectors(&f);
	start_driver(&f);
	request(&f, 1);
	fixture_await(&f, &f.messages[2], 1);
	assert_int_equal(f.address, 0);
	assert_int_equal(f.data, 0);
	/* Disabled: by the line, as usual. */
	cfg_set(&f, cap + PCI_MSIX_FLAGS, 2, 0);
	request(&f, 1);
	await_line(&f, true);
	fixture_done(&f);
}

static void without_a_pin_isr_still_tells(void **state)
{
	const struct fixture_options options = { .no_intx = true };
	struct fixture f;

	(void)state;
	fixture_init(&f, &options);
	assert_int_equal(cfg_get(&f, PCI_INTERRUPT_PIN, 1), 0);
	start_driver(&f);
	request(&f, 0);
	settle(&f);
	assert_false(cfg_get(&f, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	assert_int_equal(bar_get(&f, 0, ISR, 1), VIRTIO_PCI_ISR_QUEUE);
	fixture_done(&f);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_queue_has_its_vector),
		TEST(queues_may_share_a_vector),
		TEST(any_event_may_have_any_vector),
		TEST(no_config_vector_is_no_config_interrupt),
		TEST(no_vector_is_no_interrupt),
		TEST(a_masked_vector_waits),
		TEST(a_broken_queue_uses_the_config_vector),
		TEST(without_msix_the_line_is_raised_until_isr_is_read),
		TEST(a_wide_read_of_isr_clears_it_and_a_write_does_not),
		TEST(a_broken_queue_raises_the_line),
		TEST(interrupt_disable_holds_the_line_down),
		TEST(reset_takes_everything_back),
		TEST(a_reset_drops_what_a_mask_held_back),
		cmocka_unit_test(a_host_table_gets_signals_by_vector),
		cmocka_unit_test(without_a_pin_isr_still_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
