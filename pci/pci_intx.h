/* SPDX-License-Identifier: MIT */
/*
 * pci_intx.h - the level-triggered interrupt pin INTA# (PCI 3.0 6.2.2-6.2.4).
 *
 * The device has, or has not, something to say (`pending`).  Interrupt Status
 * shows it unless MSI-X is in use; the line shows it unless Interrupt Disable
 * is set as well.
 *
 * Not locked: the owner's lock guards it, and is held during set(), so that
 * levels reach the host in the order in which they came to be.
 */
#ifndef PCI_PCI_INTX_H
#define PCI_PCI_INTX_H

#include "pci/pci_config.h"

#include <stdbool.h>

/* All zero: a function without a pin. */
struct pci_intx {
	void (*set)(void *ctx, bool asserted);  /* NULL: no pin */
	void *ctx;
	bool pending;
	bool asserted;                  /* what the host was told last */
};

/* Say whether there is a pin, in the configuration space. */
void pci_intx_init(struct pci_intx *intx, struct pci_config *config,
		   void (*set)(void *ctx, bool asserted), void *ctx);

/*
 * `pending`, the Command register or the MSI-X Enable bit may have changed:
 * bring Interrupt Status and the line in line.
 */
void pci_intx_update(struct pci_intx *intx, struct pci_config *config,
		     bool msix_enabled);

#endif
