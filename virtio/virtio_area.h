/* SPDX-License-Identifier: MIT */
/*
 * virtio_area.h - an area of guest memory that holds a ring or a table.
 *
 * An area is translated once and then reached through a pointer, for as long
 * as the table of guest memory stays the same.  When it does not lie in one
 * mapped piece, the same calls go through gmem_read() and gmem_write() instead,
 * so a ring may be anywhere, only slower.
 *
 * What the device writes to a ring is logged if the transport says so, by an
 * address that may be another than the ring's.
 *
 * 16-bit loads and stores are atomic and in one total order
 * (memory_order_seq_cst).  So what was written before a store is seen by who
 * loads it, and of two sides that each store one number and then load the
 * other's, at least one sees the other: the rule that all index, event and
 * flag races of virtio 1.3 2.7 rest on.
 */
#ifndef VIRTIO_VIRTIO_AREA_H
#define VIRTIO_VIRTIO_AREA_H

#include "common/bytes.h"
#include "common/gmem.h"

#include <stdbool.h>
#include <string.h>

struct virtio_area {
	uint64_t gpa;
	uint64_t size;                  /* bytes */
	uint32_t flags;                 /* GMEM_* */
	uint8_t *ptr;                   /* NULL: not in one piece */
	struct gmem *mem;
	struct gmem_reader *reader;
	/* Is what the device writes logged, and by what address? */
	bool logged;
	uint64_t log_gpa;
	const struct gmem_log *log;     /* NULL: no, or there is no log */
};

/*
 * Translate it; the reader is inside, and again after each new generation.
 * Nothing, if it was never set.
 */
void virtio_area_map(struct virtio_area *area);

/* The same accesses of an area that is not in one piece. */
int virtio_area_read_piecewise(const struct virtio_area *area, uint64_t offset,
			       void *buf, size_t len);
int virtio_area_write_piecewise(const struct virtio_area *area, uint64_t offset,
				const void *buf, size_t len);
int virtio_area_load16_piecewise(const struct virtio_area *area,
				 uint64_t offset);
int virtio_area_store16_piecewise(const struct virtio_area *area,
				  uint64_t offset, uint16_t value);

static inline void virtio_area_mark(const struct virtio_area *area,
				    uint64_t offset, size_t len)
{
	if (area->log)
		gmem_log_mark(area->log, area->log_gpa + offset, len);
}

/*
 * Access; offset + len is within the area (the caller's duty).  0, or -EFAULT:
 * there is no such memory.  Inline, as there are several for each request, of
 * lengths that the compiler knows.
 */
static inline int virtio_area_read(const struct virtio_area *area,
				   uint64_t offset, void *buf, size_t len)
{
	if (!area->ptr)
		return virtio_area_read_piecewise(area, offset, buf, len);
	memcpy(buf, area->ptr + offset, len);
	return 0;
}

static inline int virtio_area_write(const struct virtio_area *area,
				    uint64_t offset, const void *buf,
				    size_t len)
{
	if (!area->ptr)
		return virtio_area_write_piecewise(area, offset, buf, len);
	memcpy(area->ptr + offset, buf, len);
	virtio_area_mark(area, offset, len);
	return 0;
}

/*
 * The number, or -EFAULT.  The alignment of areas and of fields is checked.
 */
static inline int virtio_area_load16(const struct virtio_area *area,
				     uint64_t offset)
{
	const void *p;
	uint16_t raw;

	if (!area->ptr)
		return virtio_area_load16_piecewise(area, offset);
	p = area->ptr + offset;
	raw = __atomic_load_n((const uint16_t *)p, __ATOMIC_SEQ_CST);
	return le16_load(&raw);
}

static inline int virtio_area_store16(const struct virtio_area *area,
				      uint64_t offset, uint16_t value)
{
	uint16_t raw;
	void *p;

	if (!area->ptr)
		return virtio_area_store16_piecewise(area, offset, value);
	p = area->ptr + offset;
	le16_store(&raw, value);
	__atomic_store_n((uint16_t *)p, raw, __ATOMIC_SEQ_CST);
	virtio_area_mark(area, offset, sizeof(raw));
	return 0;
}

#endif
