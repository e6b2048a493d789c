/* SPDX-License-Identifier: MIT */
/*
 * vhost_user_map.h - a part of a file that the front-end has sent, mapped to be
 * read and written.
 *
 * What is beyond the file's end is refused, as touching it would be a SIGBUS.
 * What the front-end cuts off later is the guard's business (common/guard.h).
 */
#ifndef VIRTIO_VHOST_USER_VHOST_USER_MAP_H
#define VIRTIO_VHOST_USER_VHOST_USER_MAP_H

#include "common/guard.h"

#include <stdint.h>

struct vhost_user_map {
	void *start;                    /* NULL: nothing is mapped */
	size_t size;
	uint8_t *bytes;                 /* what was asked for, within */
};

/*
 * Map `size` bytes at `offset`, guarded; fd is borrowed.  0; -EINVAL: that
 * makes no sense, or the file is of no such kind; -ENXIO: the file is too
 * short; or what fstat() or mmap() said.
 */
int vhost_user_map(struct guard *guard, int fd, uint64_t offset, uint64_t size,
		   struct vhost_user_map *ret_map);
/* Nothing, if nothing is mapped. */
void vhost_user_unmap(struct vhost_user_map *map);

#endif
