/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_pci/pci_fixture.h"

#include <errno.h>
#include <stdlib.h>

static void shows_its_identity(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cfg_get(f, PCI_VENDOR_ID, 4), 0x105a1af4);
	assert_int_equal(cfg_get(f, PCI_REVISION_ID, 4), 0x08800001);
	assert_int_equal(cfg_get(f, PCI_SUBSYSTEM_VENDOR_ID, 4), 0x11001af4);
	assert_int_equal(cfg_get(f, PCI_INTERRUPT_PIN, 1), 1);
	assert_int_equal(cfg_get(f, 0x100, 4), 0xffffffff);
}

struct expected_cap {
	uint8_t type, len, bar;
	uint32_t offset, length;
};

static void check_caps(struct fixture *f, const struct expected_cap *want,
		       size_t count)
{
	uint32_t cap = cfg_get(f, PCI_CAPABILITY_LIST, 1);

	assert_int_equal(cfg_get(f, cap, 1), PCI_CAP_ID_MSIX);
	assert_int_equal(cfg_get(f, cap + PCI_MSIX_FLAGS, 2), VECTORS - 1);
	assert_int_equal(cfg_get(f, cap + PCI_MSIX_TABLE, 4), 0x002);
	assert_int_equal(cfg_get(f, cap + PCI_MSIX_PBA, 4), 0x802);
	for (size_t i = 0; i < count; i++) {
		cap = cfg_get(f, cap + 1, 1);
		assert_int_equal(cfg_get(f, cap, 1), PCI_CAP_ID_VNDR);
		assert_int_equal(cfg_get(f, cap + 2, 1), want[i].len);
		assert_int_equal(cfg_get(f, cap + 3, 1), want[i].type);
		assert_int_equal(cfg_get(f, cap + 4, 4), want[i].bar);
		assert_int_equal(cfg_get(f, cap + 8, 4), want[i].offset);
		assert_int_equal(cfg_get(f, cap + 12, 4), want[i].length);
		if (want[i].type == VIRTIO_PCI_CAP_NOTIFY_CFG)
			assert_int_equal(cfg_get(f, cap + 16, 4), 4);
	}
	assert_int_equal(cfg_get(f, cap + 1, 1), 0);
}

static void announces_its_regions(void **state)
{
	static const struct expected_cap want[] = {
		{ VIRTIO_PCI_CAP_COMMON_CFG, 16, 0, COMMON, 0x3c },
		{ VIRTIO_PCI_CAP_NOTIFY_CFG, 20, 0, NOTIFY, 4 * QUEUES },
		{ VIRTIO_PCI_CAP_ISR_CFG, 16, 0, ISR, 1 },
		{ VIRTIO_PCI_CAP_DEVICE_CFG, 16, 0, DEVICE, CONFIG_SIZE },
		{ VIRTIO_PCI_CAP_PCI_CFG, 20, 0, 0, 0 },
	};

	check_caps(*state, want, ARRAY_LEN(want));
}

static void without_device_config_there_is_no_capability(void **state)
{
	static const struct expected_cap want[] = {
		{ VIRTIO_PCI_CAP_COMMON_CFG, 16, 0, COMMON, 0x3c },
		{ VIRTIO_PCI_CAP_NOTIFY_CFG, 20, 0, NOTIFY, 4 * QUEUES },
		{ VIRTIO_PCI_CAP_ISR_CFG, 16, 0, ISR, 1 },
		{ VIRTIO_PCI_CAP_PCI_CFG, 20, 0, 0, 0 },
	};
	const struct fixture_options options = { .no_config = true };
	struct fixture f;

	(void)state;
	fixture_init(&f, &options);
	check_caps(&f, want, ARRAY_LEN(want));
	assert_int_equal(bar_get(&f, 0, DEVICE, 4), 0xffffffff);
	fixture_done(&f);
}

