/* SPDX-License-Identifier: MIT */
#include "pci/pci_cap.h"

#include "pci/pci_spec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void links_each_behind_the_last(void **state)
{
	struct pci_config c = { 0 };
	struct pci_cap_list list = { 0 };
	const uint8_t first[6] = { 0xee, 0xee, 1, 2, 3, 4 };
	const uint8_t second[4] = { 0xee, 0xee, 5, 6 };
	uint8_t bytes[16];

	(void)state;
	assert_int_equal(pci_config_get(&c, PCI_STATUS, 2), 0);
	assert_int_equal(pci_cap_add(&list, &c, 0x09, first, NULL, 6), 0x40);
	assert_int_equal(pci_cap_add(&list, &c, 0x11, second, NULL, 4), 0x48);
	assert_int_equal(pci_config_get(&c, PCI_STATUS, 2),
			 PCI_STATUS_CAP_LIST);
	assert_int_equal(pci_config_get(&c, PCI_CAPABILITY_LIST, 1), 0x40);
	pci_config_read(&c, 0x40, bytes, 12);
	assert_memory_equal(bytes, "\x09\x48\1\2\3\4\0\0\x11\0\5\6", 12);
}

static void only_the_given_bits_are_writable(void **state)
{
	struct pci_config c = { 0 };
	struct pci_cap_list list = { 0 };
	const uint8_t cap[4] = { 0 };
	/* The header stays read-only even so. */
	const uint8_t writable[4] = { 0xff, 0xff, 0x0f, 0 };

	(void)state;
	pci_cap_add(&list, &c, 0x09, cap, writable, 4);
	pci_config_write(&c, 0x40, "\xff\xff\xff\xff", 4);
	assert_int_equal(pci_config_get(&c, 0x40, 4), 0x000f0009);
}

static void refuses_what_does_not_fit(void **state)
{
	struct pci_config c = { 0 };
	struct pci_cap_list list = { 0 };
	const uint8_t cap[193] = { 0 };

	(void)state;
	assert_int_equal(pci_cap_add(&list, &c, 9, cap, NULL, 1), -EINVAL);
	assert_int_equal(pci_cap_add(&list, &c, 9, cap, NULL, 193), -ENOSPC);
	assert_int_equal(pci_config_get(&c, PCI_CAPABILITY_LIST, 1), 0);
	assert_int_equal(pci_cap_add(&list, &c, 9, cap, NULL, 188), 0x40);
	assert_int_equal(pci_cap_add(&list, &c, 9, cap, NULL, 5), -ENOSPC);
	assert_int_equal(pci_cap_add(&list, &c, 9, cap, NULL, 4), 0xfc);
	assert_int_equal(pci_cap_add(&list, &c, 9, cap, NULL, 2), -ENOSPC);
}

static void survives_a_reset(void **state)
{
	struct pci_config c = { 0 };
	struct pci_cap_list list = { 0 };
	const uint8_t cap[4] = { 0, 0, 7, 8 };

	(void)state;
	pci_cap_add(&list, &c, 0x09, cap, NULL, 4);
	pci_cap_add(&list, &c, 0x09, cap, NULL, 4);
	pci_config_reset(&c);
	assert_int_equal(pci_config_get(&c, PCI_CAPABILITY_LIST, 1), 0x40);
	assert_int_equal(pci_config_get(&c, 0x40, 4), 0x08074409);
	assert_int_equal(pci_config_get(&c, PCI_STATUS, 2),
			 PCI_STATUS_CAP_LIST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_each_behind_the_last),
		cmocka_unit_test(only_the_given_bits_are_writable),
		cmocka_unit_test(refuses_what_does_not_fit),
		cmocka_unit_test(survives_a_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
