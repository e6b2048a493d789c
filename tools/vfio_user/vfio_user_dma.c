/* SPDX-License-Identifier: MIT */
#include "tools/vfio_user/vfio_user_dma.h"

#include "common/bytes.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

void vfio_user_dma_init(struct vfio_user_dma *dma,
			const struct pciplug_plugin *plugin)
{
	dma->plugin = plugin;
	dma->dev = NULL;
	dma->guard = (struct guard){ .sock = -1 };
	dma->count = 0;
	pthread_mutex_init(&dma->lock, NULL);
}

/* The index of the first range that ends above iova; count: none. */
static size_t find(const struct vfio_user_dma *dma, uint64_t iova)
{
	size_t low = 0, high = dma->count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (dma->range[mid].iova + (dma->range[mid].size - 1) < iova)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The index of exactly this range; count: none. */
static size_t find_exact(const struct vfio_user_dma *dma, uint64_t iova,
			 uint64_t size)
{
	size_t i = find(dma, iova);

	if (i < dma->count &&
	    (dma->range[i].iova != iova || dma->range[i].size != size))
		return dma->count;
	return i;
}

/* Map the file and tell the device of it. */
static int add_mapped(struct vfio_user_dma *dma, struct vfio_user_range *range,
		      int fd, uint64_t offset)
{
	bool writes = range->flags & VFIO_USER_DMA_F_WRITE;
	uint32_t flags = writes ? PCIPLUG_MEM_WRITE : 0;
	int ret = guard_map(&dma->guard, fd, offset, range->size,
			    PROT_READ | (writes ? PROT_WRITE : 0),
			    &range->map);

	if (ret)
		return ret == -ENXIO ? -EINVAL : ret;
	if (range->flags & VFIO_USER_DMA_F_READ)
		flags |= PCIPLUG_MEM_READ;
	ret = dma->plugin->mem_add(dma->dev, range->iova, range->size,
				   range->map.bytes, flags);
	if (ret)
		guard_unmap(&range->map);
	return ret;
}

/* May the range go to place i of the table? */
static int check_range(const struct vfio_user_dma *dma, size_t i,
		       const struct vfio_user_dma_map *map)
{
	const uint32_t rw = VFIO_USER_DMA_F_READ | VFIO_USER_DMA_F_WRITE;

	if (!map->size || map->iova + (map->size - 1) < map->iova ||
	    !map->flags || map->flags & ~rw)
		return -EINVAL;
	if (i < dma->count && range_overlaps(map->iova, map->size,
					     dma->range[i].iova,
					     dma->range[i].size))
		return -EEXIST;
	if (dma->count == VFIO_USER_RANGES_MAX)
		return -ENOSPC;
	return 0;
}

/* Only the message thread changes the table, so it reads it without lock. */
int vfio_user_dma_map(struct vfio_user_dma *dma,
		      const struct vfio_user_dma_map *map, int fd)
{
	struct vfio_user_range range = {
		.iova = map->iova,
		.size = map->size,
		.flags = map->flags,
	};
	size_t i = find(dma, map->iova);
	int ret = check_range(dma, i, map);

	if (!ret && fd >= 0)
		ret = add_mapped(dma, &range, fd, map->offset);
	if (ret)
		return ret;
	pthread_mutex_lock(&dma->lock);
	memmove(&dma->range[i + 1], &dma->range[i],
		(dma->count - i) * sizeof(range));
	dma->range[i] = range;
	dma->count++;
	pthread_mutex_unlock(&dma->lock);
	return 0;
}

/* What the device does not give back (it has no memory, say) stays mapped. */
static int remove_at(struct vfio_user_dma *dma, size_t i)
{
	struct vfio_user_range range = dma->range[i];
	int ret = 0;

	if (range.map.start)
		ret = dma->plugin->mem_remove(dma->dev, range.iova,
					      range.size);
	if (ret)
		return ret;
	pthread_mutex_lock(&dma->lock);
	dma->count--;
	memmove(&dma->range[i], &dma->range[i + 1],
		(dma->count - i) * sizeof(range));
	pthread_mutex_unlock(&dma->lock);
	guard_unmap(&range.map);
	return 0;
}

int vfio_user_dma_unmap(struct vfio_user_dma *dma, uint64_t iova, uint64_t size)
{
	size_t i = find_exact(dma, iova, size);

	return i < dma->count ? remove_at(dma, i) : -ENOENT;
}

int vfio_user_dma_unmap_all(struct vfio_user_dma *dma)
{
	int ret = 0;

	for (size_t i = dma->count; i-- > 0;) {
		int error = remove_at(dma, i);

		ret = ret ? ret : error;
	}
	return ret;
}

void vfio_user_dma_done(struct vfio_user_dma *dma)
{
	for (size_t i = 0; i < dma->count; i++)
		guard_unmap(&dma->range[i].map);
	pthread_mutex_destroy(&dma->lock);
}

bool vfio_user_dma_is_mapped(struct vfio_user_dma *dma, uint64_t iova,
			     uint64_t size)
{
	size_t i = find_exact(dma, iova, size);

	return i < dma->count && dma->range[i].map.start;
}

size_t vfio_user_dma_unmapped(struct vfio_user_dma *dma, uint64_t iova,
			      size_t len, uint32_t flags)
{
	const struct vfio_user_range *range;
	size_t i, n = 0;

	pthread_mutex_lock(&dma->lock);
	i = find(dma, iova);
	range = &dma->range[i];
	if (i < dma->count && iova >= range->iova && !range->map.start &&
	    (range->flags & flags) == flags)
		n = (size_t)MIN(len, range->size - (iova - range->iova));
	pthread_mutex_unlock(&dma->lock);
	return n;
}
