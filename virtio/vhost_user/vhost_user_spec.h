/* SPDX-License-Identifier: MIT */
/*
 * vhost_user_spec.h - numbers and payloads of the vhost-user protocol (QEMU's
 * docs/interop/vhost-user.rst).
 *
 * Both sides are on one machine, and all numbers are in its byte order.
 */
#ifndef VIRTIO_VHOST_USER_VHOST_USER_SPEC_H
#define VIRTIO_VHOST_USER_VHOST_USER_SPEC_H

#include <stdint.h>

/* Requests of the front-end; those that are not served have no name here. */
enum vhost_user_request {
	VHOST_USER_GET_FEATURES = 1,
	VHOST_USER_SET_FEATURES = 2,
	VHOST_USER_SET_OWNER = 3,
	VHOST_USER_RESET_OWNER = 4,
	VHOST_USER_SET_MEM_TABLE = 5,
	VHOST_USER_SET_LOG_BASE = 6,
	VHOST_USER_SET_LOG_FD = 7,
	VHOST_USER_SET_VRING_NUM = 8,
	VHOST_USER_SET_VRING_ADDR = 9,
	VHOST_USER_SET_VRING_BASE = 10,
	VHOST_USER_GET_VRING_BASE = 11,
	VHOST_USER_SET_VRING_KICK = 12,
	VHOST_USER_SET_VRING_CALL = 13,
	VHOST_USER_SET_VRING_ERR = 14,
	VHOST_USER_GET_PROTOCOL_FEATURES = 15,
	VHOST_USER_SET_PROTOCOL_FEATURES = 16,
	VHOST_USER_GET_QUEUE_NUM = 17,
	VHOST_USER_SET_VRING_ENABLE = 18,
	VHOST_USER_SET_BACKEND_REQ_FD = 21,
	VHOST_USER_GET_CONFIG = 24,
	VHOST_USER_SET_CONFIG = 25,
	VHOST_USER_RESET_DEVICE = 34,
	VHOST_USER_GET_MAX_MEM_SLOTS = 36,
	VHOST_USER_ADD_MEM_REG = 37,
	VHOST_USER_REM_MEM_REG = 38,
	VHOST_USER_SET_STATUS = 39,
	VHOST_USER_GET_STATUS = 40,
	VHOST_USER_SET_DEVICE_STATE_FD = 42,
	VHOST_USER_CHECK_DEVICE_STATE = 43,
	VHOST_USER_REQUESTS             /* one more than the last */
};

/* In the features, besides virtio's own. */
#define VHOST_F_LOG_ALL 26
#define VHOST_USER_F_PROTOCOL_FEATURES 30

/* Protocol features, by bit. */
#define VHOST_USER_PROTOCOL_F_MQ 0
#define VHOST_USER_PROTOCOL_F_LOG_SHMFD 1
#define VHOST_USER_PROTOCOL_F_REPLY_ACK 3
#define VHOST_USER_PROTOCOL_F_BACKEND_REQ 5
#define VHOST_USER_PROTOCOL_F_CONFIG 9
#define VHOST_USER_PROTOCOL_F_RESET_DEVICE 13
#define VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS 15
#define VHOST_USER_PROTOCOL_F_STATUS 16
#define VHOST_USER_PROTOCOL_F_DEVICE_STATE 19

#define VHOST_USER_BIT(bit) (UINT64_C(1) << (bit))

/* Flags of a message. */
#define VHOST_USER_VERSION_MASK 0x3u
#define VHOST_USER_VERSION 0x1u
#define VHOST_USER_REPLY 0x4u
#define VHOST_USER_NEED_REPLY 0x8u

/* The number of SET_VRING_KICK, _CALL and _ERR. */
#define VHOST_USER_VRING_INDEX_MASK 0xffu
#define VHOST_USER_VRING_NOFD 0x100u

/* The flags of SET_VRING_ADDR: writes to the used ring are logged. */
#define VHOST_VRING_F_LOG (1u << 0)

/* Which way a device's state goes; the only phase is 0: it is stopped. */
#define VHOST_USER_SAVE 0u
#define VHOST_USER_LOAD 1u
/* The answer: no descriptor comes back; the lowest byte is an error. */
#define VHOST_USER_STATE_NOFD 0x100u

/* Regions of one SET_MEM_TABLE, and so descriptors of one message. */
#define VHOST_USER_REGIONS_MAX 8
#define VHOST_USER_CONFIG_MAX 256       /* bytes of configuration space */

struct vhost_user_header {
	uint32_t request;
	uint32_t flags;
	uint32_t size;                  /* of the payload */
};

struct vhost_user_vring_state {
	uint32_t index;
	uint32_t num;
};

/* Addresses are the front-end's own, but for `log`. */
struct vhost_user_vring_addr {
	uint32_t index;
	uint32_t flags;
	uint64_t desc;
	uint64_t used;
	uint64_t avail;
	uint64_t log;
};

struct vhost_user_log {
	uint64_t size;                  /* bytes */
	uint64_t offset;                /* where it is in the file */
};

struct vhost_user_region {
	uint64_t guest_addr;
	uint64_t size;
	uint64_t user_addr;             /* where the front-end has it */
	uint64_t mmap_offset;           /* where it is in the file */
};

struct vhost_user_mem_table {
	uint32_t count;
	uint32_t padding;
	struct vhost_user_region region[VHOST_USER_REGIONS_MAX];
};

struct vhost_user_mem_reg {
	uint64_t padding;
	struct vhost_user_region region;
};

struct vhost_user_config {
	uint32_t offset;
	uint32_t size;
	uint32_t flags;
	uint8_t data[VHOST_USER_CONFIG_MAX];
};

struct vhost_user_transfer_params {
	uint32_t direction;             /* VHOST_USER_SAVE or _LOAD */
	uint32_t phase;
};

/* Sizes on the wire. */
#define VHOST_USER_HEADER_SIZE 12u
#define VHOST_USER_MEM_TABLE_MIN 8u     /* and 32 for each region */
#define VHOST_USER_CONFIG_MIN 12u       /* and the data */

_Static_assert(sizeof(struct vhost_user_header) == VHOST_USER_HEADER_SIZE,
	       "the header is 12 bytes");
_Static_assert(sizeof(struct vhost_user_vring_state) == 8, "8 bytes");
_Static_assert(sizeof(struct vhost_user_vring_addr) == 40, "40 bytes");
_Static_assert(sizeof(struct vhost_user_log) == 16, "16 bytes");
_Static_assert(sizeof(struct vhost_user_mem_table) == 8 + 8 * 32, "264 bytes");
_Static_assert(sizeof(struct vhost_user_transfer_params) == 8, "8 bytes");
_Static_assert(sizeof(struct vhost_user_mem_reg) == 40, "40 bytes");
_Static_assert(sizeof(struct vhost_user_config) == 12 + 256, "268 bytes");

#endif
