/* SPDX-License-Identifier: MIT */
#include "virtio/virtio_area.h"

#include "common/bytes.h"

#include <string.h>

void virtio_area_map(struct virtio_area *area)
{
	uint64_t len = area->size;
	uint8_t *p = gmem_map(area->reader, area->gpa, area->flags, &len);

	/* A host may place guest memory at an odd address. */
	if (p && (len != area->size || (uintptr_t)p % sizeof(uint16_t)))
		p = NULL;
	area->ptr = p;
}

int virtio_area_read(const struct virtio_area *area, uint64_t offset,
		     void *buf, size_t len)
{
	if (!area->ptr)
		return gmem_read(area->mem, area->reader, area->gpa + offset,
				 buf, len);
	memcpy(buf, area->ptr + offset, len);
	return 0;
}

int virtio_area_write(const struct virtio_area *area, uint64_t offset,
		      const void *buf, size_t len)
{
	if (!area->ptr)
		return gmem_write(area->mem, area->reader, area->gpa + offset,
				  buf, len);
	memcpy(area->ptr + offset, buf, len);
	return 0;
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

int virtio_area_load16(const struct virtio_area *area, uint64_t offset,
		       uint16_t *ret_value)
{
	uint16_t raw;
	int ret = 0;

	if (area->ptr) {
		/* The areas' and the fields' alignment is checked. */
		const void *p = area->ptr + offset;

		raw = __atomic_load_n((const uint16_t *)p, __ATOMIC_SEQ_CST);
	} else {
		order_callbacks();
		ret = virtio_area_read(area, offset, &raw, sizeof(raw));
		order_callbacks();
	}
	if (!ret)
		*ret_value = le16_load(&raw);
	return ret;
}

int virtio_area_store16(const struct virtio_area *area, uint64_t offset,
			uint16_t value)
{
	uint16_t raw;
	int ret = 0;

	le16_store(&raw, value);
	if (area->ptr) {
		void *p = area->ptr + offset;

		__atomic_store_n((uint16_t *)p, raw, __ATOMIC_SEQ_CST);
	} else {
		order_callbacks();
		ret = virtio_area_write(area, offset, &raw, sizeof(raw));
		order_callbacks();
	}
	return ret;
}
