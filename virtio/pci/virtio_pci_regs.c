/* SPDX-License-Identifier: MIT */
/*
 * The common configuration structure (virtio 1.3 4.1.4.3) as a table of
 * registers.
 *
 * A driver accesses each register by its own width, the 64-bit ones by halves.
 * Here an access of any width and place is taken apart into the registers that
 * it touches, in ascending order; one that is written in part is read, merged
 * and written.  The state is the core's, and no lock is held from one call of
 * it to the next: a driver whose processors race for a selector may hit another
 * queue than it meant, and nothing else.
 */
#include "virtio/pci/virtio_pci_internal.h"

#include "common/bytes.h"
#include "virtio/pci/virtio_pci_spec.h"
#include "virtio/virtio_spec.h"

#include <string.h>

struct reg {
	uint8_t offset;
	uint8_t width;
	uint64_t (*read)(struct virtio_pci *vp);
	/* NULL: read-only. */
	void (*write)(struct virtio_pci *vp, uint64_t value);
};

static bool queue_exists(const struct virtio_pci *vp, unsigned queue)
{
	return queue < virtio_core_queues(vp->core);
}

/* ---- features ---------------------------------------------------------- */

/* 32 of the bits; beyond the 64 that there are, all are 0. */
static uint32_t feature_bank(uint64_t features, uint32_t bank)
{
	return bank < 2 ? (uint32_t)(features >> 32 * bank) : 0;
}

static uint64_t dfselect_read(struct virtio_pci *vp)
{
	return vp->device_feature_select;
}

static void dfselect_write(struct virtio_pci *vp, uint64_t value)
{
	vp->device_feature_select = (uint32_t)value;
}

static uint64_t df_read(struct virtio_pci *vp)
{
	return feature_bank(virtio_core_features(vp->core),
			    vp->device_feature_select);
}

static uint64_t gfselect_read(struct virtio_pci *vp)
{
	return vp->driver_feature_select;
}

static void gfselect_write(struct virtio_pci *vp, uint64_t value)
{
	vp->driver_feature_select = (uint32_t)value;
}

static uint64_t gf_read(struct virtio_pci *vp)
{
	return feature_bank(virtio_core_driver_features(vp->core),
			    vp->driver_feature_select);
}

static void gf_write(struct virtio_pci *vp, uint64_t value)
{
	virtio_core_set_driver_features(vp->core, vp->driver_feature_select,
					(uint32_t)value);
}

/* ---- the whole device -------------------------------------------------- */

static uint64_t config_vector_read(struct virtio_pci *vp)
{
	return vp->config_vector;
}

static void config_vector_write(struct virtio_pci *vp, uint64_t value)
{
	vp->config_vector = virtio_pci_check_vector(vp, (uint16_t)value);
}

static uint64_t numq_read(struct virtio_pci *vp)
{
	return virtio_core_queues(vp->core);
}

static uint64_t status_read(struct virtio_pci *vp)
{
	return virtio_core_status(vp->core);
}

static void status_write(struct virtio_pci *vp, uint64_t value)
{
	uint64_t epoch = virtio_pci_doorbell_epoch(vp);

	virtio_core_set_status(vp->core, (uint8_t)value);
	if (!(virtio_core_status(vp->core) & value & VIRTIO_STATUS_DRIVER_OK))
		return;
	if (!pci_function_bus_master(vp->function))
		log_limited(vp->log, LOG_VIRTIO, LOG_WARN,
			    "driver is ready but Bus Master Enable is off: nothing is served before it is on");
	virtio_pci_doorbells_add(vp, epoch);
}

static uint64_t generation_read(struct virtio_pci *vp)
{
	return virtio_core_config_generation(vp->core);
}

/* ---- the selected queue ------------------------------------------------ */

static uint64_t queue_select_read(struct virtio_pci *vp)
{
	return vp->queue_select;
}

static void queue_select_write(struct virtio_pci *vp, uint64_t value)
{
	vp->queue_select = (uint16_t)value;
}

/* Its registers that the core keeps; all 0 when it does not exist. */
static struct virtio_queue_regs selected(struct virtio_pci *vp)
{
	return virtio_core_queue(vp->core, vp->queue_select);
}

static void set_selected(struct virtio_pci *vp,
			 const struct virtio_queue_regs *regs)
{
	virtio_core_set_queue(vp->core, vp->queue_select, regs);
}

static uint64_t queue_size_read(struct virtio_pci *vp)
{
	return selected(vp).size;
}

static void queue_size_write(struct virtio_pci *vp, uint64_t value)
{
	struct virtio_queue_regs regs = selected(vp);

	regs.size = (uint16_t)value;
	set_selected(vp, &regs);
}

static uint64_t queue_vector_read(struct virtio_pci *vp)
{
	unsigned queue = vp->queue_select;

	return queue_exists(vp, queue) ? vp->queue_vector[queue] :
					 VIRTIO_MSI_NO_VECTOR;
}

static void queue_vector_write(struct virtio_pci *vp, uint64_t value)
{
	unsigned queue = vp->queue_select;

	if (queue_exists(vp, queue))
		vp->queue_vector[queue] =
			virtio_pci_check_vector(vp, (uint16_t)value);
}

static uint64_t queue_enable_read(struct virtio_pci *vp)
{
	return selected(vp).enabled;
}

static void queue_enable_write(struct virtio_pci *vp, uint64_t value)
{
	if (value == 1)
		virtio_core_enable_queue(vp->core, vp->queue_select);
}

/* queue_notify_off, and queue_notif_config_data: the queue's number. */
static uint64_t queue_number_read(struct virtio_pci *vp)
{
	unsigned queue = vp->queue_select;

	return queue_exists(vp, queue) ? queue : 0;
}

