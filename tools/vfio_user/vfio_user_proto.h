/* SPDX-License-Identifier: MIT */
/*
 * vfio_user_proto.h - the vfio-user protocol, version 0.1: what lies on the
 * wire.
 *
 * Every message is a header and a body; a reply repeats the request's id and
 * command.  Numbers are in the host's byte order, since both ends of a UNIX
 * socket are on one host.  The bodies are those of the kernel's VFIO ioctls
 * (<linux/vfio.h>), which a test compares.  Structs are copied from and to the
 * buffers, so that alignment does not matter.
 */
#ifndef VFIO_USER_PROTO_H
#define VFIO_USER_PROTO_H

#include "common/limits.h"

#include <stdint.h>

#define VFIO_USER_MAJOR 0
#define VFIO_USER_MINOR 1

/* Commands. */
enum {
	VFIO_USER_VERSION = 1,
	VFIO_USER_DMA_MAP = 2,
	VFIO_USER_DMA_UNMAP = 3,
	VFIO_USER_DEVICE_GET_INFO = 4,
	VFIO_USER_DEVICE_GET_REGION_INFO = 5,
	VFIO_USER_DEVICE_GET_REGION_IO_FDS = 6,
	VFIO_USER_DEVICE_GET_IRQ_INFO = 7,
	VFIO_USER_DEVICE_SET_IRQS = 8,
	VFIO_USER_REGION_READ = 9,
	VFIO_USER_REGION_WRITE = 10,
	VFIO_USER_DMA_READ = 11,        /* from the server */
	VFIO_USER_DMA_WRITE = 12,       /* from the server */
	VFIO_USER_DEVICE_RESET = 13,
	VFIO_USER_REGION_WRITE_MULTI = 15,
	VFIO_USER_COMMANDS
};

/* struct vfio_user_header flags */
enum {
	VFIO_USER_F_TYPE = 0xf,         /* 0 is a request */
	VFIO_USER_F_REPLY = 0x1,
	VFIO_USER_F_NO_REPLY = 0x10,
	VFIO_USER_F_ERROR = 0x20        /* `error` is an errno; no body */
};

struct vfio_user_header {
	uint16_t id;
	uint16_t command;
	uint32_t size;                  /* header included */
	uint32_t flags;
	uint32_t error;
};

/* Followed by NUL-terminated JSON, or by nothing. */
struct vfio_user_version {
	uint16_t major;
	uint16_t minor;
};

/* struct vfio_user_dma_map flags */
enum {
	VFIO_USER_DMA_F_READ = 1,       /* the device may read */
	VFIO_USER_DMA_F_WRITE = 2
};

/* With one file descriptor, or none: then only DMA_READ and DMA_WRITE. */
struct vfio_user_dma_map {
	uint32_t argsz;
	uint32_t flags;
	uint64_t offset;                /* in the file */
	uint64_t iova;
	uint64_t size;
};

/* struct vfio_user_dma_unmap flags */
enum {
	VFIO_USER_UNMAP_F_DIRTY_BITMAP = 1,
	VFIO_USER_UNMAP_F_ALL = 2
};

struct vfio_user_dma_unmap {
	uint32_t argsz;
	uint32_t flags;
	uint64_t iova;
	uint64_t size;
};

/* struct vfio_user_device_info flags */
enum {
	VFIO_USER_DEVICE_F_RESET = 1,
	VFIO_USER_DEVICE_F_PCI = 2
};

struct vfio_user_device_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t num_regions;
	uint32_t num_irqs;
};

/* Region indices: 0 to 5 are the BARs. */
enum {
	VFIO_USER_REGION_BARS = 6,
	VFIO_USER_REGION_ROM = 6,
	VFIO_USER_REGION_CONFIG = 7,
	VFIO_USER_REGION_VGA = 8,
	VFIO_USER_REGIONS
};

/* struct vfio_user_region_info flags */
enum {
	VFIO_USER_REGION_F_READ = 1,
	VFIO_USER_REGION_F_WRITE = 2
};

struct vfio_user_region_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t cap_offset;
	uint64_t size;
	uint64_t offset;
};

/* Interrupt indices. */
enum {
	VFIO_USER_IRQ_INTX,
	VFIO_USER_IRQ_MSI,
	VFIO_USER_IRQ_MSIX,
	VFIO_USER_IRQ_ERR,
	VFIO_USER_IRQ_REQ,
	VFIO_USER_IRQS
};

/* struct vfio_user_irq_info flags */
enum {
	VFIO_USER_IRQ_F_EVENTFD = 1,
	VFIO_USER_IRQ_F_MASKABLE = 2,
	VFIO_USER_IRQ_F_AUTOMASKED = 4
};

struct vfio_user_irq_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t count;
};

/* struct vfio_user_irq_set flags: one of DATA and one of ACTION */
enum {
	VFIO_USER_SET_DATA = 0x7,
	VFIO_USER_SET_DATA_NONE = 0x1,
	VFIO_USER_SET_DATA_BOOL = 0x2,  /* a byte for each vector follows */
	VFIO_USER_SET_DATA_EVENTFD = 0x4,
	VFIO_USER_SET_ACTION = 0x38,
	VFIO_USER_SET_ACTION_MASK = 0x8,
	VFIO_USER_SET_ACTION_UNMASK = 0x10,
	VFIO_USER_SET_ACTION_TRIGGER = 0x20
};

struct vfio_user_irq_set {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t start;
	uint32_t count;
};

/* REGION_READ, REGION_WRITE and their replies; data follows where it does. */
struct vfio_user_region_rw {
	uint64_t offset;
	uint32_t region;
	uint32_t count;
};

/* REGION_WRITE_MULTI: a u64 that counts them, then these. */
struct vfio_user_write_one {
	uint64_t offset;
	uint32_t region;
	uint32_t count;                 /* of data, 1 to 8 */
	uint8_t data[8];
};

/* DMA_READ, DMA_WRITE and their replies; data follows where it does. */
struct vfio_user_dma_rw {
	uint64_t address;
	uint64_t count;
};

_Static_assert(sizeof(struct vfio_user_header) == 16, "wire");
_Static_assert(sizeof(struct vfio_user_version) == 4, "wire");
_Static_assert(sizeof(struct vfio_user_dma_map) == 32, "wire");
_Static_assert(sizeof(struct vfio_user_dma_unmap) == 24, "wire");
_Static_assert(sizeof(struct vfio_user_device_info) == 16, "wire");
_Static_assert(sizeof(struct vfio_user_region_info) == 32, "wire");
_Static_assert(sizeof(struct vfio_user_irq_info) == 16, "wire");
_Static_assert(sizeof(struct vfio_user_irq_set) == 20, "wire");
_Static_assert(sizeof(struct vfio_user_region_rw) == 16, "wire");
_Static_assert(sizeof(struct vfio_user_write_one) == 24, "wire");
_Static_assert(sizeof(struct vfio_user_dma_rw) == 16, "wire");

#define VFIO_USER_PAGE_SIZE 4096
#define VFIO_USER_CONFIG_SIZE 256               /* of region 7 */
/* The greatest body: a REGION_WRITE or a DMA_READ's reply. */
#define VFIO_USER_BODY_MAX (VFIO_USER_XFER_MAX + 16)

#endif
