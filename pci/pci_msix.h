/* SPDX-License-Identifier: MIT */
/*
 * pci_msix.h - MSI-X (PCI 3.0 6.8): capability, table, pending bits, masks.
 *
 * One BAR of PCI_MSIX_BAR_SIZE bytes holds the table at its start and the
 * pending bit array (PBA) at PCI_MSIX_PBA_OFFSET.  A vector that is signalled
 * while it, or the whole function, is masked or the function may not master
 * the bus becomes pending, and is sent when the last obstacle goes.
 *
 * A host may emulate the table and all masks by itself; then (host_table) a
 * signal is passed on by number alone and nothing ever becomes pending.
 *
 * Not locked: the owner's lock guards it, and is held during send().
 */
#ifndef PCI_PCI_MSIX_H
#define PCI_PCI_MSIX_H

#include "pci/pci_spec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCI_MSIX_VECTORS_MAX 128
#define PCI_MSIX_BAR_SIZE 4096
#define PCI_MSIX_PBA_OFFSET 0x800

typedef void (*pci_msix_send)(void *ctx, uint16_t vector, uint64_t address,
			      uint32_t data);

/* What software has written, and what is pending. */
struct pci_msix_state {
	uint8_t table[PCI_MSIX_VECTORS_MAX * PCI_MSIX_ENTRY_SIZE];
	uint8_t pba[PCI_MSIX_VECTORS_MAX / 8];
};

struct pci_msix {
	unsigned vectors;               /* 0: the function has no MSI-X */
	bool host_table;
	bool enabled;                   /* MSI-X Enable */
	bool blocked;                   /* Function Mask, or no bus master */
	pci_msix_send send;
	void *ctx;
	struct pci_msix_state state;
};

/* As after a reset.  -EINVAL: not 1..PCI_MSIX_VECTORS_MAX vectors. */
int pci_msix_init(struct pci_msix *msix, unsigned vectors, bool host_table,
		  pci_msix_send send, void *ctx);

/* The capability's content, and its writable bits, for a table in `bar`. */
void pci_msix_capability(const struct pci_msix *msix, unsigned bar,
			 uint8_t ret_bytes[PCI_CAP_MSIX_SIZEOF],
			 uint8_t ret_writable[PCI_CAP_MSIX_SIZEOF]);

/* Everything masked, nothing pending, disabled. */
void pci_msix_reset(struct pci_msix *msix);

/* Message Control or Bus Master Enable may have changed. */
void pci_msix_update(struct pci_msix *msix, uint16_t control, bool bus_master);

/*
 * Go on from this state, of which what is not there for these vectors is
 * ignored; to be followed by an update.
 */
void pci_msix_restore(struct pci_msix *msix,
		      const struct pci_msix_state *state);

/* What was signalled and could not be sent yet is not to be sent any more. */
void pci_msix_forget(struct pci_msix *msix);

/*
 * Interrupt by vector; a vector that does not exist is nothing.  False:
 * MSI-X is disabled (and nothing was done), so INTx is in use.
 */
bool pci_msix_signal(struct pci_msix *msix, unsigned vector);

/*
 * Accesses to the BAR: any offset and length.  What is neither table nor PBA
 * reads as all ones; writes to it and to the PBA are dropped.
 */
void pci_msix_read(const struct pci_msix *msix, uint64_t offset, void *buf,
		   size_t len);
void pci_msix_write(struct pci_msix *msix, uint64_t offset, const void *buf,
		    size_t len);

#endif
