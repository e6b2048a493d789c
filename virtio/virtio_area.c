/* SPDX-License-Identifier: MIT */
#include "virtio/virtio_area.h"

void virtio_area_map(struct virtio_area *area)
{
	uint64_t len = area->size;
	uint8_t *p;

	if (!area->reader)
		return;
	p = gmem_map(area->reader, area->gpa, area->flags, &len);
	/* A host may place guest memory at an odd address. */
	if (p && (len != area->size || (uintptr_t)p % sizeof(uint16_t)))
		p = NULL;
	area->ptr = p;
	area->log = area->logged ? gmem_reader_log(area->reader) : NULL;
}

int virtio_area_read_piecewise(const struct virtio_area *area, uint64_t offset,
			       void *buf, size_t len)
{
	return gmem_read(area->mem, area->reader, area->gpa + offset, buf, len);
}

int virtio_area_write_piecewise(const struct virtio_area *area, uint64_t offset,
				const void *buf, size_t len)
{
	int ret = gmem_write(area->mem, area->reader, area->gpa + offset, buf,
			     len);

	virtio_area_mark(area, offset, len);
	return ret;
}

/*
 * Order the host's callbacks, which may be plain copies, like the atomic
 * accesses of mapped memory.  A read-modify-write and no fence, because thread
 * sanitizers do not know fences.
 */
static void order_callbacks(void)
{
	static atomic_uint order;

	atomic_fetch_add(&order, 1);
}

int virtio_area_load16_piecewise(const struct virtio_area *area,
				 uint64_t offset)
{
	uint16_t raw;
	int ret;

	order_callbacks();
	ret = virtio_area_read_piecewise(area, offset, &raw, sizeof(raw));
	order_callbacks();
	return ret ? ret : le16_load(&raw);
}

int virtio_area_store16_piecewise(const struct virtio_area *area,
				  uint64_t offset, uint16_t value)
{
	uint16_t raw;
	int ret;

	le16_store(&raw, value);
	order_callbacks();
	ret = virtio_area_write_piecewise(area, offset, &raw, sizeof(raw));
	order_callbacks();
	return ret;
}
