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
#include "lxutil/lx_async.h"
#include "virtio/virtio_device.h"

#include <stdint.h>

#define VFS_TAG_MAX 36                  /* bytes */
#define VFS_REQUEST_QUEUES_MAX 63

struct vfs_device;

/*
 * A device with this mount tag (1..VFS_TAG_MAX bytes) and number of request
 * queues (1..VFS_REQUEST_QUEUES_MAX).  session and log are borrowed until
 * vfs_device_free().  0, -LX_EINVAL or -LX_ENOMEM.
 */
int vfs_device_new(const char *tag, unsigned request_queues,
		   struct fuse_session *session, const struct log *log,
		   struct vfs_device **ret_device);
/*
 * For a process that may not make what requests go on by (lx_async.h): take it
 * from there, which is borrowed until vfs_device_free().  Before it serves.
 */
void vfs_device_set_reserve(struct vfs_device *device,
			    struct lx_reserve *reserve);
void vfs_device_free(struct vfs_device *device);

/* The operations; `dev` is the struct vfs_device. */
extern const struct virtio_device_ops vfs_device_ops;

#endif
