/* SPDX-License-Identifier: MIT */
/*
 * vhost_user.h - the vhost-user transport: a virtio device behind the back-end
 * side of the vhost-user protocol (QEMU's docs/interop/vhost-user.rst).
 *
 * The front-end (QEMU, User-Mode Linux, Cloud Hypervisor, crosvm) keeps the
 * device's registers; it connects to a UNIX stream socket and sends guest
 * memory, rings and event descriptors as messages.
 *
 * Offered are split and packed rings as the core has them, any number of
 * queues, and of the protocol MQ, REPLY_ACK, BACKEND_REQ, RESET_DEVICE,
 * CONFIGURE_MEM_SLOTS, STATUS, LOG_SHMFD with VHOST_F_LOG_ALL, DEVICE_STATE if
 * the device has save and restore, and CONFIG where params say so.  Not offered
 * are in-band notifications, polling, postcopy, I/O TLBs.
 *
 * The front-end is trusted no more than it must be: a message that breaks the
 * protocol ends the connection with one line in the log.  It owns the guest's
 * memory, though: when it cuts a memory file after handing it over, which only
 * F_SEAL_SHRINK can rule out, touching what is gone is a SIGBUS.  It ends the
 * connection, too, in a program that calls guard_catch(), and the process in
 * another one.  A file that is too short to begin with is refused.
 */
#ifndef VIRTIO_VHOST_USER_VHOST_USER_H
#define VIRTIO_VHOST_USER_VHOST_USER_H

#include "virtio/virtio_core.h"

#include <stdbool.h>

struct vhost_user;

struct vhost_user_params {
	/*
	 * queues is how many the front-end may use, which it is told by
	 * GET_QUEUE_NUM: there is a thread only for those that it starts, so
	 * VIRTIO_QUEUES_MAX does no harm.  queue_size is the largest.
	 */
	struct virtio_core_params core;
	/*
	 * Offer the device's configuration space: the protocol's CONFIG.
	 * User-Mode Linux needs that; QEMU keeps its own for a file system and
	 * prints a warning.
	 */
	bool config;
};

/*
 * A back-end without a front-end yet.  ops, dev and log are borrowed until
 * vhost_user_free().  0, -EINVAL (params), -ENOMEM or another -errno.
 */
int vhost_user_new(const struct vhost_user_params *params,
		   const struct virtio_device_ops *ops, void *dev,
		   const struct log *log, struct vhost_user **ret_vu);
/* Nobody may be in vhost_user_serve().  NULL is ignored. */
void vhost_user_free(struct vhost_user *vu);

/* How vhost_user_serve() ended; or -errno. */
enum vhost_user_end {
	VHOST_USER_DISCONNECTED = 0,    /* the front-end has gone */
	VHOST_USER_STOPPED = 1          /* `stop` was signalled */
};

/*
 * Serve the front-end that is connected to `sock` (a UNIX stream socket,
 * blocking or not; borrowed, the caller closes it) until it disconnects or
 * `stop` is signalled.  `stop` may be NULL, is left signalled, and is not seen
 * while a message waits for requests in flight.
 *
 * Negative: the connection cannot go on, and the log has one line that says
 * why: -EPROTO when the front-end broke the protocol, or another -errno.
 *
 * In any case nothing of the connection is left when it returns: requests in
 * flight are done, the device is reset, its threads are gone, memory is
 * unmapped, descriptors are closed.  So it can be called again with the next
 * connection; not from two threads at once.
 */
int vhost_user_serve(struct vhost_user *vu, int sock, struct event *stop);

#endif
