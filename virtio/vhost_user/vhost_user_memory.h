/* SPDX-License-Identifier: MIT */
/*
 * vhost_user_memory.h - the memory that the front-end shares: files that are
 * mapped here and known to gmem by guest addresses.
 *
 * A region has two addresses, the guest's and the front-end's own.
 * Descriptors hold the guest's, ring addresses are the front-end's; both lead
 * to gmem, which workers use.  Used by the thread that serves the connection.
 */
#ifndef VIRTIO_VHOST_USER_VHOST_USER_MEMORY_H
#define VIRTIO_VHOST_USER_VHOST_USER_MEMORY_H

#include "common/gmem.h"
#include "common/guard_map.h"
#include "common/limits.h"
#include "virtio/vhost_user/vhost_user_spec.h"

struct vhost_user_slot {
	struct vhost_user_region region;
	struct guard_map map;
};

struct vhost_user_memory {
	struct gmem gmem;
	struct guard *guard;
	size_t count;
	struct vhost_user_slot slot[VHOST_USER_MEM_SLOTS_MAX];
};

/* The guard is borrowed.  0 or -ENOMEM. */
int vhost_user_memory_init(struct vhost_user_memory *m, struct guard *guard);
/* No reader may be registered any more. */
void vhost_user_memory_done(struct vhost_user_memory *m);

/*
 * Map a region of a file; fd is borrowed.  0; -EINVAL: it makes no sense;
 * -ENXIO: the file ends before the region; -EEXIST: the guest has another
 * there; -ENOSPC: too many; or what fstat() or mmap() said.
 */
int vhost_user_memory_add(struct vhost_user_memory *m,
			  const struct vhost_user_region *region, int fd);
/*
 * Unmap the region with these addresses and this size.  Waits for requests
 * that are using it.  0, -ENOENT, or -ENOMEM: it is still there.
 */
int vhost_user_memory_remove(struct vhost_user_memory *m,
			     const struct vhost_user_region *region);
/* Likewise all of them.  0 or -ENOMEM: some are still there. */
int vhost_user_memory_clear(struct vhost_user_memory *m);

/* The guest address of what the front-end has at `user`.  0 or -EFAULT. */
int vhost_user_memory_translate(const struct vhost_user_memory *m,
				uint64_t user, uint64_t *ret_gpa);

#endif
