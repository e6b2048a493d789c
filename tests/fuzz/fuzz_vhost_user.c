/* SPDX-License-Identifier: MIT */
/*
 * A vhost-user front-end: messages of any request with any payload and
 * descriptors, to a back-end with a device that writes to all that it may.
 * Afterwards nothing is left of the front-end.
 */
#include "common/bytes.h"
#include "tests/fuzz/fuzz_socket.h"
#include "virtio/vhost_user/vhost_user.h"
#include "virtio/vhost_user/vhost_user_spec.h"

#include <unistd.h>

#define MESSAGES_MAX 48
#define QUEUES 3
#define GPA 0x100000u
#define USER 0x7f0000000000u

static struct log quiet;
static struct vhost_user *vu;

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

static const struct virtio_device_ops ops = {
	.id = 26,
	.config_size = 40,
	.config_read = config_read,
	.request = request,
	.reset = reset,
};

static void done(void)
{
	vhost_user_free(vu);
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
	const uint64_t protocol = 0x1a209 | 1 << 5;
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

static bool send_message(struct fuzz_peer *peer, struct fuzz_input *in)
{
	uint8_t request = fuzz_u8(in), flags = fuzz_u8(in);
	uint8_t descriptors = fuzz_u8(in), len = fuzz_u8(in);
	uint8_t payload[256];
	uint32_t size = len;

	if (request >= 0xc0 && request < 0xf0)
		return send_ring(peer, in);
	fuzz_take(in, payload, len);
	if (request >= 0xf0)
		size = fuzz_u32(in);
	return send_one(peer, request % 48, flags < 0xe0 ?
			1u | (flags & VHOST_USER_NEED_REPLY) : flags, payload,
			size, descriptors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	static struct fuzz_peer peer;
	unsigned fds;
	uint8_t how;

	if (!vu)
		begin();
	fds = fuzz_count_fds();
	fuzz_peer_begin(&peer, &in);
	how = fuzz_u8(&in);
	if (how < 0xc0)
		(void)send_beginning(&peer, how & 1);
	for (unsigned i = 0; in.left && i < MESSAGES_MAX; i++)
		if (!send_message(&peer, &in))
			break;
	fuzz_peer_shut(&peer);
	(void)vhost_user_serve(vu, peer.server, NULL);
	close(peer.server);
	fuzz_peer_end(&peer);
	fuzz_must(fuzz_count_fds() == fds);
	return 0;
}
