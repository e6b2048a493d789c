/* SPDX-License-Identifier: MIT */
#include "tools/lsvirtiofs/lsv_regs.h"

#include "common/bytes.h"

#include <errno.h>
#include <string.h>

/* struct virtio_pci_common_cfg (virtio 1.3 4.1.4.3) */
enum {
	DEVICE_FEATURE_SELECT = 0,
	DEVICE_FEATURE = 4,
	DRIVER_FEATURE_SELECT = 8,
	DRIVER_FEATURE = 12,
	CONFIG_MSIX_VECTOR = 16,
	NUM_QUEUES = 18,
	DEVICE_STATUS = 20,
	CONFIG_GENERATION = 21,
	QUEUE_SELECT = 22,
	QUEUE_SIZE = 24,
	QUEUE_MSIX_VECTOR = 26,
	QUEUE_ENABLE = 28,
	QUEUE_NOTIFY_OFF = 30
};

/* struct virtio_fs_config (virtio 1.3 5.11.4) */
enum {
	FS_TAG = 0,
	FS_NUM_REQUEST_QUEUES = 36
};

/* A region to read from; the first error sticks and ends all accesses. */
struct cursor {
	const struct lsv_io *io;
	const struct lsv_cap *cap;
	int error;
};

static uint32_t get(struct cursor *c, unsigned offset, unsigned width)
{
	uint32_t value = 0;

	if (!c->error)
		c->error = c->io->read(c->io->ctx, c->cap->bar,
				       c->cap->offset + offset, width, &value);
	return value;
}

static void put(struct cursor *c, unsigned offset, unsigned width,
		uint32_t value)
{
	if (!c->error)
		c->error = c->io->write(c->io->ctx, c->cap->bar,
					c->cap->offset + offset, width, value);
}

static uint64_t read_features(struct cursor *c, unsigned select,
			      unsigned feature)
{
	uint32_t old = get(c, select, 4);
	uint64_t features;

	put(c, select, 4, 0);
	features = get(c, feature, 4);
	put(c, select, 4, 1);
	features |= (uint64_t)get(c, feature, 4) << 32;
	put(c, select, 4, old);
	return features;
}

static void read_queues(struct cursor *c, struct lsv_regs *regs)
{
	uint32_t old = get(c, QUEUE_SELECT, 2);

	regs->n_queues = MIN(regs->num_queues, LSV_QUEUES_MAX);
	for (unsigned i = 0; i < regs->n_queues; i++) {
		struct lsv_queue *q = &regs->queues[i];

		put(c, QUEUE_SELECT, 2, i);
		q->size = (uint16_t)get(c, QUEUE_SIZE, 2);
		q->msix_vector = (uint16_t)get(c, QUEUE_MSIX_VECTOR, 2);
		q->enable = (uint16_t)get(c, QUEUE_ENABLE, 2);
		q->notify_off = (uint16_t)get(c, QUEUE_NOTIFY_OFF, 2);
	}
	put(c, QUEUE_SELECT, 2, regs->num_queues);
	regs->size_beyond = (uint16_t)get(c, QUEUE_SIZE, 2);
	put(c, QUEUE_SELECT, 2, old);
}

int lsv_regs_read(const struct lsv_io *io, const struct lsv_config *config,
		  struct lsv_regs *ret_regs)
{
	struct cursor c = { io, lsv_config_find(config, LSV_COMMON), 0 };
	struct cursor d = { io, lsv_config_find(config, LSV_DEVICE), 0 };
	struct lsv_regs r;

	if (!c.cap || !d.cap)
		return -ENODEV;
	memset(&r, 0, sizeof(r));
	r.device_features = read_features(&c, DEVICE_FEATURE_SELECT,
					  DEVICE_FEATURE);
	r.driver_features = read_features(&c, DRIVER_FEATURE_SELECT,
					  DRIVER_FEATURE);
	r.config_vector = (uint16_t)get(&c, CONFIG_MSIX_VECTOR, 2);
	r.num_queues = (uint16_t)get(&c, NUM_QUEUES, 2);
	r.status = (uint8_t)get(&c, DEVICE_STATUS, 1);
	r.generation = (uint8_t)get(&c, CONFIG_GENERATION, 1);
	for (unsigned i = 0; i < LSV_TAG_SIZE; i++)
		r.tag[i] = (uint8_t)get(&d, FS_TAG + i, 1);
	r.num_request_queues = get(&d, FS_NUM_REQUEST_QUEUES, 4);
	r.generation_changed = get(&c, CONFIG_GENERATION, 1) != r.generation;
	read_queues(&c, &r);
	if (c.error || d.error)
		return c.error ? c.error : d.error;
	*ret_regs = r;
	return 0;
}

int lsv_vectors_read(const struct lsv_io *io, const struct lsv_msix *msix,
		     unsigned n, struct lsv_vector *vectors)
{
	for (unsigned i = 0; i < n; i++) {
		uint32_t word[4];       /* address, upper half, data, mask */

		for (unsigned j = 0; j < 4; j++) {
			uint64_t at = (uint64_t)msix->table_offset + 16 * i +
				      4 * j;
			int rc = io->read(io->ctx, msix->table_bar, at, 4,
					  &word[j]);

			if (rc)
				return rc;
		}
		vectors[i].addr = (uint64_t)word[1] << 32 | word[0];
		vectors[i].data = word[2];
		vectors[i].masked = word[3] & 1;
	}
	return 0;
}

const char *lsv_feature_name(unsigned bit)
{
	static const char *const ring_names[] = {
		"INDIRECT_DESC", "EVENT_IDX", NULL, NULL,
		"VERSION_1", "ACCESS_PLATFORM", "RING_PACKED", "IN_ORDER",
		"ORDER_PLATFORM", "SR_IOV", "NOTIFICATION_DATA",
		"NOTIF_CONFIG_DATA", "RING_RESET", "ADMIN_VQ",
	};

	if (bit == LSV_F_NOTIFICATION)
		return "NOTIFICATION";
	if (bit < 28 || bit - 28 >= ARRAY_LEN(ring_names))
		return NULL;
	return ring_names[bit - 28];
}

const char *lsv_status_name(unsigned bit)
{
	static const char *const names[] = {
		"ACKNOWLEDGE", "DRIVER", "DRIVER_OK", "FEATURES_OK",
		NULL, NULL, "DEVICE_NEEDS_RESET", "FAILED",
	};

	return bit < ARRAY_LEN(names) ? names[bit] : NULL;
}

const char *lsv_queue_role(const struct lsv_regs *regs, unsigned i)
{
	if (i == 0)
		return "hiprio";
	if (i == 1 && lsv_has(regs->driver_features, LSV_F_NOTIFICATION))
		return "notification";
	return "request";
}
