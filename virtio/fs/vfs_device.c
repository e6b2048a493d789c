/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_device.h"

#include "common/bytes.h"
#include "common/marks.h"
#include "common/save.h"
#include "lxutil/lx_async.h"
#include "lxutil/lx_volume.h"
#include "virtio/fs/vfs_ring.h"

#include <stdlib.h>
#include <string.h>

#define VIRTIO_ID_FS 26                 /* virtio 1.3 5 */

/*
 * struct virtio_fs_config (virtio 1.3 5.11.4): the tag, padded with NULs, and
 * num_request_queues.  notify_buf_size follows only with
 * VIRTIO_FS_F_NOTIFICATION, which is not offered.
 */
#define CONFIG_QUEUES VFS_TAG_MAX
#define CONFIG_SIZE (VFS_TAG_MAX + 4)
#define TAG_DEVICE SAVE_TAG('v', 'f', 's', 'd')

struct queue {
	struct fuse_pace pace;
	struct vfs_ring *ring;          /* NULL: nothing goes on here */
};

struct vfs_device {
	struct fuse_session *session;
	const struct log *log;
	struct lx_reserve *reserve;     /* NULL: the host has none */
	uint8_t config[CONFIG_SIZE];
	/* A transport may serve more of them than the driver is told. */
	struct queue queue[1 + VFS_REQUEST_QUEUES_MAX];
};

int vfs_device_new(const char *tag, unsigned request_queues,
		   struct fuse_session *session, const struct log *log,
		   struct vfs_device **ret_device)
{
	size_t len = strlen(tag);
	struct vfs_device *device;
	int err;

	if (!len || len > VFS_TAG_MAX || !request_queues ||
	    request_queues > VFS_REQUEST_QUEUES_MAX)
		return -LX_EINVAL;
	device = calloc(1, sizeof(*device));
	if (!device)
		return -LX_ENOMEM;
	for (unsigned i = 0; i < ARRAY_LEN(device->queue); i++)
		fuse_pace_init(&device->queue[i].pace);
	device->session = session;
	device->log = log;
	err = lx_reserve_new(request_queues, &device->reserve);
	if (err)
		log_debug(log, LOG_VIRTIOFS,
			  "no io_uring, so what would block goes to threads: %s",
			  lx_errname(err));
	memcpy(device->config, tag, len);
	le32_store(device->config + CONFIG_QUEUES, request_queues);
	*ret_device = device;
	return 0;
}

void vfs_device_free(struct vfs_device *device)
{
	if (!device)
		return;
	lx_reserve_free(device->reserve);
	free(device);
}

static void config_read(void *dev, uint32_t offset, void *buf, size_t len)
{
	struct vfs_device *device = dev;

	memcpy(buf, device->config + offset, len);
}

/*
 * Every queue takes every message: hiprio is for FORGET and INTERRUPT (virtio
 * 1.3 5.11.6.1), but nothing is gained by refusing others there.
 *
 * A chain without a whole header, or without room for the reply that is due,
 * is given back empty: the driver harms only itself, and its other requests go
 * on.
 */
static ssize_t request(void *dev, unsigned queue, struct virtio_chain *chain)
{
	struct vfs_device *device = dev;
	struct iov_tail in = iov_tail_init(chain->readable,
					   chain->readable_count);
	struct iov_tail out = iov_tail_init(chain->writable,
					    chain->writable_count);
	struct queue *q = &device->queue[queue];
	const struct fuse_turn turn = {
		.pace = &q->pace,
		.may_leave = chain->may_leave,
		.timed = chain->timed,
		.later = chain->may_leave && q->ring ?
				 vfs_ring_offer(q->ring, chain) : NULL,
	};
	ssize_t len = fuse_session_dispatch_in_turn(device->session, &turn, in,
						    out);

	if (len >= 0)
		return len;
	if (len == FUSE_WAIT)
		return VIRTIO_CHAIN_WAITS;
	if (len == FUSE_BLOCKS)
		return VIRTIO_CHAIN_BLOCKS;
	if (len == FUSE_GOES_ON)
		return VIRTIO_CHAIN_GOES_ON;
	/* The session has said what is wrong. */
	log_limited(device->log, LOG_VIRTIOFS, LOG_DEBUG,
		    "queue %u: no FUSE message in a chain with %zu bytes to read and %zu to write",
		    queue, iov_tail_size(&in), iov_tail_size(&out));
	return 0;
}

/*
 * Whoever serves another queue of the device has another line, and those of no
 * queue have none.
 */
static void thread_init(void *dev, unsigned queue, struct event *event)
{
	struct vfs_device *device = dev;

	marks_thread_init(queue);
	lx_thread_init();
	if (event && device->reserve)
		device->queue[queue].ring = vfs_ring_new(device->reserve, event,
							   device->log);
}

static void thread_done(void *dev, unsigned queue)
{
	struct vfs_device *device = dev;

	vfs_ring_free(device->queue[queue].ring);
	device->queue[queue].ring = NULL;
}

static void progress(void *dev, unsigned queue, bool sleeps)
{
	struct vfs_device *device = dev;

	if (device->queue[queue].ring)
		vfs_ring_progress(device->queue[queue].ring, sleeps);
}

static bool progressed(void *dev, unsigned queue)
{
	struct vfs_device *device = dev;

	return device->queue[queue].ring &&
	       vfs_ring_progressed(device->queue[queue].ring);
}

static void reset(void *dev)
{
	struct vfs_device *device = dev;

	fuse_session_reset(device->session);
}

/* ---- saved state ------------------------------------------------------- */

static int save(void *dev, struct save_writer *w)
{
	struct vfs_device *device = dev;

	save_begin(w, TAG_DEVICE);
	save_bytes(w, device->config, CONFIG_SIZE);
	save_end(w);
	return fuse_session_save(device->session, w);
}

static uint32_t queues_in(const uint8_t *config)
{
	return le32_load(config + CONFIG_QUEUES);
}

/* The driver has read its configuration, which does not change. */
static int restore(void *dev, struct save_reader *r)
{
	struct vfs_device *device = dev;
	uint8_t config[CONFIG_SIZE];

	if (save_take(r, TAG_DEVICE))
		return r->error;
	save_get_bytes(r, config, sizeof(config));
	if (save_done(r))
		return r->error;
	if (memcmp(config, device->config, VFS_TAG_MAX))
		return save_refuse(r, -LX_EINVAL,
				   "saved state of another tag than '%.*s'",
				   VFS_TAG_MAX, (const char *)device->config);
	if (queues_in(config) != queues_in(device->config))
		return save_refuse(r, -LX_EINVAL,
				   "saved state of %u request queues, there are %u",
				   queues_in(config),
				   queues_in(device->config));
	return fuse_session_restore(device->session, r);
}

const struct virtio_device_ops vfs_device_ops = {
	.id = VIRTIO_ID_FS,
	.config_size = CONFIG_SIZE,
	.unanswered_queues = 1,         /* hiprio */
	.config_read = config_read,
	.request = request,
	.progress = progress,
	.progressed = progressed,
	.thread_init = thread_init,
	.thread_done = thread_done,
	.reset = reset,
	.save = save,
	.restore = restore,
};
