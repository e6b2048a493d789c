/* SPDX-License-Identifier: MIT */
#include "pci/pci_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void reads_any_offset_and_width(void **state)
{
	struct pci_config c = { 0 };
	uint8_t buf[5];

	(void)state;
	pci_config_define_le(&c, 0x10, 4, 0x44332211, 0);
	pci_config_read(&c, 0x11, buf, 2);
	assert_memory_equal(buf, "\x22\x33", 2);
	pci_config_read(&c, 0x0f, buf, 5);
	assert_memory_equal(buf, "\x00\x11\x22\x33\x44", 5);
	assert_int_equal(pci_config_get(&c, 0x10, 1), 0x11);
	assert_int_equal(pci_config_get(&c, 0x12, 2), 0x4433);
	assert_int_equal(pci_config_get(&c, 0x10, 4), 0x44332211);
}

static void writes_only_writable_bits(void **state)
{
	struct pci_config c = { 0 };

	(void)state;
	pci_config_define_le(&c, 0x04, 4, 0xaaaaaaaa, 0x00ff0ff0);
	pci_config_write(&c, 0x04, "\x55\x55\x55\x55", 4);
	assert_int_equal(pci_config_get(&c, 0x04, 4), 0xaa55a55a);
	/* A byte in the middle leaves its neighbours alone. */
	pci_config_write(&c, 0x06, "\x77", 1);
	assert_int_equal(pci_config_get(&c, 0x04, 4), 0xaa77a55a);
}

static void redefinition_replaces_the_writable_bits(void **state)
{
	struct pci_config c = { 0 };

	(void)state;
	pci_config_define_le(&c, 0x40, 2, 0, 0xffff);
	pci_config_define(&c, 0x40, "\x12\x34", NULL, 2);
	pci_config_write(&c, 0x40, "\0\0", 2);
	assert_int_equal(pci_config_get(&c, 0x40, 2), 0x3412);
}

static void clears_by_writing_one(void **state)
{
	struct pci_config c = { 0 };

	(void)state;
	pci_config_define_clearable(&c, 0x06, 0xf900);
	pci_config_set_bits(&c, 0x06, 0x8910, true);
	pci_config_write(&c, 0x06, "\xff\x08", 2);
	assert_int_equal(pci_config_get(&c, 0x06, 2), 0x8110);
	pci_config_set_bits(&c, 0x06, 0x0010, false);
	assert_int_equal(pci_config_get(&c, 0x06, 2), 0x8100);
}

static void beyond_the_space_reads_ones_and_drops_writes(void **state)
{
	struct pci_config c = { 0 };
	uint8_t buf[8], data[8];

	(void)state;
	memset(data, 0x5a, sizeof(data));
	pci_config_define_le(&c, 0xfc, 4, 0, 0xffffffff);
	pci_config_write(&c, 0xfe, data, 8);
	pci_config_write(&c, 0x100, data, 8);
	pci_config_write(&c, UINT32_MAX, data, 8);
	pci_config_read(&c, 0xfc, buf, 8);
	assert_memory_equal(buf, "\0\0\x5a\x5a\xff\xff\xff\xff", 8);
	pci_config_read(&c, UINT32_MAX, buf, 8);
	assert_memory_equal(buf, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	pci_config_read(&c, 0x100, buf, 0);
	pci_config_write(&c, 0x100, data, 0);
}

static void reset_restores_what_was_defined(void **state)
{
	struct pci_config c = { 0 };

	(void)state;
	pci_config_define_le(&c, 0x3c, 1, 0x42, 0xff);
	pci_config_write(&c, 0x3c, "\x99", 1);
	pci_config_set_bits(&c, 0x06, 8, true);
	assert_int_equal(pci_config_get(&c, 0x3c, 1), 0x99);
	pci_config_reset(&c);
	assert_int_equal(pci_config_get(&c, 0x3c, 1), 0x42);
	assert_int_equal(pci_config_get(&c, 0x06, 2), 0);
	/* Still writable. */
	pci_config_write(&c, 0x3c, "\x99", 1);
	assert_int_equal(pci_config_get(&c, 0x3c, 1), 0x99);
}

static void only_what_software_can_change_is_restored(void **state)
{
	struct pci_config c = { 0 };
	uint8_t value[PCI_CONFIG_SIZE];

	(void)state;
	pci_config_define_le(&c, 0x00, 4, 0x12345678, 0);
	pci_config_define_le(&c, 0x10, 4, 0x0000000c, 0xfffff000);
	pci_config_define_clearable(&c, 0x06, 0xf900);
	memset(value, 0x99, sizeof(value));
	/* Of the device's own doing, so it does it again. */
	pci_config_set_bits(&c, 0x06, 8, true);
	pci_config_restore(&c, value);
	assert_int_equal(pci_config_get(&c, 0x00, 4), 0x12345678);
	assert_int_equal(pci_config_get(&c, 0x10, 4), 0x9999900c);
	assert_int_equal(pci_config_get(&c, 0x06, 2), 0x9900);
	assert_int_equal(pci_config_get(&c, 0x40, 4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_any_offset_and_width),
		cmocka_unit_test(writes_only_writable_bits),
		cmocka_unit_test(redefinition_replaces_the_writable_bits),
		cmocka_unit_test(clears_by_writing_one),
		cmocka_unit_test(beyond_the_space_reads_ones_and_drops_writes),
		cmocka_unit_test(reset_restores_what_was_defined),
		cmocka_unit_test(only_what_software_can_change_is_restored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
