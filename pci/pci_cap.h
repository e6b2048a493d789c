/* SPDX-License-Identifier: MIT */
/*
 * pci_cap.h - builds the list of capabilities (PCI 3.0 6.7): one after the
 * other from 0x40 on, each linked behind the last.
 */
#ifndef PCI_PCI_CAP_H
#define PCI_PCI_CAP_H

#include "pci/pci_config.h"

#include <stddef.h>
#include <stdint.h>

/* All zero: an empty list. */
struct pci_cap_list {
	uint8_t last;                   /* offset of the last; 0: none */
	uint16_t end;                   /* where it ends */
};

/*
 * Append a capability of `len` bytes, its two bytes of header included, whose
 * content is filled in here.  `writable` are its writable bits, NULL: none.
 * Returns its offset; -EINVAL: shorter than its header; -ENOSPC: no room.
 */
int pci_cap_add(struct pci_cap_list *list, struct pci_config *config,
		uint8_t id, const void *bytes, const void *writable,
		size_t len);

#endif
