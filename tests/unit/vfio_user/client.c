/* SPDX-License-Identifier: MIT */
#include "tests/unit/vfio_user/client.h"

#include "common/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define TIMEOUT_S 10
/* A test that hangs in the server is ended by SIGALRM. */
#define HANG_S 60

/* ---- the rig ---------------------------------------------------------- */

int rig_setup(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	char err[256];

	assert_non_null(rig);
	alarm(HANG_S);
	rig->fds = count_fds();
	log_init(&rig->log, STDERR_FILENO);
	log_set_filter(&rig->log, "off", NULL, 0);
	assert_int_equal(vfio_user_device_new(&fake_plugin, "x", 5, "test",
					      &rig->log, err, sizeof(err),
					      &rig->device), 0);
	*state = rig;
	return 0;
}

int rig_teardown(void **state)
{
	struct rig *rig = *state;

	if (rig->connected)
		rig_disconnect(rig);
	vfio_user_device_free(rig->device);
	assert_int_equal(fake_device.destroyed, 1);
	assert_int_equal(count_fds(), rig->fds);
	free(rig);
	return 0;
}

struct thread_args {
	struct vfio_user_device *device;
	int sock;
};

static void *message_thread(void *arg)
{
	struct thread_args args = *(struct thread_args *)arg;

	free(arg);
	vfio_user_device_connect(args.device, args.sock);
	while (vfio_user_device_handle(args.device) > 0)
		;
	vfio_user_device_disconnect(args.device);
	return NULL;
}

void rig_connect(struct rig *rig)
{
	const struct timeval timeout = { .tv_sec = TIMEOUT_S };
	struct thread_args *args = malloc(sizeof(*args));
	int pair[2];

	assert_non_null(args);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    pair), 0);
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	rig->client.sock = pair[0];
	rig->client.next_id = 1;
	rig->connected = true;
	*args = (struct thread_args){ rig->device, pair[1] };
	assert_int_equal(pthread_create(&rig->thread, NULL, message_thread,
					args), 0);
}

void rig_start(struct rig *rig)
{
	rig_connect(rig);
	assert_int_equal(client_version(&rig->client, "{}"), 0);
}

void rig_disconnect(struct rig *rig)
{
	close(rig->client.sock);
	pthread_join(rig->thread, NULL);
	rig->connected = false;
}

void rig_expect_end(struct rig *rig)
{
	assert_false(client_recv(&rig->client));
	pthread_join(rig->thread, NULL);
	close(rig->client.sock);
	rig->connected = false;
}

int make_memfd(size_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	return fd;
}

/* ---- messages --------------------------------------------------------- */

void client_send_raw(struct client *c, const void *bytes, size_t len)
{
	assert_int_equal(send(c->sock, bytes, len, MSG_NOSIGNAL), len);
}

void client_send(struct client *c, uint16_t id, uint16_t command,
		 uint32_t flags, const void *body, size_t len, const int *fds,
		 size_t fd_count)
{
	union {
		char buf[CMSG_SPACE(64 * sizeof(int))];
		struct cmsghdr align;
	} control = { .buf = { 0 } };
	struct vfio_user_header hdr = {
		.id = id,
		.command = command,
		.size = (uint32_t)(sizeof(hdr) + len),
		.flags = flags,
	};
	struct iovec iov[] = {
		{ &hdr, sizeof(hdr) }, { (void *)body, len },
	};
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 2 };

	if (fd_count) {
		struct cmsghdr *cmsg = &control.align;

		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, fd_count * sizeof(int));
		mh.msg_control = &control;
		mh.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
	}
	assert_int_equal(sendmsg(c->sock, &mh, MSG_NOSIGNAL), hdr.size);
}

/* All of len bytes; false: closed.  A time-out fails the test. */
static bool recv_all(struct client *c, void *buf, size_t len)
{
	ssize_t n = recv(c->sock, buf, len, MSG_WAITALL);

	if (n < 0)
		assert_int_equal(errno, ECONNRESET);
	return n == (ssize_t)len;
}

bool client_recv(struct client *c)
{
	if (!recv_all(c, &c->hdr, sizeof(c->hdr)))
		return false;
	assert_true(c->hdr.size >= sizeof(c->hdr));
	c->len = c->hdr.size - sizeof(c->hdr);
	assert_true(c->len <= sizeof(c->body));
	return !c->len || recv_all(c, c->body, c->len);
}

