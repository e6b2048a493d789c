/* SPDX-License-Identifier: MIT */
#include "pci/pci_intx.h"

#include "pci/pci_spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

struct host {
	unsigned calls;
	bool level;
};

static void host_set(void *ctx, bool asserted)
{
	struct host *h = ctx;

	h->calls++;
	h->level = asserted;
}

static bool status_bit(const struct pci_config *c)
{
	return pci_config_get(c, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT;
}

static void the_line_follows_the_reason(void **state)
{
	struct host h = { 0 };
	struct pci_config c = { 0 };
	struct pci_intx intx;

	(void)state;
	pci_intx_init(&intx, &c, host_set, &h);
	assert_int_equal(pci_config_get(&c, PCI_INTERRUPT_PIN, 1), 1);
	intx.pending = true;
	pci_intx_update(&intx, &c, false);
	pci_intx_update(&intx, &c, false);
	assert_true(h.level);
	assert_true(status_bit(&c));
	assert_int_equal(h.calls, 1);
	intx.pending = false;
	pci_intx_update(&intx, &c, false);
	assert_false(h.level);
	assert_false(status_bit(&c));
	assert_int_equal(h.calls, 2);
}

static void interrupt_disable_hides_the_line_only(void **state)
{
	struct host h = { 0 };
	struct pci_config c = { 0 };
	struct pci_intx intx;

	(void)state;
	pci_intx_init(&intx, &c, host_set, &h);
	pci_config_set_bits(&c, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE, true);
	intx.pending = true;
	pci_intx_update(&intx, &c, false);
	assert_int_equal(h.calls, 0);
	assert_true(status_bit(&c));
	pci_config_set_bits(&c, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE, false);
	pci_intx_update(&intx, &c, false);
	assert_true(h.level);
	pci_config_set_bits(&c, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE, true);
	pci_intx_update(&intx, &c, false);
	assert_false(h.level);
}

static void msix_hides_both(void **state)
{
	struct host h = { 0 };
	struct pci_config c = { 0 };
	struct pci_intx intx;

	(void)state;
	pci_intx_init(&intx, &c, host_set, &h);
	intx.pending = true;
	pci_intx_update(&intx, &c, true);
	assert_int_equal(h.calls, 0);
	assert_false(status_bit(&c));
	pci_intx_update(&intx, &c, false);
	assert_true(h.level);
	assert_true(status_bit(&c));
}

static void without_a_pin_nothing_happens(void **state)
{
	struct pci_config c = { 0 };
	struct pci_intx intx;

	(void)state;
	pci_intx_init(&intx, &c, NULL, NULL);
	assert_int_equal(pci_config_get(&c, PCI_INTERRUPT_PIN, 1), 0);
	intx.pending = true;
	pci_intx_update(&intx, &c, false);
	assert_false(status_bit(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_follows_the_reason),
		cmocka_unit_test(interrupt_disable_hides_the_line_only),
		cmocka_unit_test(msix_hides_both),
		cmocka_unit_test(without_a_pin_nothing_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
