/* SPDX-License-Identifier: MIT */
#include "tools/vfio_user/vfio_user_server.h"

#include "common/bytes.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* After this long, descriptors or memory may be there again. */
#define RETRY_MS 100

/* ---- the message thread ----------------------------------------------- */

static int accept_client(struct vfio_user_server *server)
{
	/* cppcheck-suppress nullPointer ; the address may be NULL */
	return accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC);
}

/* Whether it could; else the client stays in the queue. */
static bool turn_away(struct vfio_user_server *server)
{
	int fd = accept_client(server);

	if (fd < 0)
		return false;
	log_limited(server->log, LOG_VFIO_USER, LOG_WARN,
		    "%s: turned away a second client", server->name);
	close(fd);
	return true;
}

/*
 * Handle what happens on the connection once; false: it is over.
 *
 * A client that goes may be followed by the next one at once, which must not be
 * turned away.  The kernel looks at descriptors in the order of the array: when
 * it finds another client at the listening socket, and then nothing on this
 * one, it has not gone.  Without a descriptor to accept that client with, he is
 * not looked at for a while.
 */
static bool serve_once(struct vfio_user_server *server, int sock)
{
	const bool waits = server->cannot_accept;
	struct vfio_user_irqs *irqs = &server->device->irqs;
	struct pollfd fds[] = {
		{ .fd = server->stop.fd, .events = POLLIN },
		{ .fd = vfio_user_irqs_unmask_fd(irqs), .events = POLLIN },
		{ .fd = waits ? -1 : server->listen_fd, .events = POLLIN },
		{ .fd = sock, .events = POLLIN },
	};

	if (poll(fds, ARRAY_LEN(fds), waits ? RETRY_MS : -1) < 0)
		return errno == EINTR;
	server->cannot_accept = false;
	if (fds[0].revents)
		return false;
	if (fds[1].revents)
		vfio_user_irqs_unmask(irqs);
	if (fds[3].revents)
		return vfio_user_device_handle(server->device) > 0;
	if (fds[2].revents)
		server->cannot_accept = !turn_away(server);
	return true;
}

static void serve(struct vfio_user_server *server, int sock)
{
	vfio_user_device_connect(server->device, sock);
	while (!atomic_load(&server->stopping) && serve_once(server, sock))
		;
	vfio_user_device_disconnect(server->device);
}

/* Wait for a client; -1: none, look again. */
static int wait_client(struct vfio_user_server *server)
{
	struct pollfd fds[] = {
		{ .fd = server->stop.fd, .events = POLLIN },
		{ .fd = server->listen_fd, .events = POLLIN },
	};
	const struct timespec pause = { .tv_nsec = RETRY_MS * 1000 * 1000 };
	int fd;

	if (poll(fds, ARRAY_LEN(fds), -1) < 0 || !fds[1].revents)
		return -1;
	fd = accept_client(server);
	if (fd < 0) {           /* out of descriptors, say: do not spin */
		log_limited(server->log, LOG_VFIO_USER, LOG_WARN,
			    "%s: cannot accept a client: %s", server->name,
			    strerror(errno));
		nanosleep(&pause, NULL);
	}
	return fd;
}

static void *server_thread(void *arg)
{
	struct vfio_user_server *server = arg;

	while (!atomic_load(&server->stopping)) {
		int sock = wait_client(server);

		if (sock >= 0)
			serve(server, sock);
	}
	return NULL;
}

/* Signals are the main thread's. */
static int start_thread(struct vfio_user_server *server)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&server->thread, NULL, server_thread, server);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -ret;
}

/* ---- life ------------------------------------------------------------- */

int vfio_user_server_new(struct vfio_user_device *device, int listen_fd,
			 const char *name, const struct log *log,
			 struct vfio_user_server **ret_server)
{
	struct vfio_user_server *server = calloc(1, sizeof(*server));
	int ret;

	if (!server)
		return -ENOMEM;
	server->device = device;
	server->log = log;
	server->name = name;
	server->listen_fd = listen_fd;
	ret = event_init(&server->stop);
	if (!ret) {
		ret = start_thread(server);
		if (ret)
			event_done(&server->stop);
	}
	if (ret)
		free(server);
	else
		*ret_server = server;
	return ret;
}

void vfio_user_server_free(struct vfio_user_server *server)
{
	if (!server)
		return;
	atomic_store(&server->stopping, true);
	event_signal(&server->stop);
	vfio_user_device_hang_up(server->device);
	pthread_join(server->thread, NULL);
	event_done(&server->stop);
	free(server);
}
