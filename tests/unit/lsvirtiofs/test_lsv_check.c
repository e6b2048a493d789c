/* SPDX-License-Identifier: MIT */
/*
 * Each test spoils one thing of a function without faults and expects that the
 * checks find it, and find nothing else.
 */
#include "tests/unit/lsvirtiofs/fake_function.h"

#include "common/bytes.h"
#include "tools/lsvirtiofs/lsv_check.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct fake_function fake;
static struct lsv_config config;
static struct lsv_regs regs;
static char found[2000];

static int set_up(void **state)
{
	(void)state;
	fake_function_init(&fake);
	found[0] = 0;
	return 0;
}

static void collect(void *ctx, const char *violation)
{
	size_t len = strlen(found);

	(void)ctx;
	snprintf(found + len, sizeof(found) - len, "%s\n", violation);
}

static unsigned judge(void)
{
	unsigned n;

	lsv_config_decode(fake.config, &config);
	for (unsigned i = 0; i < LSV_BARS; i++)
		if (config.bars[i].present)
			config.bars[i].size = i == 0 ? 0x4000 : 0x1000;
	n = lsv_check_config(&config, collect, NULL);
	/* Some faults of the configuration space put the registers away. */
	if (!lsv_regs_read(&fake.io, &config, &regs))
		n += lsv_check_regs(&config, &regs, collect, NULL);
	return n;
}

/* There is one violation, and its text has these words. */
static void expect_violation(const char *words)
{
	unsigned n = judge();

	if (n != 1 || !strstr(found, words))
		fail_msg("expected '%s', found %u:\n%s", words, n, found);
}

static void finds_nothing_wrong_with_a_sound_function(void **state)
{
	(void)state;
	if (judge())
		fail_msg("found:\n%s", found);
	assert_int_equal(regs.num_queues, FAKE_QUEUES);
}

static void accepts_a_device_after_reset(void **state)
{
	(void)state;
	fake.status = 0;
	fake.driver_features = 0;
	for (unsigned i = 0; i < FAKE_QUEUES; i++) {
		fake.queues[i].enable = 0;
		fake.queues[i].msix_vector = LSV_NO_VECTOR;
	}
	if (judge())
		fail_msg("found:\n%s", found);
}

/* A byte of configuration space, what to write there, and what it breaks. */
static const struct {
	unsigned pos;
	uint8_t value;
	const char *words;
} config_faults[] = {
	{ 0x02, 0x59, "1af4:1059" },
	{ 0x08, 0, "revision 0" },
	{ 0x0e, 1, "header type 1" },
	{ 0x3d, 5, "interrupt pin 5" },
	{ FAKE_PCI_CFG + 1, FAKE_MSIX, "loop" },
	{ FAKE_COMMON + 2, 12, "cap_len 12" },
	{ FAKE_COMMON + 8, 0x2, "no multiple of 4" },
	{ FAKE_COMMON + 12, 32, "COMMON: 32 bytes" },
	{ FAKE_NOTIFY + 4, 4, "BAR 4 is no memory BAR" },
	{ FAKE_NOTIFY + 4, 9, "BAR 9 does not exist" },
	{ FAKE_NOTIFY + 13, 0x20, "exceed BAR 0" },
	{ FAKE_NOTIFY + 9, 0x20, "NOTIFY and DEVICE overlap" },
	{ FAKE_NOTIFY + 16, 6, "notify_off_multiplier 6" },
	{ FAKE_NOTIFY + 16, 1, "notify_off_multiplier 1" },
	{ FAKE_DEVICE + 12, 36, "DEVICE: 36 bytes" },
	{ FAKE_PCI_CFG + 3, LSV_ISR, "no PCI_CFG" },
	{ FAKE_MSIX + 3, 0x81, "MSI-X table" },
	{ FAKE_MSIX + 9, 0x20, "MSI-X PBA" },
	{ FAKE_MSIX + 2, 1, "vector 3 of 2" },
};

static void finds_each_fault_of_the_configuration_space(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(config_faults); i++) {
		set_up(state);
		fake.config[config_faults[i].pos] = config_faults[i].value;
		judge();
		if (!strstr(found, config_faults[i].words))
			fail_msg("expected '%s', found:\n%s",
				 config_faults[i].words, found);
	}
}