static void has_two_bars(void **state)
{
	struct fixture *f = *state;

	for (unsigned bar = 0; bar < 9; bar++) {
		struct virtio_pci_bar info = virtio_pci_bar_info(f->vp, bar);
		bool exists = bar == 0 || bar == 2;

		assert_int_equal(info.length,
				 bar == 0 ? 0x4000 : bar == 2 ? 4096 : 0);
		assert_int_equal(info.is_64bit, exists);
		assert_false(info.prefetchable);
		assert_int_equal(info.has_msix_table, bar == 2);
	}
	cfg_set(f, PCI_BASE_ADDRESS_0, 4, 0xffffffff);
	cfg_set(f, PCI_BASE_ADDRESS_0 + 4, 4, 0xffffffff);
	assert_int_equal(cfg_get(f, PCI_BASE_ADDRESS_0, 4), 0xffffc004);
	assert_int_equal(cfg_get(f, PCI_BASE_ADDRESS_0 + 4, 4), 0xffffffff);
	cfg_set(f, PCI_BASE_ADDRESS_0, 4, 0xe0000000);
	cfg_set(f, PCI_BASE_ADDRESS_0 + 4, 4, 0);
	assert_int_equal(f->mapped[0], 0);
	cfg_set(f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_int_equal(f->mapped[0], 0xe0000000);
	cfg_set(f, PCI_COMMAND, 2, 0);
	assert_int_equal(f->mapped[0], 0);
}

static void device_config_is_read_only_bytes(void **state)
{
	struct fixture *f = *state;
	char buf[CONFIG_SIZE + 4];

	for (size_t at = 0; at < CONFIG_SIZE; at++) {
		for (size_t width = 1; width + at <= CONFIG_SIZE; width++) {
			virtio_pci_bar_write(f->vp, 0, DEVICE + at, "xxxxxxxxxx",
					     width);
			virtio_pci_bar_read(f->vp, 0, DEVICE + at, buf, width);
			assert_memory_equal(buf, &CONFIG_BYTES[at], width);
		}
	}
	virtio_pci_bar_read(f->vp, 0, DEVICE, buf, sizeof(buf));
	assert_memory_equal(buf, CONFIG_BYTES "\xff\xff\xff\xff", sizeof(buf));
	assert_int_equal(bar_get(f, 0, DEVICE - 2, 4),
			 0xffff | (uint32_t)'c' << 16 | (uint32_t)'o' << 24);
}

static void status_writes_never_block(void **state)
{
	struct fixture *f = *state;

	negotiate(f, V1);
	set_up_queues(f);
	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1, READY);
	fixture_set(f, &f->hold, true);
	add_buffer(f, 0);
	bar_set(f, 0, NOTIFY, 2, 0);
	fixture_await(f, &f->requests[0], 1);
	/* The request is held up; the write returns all the same. */
	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1, 0);
	assert_int_not_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_STATUS, 1), 0);
	assert_int_equal(fixture_get(f, &f->device_resets), 0);
	fixture_set(f, &f->hold, false);
	fixture_await(f, &f->device_resets, 1);
	for (unsigned i = 0; bar_get(f, 0, VIRTIO_PCI_COMMON_STATUS, 1); i++) {
		assert_true(i < 20000);
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	}
}

static void without_bus_mastering_nothing_is_served(void **state)
{
	struct fixture *f = *state;

	negotiate(f, V1);
	set_up_queues(f);
	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1, READY);
	cfg_set(f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	add_buffer(f, 0);
	bar_set(f, 0, NOTIFY, 2, 0);
	nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
	assert_int_equal(fixture_get(f, &f->requests[0]), 0);
	cfg_set(f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	fixture_await(f, &f->requests[0], 1);
	/* A bus reset switches it off again. */
	virtio_pci_reset(f->vp);
	set_up_queues(f);
	virtio_core_set_driver_features(virtio_pci_core(f->vp), 1,
					(uint32_t)(V1 >> 32));
	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1, READY);
	add_buffer(f, 0);
	bar_set(f, 0, NOTIFY, 2, 0);
	nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
	assert_int_equal(fixture_get(f, &f->requests[0]), 1);
}

