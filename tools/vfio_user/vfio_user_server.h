/* SPDX-License-Identifier: MIT */
/*
 * vfio_user_server.h - a vfio-user function on a listening socket.
 *
 * One thread accepts one client at a time and does what it says
 * (vfio_user_device.h).  A second one that connects meanwhile is turned away,
 * since a function cannot be shared.
 */
#ifndef VFIO_USER_SERVER_H
#define VFIO_USER_SERVER_H

#include "common/event.h"
#include "tools/vfio_user/vfio_user_device.h"

#include <stdatomic.h>
#include <stdbool.h>

struct vfio_user_server {
	struct vfio_user_device *device;
	const struct log *log;
	const char *name;
	int listen_fd;
	bool cannot_accept;             /* the thread's own */
	pthread_t thread;
	struct event stop;
	atomic_bool stopping;
};

/*
 * Serve the device on a listening socket, in a thread of its own.  The owner of
 * both stays the caller, and they, name and log must outlive the server.  0 or
 * -errno.
 */
int vfio_user_server_new(struct vfio_user_device *device, int listen_fd,
			 const char *name, const struct log *log,
			 struct vfio_user_server **ret_server);

/*
 * End the connection and stop the device.  Blocks until that is done.  NULL is
 * allowed.
 */
void vfio_user_server_free(struct vfio_user_server *server);

#endif
