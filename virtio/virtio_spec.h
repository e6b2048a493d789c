/* SPDX-License-Identifier: MIT */
/*
 * virtio_spec.h - numbers of the virtio 1.3 specification: status and feature
 * bits, device ids, and the layouts of the split and the packed ring.
 *
 * Layouts are byte offsets, not structs: rings are the guest's memory, and are
 * read and written by the accessors of virtio_area.h (or, in tests, bytes.h).
 * All numbers in them are little-endian.
 */
#ifndef VIRTIO_VIRTIO_SPEC_H
#define VIRTIO_VIRTIO_SPEC_H

#include <stddef.h>
#include <stdint.h>

/* Device ids (virtio 1.3 5). */
#define VIRTIO_ID_FS 26

/* Device status (virtio 1.3 2.1). */
#define VIRTIO_STATUS_ACKNOWLEDGE 0x01
#define VIRTIO_STATUS_DRIVER 0x02
#define VIRTIO_STATUS_DRIVER_OK 0x04
#define VIRTIO_STATUS_FEATURES_OK 0x08
#define VIRTIO_STATUS_NEEDS_RESET 0x40
#define VIRTIO_STATUS_FAILED 0x80

/* Reserved feature bits (virtio 1.3 6), as numbers and as masks. */
#define VIRTIO_F_INDIRECT_DESC 28
#define VIRTIO_F_EVENT_IDX 29
#define VIRTIO_F_VERSION_1 32
#define VIRTIO_F_ACCESS_PLATFORM 33
#define VIRTIO_F_RING_PACKED 34
#define VIRTIO_F_IN_ORDER 35
#define VIRTIO_F_NOTIFICATION_DATA 38
#define VIRTIO_F_RING_RESET 40

#define VIRTIO_FEATURE(bit) (UINT64_C(1) << (bit))

/* What `queue_msix_vector` reads when there is none (virtio 1.3 4.1.4.3). */
#define VIRTIO_MSI_NO_VECTOR 0xffff

/* Descriptor table of the split ring (virtio 1.3 2.7.5). */
#define VIRTQ_DESC_SIZE 16
#define VIRTQ_DESC_ADDR 0               /* le64 */
#define VIRTQ_DESC_LEN 8                /* le32 */
#define VIRTQ_DESC_FLAGS 12             /* le16 */
#define VIRTQ_DESC_NEXT 14              /* le16 */

#define VIRTQ_DESC_F_NEXT 1
#define VIRTQ_DESC_F_WRITE 2
#define VIRTQ_DESC_F_INDIRECT 4

/* Available ring (virtio 1.3 2.7.6); used_event follows the ring. */
#define VIRTQ_AVAIL_FLAGS 0             /* le16 */
#define VIRTQ_AVAIL_IDX 2               /* le16 */
#define VIRTQ_AVAIL_RING 4              /* le16 each */
#define VIRTQ_AVAIL_ELEM_SIZE 2
#define VIRTQ_AVAIL_F_NO_INTERRUPT 1

/* Used ring (virtio 1.3 2.7.8); avail_event follows the ring. */
#define VIRTQ_USED_FLAGS 0              /* le16 */
#define VIRTQ_USED_IDX 2                /* le16 */
#define VIRTQ_USED_RING 4               /* le32 id, le32 len each */
#define VIRTQ_USED_ELEM_SIZE 8
#define VIRTQ_USED_F_NO_NOTIFY 1

/* Alignment of the three areas (virtio 1.3 2.7). */
#define VIRTQ_DESC_ALIGN 16
#define VIRTQ_AVAIL_ALIGN 2
#define VIRTQ_USED_ALIGN 4

static inline size_t virtq_desc_bytes(uint16_t size)
{
	return (size_t)VIRTQ_DESC_SIZE * size;
}

/* Where used_event is, and (two bytes later) where the area ends. */
static inline size_t virtq_used_event_offset(uint16_t size)
{
	return VIRTQ_AVAIL_RING + (size_t)VIRTQ_AVAIL_ELEM_SIZE * size;
}

/* Where avail_event is, and (two bytes later) where the area ends. */
static inline size_t virtq_avail_event_offset(uint16_t size)
{
	return VIRTQ_USED_RING + (size_t)VIRTQ_USED_ELEM_SIZE * size;
}

static inline size_t virtq_avail_bytes(uint16_t size)
{
	return virtq_used_event_offset(size) + 2;
}

static inline size_t virtq_used_bytes(uint16_t size)
{
	return virtq_avail_event_offset(size) + 2;
}

/*
 * The packed ring's descriptors (virtio 1.3 2.8.13): address and length are
 * where those of the split ring are.
 */
#define PVIRTQ_DESC_ID 12               /* le16 */
#define PVIRTQ_DESC_FLAGS 14            /* le16 */
#define VIRTQ_DESC_F_AVAIL 0x80
#define VIRTQ_DESC_F_USED 0x8000

/*
 * A place in the packed ring as it is written down (virtio 1.3 2.8.14): a
 * descriptor's number, and on top the wrap counter of that round.
 */
#define PVIRTQ_PLACE_MASK 0x7fff
#define PVIRTQ_PLACE_WRAP 0x8000

/* Event suppression, the driver's and the device's (virtio 1.3 2.8.14). */
#define PVIRTQ_EVENT_PLACE 0            /* le16 */
#define PVIRTQ_EVENT_FLAGS 2            /* le16 */
#define PVIRTQ_EVENT_SIZE 4
#define PVIRTQ_EVENT_ALIGN 4
#define PVIRTQ_EVENT_FLAGS_MASK 3
#define PVIRTQ_EVENT_ENABLE 0
#define PVIRTQ_EVENT_DISABLE 1
#define PVIRTQ_EVENT_DESC 2             /* at a place; with EVENT_IDX */

/*
 * Has the index that the other side waits for been passed on the way from
 * `old` to `now` (virtio 1.3 2.7.7.1, 2.7.10.1)?
 */
static inline int virtq_need_event(uint16_t event, uint16_t now, uint16_t old)
{
	return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

#endif
