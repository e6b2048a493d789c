/* SPDX-License-Identifier: MIT */
/*
 * The device's state on its way to another process: an image (common/save.h) of
 * what virtio_core_save_device() writes, through a pipe of the front-end's.
 *
 * A thread of its own writes or reads it, as the front-end handles the other
 * end of the pipe only after it has got an answer.  Rings are stopped
 * meanwhile; whatever would start one, or change the device, ends the transfer
 * first.  So does the end of the connection, whoever holds the pipe open.
 */
#include "virtio/vhost_user/vhost_user_internal.h"

#include "common/bytes.h"
#include "common/save.h"
#include "virtio/virtio_thread.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define KIND SAVE_TAG('v', 'h', 'u', 's')

/* ---- the pipe; on the thread ------------------------------------------- */

/* Until it is ready.  0, -ECANCELED or another -errno. */
static int wait_for(const struct vhost_user_transfer *t, short events)
{
	struct pollfd p[2] = {
		{ .fd = t->fd, .events = events },
		{ .fd = (int)event_handle(&t->cancel), .events = POLLIN },
	};

	while (poll(p, ARRAY_LEN(p), -1) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return p[1].revents ? -ECANCELED : 0;
}

/*
 * Write or read what it is ready for.  RWF_NOWAIT, because O_NONBLOCK belongs
 * to the front-end as well, which may take it away.  Kernels before 6.4 do not
 * have that for pipes; there, so much can be written without waiting.
 */
static ssize_t move(int fd, bool out, void *buf, size_t len)
{
	struct iovec iov = { buf, len };
	ssize_t n = out ? pwritev2(fd, &iov, 1, -1, RWF_NOWAIT) :
			  preadv2(fd, &iov, 1, -1, RWF_NOWAIT);

	if (n >= 0 || errno != EOPNOTSUPP)
		return n;
	return out ? write(fd, buf, MIN(len, (size_t)PIPE_BUF)) :
		     read(fd, buf, len);
}

static int put(void *ctx, const void *buf, size_t len)
{
	struct vhost_user_transfer *t = ctx;
	char *p = (char *)buf;

	while (len) {
		int ret = wait_for(t, POLLOUT);
		ssize_t n;

		if (ret)
			return ret;
		n = move(t->fd, true, p, len);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
			t->bytes += (uint64_t)n;
		}
	}
	return 0;
}

static ssize_t get(void *ctx, void *buf, size_t len)
{
	struct vhost_user_transfer *t = ctx;

	for (;;) {
		int ret = wait_for(t, POLLIN);
		ssize_t n;

		if (ret)
			return ret;
		n = move(t->fd, false, buf, len);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (n >= 0) {
			t->bytes += (uint64_t)n;
			return n;
		}
	}
}

/* ---- the image; on the thread ------------------------------------------ */

static int save(struct vhost_user_conn *conn)
{
	struct vhost_user_transfer *t = &conn->transfer;
	struct save_writer *w = calloc(1, sizeof(*w));
	int ret;

	if (!w)
		return -ENOMEM;
	save_open(w, KIND, put, t);
	ret = virtio_core_save_device(conn->core, w);
	if (!ret)
		ret = save_close(w);
	free(w);
	return ret;
}

/* All that comes, to the end of the pipe. */
static int read_image(struct vhost_user_conn *conn, struct save_reader *r)
{
	struct vhost_user_transfer *t = &conn->transfer;
	int ret = save_read(r, KIND, get, t);
	uint64_t bytes;
	char more;
	ssize_t n;

	if (!ret)
		ret = virtio_core_restore_device(conn->core, r);
	if (!ret)
		ret = save_read_end(r);
	if (ret)
		return ret;
	bytes = t->bytes;
	n = get(t, &more, 1);
	if (n > 0)
		return save_refuse(r, -EINVAL,
				   "saved state with more behind its end");
	t->bytes = bytes;
	return (int)n;
}

static int load(struct vhost_user_conn *conn)
{
	struct vhost_user_transfer *t = &conn->transfer;
	struct save_reader *r = calloc(1, sizeof(*r));
	int ret;

	if (!r)
		return -ENOMEM;
	ret = read_image(conn, r);
	if (ret) {
		(void)snprintf(t->why, sizeof(t->why), "%s", r->message);
		virtio_core_reset(conn->core);
	}
	free(r);
	return ret;
}

/* The front-end sees the end of a saved image by the close. */
static void *transfer_main(void *arg)
{
	struct vhost_user_conn *conn = arg;
	struct vhost_user_transfer *t = &conn->transfer;

	if (conn->vu->ops->thread_init)
		conn->vu->ops->thread_init(conn->vu->dev, VIRTIO_NO_QUEUE,
					   NULL);
	t->error = t->load ? load(conn) : save(conn);
	close(t->fd);
	event_signal(&t->over);
	return NULL;
}

/* ---- begin and end ----------------------------------------------------- */