static void bus_reset_restores_everything(void **state)
{
	struct fixture *f = *state;
	static uint8_t before[0x4000], after[0x4000];
	uint8_t cfg_before[256], cfg_after[256], msix_before[4096];
	uint8_t msix_after[4096];

	virtio_pci_bar_read(f->vp, 0, 0, before, sizeof(before));
	virtio_pci_bar_read(f->vp, 2, 0, msix_before, sizeof(msix_before));
	virtio_pci_cfg_read(f->vp, 0, cfg_before, sizeof(cfg_before));

	cfg_set(f, PCI_BASE_ADDRESS_0, 4, 0xe0000000);
	enable_msix(f);
	assign_vectors(f);
	negotiate(f, V1);
	set_up_queues(f);
	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1, READY);
	bar_set(f, 0, VIRTIO_PCI_COMMON_DFSELECT, 4, 1);
	memset(cfg_after, 0xff, sizeof(cfg_after));
	virtio_pci_cfg_write(f->vp, 0x14, cfg_after, sizeof(cfg_after) - 0x14);
	assert_true(f->mapped[0]);
	virtio_pci_bar_read(f->vp, 0, 0, after, sizeof(after));
	assert_memory_not_equal(after, before, VIRTIO_PCI_COMMON_SIZE);

	virtio_pci_reset(f->vp);
	assert_int_equal(f->mapped[0], 0);
	virtio_pci_bar_read(f->vp, 0, 0, after, sizeof(after));
	assert_memory_equal(after, before, sizeof(after));
	virtio_pci_bar_read(f->vp, 2, 0, msix_after, sizeof(msix_after));
	assert_memory_equal(msix_after, msix_before, sizeof(msix_after));
	virtio_pci_cfg_read(f->vp, 0, cfg_after, sizeof(cfg_after));
	assert_memory_equal(cfg_after, cfg_before, sizeof(cfg_after));
	assert_int_equal(f->device_resets, 1);
}

/* What was set while the status was still 0 goes as well. */
static void bus_reset_of_an_idle_device_resets_vectors(void **state)
{
	struct fixture *f = *state;

	bar_set(f, 0, VIRTIO_PCI_COMMON_MSIX, 2, 1);
	bar_set(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2, 2);
	virtio_pci_reset(f->vp);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_MSIX, 2),
			 VIRTIO_MSI_NO_VECTOR);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_Q_SELECT, 2), 0);
}

static void ignore_message(void *ctx, uint16_t vector, uint64_t addr,
			   uint32_t data)
{
	(void)ctx;
	(void)vector;
	(void)addr;
	(void)data;
}

static void refuses_wrong_parameters(void **state)
{
	struct fixture *f = *state;
	struct virtio_pci_params params = {
		.core = { .queues = 1, .queue_size = 16, .name = "test" },
	};
	struct virtio_device_ops ops = { .id = VIRTIO_ID_FS };
	struct virtio_pci_host_ops host = { 0 };
	struct virtio_pci *vp = NULL;

	assert_int_equal(virtio_pci_new(&params, &ops, f, &host, f, &f->mem,
					&f->log, &vp), -EINVAL);
	host.msix_signal = ignore_message;
	ops.config_size = 0x1001;
	assert_int_equal(virtio_pci_new(&params, &ops, f, &host, f, &f->mem,
					&f->log, &vp), -EINVAL);
	ops.config_size = 0;
	params.core.queues = 0;
	assert_int_equal(virtio_pci_new(&params, &ops, f, &host, f, &f->mem,
					&f->log, &vp), -EINVAL);
	params.core.queues = VIRTIO_QUEUES_MAX + 1;
	assert_int_equal(virtio_pci_new(&params, &ops, f, &host, f, &f->mem,
					&f->log, &vp), -EINVAL);
	/* Refused by the core, when the function is already there. */
	params.core.queues = 1;
	params.core.queue_size = 3;
	assert_int_equal(virtio_pci_new(&params, &ops, f, &host, f, &f->mem,
					&f->log, &vp), -EINVAL);
	assert_null(vp);
	params.core.queues = VIRTIO_QUEUES_MAX;
	params.core.queue_size = 16;
	assert_int_equal(virtio_pci_new(&params, &ops, f, &host, f, &f->mem,
					&f->log, &vp), 0);
	virtio_pci_free(vp);
	virtio_pci_free(NULL);
}

#define GUARD 0xa5

