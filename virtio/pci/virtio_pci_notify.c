/* SPDX-License-Identifier: MIT */
/*
 * How the driver notifies the device (virtio 1.3 4.1.4.4, 4.1.5.2).  Each
 * queue has 4 bytes of the region to itself; any write to them is a
 * notification, so its value does not matter.
 *
 * When the driver is ready, the host is asked for a doorbell for each queue:
 * it then signals the queue's event by itself when the driver writes the
 * queue's number there.  Where it does not, or the write is a different one,
 * the write arrives here.
 */
#include "virtio/pci/virtio_pci_internal.h"

void virtio_pci_notify_write(struct virtio_pci *vp, uint32_t offset,
			     const void *buf, size_t len)
{
	unsigned first = offset / VIRTIO_PCI_NOTIFY_MULTIPLIER;
	unsigned last = (unsigned)(offset + len - 1) /
			VIRTIO_PCI_NOTIFY_MULTIPLIER;

	(void)buf;
	for (unsigned q = first; q <= last; q++)
		virtio_core_kick(vp->core, q);
}

static struct virtio_pci_doorbell doorbell_of(struct virtio_pci *vp,
					      unsigned queue)
{
	struct event *event = virtio_core_queue_event(vp->core, queue);

	return (struct virtio_pci_doorbell){
		.bar = VIRTIO_PCI_REGISTER_BAR,
		.offset = VIRTIO_PCI_NOTIFY_OFFSET +
			  queue * VIRTIO_PCI_NOTIFY_MULTIPLIER,
		.value = queue,
		.length = 2,
		.event = event_handle(event),
	};
}

void virtio_pci_doorbells_add(struct virtio_pci *vp, uint64_t epoch)
{
	unsigned queues = virtio_core_queues(vp->core);
	bool wanted[VIRTIO_QUEUES_MAX] = { false };

	if (!vp->host.doorbell_add || !vp->host.doorbell_del)
		return;
	for (unsigned q = 0; q < queues; q++)
		wanted[q] = virtio_core_queue(vp->core, q).enabled;

	pthread_mutex_lock(&vp->doorbell_lock);
	if (epoch == vp->doorbell_epoch && !vp->doorbells) {
		vp->doorbells = true;
		for (unsigned q = 0; q < queues; q++) {
			struct virtio_pci_doorbell db = doorbell_of(vp, q);

			vp->doorbell[q] =
				wanted[q] &&
				vp->host.doorbell_add(vp->host_ctx, &db) == 0;
		}
	}
	pthread_mutex_unlock(&vp->doorbell_lock);
}

uint64_t virtio_pci_doorbell_epoch(struct virtio_pci *vp)
{
	uint64_t epoch;

	pthread_mutex_lock(&vp->doorbell_lock);
	epoch = vp->doorbell_epoch;
	pthread_mutex_unlock(&vp->doorbell_lock);
	return epoch;
}

void virtio_pci_doorbells_del(struct virtio_pci *vp)
{
	pthread_mutex_lock(&vp->doorbell_lock);
	vp->doorbell_epoch++;
	vp->doorbells = false;
	for (unsigned q = 0; q < VIRTIO_QUEUES_MAX; q++) {
		if (vp->doorbell[q]) {
			struct virtio_pci_doorbell db = doorbell_of(vp, q);

			vp->doorbell[q] = false;
			vp->host.doorbell_del(vp->host_ctx, &db);
		}
	}
	pthread_mutex_unlock(&vp->doorbell_lock);
}
