/* SPDX-License-Identifier: MIT */
#include "virtio/vhost_user/vhost_user_msg.h"

#include "common/bytes.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int bad(struct vhost_user_link *link, const char *why)
{
	link->error = why;
	return -EPROTO;
}

/* Until the socket is ready.  0 or -errno. */
static int wait_for(struct vhost_user_link *link, short events)
{
	struct pollfd p[2] = {
		{ .fd = link->sock, .events = events },
		{ .fd = link->stop ? (int)event_handle(link->stop) : -1,
		  .events = POLLIN },
	};

	while (poll(p, ARRAY_LEN(p), -1) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return p[1].revents ? -ECANCELED : 0;
}

/* Keep the descriptors of a control message, or close them. */
static int keep_fds(struct vhost_user_link *link, struct vhost_user_msg *msg,
		    const struct cmsghdr *c)
{
	size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	int ret = 0;

	for (size_t i = 0; i < count; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
		if (msg->fd_count < ARRAY_LEN(msg->fd)) {
			msg->fd[msg->fd_count++] = fd;
		} else {
			close(fd);
			ret = bad(link, "too many descriptors");
		}
	}
	return ret;
}

static int receive_fds(struct vhost_user_link *link, struct vhost_user_msg *msg,
		       struct msghdr *m)
{
	int ret = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		    keep_fds(link, msg, c))
			ret = -EPROTO;
	}
	if (m->msg_flags & MSG_CTRUNC)
		ret = bad(link, "too many descriptors");
	return ret;
}

/* Some bytes: how many; 0: the end; -errno. */
static ssize_t receive_some(struct vhost_user_link *link,
			    struct vhost_user_msg *msg, void *buf, size_t len)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(msg->fd))];
	} control;
	struct iovec iov = { buf, len };
	struct msghdr m;
	ssize_t n;
	int ret;

	do {
		ret = wait_for(link, POLLIN);
		if (ret)
			return ret;
		m = (struct msghdr){
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control.buf,
			.msg_controllen = sizeof(control.buf),
		};
		n = recvmsg(link->sock, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	ret = receive_fds(link, msg, &m);
	return ret ? ret : n;
}

/* All of them: 1; 0: the end before the first; -errno. */
static int receive_all(struct vhost_user_link *link, struct vhost_user_msg *msg,
		       void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = receive_some(link, msg, (char *)buf + done,
					 len - done);

		if (n < 0)
			return (int)n;
		if (!n)
			return done ? bad(link, "the connection ended within a message") : 0;
		done += (size_t)n;
	}
	return 1;
}

static int check_header(struct vhost_user_link *link,
			const struct vhost_user_msg *msg)
{
	const struct vhost_user_header *h = &msg->header;

	if ((h->flags & VHOST_USER_VERSION_MASK) != VHOST_USER_VERSION)
		return bad(link, "the version is not 1");
	if (h->flags & VHOST_USER_REPLY)
		return bad(link, "a reply where a request was expected");
	if (h->size > sizeof(msg->payload))
		return bad(link, "the payload is too long");
	return 0;
}

int vhost_user_msg_receive(struct vhost_user_link *link,
			   struct vhost_user_msg *msg)
{
	int ret;

	*msg = (struct vhost_user_msg){ .reply_size = -1 };
	ret = receive_all(link, msg, &msg->header, sizeof(msg->header));
	if (ret > 0)
		ret = check_header(link, msg);
	else if (!ret)
		return 0;
	if (!ret && msg->header.size) {
		ret = receive_all(link, msg, &msg->payload, msg->header.size);
		if (!ret)
			ret = bad(link, "the connection ended within a message");
	}
	if (ret < 0) {
		vhost_user_msg_done(msg);
		return ret;
	}
	return 1;
}

void vhost_user_msg_done(struct vhost_user_msg *msg)
{
	for (size_t i = 0; i < msg->fd_count; i++) {
		if (msg->fd[i] >= 0)
			close(msg->fd[i]);
	}
	msg->fd_count = 0;
}

int vhost_user_msg_take_fd(struct vhost_user_msg *msg, size_t i)
{
	int fd = msg->fd[i];

	msg->fd[i] = -1;
	return fd;
}

int vhost_user_msg_reply(struct vhost_user_link *link,
			 struct vhost_user_msg *msg)
{
	char bytes[sizeof(msg->header) + sizeof(msg->payload)];
	size_t size = (size_t)msg->reply_size;
	size_t done = 0, len = sizeof(msg->header) + size;

	msg->header.flags = VHOST_USER_VERSION | VHOST_USER_REPLY;
	msg->header.size = (uint32_t)size;
	memcpy(bytes, &msg->header, sizeof(msg->header));
	memcpy(bytes + sizeof(msg->header), &msg->payload, size);
	while (done < len) {
		ssize_t n = send(link->sock, bytes + done, len - done,
				 MSG_DONTWAIT | MSG_NOSIGNAL);
		int ret;

		if (n >= 0) {
			done += (size_t)n;
			continue;
		}
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
		ret = wait_for(link, POLLOUT);
		if (ret)
			return ret;
	}
	return 0;
}
