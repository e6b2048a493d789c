/* SPDX-License-Identifier: MIT */
/*
 * vhost_user_msg.h - one message on the socket: receive it whole, with the
 * descriptors that came along, and send a reply.
 *
 * Descriptors that nobody takes are closed, so none can leak.  Waiting for the
 * front-end ends when the stop event is signalled, in the middle of a message
 * too.
 */
#ifndef VIRTIO_VHOST_USER_VHOST_USER_MSG_H
#define VIRTIO_VHOST_USER_VHOST_USER_MSG_H

#include "common/event.h"
#include "virtio/vhost_user/vhost_user_spec.h"

#include <stddef.h>

struct vhost_user_msg {
	struct vhost_user_header header;
	union {
		uint64_t u64;
		struct vhost_user_vring_state state;
		struct vhost_user_vring_addr addr;
		struct vhost_user_log log;
		struct vhost_user_mem_table mem_table;
		struct vhost_user_mem_reg mem_reg;
		struct vhost_user_config config;
		struct vhost_user_transfer_params transfer;
	} payload;
	int fd[VHOST_USER_REGIONS_MAX]; /* -1: taken */
	size_t fd_count;
	/* Bytes of payload to reply with; negative: none was asked for. */
	int64_t reply_size;
};

struct vhost_user_link {
	int sock;
	struct event *stop;             /* or NULL */
	const char *error;              /* what -EPROTO means */
};

/*
 * Wait for the next message; descriptors in it are closed by
 * vhost_user_msg_done().  1; 0: the front-end has closed the connection; or,
 * with nothing to be done, -ECANCELED: stop was signalled; -EPROTO: this is no
 * message (link->error says why); another -errno.
 */
int vhost_user_msg_receive(struct vhost_user_link *link,
			   struct vhost_user_msg *msg);
void vhost_user_msg_done(struct vhost_user_msg *msg);

/* Take descriptor `i`, which is then the caller's. */
int vhost_user_msg_take_fd(struct vhost_user_msg *msg, size_t i);

/*
 * Send it as the reply to itself, with reply_size bytes of its payload.  0,
 * -ECANCELED or another -errno.
 */
int vhost_user_msg_reply(struct vhost_user_link *link,
			 struct vhost_user_msg *msg);

#endif