static int begin(struct vhost_user_conn *conn, int fd, bool is_load)
{
	struct vhost_user_transfer *t = &conn->transfer;
	int ret;

	*t = (struct vhost_user_transfer){ .fd = fd, .load = is_load };
	ret = event_init(&t->cancel);
	if (ret)
		return ret;
	ret = event_init(&t->over);
	if (!ret) {
		ret = virtio_thread_start(&t->thread,
					  conn->vu->params.core.name, "s",
					  transfer_main, conn);
		if (ret)
			event_done(&t->over);
	}
	if (ret)
		event_done(&t->cancel);
	t->running = !ret;
	return ret;
}

static void tell(const struct vhost_user_conn *conn)
{
	const struct vhost_user_transfer *t = &conn->transfer;
	const char *name = conn->vu->params.core.name;
	const char *what = t->load ? "restored" : "saved";

	if (t->error)
		log_limited(conn->log, LOG_VHOST_USER, LOG_ERROR,
			    "%s: the state cannot be %s: %s", name, what,
			    t->why[0] ? t->why : strerror(-t->error));
	else
		log_limited(conn->log, LOG_VHOST_USER, LOG_INFO,
			    "%s: the state was %s, %llu bytes", name, what,
			    (unsigned long long)t->bytes);
}

/*
 * The thread is over, or is to be.  What it has restored takes the place of
 * what the rings were told by another driver.  Returns how it ended.
 */
static int finish(struct vhost_user_conn *conn)
{
	struct vhost_user_transfer *t = &conn->transfer;

	event_signal(&t->cancel);
	pthread_join(t->thread, NULL);
	event_done(&t->cancel);
	event_done(&t->over);
	t->running = false;
	tell(conn);
	if (t->load) {
		vhost_user_apply_features(conn);
		vhost_user_rings_restored(conn);
	}
	return t->error;
}

void vhost_user_state_end(struct vhost_user_conn *conn)
{
	if (conn->transfer.running)
		(void)finish(conn);
}

/* ---- requests ---------------------------------------------------------- */

/* Can it be waited for, so that nobody is held up by it? */
static int check_pipe(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode))
		return -EINVAL;
	return vhost_user_unblock(fd);
}

static int begin_checked(struct vhost_user_conn *conn,
			 struct vhost_user_msg *msg)
{
	const struct vhost_user_transfer_params *p = &msg->payload.transfer;
	int fd, ret;

	if (p->direction > VHOST_USER_LOAD || p->phase)
		return vhost_user_fail(conn, -EINVAL,
				       "direction %u in phase %u is unknown",
				       p->direction, p->phase);
	if (conn->transfer.running)
		return vhost_user_fail(conn, -EBUSY,
				       "there is a transfer already");
	if (vhost_user_rings_running(conn))
		return vhost_user_fail(conn, -EBUSY, "rings are running");
	ret = check_pipe(msg->fd[0]);
	if (ret)
		return vhost_user_fail(conn, ret, "the descriptor is no pipe");
	fd = vhost_user_msg_take_fd(msg, 0);
	ret = begin(conn, fd, p->direction == VHOST_USER_LOAD);
	if (ret) {
		close(fd);
		return vhost_user_fail(conn, ret, "%s", strerror(-ret));
	}
	return 0;
}

/* The answer says, too, that we use the front-end's pipe. */
int vhost_user_set_device_state_fd(struct vhost_user_conn *conn,
				   struct vhost_user_msg *msg)
{
	int ret = begin_checked(conn, msg);

	if (ret)
		log_limited(conn->log, LOG_VHOST_USER, LOG_WARN,
			    "%s: no transfer of the state: %s",
			    conn->vu->params.core.name, conn->error);
	return vhost_user_reply_u64(msg, VHOST_USER_STATE_NOFD | !!ret);
}

/* Until the thread is over; or -errno: the connection is. */
static int wait_until_over(struct vhost_user_conn *conn)
{
	const struct vhost_user_link *link = &conn->link;
	struct pollfd p[3] = {
		{ .fd = (int)event_handle(&conn->transfer.over),
		  .events = POLLIN },
		{ .fd = link->stop ? (int)event_handle(link->stop) : -1,
		  .events = POLLIN },
		{ .fd = link->sock },           /* POLLHUP */
	};

	while (poll(p, ARRAY_LEN(p), -1) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	if (p[0].revents)
		return 0;
	return p[1].revents ? -ECANCELED : -EPIPE;
}

int vhost_user_check_device_state(struct vhost_user_conn *conn,
				  struct vhost_user_msg *msg)
{
	struct vhost_user_transfer *t = &conn->transfer;
	int ret;

	if (!t->running)
		return vhost_user_reply_u64(msg, 1);
	ret = wait_until_over(conn);
	if (ret)
		return ret;
	return vhost_user_reply_u64(msg, !!finish(conn));
}
