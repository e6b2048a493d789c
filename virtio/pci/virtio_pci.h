/* SPDX-License-Identifier: MIT */
/*
 * virtio_pci.h - the PCI transport: a virtio device as a PCI function
 * (virtio 1.3 4.1).  The join of pci/ and virtio/.
 *
 * Configuration space: 1AF4:(1040 + device id), revision 1, capabilities
 * MSI-X, COMMON, NOTIFY, ISR, DEVICE, PCI_CFG.
 *
 *   BAR 0 (64-bit, not prefetchable), each region in pages of its own:
 *       0x0000  common configuration
 *       0x1000  ISR status
 *       0x2000  device configuration
 *       0x3000  notifications, 4 bytes for each queue
 *   BAR 2 (64-bit): MSI-X table at 0, PBA at 0x800; one vector for each
 *       queue and one for configuration changes
 *
 * Both MSI-X and INTx work, whichever the driver enables.
 */
#ifndef VIRTIO_PCI_VIRTIO_PCI_H
#define VIRTIO_PCI_VIRTIO_PCI_H

#include "virtio/virtio_core.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct save_reader;
struct save_writer;
struct virtio_pci;

/* A doorbell: see struct pciplug_doorbell, which it becomes. */
struct virtio_pci_doorbell {
	unsigned bar;
	uint64_t offset;
	uint64_t value;
	uint32_t length;
	intptr_t event;
};

/* What the VMM offers; all but msix_signal may be NULL. */
struct virtio_pci_host_ops {
	void (*msix_signal)(void *ctx, uint16_t vector, uint64_t addr,
			    uint32_t data);
	void (*intx_set)(void *ctx, bool asserted);
	int (*bar_map)(void *ctx, unsigned bar, uint64_t gpa);
	void (*bar_unmap)(void *ctx, unsigned bar);
	int (*doorbell_add)(void *ctx, const struct virtio_pci_doorbell *db);
	void (*doorbell_del)(void *ctx, const struct virtio_pci_doorbell *db);
};

struct virtio_pci_params {
	struct virtio_core_params core;
	uint32_t class_code;            /* 24 bits: 0x088000 */
	bool host_msix_table;           /* PCIPLUG_HOST_MSIX_TABLE */
};

/* Pointers are borrowed until virtio_pci_free().  0 or -errno. */
int virtio_pci_new(const struct virtio_pci_params *params,
		   const struct virtio_device_ops *ops, void *dev,
		   const struct virtio_pci_host_ops *host, void *host_ctx,
		   struct gmem *mem, const struct log *log,
		   struct virtio_pci **ret_pci);
void virtio_pci_free(struct virtio_pci *vp);

/* Life cycle; see pciplug.h.  Not concurrent with each other. */
int virtio_pci_start(struct virtio_pci *vp);
void virtio_pci_stop(struct virtio_pci *vp);
void virtio_pci_reset(struct virtio_pci *vp);

/*
 * Part of the life cycle, while it is stopped; no access of the guest beside.
 * Save all that the guest has made of it, as records; it stays as it is.  0,
 * -EBUSY: it is started; or the writer's error.
 */
int virtio_pci_save(struct virtio_pci *vp, struct save_writer *w);
/*
 * Go on from there, once started.  The host is told what the driver of the
 * image has asked for: BARs, doorbells, the line.  The image is not trusted.
 * 0; -EBUSY: it is started, and stays as it is; or the reader's error: it is as
 * after virtio_pci_reset().
 */
int virtio_pci_restore(struct virtio_pci *vp, struct save_reader *r);

/*
 * Guest accesses: any thread, any offset and length, never blocking.  What is
 * not there reads as all ones; writes to it are dropped.
 */
void virtio_pci_cfg_read(struct virtio_pci *vp, uint32_t offset, void *buf,
			 size_t len);
void virtio_pci_cfg_write(struct virtio_pci *vp, uint32_t offset,
			  const void *buf, size_t len);
void virtio_pci_bar_read(struct virtio_pci *vp, unsigned bar, uint64_t offset,
			 void *buf, size_t len);
void virtio_pci_bar_write(struct virtio_pci *vp, unsigned bar, uint64_t offset,
			  const void *buf, size_t len);

struct virtio_pci_bar {
	uint64_t length;                /* 0: not implemented */
	bool is_64bit;
	bool prefetchable;
	bool has_msix_table;
};

/* All 0 for a BAR that is not there. */
struct virtio_pci_bar virtio_pci_bar_info(const struct virtio_pci *vp,
					  unsigned bar);

/* For inspection. */
struct virtio_core *virtio_pci_core(struct virtio_pci *vp);

#endif
