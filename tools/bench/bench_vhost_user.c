/* SPDX-License-Identifier: MIT */
/*
 * bench_vhost_user.c - a device in a server: the front-end's half of the
 * vhost-user protocol, as far as a guest that runs without a pause needs it.
 */
#include "common/bytes.h"
#include "tools/bench/bench_device.h"
#include "tools/bench/bench_fail.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum request {
	GET_FEATURES = 1,
	SET_FEATURES = 2,
	SET_OWNER = 3,
	SET_MEM_TABLE = 5,
	SET_VRING_NUM = 8,
	SET_VRING_ADDR = 9,
	SET_VRING_BASE = 10,
	SET_VRING_KICK = 12,
	SET_VRING_CALL = 13,
	GET_PROTOCOL_FEATURES = 15,
	SET_PROTOCOL_FEATURES = 16,
	GET_QUEUE_NUM = 17,
	SET_VRING_ENABLE = 18,
};

#define F_PROTOCOL_FEATURES (1ull << 30)
#define PROTOCOL_F_MQ (1ull << 0)
#define LISTEN_MS 1000                  /* for how long it may be refused */
#define VERSION 1u
#define BASE_SPLIT 0u
#define BASE_PACKED 0x80008000u         /* both wrap counters are 1 */

struct message {
	uint32_t request, flags, size;
	union {
		uint64_t u64;
		struct {
			uint32_t index, num;
		} state;
		struct {
			uint32_t index, flags;
			uint64_t desc, used, avail, log;
		} addr;
		struct {
			uint32_t count, padding;
			uint64_t gpa, size, user, offset;
		} mem;
	} payload;
} __attribute__((packed));

#define HEADER offsetof(struct message, payload)

static void send_message(int sock, enum request request, struct message *m,
			 size_t size, int fd)
{
	struct iovec iov = { m, HEADER + size };
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	m->request = request;
	m->flags = VERSION;
	m->size = (uint32_t)size;
	if (fd >= 0) {
		struct cmsghdr *c;

		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	if (sendmsg(sock, &msg, MSG_NOSIGNAL) != (ssize_t)iov.iov_len)
		bench_fail_errno("vhost-user request %d", (int)request);
}

static uint64_t ask(int sock, enum request request)
{
	struct message m = { 0 };

	send_message(sock, request, &m, 0, -1);
	if (recv(sock, &m, HEADER + 8, MSG_WAITALL) != (ssize_t)HEADER + 8 ||
	    m.request != (uint32_t)request)
		bench_fail("no answer to vhost-user request %d", (int)request);
	return m.payload.u64;
}

static void tell(int sock, enum request request, uint64_t value, int fd)
{
	struct message m = { .payload.u64 = value };

	send_message(sock, request, &m, 8, fd);
}

static void tell_state(int sock, enum request request, unsigned index,
		       uint32_t num)
{
	struct message m = { .payload.state = { index, num } };

	send_message(sock, request, &m, sizeof(m.payload.state), -1);
}

static void share_memory(int sock, const struct bench_ram *ram)
{
	struct message m = {
		.payload.mem = {
			.count = 1,
			.gpa = BENCH_RAM_GPA,
			.size = ram->size,
			.user = (uintptr_t)ram->base,
		},
	};

	send_message(sock, SET_MEM_TABLE, &m, sizeof(m.payload.mem), ram->fd);
}

static void negotiate(int sock, struct bench_device *dev)
{
	uint64_t offered = ask(sock, GET_FEATURES), protocol = 0;
	struct message m = { 0 };

	dev->features &= offered;
	send_message(sock, SET_OWNER, &m, 0, -1);
	if (offered & F_PROTOCOL_FEATURES) {
		protocol = ask(sock, GET_PROTOCOL_FEATURES) & PROTOCOL_F_MQ;
		tell(sock, SET_PROTOCOL_FEATURES, protocol, -1);
	}
	if (protocol && ask(sock, GET_QUEUE_NUM) < dev->queues)
		bench_fail("the server has not %u queues", dev->queues);
	tell(sock, SET_FEATURES,
	     dev->features | (offered & F_PROTOCOL_FEATURES), -1);
}

static void set_up_queue(int sock, struct bench_device *dev, unsigned i)
{
	struct bench_ring *ring = &dev->ring[i];
	struct message m = { 0 };

	bench_ring_init(ring, &dev->ram, BENCH_RING_SIZE, dev->features);
	dev->kick[i] = eventfd(0, EFD_CLOEXEC);
	dev->call[i] = eventfd(0, EFD_CLOEXEC);
	if (dev->kick[i] < 0 || dev->call[i] < 0)
		bench_fail_errno("eventfd");
	tell_state(sock, SET_VRING_NUM, i, ring->size);
	tell_state(sock, SET_VRING_BASE, i,
		   ring->packed ? BASE_PACKED : BASE_SPLIT);
	m.payload.addr.index = i;
	m.payload.addr.desc = (uintptr_t)ring->desc;
	m.payload.addr.avail = (uintptr_t)ring->driver;
	m.payload.addr.used = (uintptr_t)ring->device;
	send_message(sock, SET_VRING_ADDR, &m, sizeof(m.payload.addr), -1);
	tell(sock, SET_VRING_CALL, i, dev->call[i]);
	tell(sock, SET_VRING_KICK, i, dev->kick[i]);
}

static int connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(addr.sun_path))
		bench_fail("%s: longer than a socket's path may be", path);
	strcpy(addr.sun_path, path);
	if (sock < 0)
		bench_fail_errno("socket");
	/* A server that begins has a socket before it listens. */
	for (int ms = 0; connect(sock, (void *)&addr, sizeof(addr)); ms++) {
		if (errno != ECONNREFUSED || ms == LISTEN_MS)
			bench_fail_errno("%s", path);
		usleep(1000);
	}
	return sock;
}

static void close_vhost_user(struct bench_device *dev)
{
	for (unsigned i = 0; i < dev->queues; i++) {
		close(dev->kick[i]);
		close(dev->call[i]);
	}
	close((int)(intptr_t)dev->impl);
}

static const struct bench_device_ops vhost_user_ops = {
	.close = close_vhost_user,
};

void bench_vhost_user_open(struct bench_device *dev, const char *path)
{
	int sock = connect_to(path);
	struct ucred cred;
	socklen_t len = sizeof(cred);

	dev->ops = &vhost_user_ops;
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): a number */
	dev->impl = (void *)(intptr_t)sock;
	if (!getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		dev->server = cred.pid;
	negotiate(sock, dev);
	share_memory(sock, &dev->ram);
	for (unsigned i = 0; i < dev->queues; i++)
		set_up_queue(sock, dev, i);
	for (unsigned i = 0; i < dev->queues; i++)
		tell_state(sock, SET_VRING_ENABLE, i, 1);
}
