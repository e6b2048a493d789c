/* SPDX-License-Identifier: MIT */
/*
 * The object: builds the PCI function around the virtio core, and leads each
 * access to the region that it is for.  The table of regions is at once the
 * layout of BAR 0 and the list of capabilities.
 *
 * Whether a BAR decodes is the host's affair: an access that arrives here is
 * served, whatever Memory Space Enable says.
 */
#include "virtio/pci/virtio_pci_internal.h"

#include "common/bytes.h"
#include "pci/pci_spec.h"
#include "virtio/pci/virtio_pci_spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void device_config_read(struct virtio_pci *vp, uint32_t offset,
			       void *buf, size_t len)
{
	virtio_core_config_read(vp->core, offset, buf, len);
}

static void define_regions(struct virtio_pci *vp, unsigned queues,
			   uint32_t config_size)
{
	const struct virtio_pci_region region[VIRTIO_PCI_REGIONS] = {
		{ VIRTIO_PCI_CAP_COMMON_CFG, VIRTIO_PCI_COMMON_OFFSET,
		  VIRTIO_PCI_COMMON_SIZE, virtio_pci_regs_read,
		  virtio_pci_regs_write },
		{ VIRTIO_PCI_CAP_NOTIFY_CFG, VIRTIO_PCI_NOTIFY_OFFSET,
		  queues * VIRTIO_PCI_NOTIFY_MULTIPLIER, NULL,
		  virtio_pci_notify_write },
		{ VIRTIO_PCI_CAP_ISR_CFG, VIRTIO_PCI_ISR_OFFSET, 1,
		  virtio_pci_isr_read, NULL },
		{ VIRTIO_PCI_CAP_DEVICE_CFG, VIRTIO_PCI_DEVICE_OFFSET,
		  config_size, device_config_read, NULL },
	};

	memcpy(vp->region, region, sizeof(region));
}

/* The vendor capability that announces a region. */
static int add_region_cap(struct virtio_pci *vp,
			  const struct virtio_pci_region *region)
{
	uint8_t cap[VIRTIO_PCI_NOTIFY_CAP_SIZE] = { 0 };
	uint8_t size = VIRTIO_PCI_CAP_SIZE;
	int r;

	if (!region->length)
		return 0;
	if (region->cfg_type == VIRTIO_PCI_CAP_NOTIFY_CFG) {
		size = VIRTIO_PCI_NOTIFY_CAP_SIZE;
		le32_store(cap + VIRTIO_PCI_NOTIFY_CAP_MULT,
			   VIRTIO_PCI_NOTIFY_MULTIPLIER);
	}
	cap[VIRTIO_PCI_CAP_LEN] = size;
	cap[VIRTIO_PCI_CAP_CFG_TYPE] = region->cfg_type;
	cap[VIRTIO_PCI_CAP_BAR] = VIRTIO_PCI_REGISTER_BAR;
	le32_store(cap + VIRTIO_PCI_CAP_OFFSET, region->offset);
	le32_store(cap + VIRTIO_PCI_CAP_LENGTH, region->length);
	r = pci_function_add_cap(vp->function, PCI_CAP_ID_VNDR, cap, NULL,
				 size);
	return r < 0 ? r : 0;
}

static int build_function(struct virtio_pci *vp, uint16_t id,
			  const struct virtio_pci_params *params)
{
	const struct pci_function_params function_params = {
		.vendor = VIRTIO_PCI_VENDOR,
		.device = (uint16_t)(VIRTIO_PCI_DEVICE_BASE + id),
		.subsystem_vendor = VIRTIO_PCI_VENDOR,
		.subsystem = VIRTIO_PCI_SUBSYSTEM,
		.class_code = params->class_code,
		.revision = VIRTIO_PCI_REVISION,
		.host_msix_table = params->host_msix_table,
	};
	const struct pci_function_ops ops = {
		.msix_signal = vp->host.msix_signal,
		.intx_set = vp->host.intx_set,
		.bar_map = vp->host.bar_map,
		.bar_unmap = vp->host.bar_unmap,
	};
	int r;

	r = pci_function_new(&function_params, &ops, vp->host_ctx,
			     &vp->function);
	if (r == 0)
		r = pci_function_add_bar(vp->function, VIRTIO_PCI_REGISTER_BAR,
					 VIRTIO_PCI_REGISTER_BAR_SIZE,
					 PCI_BAR_64BIT);
	if (r == 0)
		r = pci_function_add_msix(vp->function, VIRTIO_PCI_MSIX_BAR,
					  params->core.queues + 1);
	for (size_t i = 0; r == 0 && i < VIRTIO_PCI_REGIONS; i++)
		r = add_region_cap(vp, &vp->region[i]);
	if (r == 0)
		r = virtio_pci_cfg_add(vp);
	return r;
}

/*
 * Everything of the transport that a reset of the virtio device resets.  Both
 * resets, the driver's and the bus', come by here.
 */
static void transport_reset(void *transport)
{
	struct virtio_pci *vp = transport;

	virtio_pci_doorbells_del(vp);
	virtio_pci_interrupt_reset(vp);
	virtio_pci_regs_reset(vp);
}

static const struct virtio_transport_ops transport_ops = {
	.queue_interrupt = virtio_pci_queue_interrupt,
	.config_interrupt = virtio_pci_config_interrupt,
	.reset = transport_reset,
};

int virtio_pci_new(const struct virtio_pci_params *params,
		   const struct virtio_device_ops *ops, void *dev,
		   const struct virtio_pci_host_ops *host, void *host_ctx,
		   struct gmem *mem, const struct log *log,
		   struct virtio_pci **ret_pci)
{
	struct virtio_pci *vp;
	int r;

