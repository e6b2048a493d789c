/* SPDX-License-Identifier: MIT */
/*
 * A queue is served (busy) only by its worker, between core_begin() and
 * core_end(), which both take the lock; so under the lock it is known who is
 * quiet.  Resets are asked for by a mark and a pause of the workers, and done
 * by virtio_core_settle(), which every worker calls whenever it comes by: the
 * last one that becomes quiet resets the device.  Where nothing can be in
 * flight, the one who asks calls it himself.
 */
#include "virtio/virtio_core_internal.h"

#include "common/bytes.h"
#include "virtio/virtio_spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* By every device, unless its parameters say otherwise. */
#define OFFERED \
	(VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | \
	 VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM) | \
	 VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC) | \
	 VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX) | \
	 VIRTIO_FEATURE(VIRTIO_F_RING_PACKED) | \
	 VIRTIO_FEATURE(VIRTIO_F_RING_RESET))

/* ---- resets; all with the lock held ------------------------------------ */

/*
 * A queue as it is after a reset.  What it had parked is dropped when it is
 * attached anew: the driver has taken its buffers back.
 */
static void clear_queue(struct virtio_core *core, struct core_queue *vq)
{
	vq->regs = (struct virtio_queue_regs){
		.size = core->params.queue_size
	};
	vq->running = vq->fresh = vq->broken = vq->resetting = false;
	vq->placed = vq->kept = false;
	vq->base = 0;
	core_unwatch(vq);
	virtio_worker_pause(&vq->worker, core->no_dma);
}

static bool all_quiet(const struct virtio_core *core)
{
	for (unsigned i = 0; i < core->params.queues; i++) {
		if (core->queue[i].busy)
			return false;
	}
	return true;
}

void virtio_core_settle(struct virtio_core *core)
{
	for (unsigned i = 0; i < core->params.queues; i++) {
		if (core->queue[i].resetting && !core->queue[i].busy)
			clear_queue(core, &core->queue[i]);
	}
	if (core->reset != RESET_PENDING || !all_quiet(core))
		return;

	core->reset = RESET_RUNNING;
	pthread_mutex_unlock(&core->lock);
	if (core->ops->reset)
		core->ops->reset(core->dev);
	pthread_mutex_lock(&core->lock);

	for (unsigned i = 0; i < core->params.queues; i++)
		clear_queue(core, &core->queue[i]);
	core->driver_features = 0;
	if (core->transport_ops->reset)
		core->transport_ops->reset(core->transport);
	core->status = 0;
	core->served = false;
	core->reset = RESET_NONE;
	pthread_cond_broadcast(&core->reset_done);
	log_limited(core->log, LOG_VIRTIO, LOG_DEBUG, "%s: reset",
		    core->params.name);
}

/*
 * For a register, which must not block: a device that has seen nothing can take
 * long to forget nothing.  Before DRIVER_OK, and while it is stopped, that is
 * done at once; all else is for a worker, or for who stops or resets.
 */
static void ask_reset(struct virtio_core *core)
{
	if (core->reset != RESET_NONE)
		return;
	core->reset = RESET_PENDING;
	for (unsigned i = 0; i < core->params.queues; i++)
		virtio_worker_pause(&core->queue[i].worker, true);
	if (!core->served && (!core->started ||
			      !(core->status & VIRTIO_STATUS_DRIVER_OK)))
		virtio_core_settle(core);
}

/* ---- life cycle -------------------------------------------------------- */

int virtio_core_new(const struct virtio_core_params *params,
		    const struct virtio_device_ops *ops, void *dev,
		    const struct virtio_transport_ops *transport_ops,
		    void *transport, struct gmem *mem, const struct log *log,
		    struct virtio_core **ret_core)
{
	struct virtio_core *core;
	int ret = 0;

	if (!params->queues || params->queues > VIRTIO_QUEUES_MAX ||
	    !is_pow2(params->queue_size) ||
	    params->queue_size > VIRTIO_QUEUE_SIZE_MAX ||
	    params->poll_us > VIRTIO_POLL_US_MAX)
		return -EINVAL;
	core = calloc(1, sizeof(*core) +
			 params->queues * sizeof(core->queue[0]));
	if (!core)
		return -ENOMEM;
	core->ops = ops;
	core->dev = dev;
	core->transport_ops = transport_ops;
	core->transport = transport;
	core->log = log;
	core->params = *params;
	pthread_mutex_init(&core->lock, NULL);
	pthread_cond_init(&core->reset_done, NULL);
	pthread_cond_init(&core->queue_quiet, NULL);
	virtio_helpers_init(&core->helpers, &virtio_core_helpers_ops, core,
			    core->params.name);

	/* params.queues counts those that are there, so that free works. */
	core->params.queues = 0;
	while (!ret && core->params.queues < params->queues) {
		struct core_queue *vq = &core->queue[core->params.queues];

		ret = virtio_worker_init(&vq->worker, core->params.queues,
					 &virtio_core_worker_ops, core, mem,
					 &core->helpers, params->poll_us);
		if (!ret) {
			vq->worker.unanswered = core->params.queues <
						ops->unanswered_queues;
			vq->kick = -1;
			clear_queue(core, vq);
			core->params.queues++;
		}
	}
	if (ret) {
		virtio_core_free(core);
		return ret;
	}
	*ret_core = core;
	return 0;
}

