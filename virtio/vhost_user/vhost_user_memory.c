/* SPDX-License-Identifier: MIT */
#include "virtio/vhost_user/vhost_user_memory.h"

#include "common/bytes.h"

#include <errno.h>
#include <sys/mman.h>

int vhost_user_memory_init(struct vhost_user_memory *m, struct guard *guard)
{
	m->guard = guard;
	m->count = 0;
	return gmem_init(&m->gmem, NULL, NULL);
}

void vhost_user_memory_done(struct vhost_user_memory *m)
{
	gmem_done(&m->gmem);
	for (size_t i = 0; i < m->count; i++)
		guard_unmap(&m->slot[i].map);
	m->count = 0;
}

static bool makes_sense(const struct vhost_user_region *r)
{
	return r->size && r->guest_addr + r->size - 1 >= r->guest_addr &&
	       r->user_addr + r->size - 1 >= r->user_addr;
}

int vhost_user_memory_add(struct vhost_user_memory *m,
			  const struct vhost_user_region *region, int fd)
{
	struct vhost_user_slot slot = { .region = *region };
	int ret;

	if (!makes_sense(region))
		return -EINVAL;
	if (m->count == ARRAY_LEN(m->slot))
		return -ENOSPC;
	ret = guard_map(m->guard, fd, region->mmap_offset, region->size,
			PROT_READ | PROT_WRITE, &slot.map);
	if (ret)
		return ret;
	ret = gmem_add(&m->gmem, region->guest_addr, region->size,
		       slot.map.bytes, GMEM_READ | GMEM_WRITE);
	if (ret) {
		guard_unmap(&slot.map);
		return ret;
	}
	m->slot[m->count++] = slot;
	return 0;
}

/* The last slot takes the place of a removed one. */
static int remove_slot(struct vhost_user_memory *m, size_t i)
{
	const struct vhost_user_region *r = &m->slot[i].region;
	int ret = gmem_remove(&m->gmem, r->guest_addr, r->size);

	if (ret)
		return ret;
	guard_unmap(&m->slot[i].map);
	m->slot[i] = m->slot[--m->count];
	return 0;
}

int vhost_user_memory_remove(struct vhost_user_memory *m,
			     const struct vhost_user_region *region)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct vhost_user_region *r = &m->slot[i].region;

		if (r->guest_addr == region->guest_addr &&
		    r->user_addr == region->user_addr &&
		    r->size == region->size)
			return remove_slot(m, i);
	}
	return -ENOENT;
}

int vhost_user_memory_clear(struct vhost_user_memory *m)
{
	int ret = 0;

	while (m->count && !ret)
		ret = remove_slot(m, m->count - 1);
	return ret;
}

int vhost_user_memory_translate(const struct vhost_user_memory *m,
				uint64_t user, uint64_t *ret_gpa)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct vhost_user_region *r = &m->slot[i].region;

		if (user >= r->user_addr && user - r->user_addr < r->size) {
			*ret_gpa = user - r->user_addr + r->guest_addr;
			return 0;
		}
	}
	return -EFAULT;
}
