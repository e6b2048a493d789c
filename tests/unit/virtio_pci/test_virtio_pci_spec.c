/* SPDX-License-Identifier: MIT */
/*
 * Our numbers against the kernel's.  Both have the same names, so ours are
 * taken first, and then the kernel's macros cover them.
 */
#include "virtio/pci/virtio_pci_spec.h"

#define NAMES(X) \
	X(VIRTIO_PCI_CAP_LEN) X(VIRTIO_PCI_CAP_CFG_TYPE) \
	X(VIRTIO_PCI_CAP_BAR) X(VIRTIO_PCI_CAP_OFFSET) \
	X(VIRTIO_PCI_CAP_LENGTH) X(VIRTIO_PCI_NOTIFY_CAP_MULT) \
	X(VIRTIO_PCI_CAP_COMMON_CFG) X(VIRTIO_PCI_CAP_NOTIFY_CFG) \
	X(VIRTIO_PCI_CAP_ISR_CFG) X(VIRTIO_PCI_CAP_DEVICE_CFG) \
	X(VIRTIO_PCI_CAP_PCI_CFG) \
	X(VIRTIO_PCI_COMMON_DFSELECT) X(VIRTIO_PCI_COMMON_DF) \
	X(VIRTIO_PCI_COMMON_GFSELECT) X(VIRTIO_PCI_COMMON_GF) \
	X(VIRTIO_PCI_COMMON_MSIX) X(VIRTIO_PCI_COMMON_NUMQ) \
	X(VIRTIO_PCI_COMMON_STATUS) X(VIRTIO_PCI_COMMON_CFGGENERATION) \
	X(VIRTIO_PCI_COMMON_Q_SELECT) X(VIRTIO_PCI_COMMON_Q_SIZE) \
	X(VIRTIO_PCI_COMMON_Q_MSIX) X(VIRTIO_PCI_COMMON_Q_ENABLE) \
	X(VIRTIO_PCI_COMMON_Q_NOFF) X(VIRTIO_PCI_COMMON_Q_DESCLO) \
	X(VIRTIO_PCI_COMMON_Q_AVAILLO) X(VIRTIO_PCI_COMMON_Q_USEDLO) \
	X(VIRTIO_PCI_COMMON_Q_NDATA) X(VIRTIO_PCI_COMMON_Q_RESET)

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

static const long our_isr_config = VIRTIO_PCI_ISR_CONFIG;

#include <linux/virtio_pci.h>
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
	assert_int_equal(our_isr_config, VIRTIO_PCI_ISR_CONFIG);
}

static void sizes_are_the_kernels(void **state)
{
	(void)state;
	assert_int_equal(VIRTIO_PCI_CAP_SIZE, sizeof(struct virtio_pci_cap));
	assert_int_equal(VIRTIO_PCI_CAP_ID,
			 offsetof(struct virtio_pci_cap, id));
	assert_int_equal(VIRTIO_PCI_NOTIFY_CAP_SIZE,
			 sizeof(struct virtio_pci_notify_cap));
	assert_int_equal(VIRTIO_PCI_CFG_CAP_SIZE,
			 sizeof(struct virtio_pci_cfg_cap));
	assert_int_equal(VIRTIO_PCI_CFG_CAP_DATA,
			 offsetof(struct virtio_pci_cfg_cap, pci_cfg_data));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_the_kernels),
		cmocka_unit_test(sizes_are_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
