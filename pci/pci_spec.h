/* SPDX-License-Identifier: MIT */
/*
 * pci_spec.h - the numbers of the PCI Local Bus specification 3.0 that a
 * type-0 function needs: registers of the configuration header, capability
 * ids and class codes.
 *
 * Names are those of <linux/pci_regs.h>, which a test compares with these.
 */
#ifndef PCI_PCI_SPEC_H
#define PCI_PCI_SPEC_H

/* Offsets in the configuration header, type 0 (PCI 3.0 6.1). */
enum {
	PCI_VENDOR_ID = 0x00,
	PCI_DEVICE_ID = 0x02,
	PCI_COMMAND = 0x04,
	PCI_STATUS = 0x06,
	PCI_REVISION_ID = 0x08,
	PCI_CLASS_PROG = 0x09,          /* 3 bytes of class code start here */
	PCI_CACHE_LINE_SIZE = 0x0c,
	PCI_LATENCY_TIMER = 0x0d,
	PCI_HEADER_TYPE = 0x0e,
	PCI_BASE_ADDRESS_0 = 0x10,      /* six of 4 bytes */
	PCI_SUBSYSTEM_VENDOR_ID = 0x2c,
	PCI_SUBSYSTEM_ID = 0x2e,
	PCI_CAPABILITY_LIST = 0x34,
	PCI_INTERRUPT_LINE = 0x3c,
	PCI_INTERRUPT_PIN = 0x3d,
	PCI_STD_HEADER_SIZEOF = 0x40
};

/* Command register. */
enum {
	PCI_COMMAND_MEMORY = 0x0002,    /* decode the memory BARs */
	PCI_COMMAND_MASTER = 0x0004,    /* access memory, send messages */
	PCI_COMMAND_PARITY = 0x0040,
	PCI_COMMAND_SERR = 0x0100,
	PCI_COMMAND_INTX_DISABLE = 0x0400
};

/* Status register; bits 8 and 11 to 15 are cleared by writing 1. */
enum {
	PCI_STATUS_INTERRUPT = 0x0008,
	PCI_STATUS_CAP_LIST = 0x0010,
	PCI_STATUS_ERRORS = 0xf900
};

/* Base address registers (PCI 3.0 6.2.5.1). */
enum {
	PCI_BASE_ADDRESS_MEM_TYPE_64 = 0x04,
	PCI_BASE_ADDRESS_MEM_PREFETCH = 0x08,
	PCI_BASE_ADDRESS_FLAGS = 0x0f
};

/* Capability ids and the header of a capability. */
enum {
	PCI_CAP_ID_VNDR = 0x09,
	PCI_CAP_ID_MSIX = 0x11,
	PCI_CAP_LIST_ID = 0,
	PCI_CAP_LIST_NEXT = 1,
	PCI_CAP_HEADER_SIZEOF = 2
};

/* MSI-X capability (PCI 3.0 6.8.2). */
enum {
	PCI_MSIX_FLAGS = 2,             /* Message Control */
	PCI_MSIX_FLAGS_QSIZE = 0x07ff,  /* vectors - 1 */
	PCI_MSIX_FLAGS_MASKALL = 0x4000,
	PCI_MSIX_FLAGS_ENABLE = 0x8000,
	PCI_MSIX_TABLE = 4,             /* BAR in bits 2:0, offset above */
	PCI_MSIX_PBA = 8,
	PCI_CAP_MSIX_SIZEOF = 12
};

/* An entry of the MSI-X table. */
enum {
	PCI_MSIX_ENTRY_LOWER_ADDR = 0,
	PCI_MSIX_ENTRY_UPPER_ADDR = 4,
	PCI_MSIX_ENTRY_DATA = 8,
	PCI_MSIX_ENTRY_VECTOR_CTRL = 12,
	PCI_MSIX_ENTRY_CTRL_MASKBIT = 1,
	PCI_MSIX_ENTRY_SIZE = 16
};

/* Class codes: base class, sub-class, programming interface. */
enum {
	PCI_CLASS_STORAGE_OTHER = 0x018000,
	PCI_CLASS_SYSTEM_OTHER = 0x088000
};

#endif
