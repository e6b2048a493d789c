/* SPDX-License-Identifier: MIT */
#include "tools/vhost_user_virtiofs/vuf_share.h"

#include "common/bytes.h"
#include "fuse/fuse_session.h"
#include "virtio/fs/vfs_device.h"
#include "virtio/vhost_user/vhost_user.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* After this long, descriptors or memory may be there again. */
#define RETRY_MS 1000

struct vuf_share {
	const struct plugin_config *config;
	const struct log *log;
	struct vfs_server *server;
	struct fuse_session *session;
	struct vfs_device *device;
	struct vhost_user *transport;
};

void vuf_share_free(struct vuf_share *share)
{
	if (!share)
		return;
	vhost_user_free(share->transport);
	vfs_device_free(share->device);
	fuse_session_free(share->session);
	vfs_server_free(share->server);
	g_free(share);
}

static int make_device(struct vuf_share *share, bool tell_tag)
{
	const struct plugin_config *config = share->config;
	const struct vhost_user_params params = {
		.core = {
			.queues = VIRTIO_QUEUES_MAX,
			.queue_size = (uint16_t)config->queue_size,
			.name = config->tag,
			.poll_us = config->poll_us,
			.split_only = !config->packed,
			.in_order = !config->fs.locks,
		},
		.config = tell_tag,
	};
	int ret;

	share->session = fuse_session_new(vfs_server_ops(share->server),
					  share->server, share->log);
	if (!share->session)
		return -ENOMEM;
	ret = vfs_device_new(config->tag, config->queues, share->session,
			     share->log, &share->device);
	if (ret)
		return ret;
	return vhost_user_new(&params, &vfs_device_ops, share->device,
			      share->log, &share->transport);
}

int vuf_share_new(const struct plugin_config *config, bool tell_tag,
		  const struct log *log, char *err, size_t err_size,
		  struct vuf_share **ret_share)
{
	struct vuf_share *share = g_new0(struct vuf_share, 1);
	g_autoptr(GError) error = NULL;
	int ret;

	share->config = config;
	share->log = log;
	if (!plugin_config_serve(config, log, &share->server, &error)) {
		ret = -error->code;
		snprintf(err, err_size, "cannot share %s", error->message);
	} else {
		ret = make_device(share, tell_tag);
		if (ret)
			snprintf(err, err_size, "cannot make the device '%s': %s",
				 config->tag, strerror(-ret));
	}
	if (ret)
		vuf_share_free(share);
	else
		*ret_share = share;
	return ret;
}

/* ---- front-ends --------------------------------------------------------- */

/* Until the socket or `stop` has something, or for `ms`.  Is it the socket? */
static bool wait_for(int listen_fd, const struct event *stop, int ms,
		     bool *ret_stopped)
{
	struct pollfd fds[] = {
		{ .fd = stop->fd, .events = POLLIN },
		{ .fd = listen_fd, .events = POLLIN },
	};

	if (poll(fds, ARRAY_LEN(fds), ms) < 0)
		return false;
	*ret_stopped = fds[0].revents;
	return fds[1].revents;
}

/* Can what went wrong with accept4() be better a moment later? */
static bool will_pass(int error)
{
	return error == EINTR || error == EAGAIN || error == ECONNABORTED ||
	       error == EMFILE || error == ENFILE || error == ENOBUFS ||
	       error == ENOMEM;
}

/* The next connection; -ECANCELED: `stop` was signalled; or another -errno. */
static int next_front_end(const struct vuf_share *share, int listen_fd,
			  const struct event *stop)
{
	bool stopped = false;

	for (;;) {
		bool ready = wait_for(listen_fd, stop, -1, &stopped);
		int sock;

		if (stopped)
			return -ECANCELED;
		if (!ready)
			continue;
		/* cppcheck-suppress nullPointer ; the address may be NULL */
		sock = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (sock >= 0)
			return sock;
		if (!will_pass(errno))
			return -errno;
		log_limited(share->log, LOG_VHOST_USER, LOG_WARN,
			    "'%s': no front-end taken: %s", share->config->tag,
			    strerror(errno));
		wait_for(-1, stop, RETRY_MS, &stopped);
	}
}

int vuf_share_serve(struct vuf_share *share, int listen_fd, bool once,
		    struct event *stop)
{
	const char *tag = share->config->tag;
	int ret;

	do {
		int sock = next_front_end(share, listen_fd, stop);

		if (sock == -ECANCELED)
			return 0;
		if (sock < 0) {
			log_error(share->log, LOG_VHOST_USER,
				  "'%s': cannot take a front-end: %s", tag,
				  strerror(-sock));
			return sock;
		}
		log_info(share->log, LOG_VHOST_USER,
			 "'%s': a front-end has connected", tag);
		ret = vhost_user_serve(share->transport, sock, stop);
		close(sock);
		if (ret == VHOST_USER_DISCONNECTED)
			log_info(share->log, LOG_VHOST_USER,
				 "'%s': the front-end has gone", tag);
	} while (!once && ret != VHOST_USER_STOPPED);
	return ret < 0 ? ret : 0;
}
