/* SPDX-License-Identifier: MIT */
/*
 * Saved state: one record for the registers of the whole device, one for each
 * queue, and then the device's own.
 *
 *	core	u8 status, u64 driver_features, u64 enabled (a bit a queue)
 *	vque	u32 index, u32 queues, u16 size, u64 desc, driver, device,
 *		u64 features, u8 progress; with GOES_ON, see
 *		virtio_queue_save.c
 *
 * A transport that keeps the registers elsewhere has no first record.  A queue
 * that goes on is restored as one that was stopped and is kept
 * (virtio_core_vring.c); its worker finds it attached.
 */
#include "virtio/virtio_core_internal.h"

#include "common/save.h"

#include <errno.h>

#define TAG_CORE SAVE_TAG('c', 'o', 'r', 'e')
#define TAG_QUEUE SAVE_TAG('v', 'q', 'u', 'e')

enum progress {
	FRESH,                          /* it begins at the start */
	GOES_ON,
	BREAKS,                         /* as GOES_ON, but it finds it broken */
	BROKEN                          /* and the driver was told */
};

_Static_assert(VIRTIO_QUEUES_MAX <= 64, "a bit a queue");

/* ---- saving ------------------------------------------------------------ */

/* With the lock held.  Who is kept runs no more, but may go on. */
static enum progress progress_of(const struct core_queue *vq)
{
	if (vq->broken)
		return BROKEN;
	if (!vq->kept && (!vq->running || vq->fresh))
		return FRESH;
	return vq->worker.queue.error ? BREAKS : GOES_ON;
}

static void save_queue(struct virtio_core *core, unsigned index,
		       struct save_writer *w)
{
	struct core_queue *vq = &core->queue[index];
	struct virtio_queue_regs regs;
	enum progress progress;
	uint64_t features;

	pthread_mutex_lock(&core->lock);
	regs = vq->regs;
	progress = progress_of(vq);
	features = vq->kept ? vq->kept_features : core->driver_features;
	pthread_mutex_unlock(&core->lock);

	save_begin(w, TAG_QUEUE);
	save_u32(w, index);
	save_u32(w, core->params.queues);
	save_u16(w, regs.size);
	save_u64(w, regs.desc);
	save_u64(w, regs.driver);
	save_u64(w, regs.device);
	save_u64(w, features);
	save_u8(w, (uint8_t)progress);
	if (progress == GOES_ON)
		virtio_queue_save(&vq->worker.queue, w);
	save_end(w);
}

/* Does a worker serve, or may it begin to? */
static bool any_running(struct virtio_core *core)
{
	bool running = false;

	pthread_mutex_lock(&core->lock);
	for (unsigned i = 0; core->started && i < core->params.queues; i++)
		running |= core->queue[i].running;
	pthread_mutex_unlock(&core->lock);
	return running;
}

bool virtio_core_started(struct virtio_core *core)
{
	bool started;

	pthread_mutex_lock(&core->lock);
	started = core->started;
	pthread_mutex_unlock(&core->lock);
	return started;
}

int virtio_core_save_device(struct virtio_core *core, struct save_writer *w)
{
	int ret = 0;

	if (any_running(core))
		return -EBUSY;
	for (unsigned i = 0; i < core->params.queues; i++)
		save_queue(core, i, w);
	if (core->ops->save)
		ret = core->ops->save(core->dev, w);
	return ret ? ret : w->error;
}

int virtio_core_save(struct virtio_core *core, struct save_writer *w)
{
	uint64_t features, enabled = 0;
	uint8_t status;

	if (virtio_core_started(core))
		return -EBUSY;
	pthread_mutex_lock(&core->lock);
	virtio_core_settle(core);       /* a reset that waits for a worker */
	status = core->status;
	features = core->driver_features;
	for (unsigned i = 0; i < core->params.queues; i++)
		enabled |= (uint64_t)core->queue[i].regs.enabled << i;
	pthread_mutex_unlock(&core->lock);

	save_begin(w, TAG_CORE);
	save_u8(w, status);
	save_u64(w, features);
	save_u64(w, enabled);
	save_end(w);
	return virtio_core_save_device(core, w);
}

/* ---- restoring --------------------------------------------------------- */

/* Attach a queue that nobody serves, and let it go on. */
static int get_progress(struct virtio_queue *q,
			const struct virtio_queue_regs *regs,
			uint64_t features, enum progress progress,
			struct save_reader *r)
{
	if (progress == GOES_ON || progress == BREAKS)
		virtio_queue_attach(q, regs, features);
	if (progress == BREAKS)
		(void)virtio_queue_break(q, "it was broken when it was saved");
	return progress == GOES_ON ? virtio_queue_restore(q, r) : save_done(r);
}

