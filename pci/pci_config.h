/* SPDX-License-Identifier: MIT */
/*
 * pci_config.h - a configuration space as data.
 *
 * Each byte has a value, the bits that software may write, the bits that
 * writing 1 clears, and the value after a reset.  So every register behaves
 * by its entry in these tables, and accesses of any offset and width are one
 * loop; what a write means is looked up in the values afterwards
 * (pci_function.c).
 *
 * Not locked: the owner's lock guards it.
 */
#ifndef PCI_PCI_CONFIG_H
#define PCI_PCI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCI_CONFIG_SIZE 256

/* All zero: a configuration space of read-only zeros. */
struct pci_config {
	uint8_t value[PCI_CONFIG_SIZE];
	uint8_t writable[PCI_CONFIG_SIZE];
	uint8_t clearable[PCI_CONFIG_SIZE];     /* by writing 1 */
	uint8_t initial[PCI_CONFIG_SIZE];       /* value after a reset */
};

/* ---- building; offset + len must be within the space ------------------- */

/* Set values, present and after a reset, and writable bits (NULL: none). */
void pci_config_define(struct pci_config *config, uint32_t offset,
		       const void *value, const void *writable, size_t len);
/* The same for one little-endian number of `width` (1, 2 or 4) bytes. */
void pci_config_define_le(struct pci_config *config, uint32_t offset,
			  unsigned width, uint32_t value, uint32_t writable);
/* These bits of a 16-bit register are cleared by writing 1. */
void pci_config_define_clearable(struct pci_config *config, uint32_t offset,
				 uint16_t bits);

/* ---- the device's side ------------------------------------------------- */

/* A little-endian number of `width` (1, 2 or 4) bytes within the space. */
uint32_t pci_config_get(const struct pci_config *config, uint32_t offset,
			unsigned width);
/* Set or clear bits of a 16-bit register, whatever software may write. */
void pci_config_set_bits(struct pci_config *config, uint32_t offset,
			 uint16_t bits, bool on);
void pci_config_reset(struct pci_config *config);
/* As after a reset, but for what software can change: that is as in `value`. */
void pci_config_restore(struct pci_config *config,
			const uint8_t value[PCI_CONFIG_SIZE]);

/* ---- software's side: any offset and length ---------------------------- */

/* Bytes beyond the space read as all ones. */
void pci_config_read(const struct pci_config *config, uint32_t offset,
		     void *buf, size_t len);
/* Bytes beyond the space are dropped. */
void pci_config_write(struct pci_config *config, uint32_t offset,
		      const void *buf, size_t len);

#endif
