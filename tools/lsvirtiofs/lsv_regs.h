/* SPDX-License-Identifier: MIT */
/*
 * lsv_regs.h - what the registers of a virtio-fs function say.
 *
 * Reading them writes: features and queues are seen through the selectors
 * device_feature_select, driver_feature_select and queue_select, which get
 * their old values back.  A driver uses them as it starts and stops, so look at
 * a device whose driver does neither just now.  The ISR register is never read,
 * as that would take an interrupt from the driver.
 */
#ifndef LSV_REGS_H
#define LSV_REGS_H

#include "tools/lsvirtiofs/lsv_config.h"

#define LSV_TAG_SIZE 36
/* More than a driver would use; keeps a wrong num_queues from taking long. */
#define LSV_QUEUES_MAX 64
#define LSV_VECTORS_MAX 2048
#define LSV_NO_VECTOR 0xffff

/*
 * How to reach the BARs: accesses of 1, 2 or 4 bytes, aligned.  0, or -errno
 * and then *ret_value is untouched.
 */
struct lsv_io {
	void *ctx;
	int (*read)(void *ctx, unsigned bar, uint64_t offset, unsigned width,
		    uint32_t *ret_value);
	int (*write)(void *ctx, unsigned bar, uint64_t offset, unsigned width,
		     uint32_t value);
};

/* virtio 1.3 2.1: device status bits */
enum {
	LSV_STATUS_ACKNOWLEDGE = 1,
	LSV_STATUS_DRIVER = 2,
	LSV_STATUS_DRIVER_OK = 4,
	LSV_STATUS_FEATURES_OK = 8,
	LSV_STATUS_NEEDS_RESET = 64,
	LSV_STATUS_FAILED = 128
};

/* Feature bits that mean something to the checks (virtio 1.3 6, 5.11.3). */
enum {
	LSV_F_NOTIFICATION = 0,
	LSV_F_VERSION_1 = 32,
	LSV_F_RING_PACKED = 34,
	LSV_F_NOTIFICATION_DATA = 38,
	LSV_F_NOTIF_CONFIG_DATA = 39,
	LSV_F_RING_RESET = 40,
	LSV_F_ADMIN_VQ = 41
};

struct lsv_queue {
	uint16_t size;
	uint16_t msix_vector;
	uint16_t enable;
	uint16_t notify_off;
};

struct lsv_vector {
	uint64_t addr;
	uint32_t data;
	bool masked;
};

struct lsv_regs {
	uint64_t device_features;
	uint64_t driver_features;
	uint16_t config_vector;
	uint16_t num_queues;
	uint8_t status;
	uint8_t generation;
	bool generation_changed;        /* while only this program looked */
	struct lsv_queue queues[LSV_QUEUES_MAX];
	unsigned n_queues;              /* MIN(num_queues, LSV_QUEUES_MAX) */
	uint16_t size_beyond;           /* queue_size of queue num_queues */
	uint8_t tag[LSV_TAG_SIZE];      /* not terminated */
	uint32_t num_request_queues;
};

/*
 * Read the common and the device configuration; needs both capabilities.
 * 0, or -errno.
 */
int lsv_regs_read(const struct lsv_io *io, const struct lsv_config *config,
		  struct lsv_regs *ret_regs);

/* Read the first n entries of the MSI-X table into vectors.  0, or -errno. */
int lsv_vectors_read(const struct lsv_io *io, const struct lsv_msix *msix,
		     unsigned n, struct lsv_vector *vectors);

/* "VERSION_1"; NULL for a bit that a virtio 1.3 file system does not have. */
const char *lsv_feature_name(unsigned bit);

/* "DRIVER_OK"; NULL for a bit that means nothing. */
const char *lsv_status_name(unsigned bit);

/* What queue i is for: "hiprio", "notification" or "request". */
const char *lsv_queue_role(const struct lsv_regs *regs, unsigned i);

/* Are all of the feature's bits in the set? */
static inline bool lsv_has(uint64_t features, unsigned bit)
{
	return features >> bit & 1;
}

#endif
