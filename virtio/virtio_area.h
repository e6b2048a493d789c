/* SPDX-License-Identifier: MIT */
/*
 * virtio_area.h - an area of guest memory that holds a ring or a table.
 *
 * An area is translated once and then reached through a pointer, for as long
 * as the table of guest memory stays the same.  When it does not lie in one
 * mapped piece, the same calls go through gmem_read() and gmem_write() instead,
 * so a ring may be anywhere, only slower.
 *
 * 16-bit loads and stores are atomic and in one total order
 * (memory_order_seq_cst).  So what was written before a store is seen by who
 * loads it, and of two sides that each store one number and then load the
 * other's, at least one sees the other: the rule that all index, event and
 * flag races of virtio 1.3 2.7 rest on.
 */
#ifndef VIRTIO_VIRTIO_AREA_H
#define VIRTIO_VIRTIO_AREA_H

#include "common/gmem.h"

struct virtio_area {
	uint64_t gpa;
	uint64_t size;                  /* bytes */
	uint32_t flags;                 /* GMEM_* */
	uint8_t *ptr;                   /* NULL: not in one piece */
	struct gmem *mem;
	const struct gmem_reader *reader;
};

/* Translate it; the reader is inside, and again after each new generation. */
void virtio_area_map(struct virtio_area *area);

/*
 * Access; offset + len is within the area (the caller's duty).  0, or -EFAULT:
 * there is no such memory.
 */
int virtio_area_read(const struct virtio_area *area, uint64_t offset,
		     void *buf, size_t len);
int virtio_area_write(const struct virtio_area *area, uint64_t offset,
		      const void *buf, size_t len);
int virtio_area_load16(const struct virtio_area *area, uint64_t offset,
		       uint16_t *ret_value);
int virtio_area_store16(const struct virtio_area *area, uint64_t offset,
			uint16_t value);

#endif
