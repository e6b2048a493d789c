/* SPDX-License-Identifier: MIT */
/*
 * vfio_user_conn.h - one client's connection, shared by the message thread and
 * the device's workers.
 *
 * The message thread receives requests and sends replies, strictly one after
 * the other.  Workers whose guest memory is not mapped ask the client for it
 * by DMA_READ and DMA_WRITE: requests of ours on the same socket, whose
 * replies come between the client's requests.
 *
 * Two things could dead-lock.
 *
 * 1. A client that waits for our reply does not serve our requests (QEMU: its
 *    big lock is held).  So a worker sends nothing from the moment a request
 *    that wants a reply was read until its reply is sent (`owed`).  A request
 *    that crosses with ours on the wire does no harm: the message thread never
 *    waits for a worker, except in case 2, so the client gets its reply and
 *    then serves ours.
 *
 * 2. The message thread waits for the workers when it takes memory away, or
 *    resets or stops the device.  The client waits for that reply, so a worker
 *    that waits for the client would wait for ever.  There is nothing to be
 *    pumped: the client will not answer.  So while the message thread is in
 *    such a call (between vfio_user_conn_block_dma() and _allow_dma()) the
 *    messages under way and all new ones fail with -EFAULT, as they would if
 *    the memory were gone, which it may be.  Taking memory away is such a call
 *    only for mapped memory; a client whose memory is all unmapped never sees
 *    a request fail for it.  The reply to a message that was given up still
 *    comes, and is dropped.
 *
 * For the same reason the message thread itself cannot use unmapped guest
 * memory, in an access to a register, say: that fails with -EFAULT.
 *
 * Locks: `lock` guards all but `fd`, and is held while something is sent, so
 * that messages stay whole.  `fd_lock` guards fd against being closed while
 * vfio_user_conn_hang_up() uses it; it is a leaf and never held for long.
 */
#ifndef VFIO_USER_CONN_H
#define VFIO_USER_CONN_H

#include "tools/vfio_user/vfio_user_msg.h"

#include <pthread.h>
#include <stdbool.h>

struct vfio_user_dma_wait;

struct vfio_user_conn {
	int fd;                         /* -1: no client */
	pthread_mutex_t fd_lock;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool owed;                      /* the client waits for a reply */
	unsigned blocked;               /* nobody may wait for the client */
	pthread_t message_thread;
	struct vfio_user_dma_wait *waits;
	uint64_t given_up;              /* replies to come for nobody */
	uint16_t next_id;
	size_t xfer_max;
	uint8_t *buf;                   /* VFIO_USER_BODY_MAX bytes */
};

/* A connection without a client, which blocks DMA.  0 or -ENOMEM. */
int vfio_user_conn_init(struct vfio_user_conn *conn);
void vfio_user_conn_done(struct vfio_user_conn *conn);

/* A client is there: take its socket.  The caller is the message thread. */
void vfio_user_conn_open(struct vfio_user_conn *conn, int fd);
/* Hang up and close the socket; fails what waits. */
void vfio_user_conn_close(struct vfio_user_conn *conn);

/*
 * From any thread, at any time: make every call that waits for the client
 * return.  The message thread then closes.
 */
void vfio_user_conn_hang_up(struct vfio_user_conn *conn);

/*
 * The next message, as vfio_user_msg_recv(); its body stays valid until the
 * next call.  A request that wants a reply must get it.
 */
int vfio_user_conn_recv(struct vfio_user_conn *conn,
			struct vfio_user_msg *ret_msg);

/*
 * Answer a request: with a body of two pieces, or with error (a negative
 * errno).  Does nothing if the client wants no reply.  0 or -errno.
 */
int vfio_user_conn_reply(struct vfio_user_conn *conn,
			 const struct vfio_user_msg *request, int error,
			 const void *head, size_t head_len, const void *data,
			 size_t data_len);

/* May workers wait for the client?  Calls nest. */
void vfio_user_conn_block_dma(struct vfio_user_conn *conn);
void vfio_user_conn_allow_dma(struct vfio_user_conn *conn);

/* The greatest number of bytes that one message may carry. */
void vfio_user_conn_set_xfer_max(struct vfio_user_conn *conn, size_t max);

/*
 * Copy len bytes at `address` of the client's memory to or from buf.  From any
 * thread; blocks until the client answers.  0 or -EFAULT.
 */
int vfio_user_conn_dma_read(struct vfio_user_conn *conn, uint64_t address,
			    void *buf, size_t len);
int vfio_user_conn_dma_write(struct vfio_user_conn *conn, uint64_t address,
			     const void *buf, size_t len);

/* A reply came in: hand it to who waits for it.  0, or -EPROTO: to nobody. */
int vfio_user_conn_dma_reply(struct vfio_user_conn *conn,
			     const struct vfio_user_msg *msg);

#endif
