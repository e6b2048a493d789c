/* SPDX-License-Identifier: MIT */
#include "virtio/vhost_user/vhost_user_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct virtio_transport_ops transport_ops = {
	.queue_interrupt = vhost_user_ring_interrupt,
	.queue_broken = vhost_user_ring_broken,
};

/* ---- a connection ------------------------------------------------------ */

static int conn_new(const struct vhost_user *vu,
		    struct vhost_user_conn **ret_conn)
{
	struct vhost_user_conn *conn = calloc(1, sizeof(*conn));
	int ret;

	if (!conn)
		return -ENOMEM;
	conn->guard.sock = -1;
	ret = vhost_user_memory_init(&conn->memory, &conn->guard);
	if (ret) {
		free(conn);
		return ret;
	}
	ret = virtio_core_new(&vu->params.core, vu->ops, vu->dev,
			      &transport_ops, conn, &conn->memory.gmem,
			      vu->log, &conn->core);
	if (ret) {
		vhost_user_memory_done(&conn->memory);
		free(conn);
		return ret;
	}
	conn->vu = vu;
	conn->log = vu->log;
	conn->backend_req = -1;
	conn->log_signal = -1;
	for (unsigned i = 0; i < virtio_core_queues(conn->core); i++)
		vhost_user_ring_init(&conn->ring[i]);
	*ret_conn = conn;
	return 0;
}

static void conn_free(struct vhost_user_conn *conn)
{
	unsigned queues = virtio_core_queues(conn->core);

	virtio_core_free(conn->core);
	for (unsigned i = 0; i < queues; i++)
		vhost_user_ring_done(&conn->ring[i]);
	vhost_user_memory_done(&conn->memory);
	vhost_user_log_done(conn);
	if (conn->backend_req >= 0)
		close(conn->backend_req);
	free(conn);
}

/*
 * Nothing more comes from the front-end: finish what is in flight, and let the
 * device forget this driver before the next connection begins.
 */
static void conn_end(struct vhost_user_conn *conn)
{
	vhost_user_state_end(conn);
	vhost_user_rings_stop(conn);
	virtio_core_stop(conn->core);
	virtio_core_reset(conn->core);
}

/* Say why a connection ends that should not. */
static int broken(const struct vhost_user_conn *conn, const char *where,
		  const char *why, int error)
{
	log_limited(conn->log, LOG_VHOST_USER, LOG_ERROR,
		    "%s: the connection ends: %s: %s",
		    conn->vu->params.core.name, where, why);
	return error;
}

/* The socket failed, or stop was signalled. */
static int link_ended(const struct vhost_user_conn *conn, int error)
{
	if (error == -ECANCELED)
		return VHOST_USER_STOPPED;
	if (error == -EPIPE || error == -ECONNRESET)
		return VHOST_USER_DISCONNECTED;
	return broken(conn, "the socket", error == -EPROTO ?
		      conn->link.error : strerror(-error), error);
}

/* Until it ends: enum vhost_user_end or -errno. */
static int conn_run(struct vhost_user_conn *conn)
{
	for (;;) {
		struct vhost_user_msg msg;
		int ret = vhost_user_msg_receive(&conn->link, &msg);

		if (!ret)
			return VHOST_USER_DISCONNECTED;
		if (ret < 0)
			return link_ended(conn, ret);
		ret = vhost_user_request(conn, &msg);
		vhost_user_msg_done(&msg);
		if (ret && !conn->error[0])
			return link_ended(conn, ret);
		if (ret)
			return broken(conn, vhost_user_request_name(&msg),
				      conn->error, ret);
	}
}

/* ---- the object -------------------------------------------------------- */

int vhost_user_new(const struct vhost_user_params *params,
		   const struct virtio_device_ops *ops, void *dev,
		   const struct log *log, struct vhost_user **ret_vu)
{
	struct vhost_user *vu = calloc(1, sizeof(*vu));
	struct vhost_user_conn *conn;
	int ret;

	if (!vu)
		return -ENOMEM;
	vu->params = *params;
	vu->ops = ops;
	vu->dev = dev;
	vu->log = log;
	/* What is wrong shall be known before a front-end comes. */
	ret = conn_new(vu, &conn);
	if (ret) {
		free(vu);
		return ret;
	}
	conn_free(conn);
	*ret_vu = vu;
	return 0;
}

void vhost_user_free(struct vhost_user *vu)
{
	free(vu);
}

int vhost_user_serve(struct vhost_user *vu, int sock, struct event *stop)
{
	struct vhost_user_conn *conn;
	int ret;

	ret = conn_new(vu, &conn);
	if (ret) {
		log_error(vu->log, LOG_VHOST_USER, "%s: no connection: %s",
			  vu->params.core.name, strerror(-ret));
		return ret;
	}
	conn->link.sock = conn->guard.sock = sock;
	conn->link.stop = stop;
	ret = conn_run(conn);
	conn_end(conn);
	if (atomic_load(&conn->guard.lost))
		ret = broken(conn, "memory", "a file has been cut", -EPROTO);
	conn_free(conn);
	return ret;
}
