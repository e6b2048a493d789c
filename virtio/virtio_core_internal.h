/* SPDX-License-Identifier: MIT */
/*
 * virtio_core_internal.h - what the files of the core share.
 *
 *   virtio_core.c           resets, life cycle, registers
 *   virtio_core_work.c      what workers and helpers ask
 *   virtio_core_vring.c     single queues that a transport starts and stops
 *   virtio_core_save.c      saved state
 */
#ifndef VIRTIO_VIRTIO_CORE_INTERNAL_H
#define VIRTIO_VIRTIO_CORE_INTERNAL_H

#include "virtio/virtio_core.h"
#include "virtio/virtio_helpers.h"
#include "virtio/virtio_spec.h"
#include "virtio/virtio_worker.h"

/* The status bits that a driver sets; the device sets NEEDS_RESET. */
#define CORE_DRIVER_STATUS \
	(VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | \
	 VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_FEATURES_OK | \
	 VIRTIO_STATUS_FAILED)

enum reset_state {
	RESET_NONE,
	RESET_PENDING,                  /* asked for; queues get quiet */
	RESET_RUNNING                   /* someone is in ops->reset() */
};

/* All but the worker is protected by core->lock. */
struct core_queue {
	struct virtio_worker worker;
	struct virtio_queue_regs regs;
	bool running;                   /* enabled, and DRIVER_OK */
	bool fresh;                     /* to be attached when next served */
	bool busy;                      /* the worker is at it */
	bool broken;
	bool resetting;                 /* VIRTIO_F_RING_RESET */

	/* virtio_core_vring.c */
	bool placed;                    /* begins at base, when attached */
	uint32_t base;
	int kick;                       /* what wakes the worker too, or -1 */
	bool kept;                      /* stopped, and can go on with... */
	uint64_t kept_features;         /* ...these, and regs as they are */
};

struct virtio_core {
	const struct virtio_device_ops *ops;
	void *dev;
	const struct virtio_transport_ops *transport_ops;
	void *transport;
	const struct log *log;
	struct virtio_core_params params;
	struct virtio_helpers helpers;

	pthread_mutex_t lock;
	pthread_cond_t reset_done;
	pthread_cond_t queue_quiet;     /* one is not busy any more */

	/* Protected by lock. */
	uint8_t status;
	uint64_t driver_features;
	enum reset_state reset;
	bool served;                    /* the device has something to forget */
	bool started;                   /* there are workers, or will be */
	bool no_dma;                    /* guest memory is not to be touched */

	struct core_queue queue[];      /* params.queues */
};

/* Is this a set of features with which the device can work? */
bool virtio_core_features_acceptable(const struct virtio_core *core,
			      uint64_t features);

/*
 * Do the resets that can be done now, with the lock held, which is dropped over
 * the device's call.
 */
void virtio_core_settle(struct virtio_core *core);

/* virtio_core_work.c; the owner is the core. */
extern const struct virtio_worker_ops virtio_core_worker_ops;
extern const struct virtio_helpers_ops virtio_core_helpers_ops;

/* The driver's kick descriptor, if any, wakes the worker no more. */
static inline void core_unwatch(struct core_queue *vq)
{
	if (vq->kick >= 0)
		event_unwatch(&vq->worker.event, vq->kick);
	vq->kick = -1;
}

/* NULL: there is no such queue. */
static inline struct core_queue *core_find(struct virtio_core *core,
					   unsigned queue)
{
	return queue < core->params.queues ? &core->queue[queue] : NULL;
}

#endif
