/* SPDX-License-Identifier: MIT */
#include "tools/vfio_user/vfio_user_conn.h"

#include "common/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A worker that waits for the reply to its DMA message; on its stack. */
struct vfio_user_dma_wait {
	struct vfio_user_dma_wait *next;
	uint16_t id;
	uint16_t command;
	uint64_t address;
	size_t len;
	void *buf;                      /* DMA_READ: where the data goes */
	bool done;
	int result;
};

int vfio_user_conn_init(struct vfio_user_conn *conn)
{
	*conn = (struct vfio_user_conn){ .fd = -1, .blocked = 1 };
	conn->buf = malloc(VFIO_USER_BODY_MAX);
	if (!conn->buf)
		return -ENOMEM;
	pthread_mutex_init(&conn->fd_lock, NULL);
	pthread_mutex_init(&conn->lock, NULL);
	pthread_cond_init(&conn->changed, NULL);
	return 0;
}

void vfio_user_conn_done(struct vfio_user_conn *conn)
{
	pthread_cond_destroy(&conn->changed);
	pthread_mutex_destroy(&conn->lock);
	pthread_mutex_destroy(&conn->fd_lock);
	free(conn->buf);
}

void vfio_user_conn_open(struct vfio_user_conn *conn, int fd)
{
	pthread_mutex_lock(&conn->lock);
	conn->message_thread = pthread_self();
	conn->owed = false;
	conn->given_up = 0;
	conn->xfer_max = VFIO_USER_XFER_MAX;
	pthread_mutex_lock(&conn->fd_lock);
	conn->fd = fd;
	pthread_mutex_unlock(&conn->fd_lock);
	pthread_mutex_unlock(&conn->lock);
	vfio_user_conn_allow_dma(conn);
}

void vfio_user_conn_hang_up(struct vfio_user_conn *conn)
{
	pthread_mutex_lock(&conn->fd_lock);
	if (conn->fd >= 0)
		shutdown(conn->fd, SHUT_RDWR);
	pthread_mutex_unlock(&conn->fd_lock);
}

void vfio_user_conn_close(struct vfio_user_conn *conn)
{
	/* First let go who is sending, and so holds the lock. */
	vfio_user_conn_hang_up(conn);
	vfio_user_conn_block_dma(conn);
	pthread_mutex_lock(&conn->fd_lock);
	close(conn->fd);
	conn->fd = -1;
	pthread_mutex_unlock(&conn->fd_lock);
}

static bool wants_reply(const struct vfio_user_header *hdr)
{
	return (hdr->flags & VFIO_USER_F_TYPE) != VFIO_USER_F_REPLY &&
	       !(hdr->flags & VFIO_USER_F_NO_REPLY);
}

static void set_owed(struct vfio_user_conn *conn, bool owed)
{
	pthread_mutex_lock(&conn->lock);
	conn->owed = owed;
	pthread_cond_broadcast(&conn->changed);
	pthread_mutex_unlock(&conn->lock);
}

int vfio_user_conn_recv(struct vfio_user_conn *conn,
			struct vfio_user_msg *ret_msg)
{
	int ret = vfio_user_msg_recv(conn->fd, conn->buf, VFIO_USER_BODY_MAX,
				     ret_msg);

	if (ret > 0 && wants_reply(&ret_msg->hdr))
		set_owed(conn, true);
	return ret;
}

int vfio_user_conn_reply(struct vfio_user_conn *conn,
			 const struct vfio_user_msg *request, int error,
			 const void *head, size_t head_len, const void *data,
			 size_t data_len)
{
	struct vfio_user_header hdr = {
		.id = request->hdr.id,
		.command = request->hdr.command,
		.flags = VFIO_USER_F_REPLY,
	};
	int ret;

	if (!wants_reply(&request->hdr))
		return 0;
	if (error) {
		hdr.flags |= VFIO_USER_F_ERROR;
		hdr.error = (uint32_t)-error;
		head_len = data_len = 0;
	}
	pthread_mutex_lock(&conn->lock);
	ret = vfio_user_msg_send(conn->fd, &hdr, head, head_len, data,
				 data_len);
	conn->owed = false;
	pthread_cond_broadcast(&conn->changed);
	pthread_mutex_unlock(&conn->lock);
	return ret;
}

void vfio_user_conn_block_dma(struct vfio_user_conn *conn)
{
	pthread_mutex_lock(&conn->lock);
	conn->blocked++;
	for (struct vfio_user_dma_wait *w = conn->waits; w; w = w->next) {
		w->done = true;
		w->result = -EFAULT;
		conn->given_up++;
	}
	conn->waits = NULL;
	pthread_cond_broadcast(&conn->changed);
	pthread_mutex_unlock(&conn->lock);
}

