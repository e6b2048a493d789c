/* SPDX-License-Identifier: MIT */
/*
 * Our numbers against the kernel's.  Both have the same names, so ours are
 * taken first, and then the kernel's macros cover them.
 */
#include "pci/pci_spec.h"

#define NAMES(X) \
	X(PCI_VENDOR_ID) X(PCI_DEVICE_ID) X(PCI_COMMAND) X(PCI_STATUS) \
	X(PCI_REVISION_ID) X(PCI_CLASS_PROG) X(PCI_CACHE_LINE_SIZE) \
	X(PCI_LATENCY_TIMER) X(PCI_HEADER_TYPE) X(PCI_BASE_ADDRESS_0) \
	X(PCI_SUBSYSTEM_VENDOR_ID) X(PCI_SUBSYSTEM_ID) \
	X(PCI_CAPABILITY_LIST) X(PCI_INTERRUPT_LINE) X(PCI_INTERRUPT_PIN) \
	X(PCI_STD_HEADER_SIZEOF) X(PCI_COMMAND_MEMORY) X(PCI_COMMAND_MASTER) \
	X(PCI_COMMAND_PARITY) X(PCI_COMMAND_SERR) \
	X(PCI_COMMAND_INTX_DISABLE) X(PCI_STATUS_INTERRUPT) \
	X(PCI_STATUS_CAP_LIST) X(PCI_BASE_ADDRESS_MEM_TYPE_64) \
	X(PCI_BASE_ADDRESS_MEM_PREFETCH) X(PCI_CAP_ID_VNDR) \
	X(PCI_CAP_ID_MSIX) X(PCI_CAP_LIST_ID) X(PCI_CAP_LIST_NEXT) \
	X(PCI_MSIX_FLAGS) X(PCI_MSIX_FLAGS_QSIZE) \
	X(PCI_MSIX_FLAGS_MASKALL) X(PCI_MSIX_FLAGS_ENABLE) X(PCI_MSIX_TABLE) \
	X(PCI_MSIX_PBA) X(PCI_CAP_MSIX_SIZEOF) X(PCI_MSIX_ENTRY_SIZE) \
	X(PCI_MSIX_ENTRY_LOWER_ADDR) X(PCI_MSIX_ENTRY_UPPER_ADDR) \
	X(PCI_MSIX_ENTRY_DATA) X(PCI_MSIX_ENTRY_VECTOR_CTRL) \
	X(PCI_MSIX_ENTRY_CTRL_MASKBIT)

enum number {
#define X(name) AT_##name,
	NAMES(X)
#undef X
	NUMBERS
};

static const long ours[NUMBERS] = {
#define X(name) [AT_##name] = name,
	NAMES(X)
#undef X
};

static const long our_status_errors = PCI_STATUS_ERRORS;

#include <linux/pci_regs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void numbers_are_the_kernels(void **state)
{
	(void)state;
#define X(name) assert_int_equal(ours[AT_##name], (name));
	NAMES(X)
#undef X
	assert_int_equal(our_status_errors,
			 PCI_STATUS_PARITY | PCI_STATUS_SIG_TARGET_ABORT |
			 PCI_STATUS_REC_TARGET_ABORT |
			 PCI_STATUS_REC_MASTER_ABORT |
			 PCI_STATUS_SIG_SYSTEM_ERROR |
			 PCI_STATUS_DETECTED_PARITY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
