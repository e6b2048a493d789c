/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_pci/pci_fixture.h"

/* Point the window; returns the offset of pci_cfg_data. */
static uint32_t point(struct fixture *f, uint8_t bar, uint32_t offset,
		      uint32_t length)
{
	uint32_t cap = find_cap(f, PCI_CAP_ID_VNDR, VIRTIO_PCI_CAP_PCI_CFG);

	assert_int_not_equal(cap, 0);
	cfg_set(f, cap + VIRTIO_PCI_CAP_BAR, 1, bar);
	cfg_set(f, cap + VIRTIO_PCI_CAP_OFFSET, 4, offset);
	cfg_set(f, cap + VIRTIO_PCI_CAP_LENGTH, 4, length);
	return cap + VIRTIO_PCI_CFG_CAP_DATA;
}

static void its_place_is_writable_and_read_back(void **state)
{
	struct fixture *f = *state;
	uint32_t cap = find_cap(f, PCI_CAP_ID_VNDR, VIRTIO_PCI_CAP_PCI_CFG);
	uint32_t head = cfg_get(f, cap, 4);

	assert_int_equal(cfg_get(f, cap + VIRTIO_PCI_CAP_LEN, 1), 20);
	cfg_set(f, cap, 4, 0xffffffff);
	cfg_set(f, cap + 4, 4, 0x44332211);
	cfg_set(f, cap + 8, 4, 0x88776655);
	cfg_set(f, cap + 13, 1, 0x99);
	assert_int_equal(cfg_get(f, cap, 4), head);
	assert_int_equal(cfg_get(f, cap + 4, 4), 0x11);
	assert_int_equal(cfg_get(f, cap + 8, 4), 0x88776655);
	assert_int_equal(cfg_get(f, cap + 12, 4), 0x9900);
}

static void reads_and_writes_registers(void **state)
{
	struct fixture *f = *state;
	uint32_t data = point(f, 0, VIRTIO_PCI_COMMON_NUMQ, 2);

	assert_int_equal(cfg_get(f, data, 2), QUEUES);
	point(f, 0, VIRTIO_PCI_COMMON_DFSELECT, 4);
	cfg_set(f, data, 4, 0x12345678);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_DFSELECT, 4),
			 0x12345678);
	assert_int_equal(cfg_get(f, data, 4), 0x12345678);
	point(f, 0, VIRTIO_PCI_COMMON_STATUS, 1);
	cfg_set(f, data, 1, VIRTIO_STATUS_ACKNOWLEDGE);
	assert_int_equal(cfg_get(f, data, 1), VIRTIO_STATUS_ACKNOWLEDGE);
	point(f, 0, DEVICE + 4, 4);
	assert_int_equal(cfg_get(f, data, 4), le32_load(&CONFIG_BYTES[4]));
}

/* A host may know only dwords. */
static void a_wider_access_does_only_its_length(void **state)
{
	struct fixture *f = *state;
	uint32_t data = point(f, 0, VIRTIO_PCI_COMMON_STATUS, 1);

	cfg_set(f, data, 4, 0xaaaaaa00 | VIRTIO_STATUS_ACKNOWLEDGE);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_STATUS, 1),
			 VIRTIO_STATUS_ACKNOWLEDGE);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2), 0);
	assert_int_equal(cfg_get(f, data, 4) & 0xff,
			 VIRTIO_STATUS_ACKNOWLEDGE);
}

static void reaches_the_msix_table(void **state)
{
	struct fixture *f = *state;
	uint32_t data = point(f, 2, 8, 4);

	cfg_set(f, data, 4, 0xcafe);
	assert_int_equal(bar_get(f, 2, 8, 4), 0xcafe);
	point(f, 2, 12, 4);
	assert_int_equal(cfg_get(f, data, 4), 1);
}

static void kicks_a_queue(void **state)
{
	struct fixture *f = *state;
	uint32_t data;

	negotiate(f, V1);
	set_up_queues(f);
	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1, READY);
	add_buffer(f, 2);
	data = point(f, 0, NOTIFY + 8, 2);
	cfg_set(f, data, 2, 2);
	fixture_await(f, &f->requests[2], 1);
}

static void the_status_can_be_written_during_a_reset(void **state)
{
	struct fixture *f = *state;
	uint32_t data;

	negotiate(f, V1);
	set_up_queues(f);
	data = point(f, 0, VIRTIO_PCI_COMMON_STATUS, 1);
	cfg_set(f, data, 1, READY);
	fixture_set(f, &f->hold, true);
	add_buffer(f, 0);
	bar_set(f, 0, NOTIFY, 2, 0);
	fixture_await(f, &f->requests[0], 1);
	cfg_set(f, data, 1, 0);
	cfg_set(f, data, 1, READY);
	cfg_set(f, data, 1, 0);
	cfg_set(f, data, 1, VIRTIO_STATUS_FAILED);
	assert_int_equal(cfg_get(f, data, 1), READY);
	fixture_set(f, &f->hold, false);
	for (unsigned i = 0; cfg_get(f, data, 1); i++) {
		assert_true(i < 20000);
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	}
	assert_int_equal(fixture_get(f, &f->device_resets), 1);
}