void virtio_core_free(struct virtio_core *core)
{
	virtio_core_stop(core);
	for (unsigned i = 0; i < core->params.queues; i++)
		virtio_worker_done(&core->queue[i].worker);
	virtio_helpers_done(&core->helpers);
	pthread_cond_destroy(&core->queue_quiet);
	pthread_cond_destroy(&core->reset_done);
	pthread_mutex_destroy(&core->lock);
	free(core);
}

int virtio_core_start(struct virtio_core *core)
{
	int ret = 0;

	pthread_mutex_lock(&core->lock);
	if (core->started) {
		pthread_mutex_unlock(&core->lock);
		return 0;
	}
	core->started = true;
	pthread_mutex_unlock(&core->lock);

	for (unsigned i = 0; !ret && i < core->params.queues; i++)
		ret = virtio_worker_start(&core->queue[i].worker,
					  core->params.name);
	if (ret)
		virtio_core_stop(core);
	return ret;
}

void virtio_core_stop(struct virtio_core *core)
{
	for (unsigned i = 0; i < core->params.queues; i++)
		virtio_worker_ask_stop(&core->queue[i].worker);
	for (unsigned i = 0; i < core->params.queues; i++)
		virtio_worker_join(&core->queue[i].worker);
	virtio_helpers_stop(&core->helpers);

	/* A reset that no worker has seen any more is done here. */
	pthread_mutex_lock(&core->lock);
	core->started = false;
	virtio_core_settle(core);
	pthread_mutex_unlock(&core->lock);
}

void virtio_core_reset(struct virtio_core *core)
{
	pthread_mutex_lock(&core->lock);
	ask_reset(core);
	virtio_core_settle(core);       /* unless a worker has to */
	while (core->reset != RESET_NONE)
		pthread_cond_wait(&core->reset_done, &core->lock);
	pthread_mutex_unlock(&core->lock);
}

void virtio_core_set_dma(struct virtio_core *core, bool allowed)
{
	bool changed;

	pthread_mutex_lock(&core->lock);
	changed = core->no_dma == allowed;
	core->no_dma = !allowed;
	for (unsigned i = 0; changed && i < core->params.queues; i++) {
		struct core_queue *vq = &core->queue[i];

		/* Who is called off for a reset stays so. */
		if (core->reset == RESET_NONE && !vq->resetting)
			virtio_worker_pause(&vq->worker, !allowed);
		virtio_worker_wake(&vq->worker);
	}
	pthread_mutex_unlock(&core->lock);
}

/* ---- registers of the device ------------------------------------------- */

unsigned virtio_core_queues(const struct virtio_core *core)
{
	return core->params.queues;
}

uint64_t virtio_core_features(const struct virtio_core *core)
{
	uint64_t features = OFFERED;

	if (core->params.split_only)
		features &= ~VIRTIO_FEATURE(VIRTIO_F_RING_PACKED);
	if (core->params.in_order)
		features |= VIRTIO_FEATURE(VIRTIO_F_IN_ORDER);
	return features;
}

uint64_t virtio_core_driver_features(struct virtio_core *core)
{
	uint64_t features;

	pthread_mutex_lock(&core->lock);
	features = core->driver_features;
	pthread_mutex_unlock(&core->lock);
	return features;
}

void virtio_core_set_driver_features(struct virtio_core *core, unsigned bank,
				     uint32_t value)
{
	unsigned shift = 32 * bank;

	if (bank > 1)
		return;
	pthread_mutex_lock(&core->lock);
	if (core->reset == RESET_NONE &&
	    !(core->status & VIRTIO_STATUS_FEATURES_OK)) {
		core->driver_features &= ~((uint64_t)UINT32_MAX << shift);
		core->driver_features |= (uint64_t)value << shift;
	}
	pthread_mutex_unlock(&core->lock);
}

uint8_t virtio_core_status(struct virtio_core *core)
{
	uint8_t status;

	pthread_mutex_lock(&core->lock);
	status = core->status;
	pthread_mutex_unlock(&core->lock);
	return status;
}

bool virtio_core_features_acceptable(const struct virtio_core *core, uint64_t f)
{
	return !(f & ~virtio_core_features(core)) &&
	       (f & VIRTIO_FEATURE(VIRTIO_F_VERSION_1));
}

static void run_queue(struct core_queue *vq)
{
	vq->running = vq->fresh = true;
	virtio_worker_wake(&vq->worker);
}

