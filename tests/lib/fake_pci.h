/* SPDX-License-Identifier: MIT */
/*
 * fake_pci.h - a guest's PCI core for tests: finds its way through a
 * function's configuration space as an operating system does.
 *
 * Nothing here is shared with the device's side.
 */
#ifndef TESTS_LIB_FAKE_PCI_H
#define TESTS_LIB_FAKE_PCI_H

#include "include/pciplug.h"

#include <stdbool.h>
#include <stdint.h>

#define FAKE_PCI_BARS 6

struct fake_pci_bar {
	uint64_t size;                  /* 0: none */
	uint64_t address;               /* where this guest puts it */
	bool is_64bit, prefetchable;
};

struct fake_pci {
	const struct pciplug_plugin *plugin;
	struct pciplug_device *dev;
	struct fake_pci_bar bar[FAKE_PCI_BARS];
	unsigned msix_cap;              /* offsets in configuration space; 0: */
	unsigned msix_vectors;          /* no MSI-X */
	unsigned msix_bar;
	uint32_t msix_table;
};

/*
 * Size and place the BARs, find MSI-X, switch on memory and bus mastering.
 * NULL, or what is wrong with the function.
 */
const char *fake_pci_probe(struct fake_pci *pci,
			   const struct pciplug_plugin *plugin,
			   struct pciplug_device *dev);

/* Configuration space; size is 1, 2 or 4 bytes. */
uint32_t fake_pci_cfg_read(const struct fake_pci *pci, unsigned offset,
			   unsigned size);
void fake_pci_cfg_write(const struct fake_pci *pci, unsigned offset,
			unsigned size, uint32_t value);
/* The capability after `after` (0: the first) with this id; 0: no more. */
unsigned fake_pci_cap(const struct fake_pci *pci, unsigned id, unsigned after);

/* BARs; size is 1, 2, 4 or 8 bytes. */
uint64_t fake_pci_read(const struct fake_pci *pci, unsigned bar,
		       uint64_t offset, unsigned size);
void fake_pci_write(const struct fake_pci *pci, unsigned bar, uint64_t offset,
		    unsigned size, uint64_t value);

/* Give every vector a fake host's message, and switch MSI-X on or off. */
void fake_pci_enable_msix(const struct fake_pci *pci, bool enable);

#endif