static uint64_t queue_desc_read(struct virtio_pci *vp)
{
	return selected(vp).desc;
}

static void queue_desc_write(struct virtio_pci *vp, uint64_t value)
{
	struct virtio_queue_regs regs = selected(vp);

	regs.desc = value;
	set_selected(vp, &regs);
}

static uint64_t queue_driver_read(struct virtio_pci *vp)
{
	return selected(vp).driver;
}

static void queue_driver_write(struct virtio_pci *vp, uint64_t value)
{
	struct virtio_queue_regs regs = selected(vp);

	regs.driver = value;
	set_selected(vp, &regs);
}

static uint64_t queue_device_read(struct virtio_pci *vp)
{
	return selected(vp).device;
}

static void queue_device_write(struct virtio_pci *vp, uint64_t value)
{
	struct virtio_queue_regs regs = selected(vp);

	regs.device = value;
	set_selected(vp, &regs);
}

static uint64_t queue_reset_read(struct virtio_pci *vp)
{
	return virtio_core_queue_resetting(vp->core, vp->queue_select);
}

static void queue_reset_write(struct virtio_pci *vp, uint64_t value)
{
	unsigned queue = vp->queue_select;

	if (value != 1 || !queue_exists(vp, queue) ||
	    !(virtio_core_status(vp->core) & VIRTIO_STATUS_FEATURES_OK) ||
	    !(virtio_core_driver_features(vp->core) &
	      VIRTIO_FEATURE(VIRTIO_F_RING_RESET)))
		return;
	vp->queue_vector[queue] = VIRTIO_MSI_NO_VECTOR;
	virtio_core_reset_queue(vp->core, queue);
}

/* ---- the table --------------------------------------------------------- */

/* In ascending order and without gaps. */
static const struct reg regs_table[] = {
	{ VIRTIO_PCI_COMMON_DFSELECT, 4, dfselect_read, dfselect_write },
	{ VIRTIO_PCI_COMMON_DF, 4, df_read, NULL },
	{ VIRTIO_PCI_COMMON_GFSELECT, 4, gfselect_read, gfselect_write },
	{ VIRTIO_PCI_COMMON_GF, 4, gf_read, gf_write },
	{ VIRTIO_PCI_COMMON_MSIX, 2, config_vector_read, config_vector_write },
	{ VIRTIO_PCI_COMMON_NUMQ, 2, numq_read, NULL },
	{ VIRTIO_PCI_COMMON_STATUS, 1, status_read, status_write },
	{ VIRTIO_PCI_COMMON_CFGGENERATION, 1, generation_read, NULL },
	{ VIRTIO_PCI_COMMON_Q_SELECT, 2, queue_select_read,
	  queue_select_write },
	{ VIRTIO_PCI_COMMON_Q_SIZE, 2, queue_size_read, queue_size_write },
	{ VIRTIO_PCI_COMMON_Q_MSIX, 2, queue_vector_read, queue_vector_write },
	{ VIRTIO_PCI_COMMON_Q_ENABLE, 2, queue_enable_read,
	  queue_enable_write },
	{ VIRTIO_PCI_COMMON_Q_NOFF, 2, queue_number_read, NULL },
	{ VIRTIO_PCI_COMMON_Q_DESCLO, 8, queue_desc_read, queue_desc_write },
	{ VIRTIO_PCI_COMMON_Q_AVAILLO, 8, queue_driver_read,
	  queue_driver_write },
	{ VIRTIO_PCI_COMMON_Q_USEDLO, 8, queue_device_read,
	  queue_device_write },
	{ VIRTIO_PCI_COMMON_Q_NDATA, 2, queue_number_read, NULL },
	{ VIRTIO_PCI_COMMON_Q_RESET, 2, queue_reset_read, queue_reset_write },
};

/* The bytes that an access and a register share. */
struct overlap {
	uint32_t in_reg, in_access;
	uint32_t len;                   /* 0: none */
};

static struct overlap overlap_of(const struct reg *reg, uint32_t offset,
				 size_t len)
{
	uint32_t start = MAX(offset, reg->offset);
	uint32_t end = MIN(offset + (uint32_t)len,
			   (uint32_t)reg->offset + reg->width);

	if (start >= end)
		return (struct overlap){ 0 };
	return (struct overlap){ .in_reg = start - reg->offset,
				 .in_access = start - offset,
				 .len = end - start };
}

void virtio_pci_regs_read(struct virtio_pci *vp, uint32_t offset, void *buf,
			  size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(regs_table); i++) {
		const struct reg *reg = &regs_table[i];
		struct overlap o = overlap_of(reg, offset, len);
		uint8_t bytes[8];

		if (!o.len)
			continue;
		le64_store(bytes, reg->read(vp));
		memcpy((uint8_t *)buf + o.in_access, bytes + o.in_reg, o.len);
	}
}

void virtio_pci_regs_write(struct virtio_pci *vp, uint32_t offset,
			   const void *buf, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(regs_table); i++) {
		const struct reg *reg = &regs_table[i];
		struct overlap o = overlap_of(reg, offset, len);
		uint8_t bytes[8] = { 0 };

		if (!o.len || !reg->write)
			continue;
		if (o.len < reg->width)
			le64_store(bytes, reg->read(vp));
		memcpy(bytes + o.in_reg, (const uint8_t *)buf + o.in_access,
		       o.len);
		reg->write(vp, le64_load(bytes));
	}
}

void virtio_pci_regs_reset(struct virtio_pci *vp)
{
	vp->device_feature_select = 0;
	vp->driver_feature_select = 0;
	vp->queue_select = 0;
}
