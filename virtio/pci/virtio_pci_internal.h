/* SPDX-License-Identifier: MIT */
/*
 * virtio_pci_internal.h - what the files of the PCI transport share.
 *
 *   virtio_pci.c            the object, capabilities, BAR dispatch
 *   virtio_pci_regs.c       common configuration structure
 *   virtio_pci_cfg.c        PCI_CFG capability
 *   virtio_pci_interrupt.c  vectors, ISR status
 *   virtio_pci_notify.c     notifications and doorbells
 *   virtio_pci_save.c       saved state
 *
 * Locks, in the order in which they may be taken:
 *
 *   master_lock
 *   core->lock (virtio_core.h; held when the core calls reset)
 *   doorbell_lock, isr_lock
 *   function->lock (pci_function.h)
 *
 * So the core is never called with one of the lower locks held.  Selectors and
 * vectors are single numbers and need no lock.
 */
#ifndef VIRTIO_PCI_VIRTIO_PCI_INTERNAL_H
#define VIRTIO_PCI_VIRTIO_PCI_INTERNAL_H

#include "pci/pci_function.h"
#include "virtio/pci/virtio_pci.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
	VIRTIO_PCI_REGISTER_BAR = 0,
	VIRTIO_PCI_MSIX_BAR = 2
};

/* Places in BAR 0; each has VIRTIO_PCI_REGION_SIZE bytes at most. */
#define VIRTIO_PCI_REGION_SIZE 0x1000
#define VIRTIO_PCI_COMMON_OFFSET 0x0000
#define VIRTIO_PCI_ISR_OFFSET 0x1000
#define VIRTIO_PCI_DEVICE_OFFSET 0x2000
#define VIRTIO_PCI_NOTIFY_OFFSET 0x3000
#define VIRTIO_PCI_REGISTER_BAR_SIZE 0x4000

#define VIRTIO_PCI_NOTIFY_MULTIPLIER 4

/*
 * A region of BAR 0, which is also a capability.  Accesses are within
 * [0, length).
 */
struct virtio_pci_region {
	uint8_t cfg_type;
	uint32_t offset;                /* within the BAR */
	uint32_t length;                /* 0: the region does not exist */
	void (*read)(struct virtio_pci *vp, uint32_t offset, void *buf,
		     size_t len);
	void (*write)(struct virtio_pci *vp, uint32_t offset, const void *buf,
		      size_t len);
};

#define VIRTIO_PCI_REGIONS 4

struct virtio_pci {
	/* Constant after virtio_pci_new(). */
	struct virtio_core *core;
	struct pci_function *function;
	const struct log *log;
	struct virtio_pci_host_ops host;
	void *host_ctx;
	struct virtio_pci_region region[VIRTIO_PCI_REGIONS];
	uint32_t cfg_cap;               /* offset of the PCI_CFG capability */

	pthread_mutex_t master_lock;    /* what the core was told of DMA */

	/* virtio_pci_regs.c */
	_Atomic uint32_t device_feature_select;
	_Atomic uint32_t driver_feature_select;
	_Atomic uint16_t queue_select;

	/* virtio_pci_interrupt.c */
	_Atomic uint16_t config_vector;
	_Atomic uint16_t queue_vector[VIRTIO_QUEUES_MAX];
	pthread_mutex_t isr_lock;       /* isr, and the line with it */
	uint8_t isr;

	/* virtio_pci_notify.c */
	pthread_mutex_t doorbell_lock;  /* guards the rest */
	uint64_t doorbell_epoch;        /* counts virtio_pci_doorbells_del() */
	bool doorbells;                 /* were asked for in this epoch */
	bool doorbell[VIRTIO_QUEUES_MAX];       /* and granted */
};

/* ---- virtio_pci.c ------------------------------------------------------ */

/* Tell the core what Bus Master Enable says. */
void virtio_pci_follow_bus_master(struct virtio_pci *vp);

/* ---- virtio_pci_regs.c ------------------------------------------------- */

void virtio_pci_regs_read(struct virtio_pci *vp, uint32_t offset, void *buf,
			  size_t len);
void virtio_pci_regs_write(struct virtio_pci *vp, uint32_t offset,
			   const void *buf, size_t len);
/* The selectors as after a reset. */
void virtio_pci_regs_reset(struct virtio_pci *vp);

/* ---- virtio_pci_cfg.c -------------------------------------------------- */

/* Add the capability.  0 or -ENOSPC. */
int virtio_pci_cfg_add(struct virtio_pci *vp);

/* ---- virtio_pci_interrupt.c -------------------------------------------- */

/* Two functions of struct virtio_transport_ops. */
void virtio_pci_queue_interrupt(void *transport, unsigned queue);
void virtio_pci_config_interrupt(void *transport);

/* Is it one of those that there are, or none at all? */
bool virtio_pci_vector_exists(const struct virtio_pci *vp, uint16_t vector);
/* A vector as it is to be kept: itself, or VIRTIO_MSI_NO_VECTOR if refused. */
uint16_t virtio_pci_check_vector(const struct virtio_pci *vp, uint16_t vector);
void virtio_pci_isr_read(struct virtio_pci *vp, uint32_t offset, void *buf,
			 size_t len);
/* The ISR status, without acknowledging it; and set it, with the line. */
uint8_t virtio_pci_isr_get(struct virtio_pci *vp);
void virtio_pci_isr_set(struct virtio_pci *vp, uint8_t isr);
/* No vectors, no reason to interrupt. */
void virtio_pci_interrupt_reset(struct virtio_pci *vp);

/* ---- virtio_pci_notify.c ----------------------------------------------- */

void virtio_pci_notify_write(struct virtio_pci *vp, uint32_t offset,
			     const void *buf, size_t len);
/*
 * The driver may have set DRIVER_OK: ask the host for the doorbells of all
 * enabled queues, once, unless there was a reset since `epoch` was read.
 */
void virtio_pci_doorbells_add(struct virtio_pci *vp, uint64_t epoch);
uint64_t virtio_pci_doorbell_epoch(struct virtio_pci *vp);
void virtio_pci_doorbells_del(struct virtio_pci *vp);

#endif
