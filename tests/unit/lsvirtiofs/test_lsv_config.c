/* SPDX-License-Identifier: MIT */
#include "tests/unit/lsvirtiofs/fake_function.h"

#include "common/bytes.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static struct fake_function fake;
static struct lsv_config config;

static int set_up(void **state)
{
	(void)state;
	fake_function_init(&fake);
	return 0;
}

static void decodes_the_identity(void **state)
{
	(void)state;
	lsv_config_decode(fake.config, &config);
	assert_int_equal(config.vendor, 0x1af4);
	assert_int_equal(config.device, 0x105a);
	assert_int_equal(config.revision, 1);
	assert_int_equal(config.class_code, 0x088000);
	assert_int_equal(config.sub_device, 0x1100);
	assert_int_equal(config.interrupt_pin, 1);
}

static void joins_both_halves_of_a_64_bit_bar(void **state)
{
	(void)state;
	lsv_config_decode(fake.config, &config);
	assert_true(config.bars[0].is_64bit);
	assert_int_equal(config.bars[0].addr, 0x1fe000000);
	assert_false(config.bars[1].present);
	assert_true(config.bars[2].present);
	assert_false(config.bars[2].prefetchable);
}

static void tells_ports_from_memory(void **state)
{
	(void)state;
	le32_store(fake.config + 0x20, 0xc001);
	lsv_config_decode(fake.config, &config);
	assert_true(config.bars[4].io);
	assert_int_equal(config.bars[4].addr, 0xc000);
}

static void finds_the_virtio_capabilities(void **state)
{
	const struct lsv_cap *cap;

	(void)state;
	lsv_config_decode(fake.config, &config);
	assert_int_equal(config.n_caps, 6);
	assert_false(config.caps_broken);
	cap = lsv_config_find(&config, LSV_NOTIFY);
	assert_non_null(cap);
	assert_int_equal(cap->pos, FAKE_NOTIFY);
	assert_int_equal(cap->offset, 0x3000);
	assert_int_equal(cap->length, 0x1000);
	assert_int_equal(cap->notify_multiplier, 4);
	assert_null(lsv_config_find(&config, LSV_SHARED_MEMORY));
}

static void decodes_msix(void **state)
{
	(void)state;
	lsv_config_decode(fake.config, &config);
	assert_true(config.msix.present);
	assert_true(config.msix.enabled);
	assert_false(config.msix.masked);
	assert_int_equal(config.msix.vectors, 4);
	assert_int_equal(config.msix.table_bar, 2);
	assert_int_equal(config.msix.table_offset, 0);
	assert_int_equal(config.msix.pba_offset, 0x800);
}

static void joins_both_halves_of_a_shared_memory_region(void **state)
{
	uint8_t *cap = fake.config + FAKE_PCI_CFG;
	const struct lsv_cap *shm;

	(void)state;
	cap[2] = 24;
	cap[3] = LSV_SHARED_MEMORY;
	cap[5] = 7;
	le32_store(cap + 16, 1);
	le32_store(cap + 20, 2);
	lsv_config_decode(fake.config, &config);
	shm = lsv_config_find(&config, LSV_SHARED_MEMORY);
	assert_non_null(shm);
	assert_int_equal(shm->shm_id, 7);
	assert_int_equal(shm->offset, 0x100000000);
	assert_int_equal(shm->length, 0x200000000);
}

static void notices_a_loop_of_capabilities(void **state)
{
	(void)state;
	fake.config[FAKE_PCI_CFG + 1] = FAKE_MSIX;
	lsv_config_decode(fake.config, &config);
	assert_true(config.caps_broken);
}

static void notices_a_capability_inside_the_header(void **state)
{
	(void)state;
	fake.config[FAKE_PCI_CFG + 1] = 0x10;
	lsv_config_decode(fake.config, &config);
	assert_true(config.caps_broken);
	assert_int_equal(config.n_caps, 6);
}

static void reads_nothing_beyond_the_configuration_space(void **state)
{
	uint8_t bytes[LSV_CONFIG_SIZE];

	(void)state;
	/* The last dword is a capability whose body would lie outside. */
	for (unsigned id = 0; id < 256; id++) {
		memcpy(bytes, fake.config, sizeof(bytes));
		bytes[0x34] = 0xfc;
		bytes[0xfc] = (uint8_t)id;
		bytes[0xff] = LSV_SHARED_MEMORY;
		lsv_config_decode(bytes, &config);
		assert_int_equal(config.n_caps, 1);
		assert_int_equal(config.caps[0].offset, 0);
		assert_false(config.msix.present);
	}
}

static void ignores_the_list_where_the_status_has_none(void **state)
{
	(void)state;
	fake.config[6] = 0;
	lsv_config_decode(fake.config, &config);
	assert_int_equal(config.n_caps, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(decodes_the_identity),
		TEST(joins_both_halves_of_a_64_bit_bar),
		TEST(tells_ports_from_memory),
		TEST(finds_the_virtio_capabilities),
		TEST(decodes_msix),
		TEST(joins_both_halves_of_a_shared_memory_region),
		TEST(notices_a_loop_of_capabilities),
		TEST(notices_a_capability_inside_the_header),
		TEST(reads_nothing_beyond_the_configuration_space),
		TEST(ignores_the_list_where_the_status_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
