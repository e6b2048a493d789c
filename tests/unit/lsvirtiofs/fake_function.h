/* SPDX-License-Identifier: MIT */
/*
 * fake_function.h - a virtio-fs function without faults, for tests to spoil:
 * configuration space as bytes, and registers behind a struct lsv_io.
 *
 * Layout: MSI-X at 0x40 (4 vectors, BAR 2), COMMON 0x50, NOTIFY 0x60, ISR
 * 0x74, DEVICE 0x84, PCI_CFG 0x94; regions in BAR 0, a page each.
 */
#ifndef FAKE_FUNCTION_H
#define FAKE_FUNCTION_H

#include "tools/lsvirtiofs/lsv_regs.h"

#define FAKE_QUEUES 3

enum {
	FAKE_MSIX = 0x40,
	FAKE_COMMON = 0x50,
	FAKE_NOTIFY = 0x60,
	FAKE_ISR = 0x74,
	FAKE_DEVICE = 0x84,
	FAKE_PCI_CFG = 0x94
};

struct fake_function {
	uint8_t config[LSV_CONFIG_SIZE];
	uint64_t device_features;
	uint64_t driver_features;
	uint32_t device_feature_select;
	uint32_t driver_feature_select;
	uint16_t queue_select;
	struct lsv_queue queues[FAKE_QUEUES];
	uint8_t status;
	uint8_t device[40];             /* struct virtio_fs_config */
	uint32_t msix[16];              /* 4 entries */
	unsigned isr_reads;
	int error;                      /* for every access, if not 0 */
	struct lsv_io io;
};

/* A function that a driver uses: tag "myfs", 2 request queues. */
void fake_function_init(struct fake_function *fake);

#endif
