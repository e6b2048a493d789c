/* SPDX-License-Identifier: MIT */
#include "tests/unit/lsvirtiofs/fake_function.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static struct fake_function fake;
static struct lsv_config config;
static struct lsv_regs regs;

static int set_up(void **state)
{
	(void)state;
	fake_function_init(&fake);
	lsv_config_decode(fake.config, &config);
	memset(&regs, 0x55, sizeof(regs));
	return 0;
}

static void reads_features_queues_and_tag(void **state)
{
	(void)state;
	assert_int_equal(lsv_regs_read(&fake.io, &config, &regs), 0);
	assert_int_equal(regs.device_features, 0x130000000);
	assert_int_equal(regs.driver_features, 0x130000000);
	assert_int_equal(regs.status, 0xf);
	assert_int_equal(regs.num_queues, 3);
	assert_int_equal(regs.n_queues, 3);
	assert_int_equal(regs.size_beyond, 0);
	assert_int_equal(regs.queues[2].size, 128);
	assert_int_equal(regs.queues[2].msix_vector, 3);
	assert_int_equal(regs.queues[2].notify_off, 2);
	assert_memory_equal(regs.tag, "myfs\0", 5);
	assert_int_equal(regs.num_request_queues, 2);
	assert_false(regs.generation_changed);
}

static void restores_the_selectors(void **state)
{
	(void)state;
	fake.device_feature_select = 7;
	fake.driver_feature_select = 8;
	fake.queue_select = 9;
	assert_int_equal(lsv_regs_read(&fake.io, &config, &regs), 0);
	assert_int_equal(fake.device_feature_select, 7);
	assert_int_equal(fake.driver_feature_select, 8);
	assert_int_equal(fake.queue_select, 9);
}

static void never_reads_the_interrupt_status(void **state)
{
	(void)state;
	assert_int_equal(lsv_regs_read(&fake.io, &config, &regs), 0);
	assert_int_equal(fake.isr_reads, 0);
}

static void fails_without_the_capabilities(void **state)
{
	(void)state;
	config.n_caps = 0;
	assert_int_equal(lsv_regs_read(&fake.io, &config, &regs), -ENODEV);
	assert_int_equal(regs.num_queues, 0x5555);
}

static void hands_an_access_error_on(void **state)
{
	struct lsv_vector vectors[4];

	(void)state;
	fake.error = -EIO;
	assert_int_equal(lsv_regs_read(&fake.io, &config, &regs), -EIO);
	assert_int_equal(regs.num_queues, 0x5555);
	assert_int_equal(lsv_vectors_read(&fake.io, &config.msix, 4, vectors),
			 -EIO);
}

static void reads_the_msix_table(void **state)
{
	struct lsv_vector vectors[4];

	(void)state;
	assert_int_equal(lsv_vectors_read(&fake.io, &config.msix, 4, vectors),
			 0);
	assert_int_equal(vectors[1].addr, 0x1fee01000);
	assert_int_equal(vectors[1].data, 0x4022);
	assert_true(vectors[1].masked);
	assert_false(vectors[2].masked);
}

static void names_features_of_the_specification_only(void **state)
{
	(void)state;
	assert_string_equal(lsv_feature_name(0), "NOTIFICATION");
	assert_string_equal(lsv_feature_name(28), "INDIRECT_DESC");
	assert_string_equal(lsv_feature_name(32), "VERSION_1");
	assert_string_equal(lsv_feature_name(40), "RING_RESET");
	assert_string_equal(lsv_feature_name(41), "ADMIN_VQ");
	assert_null(lsv_feature_name(1));
	assert_null(lsv_feature_name(30));
	assert_null(lsv_feature_name(42));
	assert_null(lsv_feature_name(63));
}

static void says_what_each_queue_is_for(void **state)
{
	(void)state;
	assert_int_equal(lsv_regs_read(&fake.io, &config, &regs), 0);
	assert_string_equal(lsv_queue_role(&regs, 0), "hiprio");
	assert_string_equal(lsv_queue_role(&regs, 1), "request");
	regs.driver_features |= 1;
	assert_string_equal(lsv_queue_role(&regs, 1), "notification");
	assert_string_equal(lsv_queue_role(&regs, 2), "request");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_features_queues_and_tag),
		TEST(restores_the_selectors),
		TEST(never_reads_the_interrupt_status),
		TEST(fails_without_the_capabilities),
		TEST(hands_an_access_error_on),
		TEST(reads_the_msix_table),
		cmocka_unit_test(names_features_of_the_specification_only),
		TEST(says_what_each_queue_is_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
