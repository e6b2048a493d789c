/* SPDX-License-Identifier: MIT */
/*
 * A vhost-user front-end: messages of any request with any payload and
 * descriptors, to a back-end with a device that writes to all that it may.
 * Saved state is what such a back-end has written, with bytes of the input in
 * it.  Afterwards nothing is left of the front-end.
 */
#include "common/bytes.h"
#include "common/save.h"
#include "tests/fuzz/fuzz_socket.h"
#include "tests/lib/count_fds.h"
#include "virtio/vhost_user/vhost_user.h"
#include "virtio/vhost_user/vhost_user_spec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define MESSAGES_MAX 48
#define QUEUES 3
#define GPA 0x100000u
#define USER 0x7f0000000000u

#define IMAGES 3                        /* of a fresh device, split, packed */
#define IMAGE_MAX 4096

static struct log quiet;
static struct vhost_user *vu;
static struct image {
	size_t len;
	uint8_t bytes[IMAGE_MAX];
} images[IMAGES];
/* Our end of the last pipe for a state, or -1. */
static int pipe_end = -1;

static void config_read(void *dev, uint32_t offset, void *buf, size_t len)
{
	(void)dev;
	memset(buf, (int)offset, len);
}

static ssize_t request(void *dev, unsigned queue, struct virtio_chain *chain)
{
	size_t n = 0;

	(void)dev;
	(void)queue;
	for (size_t i = 0; i < chain->writable_count; i++) {
		memset(chain->writable[i].base, 'x', chain->writable[i].len);
		n += chain->writable[i].len;
	}
	return (ssize_t)MIN(n, (size_t)UINT32_MAX);
}

static void reset(void *dev)
{
	(void)dev;
}

static int save(void *dev, struct save_writer *w)
{
	(void)dev;
	save_begin(w, SAVE_TAG('f', 'u', 'z', 'z'));
	save_u64(w, 1);
	save_end(w);
	return 0;
}

static int restore(void *dev, struct save_reader *r)
{
	(void)dev;
	save_take(r, SAVE_TAG('f', 'u', 'z', 'z'));
	(void)save_get_u64(r);
	return save_done(r);
}

static const struct virtio_device_ops ops = {
	.id = 26,
	.config_size = 40,
	.config_read = config_read,
	.request = request,
	.reset = reset,
	.save = save,
	.restore = restore,
};

static void done(void)
{
	vhost_user_free(vu);
}

static bool send_one(struct fuzz_peer *peer, uint32_t request, uint32_t flags,
		     const void *payload, uint32_t size, uint8_t descriptors)
{
	struct {
		struct vhost_user_header header;
		uint8_t payload[512];
	} message = { .header = { request, flags, size } };

	memcpy(message.payload, payload, MIN(size, 256u));
	return fuzz_peer_send(peer, &message, sizeof(message.header) +
			      MIN(size, 256u), descriptors);
}

/* What a front-end begins with: features, and memory for its rings. */
static bool send_beginning(struct fuzz_peer *peer, uint8_t packed)
{
	const uint64_t features = UINT64_C(1) << 32 | UINT64_C(1) << 30 |
				  UINT64_C(3) << 28 | (uint64_t)packed << 34;
	const uint64_t protocol = 0x9a22b;
	const struct vhost_user_mem_table table = {
		.count = 1,
		.region = { { GPA, FUZZ_MEMORY_SIZE, USER, 0 } },
	};

	return send_one(peer, VHOST_USER_SET_FEATURES, 1, &features, 8, 0) &&
	       send_one(peer, VHOST_USER_SET_PROTOCOL_FEATURES, 1, &protocol,
			8, 0) &&
	       send_one(peer, VHOST_USER_SET_MEM_TABLE, 1, &table, 40, 1);
}

