/* SPDX-License-Identifier: MIT */
/*
 * pci_bar.h - the six base address registers: memory of 32 or 64 bits.
 *
 * The registers themselves are bytes of the configuration space: size and
 * type are expressed by which bits software can write, so sizing (PCI 3.0
 * 6.2.5.1) needs no code.  What is kept here is where each BAR decodes at the
 * moment, so that the host can be told of changes.
 *
 * A BAR decodes when Memory Space Enable is set and its address is neither 0
 * nor the all-ones pattern of sizing.
 */
#ifndef PCI_PCI_BAR_H
#define PCI_PCI_BAR_H

#include "pci/pci_config.h"

#include <stdbool.h>
#include <stdint.h>

#define PCI_BARS 6

enum {
	PCI_BAR_64BIT = 1,              /* takes the next register too */
	PCI_BAR_PREFETCHABLE = 2
};

struct pci_bar {
	uint64_t size;                  /* bytes, a power of 2; 0: none */
	unsigned flags;                 /* PCI_BAR_* */
	bool mapped;
	uint64_t address;               /* while mapped */
};

/* Tell the host where a BAR decodes; either may be NULL. */
struct pci_bar_ops {
	/* Not 0: it could not, and is asked again at the next change. */
	int (*map)(void *ctx, unsigned bar, uint64_t address);
	void (*unmap)(void *ctx, unsigned bar);
};

struct pci_bars {
	struct pci_bar bar[PCI_BARS];
	struct pci_bar_ops ops;
	void *ctx;
};

/*
 * Add BAR `index`.  -EINVAL: no such register, or taken; a size that is no
 * power of two, under 16 bytes, or over 2 GiB without PCI_BAR_64BIT.
 */
int pci_bar_add(struct pci_bars *bars, struct pci_config *config,
		unsigned index, uint64_t size, unsigned flags);

/* The configuration space may have changed: notify of moved BARs. */
void pci_bar_update(struct pci_bars *bars, const struct pci_config *config);

#endif
