/* SPDX-License-Identifier: MIT */
/*
 * lsv_access.h - a function's configuration space and BARs, by libpciaccess.
 *
 * A BAR is mapped where the kernel lets us.  It does not while a driver holds
 * the BAR (CONFIG_IO_STRICT_DEVMEM), and then accesses go through the window
 * that every virtio function has in its configuration space for firmware
 * (VIRTIO_PCI_CAP_PCI_CFG, virtio 1.3 4.1.4.9), which no Linux driver uses.
 */
#ifndef LSV_ACCESS_H
#define LSV_ACCESS_H

#include "tools/lsvirtiofs/lsv_regs.h"

#include <pciaccess.h>

struct lsv_access {
	struct pci_device *dev;
	struct lsv_config config;
	uint8_t bytes[LSV_CONFIG_SIZE];
	void *map[LSV_BARS];            /* NULL: use the window */
	struct lsv_io io;               /* for lsv_regs.h */
};

/*
 * Read the configuration space and map what can be mapped.  0, or -errno;
 * -EACCES: the kernel shows no more than 64 bytes to who is not root.
 */
int lsv_access_open(struct lsv_access *access, struct pci_device *dev);
void lsv_access_close(struct lsv_access *access);

#endif
