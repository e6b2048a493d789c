/* SPDX-License-Identifier: MIT */
/* virtio_core_work.c - what workers and helpers ask of the core. */
#include "virtio/virtio_core_internal.h"

#include "common/bytes.h"
#include "virtio/virtio_spec.h"

static void core_thread_init(void *owner, struct virtio_worker *worker)
{
	struct virtio_core *core = owner;

	if (core->ops->thread_init)
		core->ops->thread_init(core->dev, worker->index,
				       &worker->event);
}

static void core_thread_done(void *owner, struct virtio_worker *worker)
{
	struct virtio_core *core = owner;

	if (core->ops->thread_done)
		core->ops->thread_done(core->dev, worker->index);
}

static void core_helper_init(void *owner)
{
	struct virtio_core *core = owner;

	if (core->ops->thread_init)
		core->ops->thread_init(core->dev, VIRTIO_NO_QUEUE, NULL);
}

static void core_help(void *owner, struct virtio_job *job)
{
	(void)owner;
	virtio_worker_run_job(job);
}

/* Begin at the start of the ring, or where the queue was placed. */
static void attach(struct virtio_queue *q, const struct virtio_queue_regs *regs,
		   uint64_t features, bool placed, uint32_t base)
{
	virtio_queue_attach(q, regs, features);
	if (!placed)
		return;
	virtio_queue_enter(q);
	(void)virtio_queue_set_base(q, base);   /* q->error tells */
	virtio_queue_leave(q);
}

static bool core_begin(void *owner, struct virtio_worker *worker)
{
	struct core_queue *vq = container_of(worker, struct core_queue, worker);
	struct virtio_core *core = owner;
	struct virtio_queue_regs regs;
	uint64_t features;
	uint32_t base;
	bool fresh, placed;

	pthread_mutex_lock(&core->lock);
	virtio_core_settle(core);
	vq->busy = vq->running && !vq->broken && !vq->resetting &&
		   !core->no_dma && core->reset == RESET_NONE;
	if (!vq->busy) {
		pthread_mutex_unlock(&core->lock);
		return false;
	}
	core->served = true;
	fresh = vq->fresh;
	vq->fresh = false;
	placed = vq->placed;
	base = vq->base;
	regs = vq->regs;
	features = core->driver_features;
	pthread_mutex_unlock(&core->lock);

	if (fresh)
		attach(&worker->queue, &regs, features, placed, base);
	return true;
}

static void core_end(void *owner, struct virtio_worker *worker)
{
	struct core_queue *vq = container_of(worker, struct core_queue, worker);
	struct virtio_core *core = owner;

	pthread_mutex_lock(&core->lock);
	vq->busy = false;
	pthread_cond_broadcast(&core->queue_quiet);
	virtio_core_settle(core);
	pthread_mutex_unlock(&core->lock);
}

static ssize_t core_request(void *owner, struct virtio_worker *worker,
			    struct virtio_chain *chain)
{
	struct virtio_core *core = owner;

	return core->ops->request(core->dev, worker->index, chain);
}

static void core_progress(void *owner, struct virtio_worker *worker,
			  bool sleeps)
{
	struct virtio_core *core = owner;

	if (core->ops->progress)
		core->ops->progress(core->dev, worker->index, sleeps);
}

static bool core_progressed(void *owner, struct virtio_worker *worker)
{
	struct virtio_core *core = owner;

	return core->ops->progressed &&
	       core->ops->progressed(core->dev, worker->index);
}

static void core_interrupt(void *owner, struct virtio_worker *worker)
{
	struct virtio_core *core = owner;

	core->transport_ops->queue_interrupt(core->transport, worker->index);
}

/* No reset can end before this queue is quiet, so it is this driver's. */
static void core_broken(void *owner, struct virtio_worker *worker)
{
	struct core_queue *vq = container_of(worker, struct core_queue, worker);
	struct virtio_core *core = owner;
	bool tell;

	log_limited(core->log, LOG_VIRTIO, LOG_WARN,
		    "%s: queue %u is broken: %s", core->params.name,
		    worker->index, worker->queue.error);
	pthread_mutex_lock(&core->lock);
	vq->broken = true;
	tell = core->reset == RESET_NONE;
	if (tell)
		core->status |= VIRTIO_STATUS_NEEDS_RESET;
	pthread_mutex_unlock(&core->lock);
	if (tell && core->transport_ops->config_interrupt)
		core->transport_ops->config_interrupt(core->transport);
	if (tell && core->transport_ops->queue_broken)
		core->transport_ops->queue_broken(core->transport,
						  worker->index);
}

const struct virtio_worker_ops virtio_core_worker_ops = {
	.thread_init = core_thread_init,
	.thread_done = core_thread_done,
	.begin = core_begin,
	.end = core_end,
	.request = core_request,
	.progress = core_progress,
	.progressed = core_progressed,
	.interrupt = core_interrupt,
	.broken = core_broken,
};

const struct virtio_helpers_ops virtio_core_helpers_ops = {
	.thread_init = core_helper_init,
	.run = core_help,
};
