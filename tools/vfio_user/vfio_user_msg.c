/* SPDX-License-Identifier: MIT */
#include "tools/vfio_user/vfio_user_msg.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for the kernel's own limit, so that none is ever cut off unseen. */
#define SCM_FDS_MAX 253

/*
 * Take over the descriptors that came with some bytes; -EPROTO: too many.
 * Where this process cannot have more, the kernel leaves some out.
 */
static int take_fds(struct msghdr *mh, struct vfio_user_msg *msg)
{
	int ret = 0;

	if (mh->msg_flags & MSG_CTRUNC)
		msg->fds_lost = true;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		size_t count;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (msg->fd_count < VFIO_USER_FDS_MAX) {
				msg->fds[msg->fd_count++] = fd;
			} else {
				close(fd);
				ret = -EPROTO;
			}
		}
	}
	return ret;
}

/* Receive exactly len bytes; 1, 0 (closed before the first) or -errno. */
static int recv_all(int sock, void *buf, size_t len, struct vfio_user_msg *msg)
{
	union {
		char buf[CMSG_SPACE(SCM_FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	size_t done = 0;

	while (done < len) {
		struct iovec iov = { (char *)buf + done, len - done };
		struct msghdr mh = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control),
		};
		ssize_t n = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC);
		int ret;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		ret = take_fds(&mh, msg);
		if (ret)
			return ret;
		if (!n)
			return done ? -EPIPE : 0;
		done += (size_t)n;
	}
	return 1;
}

static int recv_msg(int sock, void *buf, size_t size, struct vfio_user_msg *msg)
{
	int ret = recv_all(sock, &msg->hdr, sizeof(msg->hdr), msg);

	if (ret <= 0)
		return ret;
	if (msg->hdr.size < sizeof(msg->hdr) ||
	    msg->hdr.size - sizeof(msg->hdr) > size)
		return -EPROTO;
	msg->body = buf;
	msg->len = msg->hdr.size - sizeof(msg->hdr);
	ret = msg->len ? recv_all(sock, buf, msg->len, msg) : 1;
	return ret ? ret : -EPIPE;
}

int vfio_user_msg_recv(int sock, void *buf, size_t size,
		       struct vfio_user_msg *ret_msg)
{
	struct vfio_user_msg msg = { .fd_count = 0 };
	int ret = recv_msg(sock, buf, size, &msg);

	if (ret > 0)
		*ret_msg = msg;
	else
		vfio_user_msg_done(&msg);
	return ret;
}

void vfio_user_msg_done(struct vfio_user_msg *msg)
{
	for (size_t i = 0; i < msg->fd_count; i++)
		if (msg->fds[i] >= 0)
			close(msg->fds[i]);
	msg->fd_count = 0;
}

/* Leave out the first n bytes of what mh is to send. */
static void advance(struct msghdr *mh, size_t n)
{
	while (mh->msg_iovlen && n >= mh->msg_iov->iov_len) {
		n -= mh->msg_iov->iov_len;
		mh->msg_iov++;
		mh->msg_iovlen--;
	}
	if (n) {
		mh->msg_iov->iov_base = (char *)mh->msg_iov->iov_base + n;
		mh->msg_iov->iov_len -= n;
	}
}

int vfio_user_msg_send(int sock, const struct vfio_user_header *hdr,
		       const void *head, size_t head_len, const void *data,
		       size_t data_len)
{
	struct vfio_user_header copy = *hdr;
	struct iovec iov[] = {
		{ &copy, sizeof(copy) },
		{ (void *)head, head_len },
		{ (void *)data, data_len },
	};
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 3 };

	copy.size = (uint32_t)(sizeof(copy) + head_len + data_len);
	while (mh.msg_iovlen) {
		ssize_t n = sendmsg(sock, &mh, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		advance(&mh, (size_t)n);
	}
	return 0;
}
