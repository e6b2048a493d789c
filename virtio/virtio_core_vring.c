/* SPDX-License-Identifier: MIT */
/* Single queues that a transport starts and stops. */
#include "virtio/virtio_core_internal.h"

#include <errno.h>

static bool same_regs(const struct virtio_queue_regs *a,
		      const struct virtio_queue_regs *b)
{
	return a->size == b->size && a->desc == b->desc &&
	       a->driver == b->driver && a->device == b->device;
}

/* With the lock held. */
static void run_at(struct virtio_core *core, struct core_queue *vq,
		   const struct virtio_queue_regs *regs, uint32_t base)
{
	if (!vq->kept || vq->base != base || !same_regs(&vq->regs, regs) ||
	    vq->kept_features != core->driver_features) {
		vq->base = base;
		vq->placed = vq->fresh = true;
		vq->broken = false;
	} else {
		virtio_queue_set_log(&vq->worker.queue, regs);
	}
	vq->regs = *regs;
	vq->kept = false;
	vq->running = vq->regs.enabled = true;
	core->started = true;
}

int virtio_core_start_queue(struct virtio_core *core, unsigned queue,
			    const struct virtio_queue_regs *regs, uint32_t base,
			    int kick)
{
	struct core_queue *vq = core_find(core, queue);
	int ret = 0;

	if (!vq)
		return -ENOENT;
	pthread_mutex_lock(&core->lock);
	if (vq->running || core->reset != RESET_NONE)
		ret = -EBUSY;
	else
		ret = event_watch(&vq->worker.event, kick);
	if (!ret) {
		vq->kick = kick;
		run_at(core, vq, regs, base);
	}
	pthread_mutex_unlock(&core->lock);
	if (ret)
		return ret;

	if (vq->worker.running)
		virtio_worker_wake(&vq->worker);
	else
		ret = virtio_worker_start(&vq->worker, core->params.name);
	if (ret)
		(void)virtio_core_stop_queue(core, queue);
	return ret;
}

uint32_t virtio_core_stop_queue(struct virtio_core *core, unsigned queue)
{
	struct core_queue *vq = core_find(core, queue);
	uint32_t base;

	if (!vq)
		return 0;
	pthread_mutex_lock(&core->lock);
	if (vq->running) {
		vq->running = vq->regs.enabled = false;
		virtio_worker_pause(&vq->worker, true);
		while (vq->busy)
			pthread_cond_wait(&core->queue_quiet, &core->lock);
		virtio_worker_pause(&vq->worker, false);
		core_unwatch(vq);
		vq->kept = !vq->fresh && !vq->broken;
		vq->kept_features = core->driver_features;
		if (!vq->fresh)
			vq->base = virtio_queue_base(&vq->worker.queue);
	}
	base = vq->base;
	pthread_mutex_unlock(&core->lock);
	return base;
}