static void refuses_a_wrong_place(void **state)
{
	static const struct {
		uint8_t bar;
		uint32_t offset, length;
	} cases[] = {
		{ 0, 0, 0 },
		{ 0, 0, 3 },
		{ 0, 0, 5 },
		{ 0, 0, 8 },
		{ 0, 0, 0x80000000 },
		{ 0, 0, 0xffffffff },
		{ 0, 1, 2 },
		{ 0, 2, 4 },
		{ 0, 3, 4 },
		{ 0, REGISTER_BAR_SIZE, 1 },
		{ 0, REGISTER_BAR_SIZE, 4 },
		{ 0, 0xfffffffc, 4 },
		{ 0, 0xffffffff, 1 },
		{ 2, 4096, 4 },
		{ 1, 0, 4 },
		{ 3, 0, 4 },
		{ 4, 0, 4 },
		{ 5, 0, 4 },
		{ 6, 0, 4 },
		{ 255, 0, 4 },
	};
	struct fixture *f = *state;

	bar_set(f, 0, VIRTIO_PCI_COMMON_DFSELECT, 4, 0x11111111);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint32_t data = point(f, cases[i].bar, cases[i].offset,
				      cases[i].length);

		assert_int_equal(cfg_get(f, data, 4), 0xffffffff);
		cfg_set(f, data, 4, 0x22222222);
		cfg_set(f, data, 1, 0x22222222);
		assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_DFSELECT, 4),
				 0x11111111);
		assert_int_equal(bar_get(f, 2, 12, 4), 1);
	}
}

static void refuses_an_access_that_does_not_hold_its_length(void **state)
{
	struct fixture *f = *state;
	uint32_t data = point(f, 0, VIRTIO_PCI_COMMON_DFSELECT, 4);

	cfg_set(f, data, 4, 0x11111111);
	cfg_set(f, data, 2, 0x2222);
	cfg_set(f, data + 1, 1, 0x22);
	cfg_set(f, data + 2, 2, 0x2222);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_DFSELECT, 4),
			 0x11111111);
	assert_int_equal(cfg_get(f, data, 2), 0xffff);
	assert_int_equal(cfg_get(f, data + 3, 1), 0xff);
	point(f, 0, VIRTIO_PCI_COMMON_STATUS, 1);
	cfg_set(f, data + 1, 1, VIRTIO_STATUS_ACKNOWLEDGE);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_STATUS, 1), 0);
}

static void a_dump_of_the_space_has_no_effect(void **state)
{
	struct fixture *f = *state;
	uint32_t data = point(f, 0, ISR, 1);
	uint8_t all[256];

	/* A broken queue: the ISR status tells. */
	negotiate(f, V1);
	set_up_queues(f);
	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1, READY);
	fixture_set(f, &f->corrupt, true);
	add_buffer(f, 0);
	bar_set(f, 0, NOTIFY, 2, 0);
	for (unsigned i = 0; !(bar_get(f, 0, VIRTIO_PCI_COMMON_STATUS, 1) &
			       VIRTIO_STATUS_NEEDS_RESET) ||
			     !fixture_is(f, &f->line); i++) {
		assert_true(i < 20000);
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	}
	virtio_pci_cfg_read(f->vp, 0, all, sizeof(all));
	assert_int_equal(all[data], 0);
	assert_true(fixture_is(f, &f->line));
	assert_true(cfg_get(f, data, 1) & VIRTIO_PCI_ISR_CONFIG);
	/* The queue's own interrupt may come after it. */
}

static void bus_reset_clears_its_place(void **state)
{
	struct fixture *f = *state;
	uint32_t data = point(f, 2, 8, 4);

	virtio_pci_reset(f->vp);
	assert_int_equal(cfg_get(f, data - 12, 4), 0);
	assert_int_equal(cfg_get(f, data - 8, 4), 0);
	assert_int_equal(cfg_get(f, data - 4, 4), 0);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(its_place_is_writable_and_read_back),
		TEST(reads_and_writes_registers),
		TEST(a_wider_access_does_only_its_length),
		TEST(reaches_the_msix_table),
		TEST(kicks_a_queue),
		TEST(the_status_can_be_written_during_a_reset),
		TEST(refuses_a_wrong_place),
		TEST(refuses_an_access_that_does_not_hold_its_length),
		TEST(a_dump_of_the_space_has_no_effect),
		TEST(bus_reset_clears_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
