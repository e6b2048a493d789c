/* SPDX-License-Identifier: MIT */
/*
 * How the driver is interrupted (virtio 1.3 4.1.4.5, 4.1.5.1.2, 4.1.5.3,
 * 4.1.5.4): by the MSI-X vector that it assigned, or, while MSI-X is disabled,
 * by the ISR status register and the line.  The line shows that the ISR status
 * is not 0, and both change together under isr_lock.
 */
#include "virtio/pci/virtio_pci_internal.h"

#include "virtio/pci/virtio_pci_spec.h"
#include "virtio/virtio_spec.h"

#include <string.h>

static void isr_set(struct virtio_pci *vp, uint8_t bit)
{
	pthread_mutex_lock(&vp->isr_lock);
	vp->isr |= bit;
	pci_function_intx_set(vp->function, true);
	pthread_mutex_unlock(&vp->isr_lock);
}

/* Returns what it was. */
static uint8_t isr_replace(struct virtio_pci *vp, uint8_t with)
{
	uint8_t isr;

	pthread_mutex_lock(&vp->isr_lock);
	isr = vp->isr;
	vp->isr = with;
	pci_function_intx_set(vp->function, with);
	pthread_mutex_unlock(&vp->isr_lock);
	return isr;
}

uint8_t virtio_pci_isr_get(struct virtio_pci *vp)
{
	uint8_t isr;

	pthread_mutex_lock(&vp->isr_lock);
	isr = vp->isr;
	pthread_mutex_unlock(&vp->isr_lock);
	return isr;
}

void virtio_pci_isr_set(struct virtio_pci *vp, uint8_t isr)
{
	(void)isr_replace(vp, isr);
}

void virtio_pci_queue_interrupt(void *transport, unsigned queue)
{
	struct virtio_pci *vp = transport;

	if (!pci_function_msix_signal(vp->function, vp->queue_vector[queue]))
		isr_set(vp, VIRTIO_PCI_ISR_QUEUE);
}

void virtio_pci_config_interrupt(void *transport)
{
	struct virtio_pci *vp = transport;

	isr_set(vp, VIRTIO_PCI_ISR_CONFIG);
	(void)pci_function_msix_signal(vp->function, vp->config_vector);
}

/* One for each queue and one for configuration changes. */
bool virtio_pci_vector_exists(const struct virtio_pci *vp, uint16_t vector)
{
	return vector <= virtio_core_queues(vp->core) ||
	       vector == VIRTIO_MSI_NO_VECTOR;
}

uint16_t virtio_pci_check_vector(const struct virtio_pci *vp, uint16_t vector)
{
	if (virtio_pci_vector_exists(vp, vector))
		return vector;
	log_limited(vp->log, LOG_VIRTIO, LOG_WARN,
		    "driver asks for MSI-X vector %u of %u: refused", vector,
		    virtio_core_queues(vp->core) + 1);
	return VIRTIO_MSI_NO_VECTOR;
}

void virtio_pci_isr_read(struct virtio_pci *vp, uint32_t offset, void *buf,
			 size_t len)
{
	const uint8_t isr = isr_replace(vp, 0);

	/* The region is this one byte. */
	(void)offset;
	memcpy(buf, &isr, len);
}

void virtio_pci_interrupt_reset(struct virtio_pci *vp)
{
	vp->config_vector = VIRTIO_MSI_NO_VECTOR;
	for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++)
		vp->queue_vector[i] = VIRTIO_MSI_NO_VECTOR;
	pci_function_msix_forget(vp->function);
	(void)isr_replace(vp, 0);
}
