/* SPDX-License-Identifier: MIT */
/*
 * vfs_device.h - VirtioFsDevice: the virtio-fs device (virtio 1.3 5.11).
 *
 * Queue 0 is hiprio, 1..N are request queues.  Every chain is one FUSE
 * message, which goes to a fuse_session.
 */
#ifndef VIRTIO_FS_VFS_DEVICE_H
#define VIRTIO_FS_VFS_DEVICE_H

#include "fuse/fuse_session.h"
#include "virtio/virtio_device.h"

#include <stdint.h>

#define VFS_TAG_MAX 36                  /* bytes */
#define VFS_REQUEST_QUEUES_MAX 63

struct vfs_device;

/*
 * A device with this mount tag (1..VFS_TAG_MAX bytes) and number of request
 * queues (1..VFS_REQUEST_QUEUES_MAX).  session and log are borrowed until
 * vfs_device_free().  0, -LX_EINVAL or -LX_ENOMEM.
 *
 * What their requests go on by is made now, and nothing of it later, when the
 * process may not be allowed to any more (lx_async.h).
 */
int vfs_device_new(const char *tag, unsigned request_queues,
		   struct fuse_session *session, const struct log *log,
		   struct vfs_device **ret_device);
void vfs_device_free(struct vfs_device *device);

/* The operations; `dev` is the struct vfs_device. */
extern const struct virtio_device_ops vfs_device_ops;

#endif