/* All of one ring, of which each number is the usual one or the input's. */
static bool send_ring(struct fuzz_peer *peer, struct fuzz_input *in)
{
	uint8_t odd = fuzz_u8(in), index = fuzz_u8(in) % (QUEUES + 1);
	struct vhost_user_vring_state state = { index, 16 };
	struct vhost_user_vring_addr addr = {
		.index = index,
		.desc = USER + index * 0x1000,
		.avail = USER + index * 0x1000 + 0x400,
		.used = USER + index * 0x1000 + 0x800,
	};
	uint64_t number = index;

	if (odd & 32) {
		addr.flags = VHOST_VRING_F_LOG;
		addr.log = fuzz_u64(in);
	}
	if (odd & 1)
		state.num = fuzz_u32(in);
	if (odd & 2)
		addr.desc = fuzz_u64(in);
	if (odd & 4)
		addr.used = fuzz_u64(in);
	if (odd & 8)
		number = fuzz_u64(in);
	(void)send_one(peer, VHOST_USER_SET_VRING_NUM, 1, &state, 8, 0);
	(void)send_one(peer, VHOST_USER_SET_VRING_ADDR, 1, &addr, 40, 0);
	state.num = odd & 16 ? fuzz_u32(in) : 0;
	(void)send_one(peer, VHOST_USER_SET_VRING_BASE, 1, &state, 8, 0);
	(void)send_one(peer, VHOST_USER_SET_VRING_CALL, 1, &number, 8, 2);
	(void)send_one(peer, VHOST_USER_SET_VRING_KICK, 1, &number, 8, 2);
	state.num = 1;
	return send_one(peer, VHOST_USER_SET_VRING_ENABLE, 1, &state, 8, 0);
}

static void close_pipe(void)
{
	if (pipe_end >= 0)
		close(pipe_end);
	pipe_end = -1;
}

/*
 * Begin a transfer by a pipe, of which pipe_end is our end.  One that loads
 * must be closed before the server has to wait for that.
 */
static bool send_transfer(struct fuzz_peer *peer, uint32_t direction,
			  uint32_t phase)
{
	const struct {
		struct vhost_user_header header;
		struct vhost_user_transfer_params params;
	} message = {
		{ VHOST_USER_SET_DEVICE_STATE_FD, 1, 8 },
		{ direction, phase }
	};
	int fd[2], theirs = direction == VHOST_USER_SAVE;
	bool sent;

	close_pipe();
	fuzz_must(!pipe2(fd, O_CLOEXEC));
	pipe_end = fd[!theirs];
	sent = fuzz_peer_send_fd(peer, &message, sizeof(message), fd[theirs]);
	close(fd[theirs]);
	return sent;
}

/* Save, or restore one of the images, with some other bytes, or cut. */
static bool send_state(struct fuzz_peer *peer, struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in), changes = fuzz_u8(in) % 16;
	struct image image = images[how % IMAGES];
	bool sent;

	if (how >= 0xe0) {
		sent = send_transfer(peer, VHOST_USER_SAVE, 0);
	} else {
		sent = send_transfer(peer, VHOST_USER_LOAD, how >= 0xc0);
		while (changes--) {
			uint16_t at = (uint16_t)fuzz_u32(in);

			image.bytes[at % image.len] = fuzz_u8(in);
		}
		if (how & 0x40)
			image.len = fuzz_u32(in) % image.len;
		/* Whom it is refused, or who has gone, need not read it. */
		fuzz_must(write(pipe_end, image.bytes, image.len) ==
				  (ssize_t)image.len ||
			  errno == EPIPE);
	}
	if (how < 0xe0 || how & 1)
		close_pipe();
	return sent && send_one(peer, VHOST_USER_CHECK_DEVICE_STATE, 1, "", 0,
				0);
}