int client_call(struct client *c, uint16_t command, const void *body,
		size_t len, const int *fds, size_t fd_count)
{
	uint16_t id = c->next_id++;

	client_send(c, id, command, 0, body, len, fds, fd_count);
	assert_true(client_recv(c));
	assert_int_equal(c->hdr.id, id);
	assert_int_equal(c->hdr.command, command);
	assert_int_equal(c->hdr.flags & VFIO_USER_F_TYPE, VFIO_USER_F_REPLY);
	if (!(c->hdr.flags & VFIO_USER_F_ERROR))
		return 0;
	assert_int_equal(c->len, 0);
	return (int)c->hdr.error;
}

int client_version(struct client *c, const char *json)
{
	uint8_t body[4096] = { VFIO_USER_MAJOR, 0, 0, 0 };
	size_t len = json ? strlen(json) + 1 : 0;

	if (json)
		memcpy(body + 4, json, len);
	return client_call(c, VFIO_USER_VERSION, body, 4 + len, NULL, 0);
}

int client_map(struct client *c, uint64_t iova, uint64_t size, uint32_t flags,
	       uint64_t offset, int fd)
{
	const struct vfio_user_dma_map map = {
		.argsz = sizeof(map), .flags = flags, .offset = offset,
		.iova = iova, .size = size,
	};

	return client_call(c, VFIO_USER_DMA_MAP, &map, sizeof(map), &fd,
			   fd >= 0);
}

int client_unmap(struct client *c, uint64_t iova, uint64_t size, uint32_t flags)
{
	const struct vfio_user_dma_unmap unmap = {
		.argsz = sizeof(unmap), .flags = flags, .iova = iova,
		.size = size,
	};

	return client_call(c, VFIO_USER_DMA_UNMAP, &unmap, sizeof(unmap), NULL,
			   0);
}

int client_set_irqs(struct client *c, uint32_t flags, uint32_t index,
		    uint32_t start, uint32_t count, const void *data,
		    size_t data_len, const int *fds, size_t fd_count)
{
	const struct vfio_user_irq_set set = {
		.argsz = (uint32_t)(sizeof(set) + data_len), .flags = flags,
		.index = index, .start = start, .count = count,
	};
	uint8_t body[256];

	memcpy(body, &set, sizeof(set));
	if (data_len)
		memcpy(body + sizeof(set), data, data_len);
	return client_call(c, VFIO_USER_DEVICE_SET_IRQS, body,
			   sizeof(set) + data_len, fds, fd_count);
}

int client_read(struct client *c, uint32_t region, uint64_t offset,
		uint32_t count)
{
	const struct vfio_user_region_rw rw = { offset, region, count };

	return client_call(c, VFIO_USER_REGION_READ, &rw, sizeof(rw), NULL, 0);
}

/* The body of a REGION_WRITE; its length. */
static size_t build_write(uint8_t *body, uint32_t region, uint64_t offset,
			  const void *data, uint32_t count)
{
	const struct vfio_user_region_rw rw = { offset, region, count };

	memcpy(body, &rw, sizeof(rw));
	memcpy(body + sizeof(rw), data, count);
	return sizeof(rw) + count;
}

int client_write(struct client *c, uint32_t region, uint64_t offset,
		 const void *data, uint32_t count)
{
	uint8_t body[512];
	size_t len = build_write(body, region, offset, data, count);

	return client_call(c, VFIO_USER_REGION_WRITE, body, len, NULL, 0);
}

void client_post(struct client *c, uint32_t region, uint64_t offset,
		 const void *data, uint32_t count)
{
	uint8_t body[512];
	size_t len = build_write(body, region, offset, data, count);

	client_send(c, c->next_id++, VFIO_USER_REGION_WRITE,
		    VFIO_USER_F_NO_REPLY, body, len, NULL, 0);
}

void client_dma_reply(struct client *c, const void *data, size_t data_len)
{
	static uint8_t body[VFIO_USER_BODY_MAX];

	memcpy(body, c->body, sizeof(struct vfio_user_dma_rw));
	if (data_len)
		memcpy(body + sizeof(struct vfio_user_dma_rw), data, data_len);
	client_send(c, c->hdr.id, c->hdr.command, VFIO_USER_F_REPLY, body,
		    sizeof(struct vfio_user_dma_rw) + data_len, NULL, 0);
}
