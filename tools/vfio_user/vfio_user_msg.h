/* SPDX-License-Identifier: MIT */
/*
 * vfio_user_msg.h - one message on the socket: framing and file descriptors.
 *
 * The socket is a byte stream, so a message may arrive in pieces; descriptors
 * arrive with one of its bytes.  The header is checked before the body is
 * read, and the body goes into a buffer of fixed size, so a peer cannot make
 * us allocate.
 */
#ifndef VFIO_USER_MSG_H
#define VFIO_USER_MSG_H

#include "tools/vfio_user/vfio_user_proto.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

struct vfio_user_msg {
	struct vfio_user_header hdr;
	const uint8_t *body;            /* borrowed: the receiver's buffer */
	size_t len;                     /* of the body */
	int fds[VFIO_USER_FDS_MAX];     /* owned; -1 where taken */
	size_t fd_count;
	bool fds_lost;                  /* more came than we may have open */
};

/*
 * Receive one message; blocks.  The body goes to buf, of size bytes.  1: here
 * it is, to be given to vfio_user_msg_done(); 0: the peer closed the socket;
 * -EPROTO: not a message, too large, or too many descriptors; -EPIPE: closed
 * in the middle of one; -errno.
 */
int vfio_user_msg_recv(int sock, void *buf, size_t size,
		       struct vfio_user_msg *ret_msg);

/* Close the descriptors that nobody took. */
void vfio_user_msg_done(struct vfio_user_msg *msg);

/*
 * Send a header, whose size is filled in, and a body of two pieces, either of
 * which may be empty.  Blocks until all is sent.  0 or -errno; never SIGPIPE.
 */
int vfio_user_msg_send(int sock, const struct vfio_user_header *hdr,
		       const void *head, size_t head_len, const void *data,
		       size_t data_len);

#endif
