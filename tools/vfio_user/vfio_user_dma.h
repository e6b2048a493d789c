/* SPDX-License-Identifier: MIT */
/*
 * vfio_user_dma.h - the client's memory: DMA_MAP and DMA_UNMAP.
 *
 * A range that comes with a file descriptor is mapped and announced to the
 * device.  One without is only noted, so that the device's mem_read and
 * mem_write callbacks know what they may ask the client for.
 *
 * A client maps and unmaps in storms (the firmware of a PC moves memory about
 * at boot) and always unmaps exactly what it mapped.  The table is sorted; the
 * message thread changes it, workers look ranges up.
 *
 * A range must lie in its file when it is mapped.  A client that cuts the file
 * later loses its connection (common/guard.h).
 *
 * Lock: `lock` is a leaf and guards the table; it is not held over calls of
 * the device.
 */
#ifndef VFIO_USER_DMA_H
#define VFIO_USER_DMA_H

#include "common/guard_map.h"
#include "include/pciplug.h"
#include "tools/vfio_user/vfio_user_proto.h"

#include <pthread.h>
#include <stdbool.h>

struct vfio_user_range {
	uint64_t iova;
	uint64_t size;
	uint32_t flags;                 /* VFIO_USER_DMA_F_* */
	struct guard_map map;           /* of nothing: not mapped */
};

struct vfio_user_dma {
	const struct pciplug_plugin *plugin;
	struct pciplug_device *dev;
	struct guard guard;             /* of all that is mapped */
	pthread_mutex_t lock;
	size_t count;
	struct vfio_user_range range[VFIO_USER_RANGES_MAX];
};

/*
 * No ranges.  Before the first, `dev` must be set to the device, and the guard
 * to the client's socket.
 */
void vfio_user_dma_init(struct vfio_user_dma *dma,
			const struct pciplug_plugin *plugin);
/* The device must be gone; unmaps what it kept. */
void vfio_user_dma_done(struct vfio_user_dma *dma);

/*
 * Add a range; fd is borrowed, or -1.  -EINVAL: makes no sense, or is not
 * inside the file; -EEXIST: overlaps; -ENOSPC: too many; what mmap() and
 * the device's mem_add() say.
 */
int vfio_user_dma_map(struct vfio_user_dma *dma,
		      const struct vfio_user_dma_map *map, int fd);

/*
 * Take back exactly one range; -ENOENT: there is none such; another error is
 * the device's, and then the range stays.  Waits for the device's workers if
 * the range is mapped (vfio_user_dma_is_mapped).
 */
int vfio_user_dma_unmap(struct vfio_user_dma *dma, uint64_t iova,
			uint64_t size);
/* Take back all; or the first error. */
int vfio_user_dma_unmap_all(struct vfio_user_dma *dma);

/* Is there exactly this range, and mapped? */
bool vfio_user_dma_is_mapped(struct vfio_user_dma *dma, uint64_t iova,
			     uint64_t size);

/*
 * How many of the len bytes at iova lie in one unmapped range that allows
 * `flags`; 0: none.  From any thread.
 */
size_t vfio_user_dma_unmapped(struct vfio_user_dma *dma, uint64_t iova,
			      size_t len, uint32_t flags);

#endif