/* Add status bits, by the rules; with the lock held. */
static void add_status(struct virtio_core *core, uint8_t bits)
{
	uint8_t before = core->status;

	bits &= CORE_DRIVER_STATUS;
	if ((bits & ~before & VIRTIO_STATUS_FEATURES_OK) &&
	    !virtio_core_features_acceptable(core, core->driver_features)) {
		log_limited(core->log, LOG_VIRTIO, LOG_WARN,
			    "%s: the driver's features 0x%llx are refused (offered: 0x%llx)",
			    core->params.name,
			    (unsigned long long)core->driver_features,
			    (unsigned long long)virtio_core_features(core));
		bits &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
	}
	if (!((before | bits) & VIRTIO_STATUS_FEATURES_OK))
		bits &= (uint8_t)~VIRTIO_STATUS_DRIVER_OK;
	core->status |= bits;
	if (!(bits & ~before & VIRTIO_STATUS_DRIVER_OK))
		return;
	log_limited(core->log, LOG_VIRTIO, LOG_DEBUG,
		    "%s: driver ready, features 0x%llx", core->params.name,
		    (unsigned long long)core->driver_features);
	for (unsigned i = 0; i < core->params.queues; i++) {
		if (core->queue[i].regs.enabled)
			run_queue(&core->queue[i]);
	}
}

void virtio_core_set_status(struct virtio_core *core, uint8_t status)
{
	pthread_mutex_lock(&core->lock);
	if (!status)
		ask_reset(core);
	else if (core->reset == RESET_NONE)
		add_status(core, status);
	pthread_mutex_unlock(&core->lock);
}

uint8_t virtio_core_config_generation(struct virtio_core *core)
{
	(void)core;
	return 0;       /* the configuration space never changes */
}

void virtio_core_config_read(struct virtio_core *core, uint32_t offset,
			     void *buf, size_t len)
{
	uint32_t size = core->ops->config_size;

	memset(buf, 0xff, len);
	if (offset < size)
		core->ops->config_read(core->dev, offset, buf,
				       MIN(len, size - offset));
}

/* ---- registers of a queue ---------------------------------------------- */

struct virtio_queue_regs virtio_core_queue(struct virtio_core *core,
					   unsigned queue)
{
	struct core_queue *vq = core_find(core, queue);
	struct virtio_queue_regs regs = { 0 };

	if (vq) {
		pthread_mutex_lock(&core->lock);
		regs = vq->regs;
		pthread_mutex_unlock(&core->lock);
	}
	return regs;
}

/* With the lock held. */
static bool negotiated(const struct virtio_core *core, unsigned feature)
{
	return (core->status & VIRTIO_STATUS_FEATURES_OK) &&
	       (core->driver_features & VIRTIO_FEATURE(feature));
}

/* Packed rings have any size (virtio 1.3 2.8.10.1). */
static bool size_acceptable(const struct virtio_core *core, uint16_t size)
{
	return size && size <= core->params.queue_size &&
	       (is_pow2(size) || negotiated(core, VIRTIO_F_RING_PACKED));
}

void virtio_core_set_queue(struct virtio_core *core, unsigned queue,
			   const struct virtio_queue_regs *regs)
{
	struct core_queue *vq = core_find(core, queue);

	if (!vq)
		return;
	pthread_mutex_lock(&core->lock);
	if (!vq->regs.enabled && core->reset == RESET_NONE) {
		bool acceptable = size_acceptable(core, regs->size);

		vq->regs = (struct virtio_queue_regs){
			.size = acceptable ? regs->size : vq->regs.size,
			.desc = regs->desc,
			.driver = regs->driver,
			.device = regs->device,
		};
	}
	pthread_mutex_unlock(&core->lock);
}

/* Late ones, as after a queue reset, run at once. */
void virtio_core_enable_queue(struct virtio_core *core, unsigned queue)
{
	struct core_queue *vq = core_find(core, queue);

	if (!vq)
		return;
	pthread_mutex_lock(&core->lock);
	if (!vq->regs.enabled && core->reset == RESET_NONE) {
		vq->regs.enabled = true;
		if (core->status & VIRTIO_STATUS_DRIVER_OK)
			run_queue(vq);
	}
	pthread_mutex_unlock(&core->lock);
}

void virtio_core_reset_queue(struct virtio_core *core, unsigned queue)
{
	struct core_queue *vq = core_find(core, queue);

	if (!vq)
		return;
	pthread_mutex_lock(&core->lock);
	if (negotiated(core, VIRTIO_F_RING_RESET) &&
	    core->reset == RESET_NONE) {
		vq->resetting = true;
		virtio_worker_pause(&vq->worker, true);
		virtio_core_settle(core);
	}
	pthread_mutex_unlock(&core->lock);
}

bool virtio_core_queue_resetting(struct virtio_core *core, unsigned queue)
{
	struct core_queue *vq = core_find(core, queue);
	bool resetting = false;

	if (vq) {
		pthread_mutex_lock(&core->lock);
		resetting = vq->resetting;
		pthread_mutex_unlock(&core->lock);
	}
	return resetting;
}

void virtio_core_kick(struct virtio_core *core, unsigned queue)
{
	struct core_queue *vq = core_find(core, queue);

	if (vq)
		virtio_worker_wake(&vq->worker);
}

struct event *virtio_core_queue_event(struct virtio_core *core,
				      unsigned queue)
{
	struct core_queue *vq = core_find(core, queue);

	return vq ? &vq->worker.event : NULL;
}
