/* SPDX-License-Identifier: MIT */
/*
 * vfio_user_irq.h - the device's interrupts: SET_IRQS, and eventfds to signal.
 *
 * A client binds eventfds to the vectors of five indices (INTx, MSI, MSI-X,
 * error, request); a signal is a write of 8 bytes.  A vector can be masked;
 * what is signalled meanwhile is delivered once when it is unmasked.
 *
 * INTx is a level.  A signal masks it until the client, having seen the guest's
 * end of interrupt, unmasks it, by message or by an eventfd of its own (then
 * KVM does it); if the level is still up it is signalled again.
 *
 * Lock: `lock` is a leaf; callbacks of the device take it from any thread.
 */
#ifndef VFIO_USER_IRQ_H
#define VFIO_USER_IRQ_H

#include "tools/vfio_user/vfio_user_msg.h"

#include <pthread.h>
#include <stdbool.h>

#define VFIO_USER_MSIX_MAX 2048         /* PCI 3.0 6.8.2 */

struct vfio_user_vector {
	int fd;                         /* -1: not bound */
	bool masked;
	bool pending;
};

struct vfio_user_irqs {
	pthread_mutex_t lock;
	uint32_t count[VFIO_USER_IRQS];
	struct vfio_user_vector *vector[VFIO_USER_IRQS];
	bool intx_level;
	int unmask_fd;                  /* signalled to unmask INTx, or -1 */
	uint64_t eventfd_dev;           /* what fstat() says of an eventfd */
	uint64_t eventfd_ino;
};

/* No INTx and no MSI-X vectors yet.  0 or -errno. */
int vfio_user_irqs_init(struct vfio_user_irqs *irqs);
/* The device has so many INTx (0 or 1) and MSI-X vectors. */
void vfio_user_irqs_set_count(struct vfio_user_irqs *irqs, uint32_t intx,
			      uint32_t msix);
void vfio_user_irqs_done(struct vfio_user_irqs *irqs);

/* Unbind and unmask everything. */
void vfio_user_irqs_clear(struct vfio_user_irqs *irqs);

/* Answer GET_IRQ_INFO for info->index; -EINVAL: there is none such. */
int vfio_user_irqs_info(const struct vfio_user_irqs *irqs,
			struct vfio_user_irq_info *info);

/*
 * Do what a SET_IRQS says, taking its descriptors.  0; -EINVAL; -ENOTSUP: an
 * eventfd that is to mask, or to unmask anything but INTx.
 */
int vfio_user_irqs_set(struct vfio_user_irqs *irqs, struct vfio_user_msg *msg);

/*
 * For the message thread: the eventfd to wait for, or -1, and what to do when
 * it is readable.
 */
int vfio_user_irqs_unmask_fd(const struct vfio_user_irqs *irqs);
void vfio_user_irqs_unmask(struct vfio_user_irqs *irqs);

/* From any thread; never block. */
void vfio_user_irqs_signal(struct vfio_user_irqs *irqs, uint16_t msix_vector);
void vfio_user_irqs_set_intx(struct vfio_user_irqs *irqs, bool level);

#endif