/* A log, of a size that may be right, and who uses it. */
static bool send_log(struct fuzz_peer *peer, struct fuzz_input *in)
{
	uint8_t odd = fuzz_u8(in);
	struct vhost_user_log log = {
		.size = odd & 1 ? fuzz_u64(in) : fuzz_u8(in),
		.offset = odd & 2 ? fuzz_u64(in) : odd,
	};
	const uint64_t features = UINT64_C(1) << 32 | UINT64_C(1) << 30 |
				  UINT64_C(3) << 28 |
				  (uint64_t)(odd >> 2 & 1) << 34 |
				  UINT64_C(1) << VHOST_F_LOG_ALL;

	if (odd & 8)
		(void)send_one(peer, VHOST_USER_SET_LOG_FD, 1, "", 0, 2);
	return send_one(peer, VHOST_USER_SET_FEATURES, 1, &features, 8, 0) &&
	       send_one(peer, VHOST_USER_SET_LOG_BASE, 1, &log, 16, 1);
}

static bool send_message(struct fuzz_peer *peer, struct fuzz_input *in)
{
	uint8_t request = fuzz_u8(in), flags = fuzz_u8(in);
	uint8_t descriptors = fuzz_u8(in), len = fuzz_u8(in);
	uint8_t payload[256];
	uint32_t size = len;

	if (request >= 0xc0 && request < 0xf0)
		return send_ring(peer, in);
	if (request >= 0xb8 && request < 0xc0)
		return request & 4 ? send_log(peer, in) : send_state(peer, in);
	fuzz_take(in, payload, len);
	if (request >= 0xf0)
		size = fuzz_u32(in);
	return send_one(peer, request % 48, flags < 0xe0 ?
			1u | (flags & VHOST_USER_NEED_REPLY) : flags, payload,
			size, descriptors);
}

static void *serve(void *arg)
{
	struct fuzz_peer *peer = arg;

	(void)vhost_user_serve(vu, peer->server, NULL);
	close(peer->server);
	return NULL;
}

/* What a back-end writes whose rings have run. */
static void make_image(unsigned i)
{
	static const uint8_t usual[2 * QUEUES] = { 0, 0, 0, 1, 0, 2 };
	struct fuzz_input none = { usual, 0 }, rings = { usual, sizeof(usual) };
	struct fuzz_peer peer;
	pthread_t server;
	ssize_t n;

	fuzz_peer_begin(&peer, &none);
	fuzz_must(!pthread_create(&server, NULL, serve, &peer));
	fuzz_must(send_beginning(&peer, i == 2));
	for (uint32_t queue = 0; i && queue < QUEUES; queue++) {
		const struct vhost_user_vring_state state = { queue, 0 };

		(void)send_ring(&peer, &rings);
		(void)send_one(&peer, VHOST_USER_GET_VRING_BASE, 1, &state, 8,
			       0);
	}
	fuzz_must(send_transfer(&peer, VHOST_USER_SAVE, 0));
	while ((n = read(pipe_end, images[i].bytes + images[i].len,
			 IMAGE_MAX - images[i].len)) > 0)
		images[i].len += (size_t)n;
	fuzz_must(!n && images[i].len && images[i].len < IMAGE_MAX);
	close_pipe();
	fuzz_peer_shut(&peer);
	pthread_join(server, NULL);
	fuzz_peer_end(&peer);
}

static void begin(void)
{
	const struct vhost_user_params params = {
		.core = { .queues = QUEUES, .queue_size = 16 },
		.config = true,
	};

	log_init(&quiet, -1);
	log_set_filter(&quiet, "off", NULL, 0);
	fuzz_must(!vhost_user_new(&params, &ops, NULL, &quiet, &vu));
	atexit(done);
	signal(SIGPIPE, SIG_IGN);
	for (unsigned i = 0; i < IMAGES; i++)
		make_image(i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	static struct fuzz_peer peer;
	unsigned fds;
	uint8_t how;

	if (!vu)
		begin();
	fds = count_fds();
	fuzz_peer_begin(&peer, &in);
	how = fuzz_u8(&in);
	if (how < 0xc0)
		(void)send_beginning(&peer, how & 1);
	for (unsigned i = 0; in.left && i < MESSAGES_MAX; i++)
		if (!send_message(&peer, &in))
			break;
	fuzz_peer_shut(&peer);
	(void)serve(&peer);
	fuzz_peer_end(&peer);
	close_pipe();
	fuzz_must(count_fds() == fds);
	return 0;
}
