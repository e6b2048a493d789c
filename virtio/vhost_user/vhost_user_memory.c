/* SPDX-License-Identifier: MIT */
#include "virtio/vhost_user/vhost_user_memory.h"

#include "common/bytes.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

int vhost_user_memory_init(struct vhost_user_memory *m)
{
	m->count = 0;
	return gmem_init(&m->gmem, NULL, NULL);
}

static void unmap(struct vhost_user_slot *slot)
{
	munmap(slot->map, slot->map_size);
}

void vhost_user_memory_done(struct vhost_user_memory *m)
{
	gmem_done(&m->gmem);
	for (size_t i = 0; i < m->count; i++)
		unmap(&m->slot[i]);
	m->count = 0;
}

static bool makes_sense(const struct vhost_user_region *r)
{
	return r->size && r->guest_addr + r->size - 1 >= r->guest_addr &&
	       r->user_addr + r->size - 1 >= r->user_addr &&
	       r->mmap_offset + r->size > r->mmap_offset &&
	       r->mmap_offset + r->size <= INT64_MAX && r->size <= SIZE_MAX / 2;
}

/*
 * What a mapping's offset and length are multiples of, and whether the file
 * holds the whole region: touching what is beyond its end would be a SIGBUS.
 */
static int check_file(int fd, const struct vhost_user_region *r,
		      uint64_t *ret_granule)
{
	uint64_t granule = (uint64_t)sysconf(_SC_PAGESIZE);
	struct statfs fs;
	struct stat st;

	if (fstat(fd, &st) || fstatfs(fd, &fs))
		return -errno;
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		return -EINVAL;
	if (S_ISREG(st.st_mode) &&
	    (uint64_t)st.st_size < r->mmap_offset + r->size)
		return -ENXIO;
	if (fs.f_type == HUGETLBFS_MAGIC && fs.f_bsize > 0)
		granule = MAX(granule, (uint64_t)fs.f_bsize);
	*ret_granule = granule;
	return 0;
}

int vhost_user_memory_add(struct vhost_user_memory *m,
			  const struct vhost_user_region *region, int fd)
{
	struct vhost_user_slot slot = { .region = *region };
	uint64_t granule = 0, skip;
	int ret;

	if (!makes_sense(region))
		return -EINVAL;
	if (m->count == ARRAY_LEN(m->slot))
		return -ENOSPC;
	ret = check_file(fd, region, &granule);
	if (ret)
		return ret;
	skip = region->mmap_offset % granule;
	slot.map_size = (size_t)((skip + region->size + granule - 1) /
				 granule * granule);
	slot.map = mmap(NULL, slot.map_size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_NORESERVE, fd,
			(off_t)(region->mmap_offset - skip));
	if (slot.map == MAP_FAILED)
		/* cppcheck-suppress memleak ; nothing was mapped */
		return -errno;
	ret = gmem_add(&m->gmem, region->guest_addr, region->size,
		       (uint8_t *)slot.map + skip, GMEM_READ | GMEM_WRITE);
	if (ret) {
		unmap(&slot);
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
	unmap(&m->slot[i]);
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