void vfio_user_conn_allow_dma(struct vfio_user_conn *conn)
{
	pthread_mutex_lock(&conn->lock);
	conn->blocked--;
	pthread_mutex_unlock(&conn->lock);
}

void vfio_user_conn_set_xfer_max(struct vfio_user_conn *conn, size_t max)
{
	pthread_mutex_lock(&conn->lock);
	conn->xfer_max = max;
	pthread_mutex_unlock(&conn->lock);
}

/* The link of the list that points to the wait for `id`, or to NULL. */
static struct vfio_user_dma_wait **find_wait(struct vfio_user_conn *conn,
					     uint16_t id)
{
	struct vfio_user_dma_wait **link = &conn->waits;

	while (*link && (*link)->id != id)
		link = &(*link)->next;
	return link;
}

static int send_dma(struct vfio_user_conn *conn, struct vfio_user_dma_wait *w,
		    const void *data)
{
	struct vfio_user_dma_rw rw = { w->address, w->len };
	struct vfio_user_header hdr = { .command = w->command };

	do
		w->id = conn->next_id++;
	while (*find_wait(conn, w->id));
	hdr.id = w->id;
	return vfio_user_msg_send(conn->fd, &hdr, &rw, sizeof(rw), data,
				  data ? w->len : 0);
}

/* One message; with conn->lock. */
static int dma_message(struct vfio_user_conn *conn,
		       struct vfio_user_dma_wait *w, const void *data)
{
	while (conn->owed && !conn->blocked)
		pthread_cond_wait(&conn->changed, &conn->lock);
	if (conn->blocked || send_dma(conn, w, data))
		return -EFAULT;
	w->next = conn->waits;
	conn->waits = w;
	while (!w->done)
		pthread_cond_wait(&conn->changed, &conn->lock);
	return w->result;
}

/* DMA_READ into `to`, or DMA_WRITE of `from`. */
static int dma(struct vfio_user_conn *conn, uint16_t command, uint64_t address,
	       uint8_t *to, const uint8_t *from, size_t len)
{
	int ret = 0;

	pthread_mutex_lock(&conn->lock);
	if (!conn->blocked &&
	    pthread_equal(conn->message_thread, pthread_self()))
		ret = -EFAULT;
	for (size_t done = 0; !ret && done < len;) {
		struct vfio_user_dma_wait w = {
			.command = command,
			.address = address + done,
			.len = MIN(len - done, conn->xfer_max),
			.buf = to ? to + done : NULL,
		};

		ret = dma_message(conn, &w, from ? from + done : NULL);
		done += w.len;
	}
	pthread_mutex_unlock(&conn->lock);
	return ret;
}

int vfio_user_conn_dma_read(struct vfio_user_conn *conn, uint64_t address,
			    void *buf, size_t len)
{
	return dma(conn, VFIO_USER_DMA_READ, address, buf, NULL, len);
}

int vfio_user_conn_dma_write(struct vfio_user_conn *conn, uint64_t address,
			     const void *buf, size_t len)
{
	return dma(conn, VFIO_USER_DMA_WRITE, address, NULL, buf, len);
}

/* What the client answered to w: 0, -EFAULT, or -EPROTO: nonsense. */
static int take_reply(struct vfio_user_dma_wait *w,
		      const struct vfio_user_msg *msg)
{
	size_t data = w->buf ? w->len : 0;
	struct vfio_user_dma_rw rw;

	if (msg->hdr.command != w->command)
		return -EPROTO;
	if (msg->hdr.flags & VFIO_USER_F_ERROR)
		return -EFAULT;
	if (msg->len < sizeof(rw) + data)
		return -EPROTO;
	memcpy(&rw, msg->body, sizeof(rw));
	if (rw.address != w->address || rw.count != w->len)
		return -EPROTO;
	if (w->buf)
		memcpy(w->buf, msg->body + sizeof(rw), data);
	return 0;
}

int vfio_user_conn_dma_reply(struct vfio_user_conn *conn,
			     const struct vfio_user_msg *msg)
{
	struct vfio_user_dma_wait **link, *w;
	int ret = -EPROTO;

	pthread_mutex_lock(&conn->lock);
	link = find_wait(conn, msg->hdr.id);
	w = *link;
	if (w) {
		*link = w->next;
		ret = take_reply(w, msg);
		w->result = ret ? -EFAULT : 0;
		w->done = true;
		ret = ret == -EPROTO ? ret : 0;
		pthread_cond_broadcast(&conn->changed);
	} else if (conn->given_up) {
		conn->given_up--;
		ret = 0;
	}
	pthread_mutex_unlock(&conn->lock);
	return ret;
}