static void refuses_a_function_that_cannot_interrupt(void **state)
{
	(void)state;
	fake.config[0x3d] = 0;
	fake.config[0x34] = FAKE_COMMON;
	for (unsigned i = 0; i < FAKE_QUEUES; i++)
		fake.queues[i].msix_vector = LSV_NO_VECTOR;
	judge();
	assert_non_null(strstr(found, "cannot interrupt"));
}

static void refuses_reserved_features(void **state)
{
	(void)state;
	fake.device_features |= (uint64_t)1 << 30;
	expect_violation("feature bit 30");
}

static void requires_version_1(void **state)
{
	(void)state;
	fake.device_features &= ~((uint64_t)1 << LSV_F_VERSION_1);
	fake.driver_features = fake.device_features;
	expect_violation("VERSION_1");
}

static void refuses_accepted_features_that_are_not_offered(void **state)
{
	(void)state;
	fake.driver_features |= (uint64_t)1 << LSV_F_RING_PACKED;
	expect_violation("0x400000000");
}

static void refuses_statuses_out_of_order(void **state)
{
	(void)state;
	fake.status = 0x4f;
	expect_violation("needs a reset");
	set_up(state);
	fake.status = 0x8f;
	expect_violation("given up");
	set_up(state);
	fake.status = 0x1f;
	expect_violation("reserved bits");
	set_up(state);
	fake.status = 0xe;
	expect_violation("without ACKNOWLEDGE");
}

static void refuses_queues_before_features_ok(void **state)
{
	(void)state;
	fake.status = 3;
	fake.queues[0].enable = fake.queues[1].enable = 0;
	expect_violation("queue 2 is enabled before FEATURES_OK");
}

static void refuses_wrong_queue_sizes(void **state)
{
	(void)state;
	fake.queues[1].size = 0;
	expect_violation("queue 1 has size 0");
	set_up(state);
	fake.queues[1].size = 100;
	expect_violation("queue 1: size 100");
	set_up(state);
	fake.queues[1].size = 100;
	fake.device_features |= (uint64_t)1 << LSV_F_RING_PACKED;
	fake.driver_features = fake.device_features;
	assert_int_equal(judge(), 0);
}

static void refuses_notifications_outside_their_region(void **state)
{
	(void)state;
	fake.queues[2].notify_off = 0x400;
	expect_violation("notification at 1024 x 4");
}

static void refuses_bad_tags(void **state)
{
	static const char *const bad[] = {
		"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"a\xe2\x82", "\x80",
	};

	(void)state;
	memset(fake.device, 0, LSV_TAG_SIZE);
	expect_violation("empty");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		set_up(state);
		memcpy(fake.device, bad[i], strlen(bad[i]) + 1);
		memset(fake.device + strlen(bad[i]), 0, 8);
		expect_violation("not UTF-8");
	}
	set_up(state);
	fake.device[LSV_TAG_SIZE - 1] = 'x';
	expect_violation("padded");
}

static void accepts_tags_of_36_bytes_and_of_any_script(void **state)
{
	(void)state;
	memset(fake.device, 'x', LSV_TAG_SIZE);
	assert_int_equal(judge(), 0);
	memcpy(fake.device, "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xa7", 15);
	assert_int_equal(judge(), 0);
}

static void refuses_wrong_numbers_of_queues(void **state)
{
	(void)state;
	le32_store(fake.device + 36, 0);
	expect_violation("num_request_queues is 0");
	set_up(state);
	le32_store(fake.device + 36, 3);
	expect_violation("needs 4");
	set_up(state);
	le32_store(fake.device + 36, 0xffffffff);
	expect_violation("needs 4294967296");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_nothing_wrong_with_a_sound_function),
		TEST(accepts_a_device_after_reset),
		cmocka_unit_test(finds_each_fault_of_the_configuration_space),
		TEST(refuses_a_function_that_cannot_interrupt),
		TEST(refuses_reserved_features),
		TEST(requires_version_1),
		TEST(refuses_accepted_features_that_are_not_offered),
		TEST(refuses_statuses_out_of_order),
		TEST(refuses_queues_before_features_ok),
		TEST(refuses_wrong_queue_sizes),
		TEST(refuses_notifications_outside_their_region),
		TEST(refuses_bad_tags),
		TEST(accepts_tags_of_36_bytes_and_of_any_script),
		TEST(refuses_wrong_numbers_of_queues),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