static int restore_queue(struct virtio_core *core, unsigned index,
			 struct save_reader *r)
{
	struct core_queue *vq = &core->queue[index];
	struct virtio_queue_regs regs = { 0 };
	uint32_t is, queues;
	uint64_t features;
	uint8_t progress;

	save_take(r, TAG_QUEUE);
	is = save_get_u32(r);
	queues = save_get_u32(r);
	regs.size = save_get_u16(r);
	regs.desc = save_get_u64(r);
	regs.driver = save_get_u64(r);
	regs.device = save_get_u64(r);
	features = save_get_u64(r);
	progress = save_get_u8(r);
	if (queues != core->params.queues)
		return save_refuse(r, -EINVAL,
				   "a device of %u queues, this one has %u",
				   queues, core->params.queues);
	if (is != index || progress > BROKEN)
		return save_refuse(r, -EINVAL, "a queue that makes no sense");
	if (!regs.size || regs.size > core->params.queue_size)
		return save_refuse(r, -EINVAL,
				   "a queue of %u entries, this device has %u",
				   regs.size, core->params.queue_size);
	if (get_progress(&vq->worker.queue, &regs, features, progress, r))
		return r->error;

	pthread_mutex_lock(&core->lock);
	vq->regs = regs;
	vq->kept = progress == GOES_ON || progress == BREAKS;
	vq->kept_features = features;
	vq->base = vq->kept ? virtio_queue_base(&vq->worker.queue) : 0;
	vq->broken = progress == BROKEN;
	pthread_mutex_unlock(&core->lock);
	return 0;
}

static int restore_device(struct virtio_core *core, struct save_reader *r)
{
	int ret = 0;

	virtio_core_reset(core);
	for (unsigned i = 0; !ret && i < core->params.queues; i++)
		ret = restore_queue(core, i, r);
	pthread_mutex_lock(&core->lock);
	core->served = true;
	pthread_mutex_unlock(&core->lock);
	if (!ret && core->ops->restore)
		ret = core->ops->restore(core->dev, r);
	return ret ? ret : r->error;
}

int virtio_core_restore_device(struct virtio_core *core, struct save_reader *r)
{
	int ret;

	if (any_running(core))
		return -EBUSY;
	ret = restore_device(core, r);
	if (ret)
		virtio_core_reset(core);
	return ret;
}

/* What the driver of the image has set, taken over as if it had here. */
static int set_registers(struct virtio_core *core, uint8_t status,
			 uint64_t features, uint64_t enabled,
			 struct save_reader *r)
{
	bool ready = status & VIRTIO_STATUS_DRIVER_OK;

	core->status = status;
	core->driver_features = features;
	for (unsigned i = 0; i < core->params.queues; i++) {
		struct core_queue *vq = &core->queue[i];

		vq->regs.enabled = enabled >> i & 1;
		vq->running = vq->regs.enabled && ready;
		if ((vq->kept || vq->broken) &&
		    (!vq->running || vq->kept_features != features))
			return save_refuse(r, -EINVAL,
					   "queue %u goes on without its driver",
					   i);
		vq->fresh = vq->running && !vq->kept && !vq->broken;
		vq->kept = false;
	}
	return 0;
}

static int check_registers(const struct virtio_core *core, uint8_t status,
			   uint64_t features, uint64_t enabled,
			   struct save_reader *r)
{
	uint64_t offered = virtio_core_features(core);
	unsigned queues = core->params.queues;

	if (status & ~(CORE_DRIVER_STATUS | VIRTIO_STATUS_NEEDS_RESET) ||
	    ((status & VIRTIO_STATUS_DRIVER_OK) &&
	     !(status & VIRTIO_STATUS_FEATURES_OK)))
		return save_refuse(r, -EINVAL, "a device of status 0x%x",
				   status);
	if ((status & VIRTIO_STATUS_FEATURES_OK) &&
	    !virtio_core_features_acceptable(core, features))
		return save_refuse(r, -EINVAL,
				   "the driver has features 0x%llx, this device offers 0x%llx",
				   (unsigned long long)features,
				   (unsigned long long)offered);
	if (queues < 64 && enabled >> queues)
		return save_refuse(r, -EINVAL, "a queue that is not there");
	return 0;
}

int virtio_core_restore(struct virtio_core *core, struct save_reader *r)
{
	uint64_t features, enabled;
	uint8_t status;
	int ret;

	if (virtio_core_started(core))
		return -EBUSY;
	save_take(r, TAG_CORE);
	status = save_get_u8(r);
	features = save_get_u64(r);
	enabled = save_get_u64(r);
	ret = save_done(r);
	if (!ret)
		ret = check_registers(core, status, features, enabled, r);
	if (!ret)
		ret = restore_device(core, r);
	if (!ret) {
		pthread_mutex_lock(&core->lock);
		ret = set_registers(core, status, features, enabled, r);
		pthread_mutex_unlock(&core->lock);
	}
	if (ret)
		virtio_core_reset(core);
	return ret;
}
