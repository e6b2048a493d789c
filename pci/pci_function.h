/* SPDX-License-Identifier: MIT */
/*
 * pci_function.h - one PCI function of header type 0: configuration space,
 * BARs, capabilities, MSI-X and INTx as one object.
 *
 * It is built by pci_function_new() and the pci_function_add_*() calls, by
 * one thread; then it is used: accesses and signals come from any thread.
 *
 * Every write of the configuration space is followed by one step that brings
 * the rest in line with it (interrupt line, MSI-X state, decoding of BARs),
 * so no register has a handler of its own.
 *
 * Lock: function->lock, inside this object, guards all of it.  It is a leaf
 * of this program, and it is held during the functions of pci_function_ops,
 * so that what they tell comes in order and, for one, no message is sent once
 * a write that masks it has returned.  Those functions must not block and
 * must not call this object.  It is not held during a window's functions.
 */
#ifndef PCI_PCI_FUNCTION_H
#define PCI_PCI_FUNCTION_H

#include "pci/pci_bar.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pci_function;
struct save_reader;
struct save_writer;

/* What the function asks of its host. */
struct pci_function_ops {
	/* Required.  With host_msix_table, addr and data are 0. */
	void (*msix_signal)(void *ctx, uint16_t vector, uint64_t addr,
			    uint32_t data);
	/* NULL: no interrupt pin. */
	void (*intx_set)(void *ctx, bool asserted);
	/* A BAR decodes at gpa, or no longer; both may be NULL. */
	int (*bar_map)(void *ctx, unsigned bar, uint64_t gpa);
	void (*bar_unmap)(void *ctx, unsigned bar);
};

struct pci_function_params {
	uint16_t vendor, device;
	uint16_t subsystem_vendor, subsystem;
	uint32_t class_code;            /* 24 bits */
	uint8_t revision;
	bool host_msix_table;           /* the host emulates table and masks */
};

/*
 * Bytes of the configuration space that are a device's registers.  The offset
 * is within the window.  Any thread; may call this object.
 */
struct pci_function_window {
	uint32_t offset;
	uint32_t length;                /* 0: no window */
	void (*read)(void *ctx, uint32_t offset, void *buf, size_t len);
	void (*write)(void *ctx, uint32_t offset, const void *buf, size_t len);
	void *ctx;
};

/* ---- building ---------------------------------------------------------- */

/* `ops` is copied.  0 or -ENOMEM. */
int pci_function_new(const struct pci_function_params *params,
		     const struct pci_function_ops *ops, void *ctx,
		     struct pci_function **ret_function);
/* Tells the host nothing any more.  NULL is allowed. */
void pci_function_free(struct pci_function *function);

/* See pci_bar_add(). */
int pci_function_add_bar(struct pci_function *function, unsigned bar,
			 uint64_t size, unsigned flags);
/* See pci_cap_add(); returns the capability's offset. */
int pci_function_add_cap(struct pci_function *function, uint8_t id,
			 const void *bytes, const void *writable, size_t len);
/*
 * Add MSI-X with a 64-bit BAR of its own; once.  -EINVAL: not
 * 1..PCI_MSIX_VECTORS_MAX vectors, or the BAR is taken; -ENOSPC.
 */
int pci_function_add_msix(struct pci_function *function, unsigned bar,
			  unsigned vectors);
/*
 * An access that lies in the window is passed to it.  One that is only partly
 * in it (a dump of the whole space) sees the bytes that are stored there.
 */
void pci_function_set_window(struct pci_function *function,
			     const struct pci_function_window *window);

/* ---- accesses: any thread, any offset and length, never blocking ------- */

void pci_function_cfg_read(struct pci_function *function, uint32_t offset,
			   void *buf, size_t len);
void pci_function_cfg_write(struct pci_function *function, uint32_t offset,
			    const void *buf, size_t len);
/* The BAR of MSI-X; see pci_msix_read(). */
void pci_function_msix_read(struct pci_function *function, uint64_t offset,
			    void *buf, size_t len);
void pci_function_msix_write(struct pci_function *function, uint64_t offset,
			     const void *buf, size_t len);

/* ---- the device's side: any thread, never blocking --------------------- */

/* See pci_msix_signal(): false when the driver uses INTx. */
bool pci_function_msix_signal(struct pci_function *function, unsigned vector);
/* See pci_msix_forget(). */
void pci_function_msix_forget(struct pci_function *function);
/* The device has, or no longer has, a reason to interrupt by INTx. */
void pci_function_intx_set(struct pci_function *function, bool pending);
/* May the function access memory? */
bool pci_function_bus_master(struct pci_function *function);
/* A copy of BAR `bar`; all 0 when there is none. */
struct pci_bar pci_function_bar(struct pci_function *function, unsigned bar);

/*
 * Add records (common/save.h) of what the driver has written and of messages
 * that are pending.  The INTx line is not among it, as the device says again
 * whether it has a reason to interrupt.
 */
void pci_function_save(struct pci_function *function, struct save_writer *w);
/*
 * Go on from there: BARs are mapped and the host is told.  The records are not
 * trusted.  0, or the reader's error: nothing was changed.
 */
int pci_function_restore(struct pci_function *function, struct save_reader *r);

/* As after building: also masks every vector and unmaps every BAR. */
void pci_function_reset(struct pci_function *function);

#endif