	if (params->core.queues < 1 ||
	    params->core.queues > VIRTIO_QUEUES_MAX ||
	    ops->config_size > VIRTIO_PCI_REGION_SIZE || !host->msix_signal)
		return -EINVAL;
	vp = calloc(1, sizeof(*vp));
	if (!vp)
		return -ENOMEM;
	pthread_mutex_init(&vp->isr_lock, NULL);
	pthread_mutex_init(&vp->doorbell_lock, NULL);
	pthread_mutex_init(&vp->master_lock, NULL);
	vp->host = *host;
	vp->host_ctx = host_ctx;
	vp->log = log;
	define_regions(vp, params->core.queues, ops->config_size);
	r = build_function(vp, ops->id, params);
	if (r == 0) {
		virtio_pci_interrupt_reset(vp);
		r = virtio_core_new(&params->core, ops, dev, &transport_ops, vp,
				    mem, log, &vp->core);
	}
	if (r < 0) {
		virtio_pci_free(vp);
		return r;
	}
	virtio_core_set_dma(vp->core, false);
	*ret_pci = vp;
	return 0;
}

void virtio_pci_free(struct virtio_pci *vp)
{
	if (!vp)
		return;
	if (vp->core) {
		virtio_core_stop(vp->core);
		virtio_pci_doorbells_del(vp);
		virtio_core_free(vp->core);
	}
	pci_function_free(vp->function);
	pthread_mutex_destroy(&vp->master_lock);
	pthread_mutex_destroy(&vp->doorbell_lock);
	pthread_mutex_destroy(&vp->isr_lock);
	free(vp);
}

int virtio_pci_start(struct virtio_pci *vp)
{
	return virtio_core_start(vp->core);
}

void virtio_pci_stop(struct virtio_pci *vp)
{
	virtio_core_stop(vp->core);
}

/* By two processors at once, too, it ends as the register says. */
void virtio_pci_follow_bus_master(struct virtio_pci *vp)
{
	pthread_mutex_lock(&vp->master_lock);
	virtio_core_set_dma(vp->core, pci_function_bus_master(vp->function));
	pthread_mutex_unlock(&vp->master_lock);
}

void virtio_pci_reset(struct virtio_pci *vp)
{
	virtio_core_reset(vp->core);
	pci_function_reset(vp->function);
	virtio_pci_follow_bus_master(vp);
}

void virtio_pci_cfg_read(struct virtio_pci *vp, uint32_t offset, void *buf,
			 size_t len)
{
	pci_function_cfg_read(vp->function, offset, buf, len);
}

void virtio_pci_cfg_write(struct virtio_pci *vp, uint32_t offset,
			  const void *buf, size_t len)
{
	pci_function_cfg_write(vp->function, offset, buf, len);
	virtio_pci_follow_bus_master(vp);
}

/*
 * The part of an access that is in a region: its length, or 0; where it begins
 * in the region and in the access.
 */
static size_t clip(const struct virtio_pci_region *region, uint64_t offset,
		   size_t len, uint32_t *ret_in_region, size_t *ret_in_access)
{
	uint64_t skip = offset < region->offset ? region->offset - offset : 0;
	uint64_t from = offset < region->offset ? 0 : offset - region->offset;

	if (skip >= len || from >= region->length)
		return 0;
	*ret_in_region = (uint32_t)from;
	*ret_in_access = (size_t)skip;
	return (size_t)MIN(len - skip, region->length - from);
}

void virtio_pci_bar_read(struct virtio_pci *vp, unsigned bar, uint64_t offset,
			 void *buf, size_t len)
{
	if (bar == VIRTIO_PCI_MSIX_BAR) {
		pci_function_msix_read(vp->function, offset, buf, len);
		return;
	}
	memset(buf, 0xff, len);
	if (bar != VIRTIO_PCI_REGISTER_BAR)
		return;
	for (size_t i = 0; i < VIRTIO_PCI_REGIONS; i++) {
		const struct virtio_pci_region *region = &vp->region[i];
		uint32_t from;
		size_t skip;
		size_t n = clip(region, offset, len, &from, &skip);

		if (n && region->read)
			region->read(vp, from, (uint8_t *)buf + skip, n);
	}
}

void virtio_pci_bar_write(struct virtio_pci *vp, unsigned bar, uint64_t offset,
			  const void *buf, size_t len)
{
	if (bar == VIRTIO_PCI_MSIX_BAR)
		pci_function_msix_write(vp->function, offset, buf, len);
	if (bar != VIRTIO_PCI_REGISTER_BAR)
		return;
	for (size_t i = 0; i < VIRTIO_PCI_REGIONS; i++) {
		const struct virtio_pci_region *region = &vp->region[i];
		uint32_t from;
		size_t skip;
		size_t n = clip(region, offset, len, &from, &skip);

		if (n && region->write)
			region->write(vp, from, (const uint8_t *)buf + skip, n);
	}
}

struct virtio_pci_bar virtio_pci_bar_info(const struct virtio_pci *vp,
					  unsigned bar)
{
	struct pci_bar b = pci_function_bar(vp->function, bar);

	return (struct virtio_pci_bar){
		.length = b.size,
		.is_64bit = b.flags & PCI_BAR_64BIT,
		.prefetchable = b.flags & PCI_BAR_PREFETCHABLE,
		.has_msix_table = b.size && bar == VIRTIO_PCI_MSIX_BAR,
	};
}

struct virtio_core *virtio_pci_core(struct virtio_pci *vp)
{
	return vp->core;
}