/* One access of random place and width; the buffer's ends are watched. */
static void random_access(struct fixture *f, unsigned *seed)
{
	static const uint64_t edge[] = { 0, 0x3c, 0x800, 0x1000, 0x2000, 0x3000,
					 0x4000, UINT32_MAX, UINT64_MAX };
	uint8_t buf[80];
	size_t len = (size_t)rand_r(seed) % 65;
	unsigned bar = (unsigned)rand_r(seed) % 9;
	uint64_t offset = edge[(size_t)rand_r(seed) % ARRAY_LEN(edge)] +
			  (uint64_t)rand_r(seed) % 128 - 64;

	memset(buf, GUARD, sizeof(buf));
	switch (rand_r(seed) % 4) {
	case 0:
		virtio_pci_bar_read(f->vp, bar, offset, buf + 8, len);
		break;
	case 1:
		memset(buf + 8, rand_r(seed) & 0xff, len);
		virtio_pci_bar_write(f->vp, bar, offset, buf + 8, len);
		break;
	case 2:
		virtio_pci_cfg_read(f->vp, (uint32_t)offset, buf + 8, len);
		break;
	default:
		memset(buf + 8, rand_r(seed) & 0xff, len);
		virtio_pci_cfg_write(f->vp, (uint32_t)offset, buf + 8, len);
	}
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(buf[i], GUARD);
		assert_int_equal(buf[8 + len + i], GUARD);
	}
}

static void survives_random_accesses(void **state)
{
	struct fixture *f = *state;
	unsigned seed = 1;
	static uint8_t all[0x4000];

	for (unsigned i = 0; i < 20000; i++)
		random_access(f, &seed);
	virtio_pci_reset(f->vp);
	assert_int_equal(cfg_get(f, PCI_VENDOR_ID, 4), 0x105a1af4);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_STATUS, 1), 0);
	/* And BARs that are not there read as ones. */
	for (unsigned bar = 0; bar < 9; bar++) {
		if (bar == 0 || bar == 2)
			continue;
		memset(all, 0, sizeof(all));
		virtio_pci_bar_read(f->vp, bar, 0, all, sizeof(all));
		for (size_t i = 0; i < sizeof(all); i++)
			assert_int_equal(all[i], 0xff);
	}
}

#define DRIVERS 3
#define ROUNDS 3000

struct driver {
	pthread_t thread;
	struct fixture *f;
	unsigned seed;
};

static void *drive(void *arg)
{
	struct driver *d = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		random_access(d->f, &d->seed);
		if (i % 16 == 0)
			bar_set(d->f, 0, VIRTIO_PCI_COMMON_STATUS, 1,
				i % 32 ? READY : 0);
	}
	return NULL;
}

static void accesses_come_from_any_thread(void **state)
{
	struct fixture *f = *state;
	struct driver driver[DRIVERS];

	negotiate(f, V1);
	set_up_queues(f);
	bar_set(f, 0, VIRTIO_PCI_COMMON_STATUS, 1, READY);
	for (unsigned i = 0; i < DRIVERS; i++) {
		driver[i] = (struct driver){ .f = f, .seed = i + 1 };
		assert_int_equal(pthread_create(&driver[i].thread, NULL, drive,
						&driver[i]), 0);
	}
	for (unsigned i = 0; i < DRIVERS; i++)
		pthread_join(driver[i].thread, NULL);
	virtio_pci_reset(f->vp);
	assert_int_equal(bar_get(f, 0, VIRTIO_PCI_COMMON_STATUS, 1), 0);
	for (unsigned q = 0; q < QUEUES; q++)
		assert_false(fixture_is(f, &f->doorbell[q]));
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(shows_its_identity),
		TEST(announces_its_regions),
		cmocka_unit_test(without_device_config_there_is_no_capability),
		TEST(has_two_bars),
		TEST(device_config_is_read_only_bytes),
		TEST(status_writes_never_block),
		TEST(without_bus_mastering_nothing_is_served),
		TEST(bus_reset_restores_everything),
		TEST(bus_reset_of_an_idle_device_resets_vectors),
		TEST(refuses_wrong_parameters),
		TEST(survives_random_accesses),
		TEST(accesses_come_from_any_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
