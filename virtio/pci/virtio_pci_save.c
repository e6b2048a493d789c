/* SPDX-License-Identifier: MIT */
/*
 * Saved state: the records of the core and of the device, then the transport's
 * registers, then the PCI function.  Only when all of the others are good does
 * the function go on, as that is what the host hears of.
 *
 *	vpci	u32 device_feature_select, driver_feature_select
 *		u16 queue_select, u8 isr, u16 config_vector
 *		u16 queue_vector [queues]
 */
#include "virtio/pci/virtio_pci_internal.h"

#include "common/save.h"
#include "virtio/pci/virtio_pci_spec.h"
#include "virtio/virtio_spec.h"

#include <errno.h>

#define TAG_TRANSPORT SAVE_TAG('v', 'p', 'c', 'i')

int virtio_pci_save(struct virtio_pci *vp, struct save_writer *w)
{
	int ret = virtio_core_save(vp->core, w);

	if (ret)
		return ret;
	save_begin(w, TAG_TRANSPORT);
	save_u32(w, vp->device_feature_select);
	save_u32(w, vp->driver_feature_select);
	save_u16(w, vp->queue_select);
	save_u8(w, virtio_pci_isr_get(vp));
	save_u16(w, vp->config_vector);
	for (unsigned i = 0; i < virtio_core_queues(vp->core); i++)
		save_u16(w, vp->queue_vector[i]);
	save_end(w);
	pci_function_save(vp->function, w);
	return w->error;
}

static uint16_t get_vector(struct virtio_pci *vp, struct save_reader *r)
{
	uint16_t vector = save_get_u16(r);

	if (!virtio_pci_vector_exists(vp, vector))
		save_refuse(r, -EINVAL, "MSI-X vector %u of %u", vector,
			    virtio_core_queues(vp->core) + 1);
	return vector;
}

/* The selectors and vectors; *ret_isr is for when the function is there. */
static int restore_registers(struct virtio_pci *vp, struct save_reader *r,
			     uint8_t *ret_isr)
{
	uint8_t isr;

	save_take(r, TAG_TRANSPORT);
	vp->device_feature_select = save_get_u32(r);
	vp->driver_feature_select = save_get_u32(r);
	vp->queue_select = save_get_u16(r);
	isr = save_get_u8(r);
	if (isr & ~(VIRTIO_PCI_ISR_QUEUE | VIRTIO_PCI_ISR_CONFIG))
		return save_refuse(r, -EINVAL, "an ISR status of 0x%x", isr);
	vp->config_vector = get_vector(vp, r);
	for (unsigned i = 0; i < virtio_core_queues(vp->core); i++)
		vp->queue_vector[i] = get_vector(vp, r);
	if (save_done(r))
		return r->error;
	*ret_isr = isr;
	return 0;
}

int virtio_pci_restore(struct virtio_pci *vp, struct save_reader *r)
{
	uint8_t isr = 0;
	int ret;

	if (virtio_core_started(vp->core))
		return -EBUSY;
	ret = virtio_core_restore(vp->core, r);
	if (!ret)
		ret = restore_registers(vp, r, &isr);
	if (!ret)
		ret = pci_function_restore(vp->function, r);
	if (ret) {
		virtio_pci_reset(vp);
		return ret;
	}
	virtio_pci_isr_set(vp, isr);
	virtio_pci_follow_bus_master(vp);
	if (virtio_core_status(vp->core) & VIRTIO_STATUS_DRIVER_OK)
		virtio_pci_doorbells_add(vp, virtio_pci_doorbell_epoch(vp));
	return 0;
}
