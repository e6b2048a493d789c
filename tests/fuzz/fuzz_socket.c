/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/fuzz_socket.h"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define FDS_MAX 4

static void *drain(void *arg)
{
	struct fuzz_peer *peer = arg;
	union {
		char buf[CMSG_SPACE(16 * sizeof(int))];
		struct cmsghdr align;
	} control;
	char buf[4096];
	ssize_t n;

	do {
		struct iovec iov = { buf, sizeof(buf) };
		struct msghdr mh = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control),
		};

		n = recvmsg(peer->sock, &mh, MSG_CMSG_CLOEXEC);
		/* Neither protocol sends descriptors to us. */
		fuzz_must(n <= 0 || !CMSG_FIRSTHDR(&mh));
	} while (n > 0);
	return NULL;
}

void fuzz_peer_begin(struct fuzz_peer *peer, struct fuzz_input *in)
{
	int pair[2];

	memset(peer->memory, 0, sizeof(peer->memory));
	fuzz_take(in, peer->memory, fuzz_u8(in) * 16u);
	fuzz_must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	peer->sock = pair[0];
	peer->server = pair[1];
	fuzz_must(!pthread_create(&peer->drain, NULL, drain, peer));
}

static int make_fd(const struct fuzz_peer *peer, unsigned kind)
{
	int fd = -1, ends[2];

	switch (kind) {
	case 1:
		fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		fuzz_must(write(fd, peer->memory, sizeof(peer->memory)) ==
			  (ssize_t)sizeof(peer->memory));
		fuzz_must(!ftruncate(fd, FUZZ_MEMORY_SIZE));
		break;
	case 2:
		fd = eventfd(0, EFD_CLOEXEC);
		break;
	case 3:
		fuzz_must(!pipe(ends));
		close(ends[0]);
		fd = ends[1];
		break;
	}
	return fd;
}

static bool send_fds(const struct fuzz_peer *peer, const void *bytes,
		     size_t len, const int *fd, int count)
{
	union {
		char buf[CMSG_SPACE(FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control = { .buf = { 0 } };
	struct iovec iov = { (void *)bytes, len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (count) {
		struct cmsghdr *c;

		mh.msg_control = &control;
		mh.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
		memcpy(CMSG_DATA(c), fd, (size_t)count * sizeof(int));
	}
	return sendmsg(peer->sock, &mh, MSG_NOSIGNAL | MSG_DONTWAIT) ==
	       (ssize_t)len;
}

bool fuzz_peer_send(struct fuzz_peer *peer, const void *bytes, size_t len,
		    uint8_t fds)
{
	int fd[FDS_MAX], count = 0;
	bool sent;

	for (; fds; fds >>= 2) {
		fd[count] = make_fd(peer, fds & 3);
		count += fd[count] >= 0;
	}
	sent = send_fds(peer, bytes, len, fd, count);
	while (count)
		close(fd[--count]);
	return sent;
}

bool fuzz_peer_send_fd(struct fuzz_peer *peer, const void *bytes, size_t len,
		       int fd)
{
	return send_fds(peer, bytes, len, &fd, 1);
}

void fuzz_peer_shut(struct fuzz_peer *peer)
{
	shutdown(peer->sock, SHUT_WR);
}

void fuzz_peer_end(struct fuzz_peer *peer)
{
	pthread_join(peer->drain, NULL);
	close(peer->sock);
}
