/* SPDX-License-Identifier: MIT */
/*
 * remote.h - a fixture's share behind a socket, by vfio-user or vhost-user, and
 * a machine at the other end that drives it as if it were a plugin's.
 *
 * The server and the machine are in this process, with threads of their own; a
 * machine has new memory each time that it is plugged in.
 */
#ifndef TESTS_DEVICE_REMOTE_H
#define TESTS_DEVICE_REMOTE_H

#include "tests/unit/vfio_user/client.h"

#include "plugin/plugin_config.h"
#include "tests/device/device_fixture.h"
#include "tools/vfio_user/vfio_user_server.h"
#include "tools/vhost_user_virtiofs/vuf_share.h"

#include <pthread.h>
#include <stdatomic.h>

#define REMOTE_QUEUES 5                 /* hiprio and four for requests */
#define REMOTE_VECTORS (REMOTE_QUEUES + 1)

enum remote_kind { REMOTE_VFIO_USER, REMOTE_VHOST_USER };

struct remote_server {
	enum remote_kind kind;
	char path[PATH_MAX + 16];       /* of the socket */
	int listen_fd;
	struct log log;
	/* vfio-user */
	struct vfio_user_device *device;
	struct vfio_user_server *server;
	/* vhost-user */
	struct plugin_config config;
	struct vuf_share *share;
	struct event stop;
	pthread_t thread;
};

/* Serve the fixture's tree; `name` is that of the socket, beside the tree. */
void remote_serve(struct remote_server *server, enum remote_kind kind,
		  struct device_fixture *f, const char *name);
/* Waits until nothing is left of the last client. */
void remote_serve_end(struct remote_server *server);

struct remote {
	enum remote_kind kind;
	struct device_fixture *f;
	struct client client;
	pthread_mutex_t lock;           /* of it */
	int event[REMOTE_VECTORS], kick[REMOTE_QUEUES];
	atomic_bool stop;
	pthread_t interrupts;
};

/* Connect; more is only done when the server takes us. */
void remote_connect(struct remote *r, const struct remote_server *server,
		    struct device_fixture *f);
/*
 * And set the device up, all but INIT, so that f->guest and f->client drive
 * it.  Waits for the server.
 */
void remote_set_up(struct remote *r, const struct fake_guest_options *options);
/* As fake_guest_kick(), without waiting for an answer. */
void remote_kick(struct remote *r, uint16_t queue);
/* From now on each interrupt blocks who raises it, as its eventfd is full. */
void remote_jam(struct remote *r);
/* Close the connection, whatever goes on.  It was set up. */
void remote_unplug(struct remote *r);

#endif
