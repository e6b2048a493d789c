/* SPDX-License-Identifier: MIT */
/*
 * A vfio-user client: messages of any command with any body and descriptors,
 * to the server with the whole plugin behind it.  Afterwards nothing is left of
 * the client.
 */
#include "tests/fuzz/fuzz_socket.h"
#include "tests/lib/count_fds.h"
#include "tests/lib/tmptree.h"
#include "tools/vfio_user/vfio_user_device.h"

#define MESSAGES_MAX 48
#define BODY_MAX 256

static struct tmptree tree;
static struct log quiet;
static struct vfio_user_device *device;

static void done(void)
{
	vfio_user_device_free(device);
	tmptree_done(&tree);
}

static void begin(void)
{
	char config[sizeof(tree.root) + 32], err[256];

	tmptree_init(&tree, "f file hello\n");
	log_init(&quiet, -1);
	log_set_filter(&quiet, "off", NULL, 0);
	snprintf(config, sizeof(config), "fuzz:%s,queues=1", tree.root);
	fuzz_must(!vfio_user_device_new(pciplug_entry_v1(), config, 1,
					"fuzz", &quiet, err, sizeof(err), &device));
	atexit(done);
}

/* The version, without which nothing else is served. */
static bool send_version(struct fuzz_peer *peer)
{
	static const struct {
		struct vfio_user_header header;
		struct vfio_user_version version;
		char json[4];
	} message = {
		{ .command = VFIO_USER_VERSION, .size = 16 + 4 + 3 },
		{ VFIO_USER_MAJOR, VFIO_USER_MINOR }, "{}",
	};

	return fuzz_peer_send(peer, &message, message.header.size, 0);
}

/* A command, what it has of flags, descriptors and bytes; and a size. */
static bool send_message(struct fuzz_peer *peer, struct fuzz_input *in)
{
	uint8_t command = fuzz_u8(in), flags = fuzz_u8(in);
	uint8_t descriptors = fuzz_u8(in), len = fuzz_u8(in);
	struct {
		struct vfio_user_header header;
		uint8_t body[BODY_MAX];
	} message = {
		.header = {
			.id = (uint16_t)in->left,
			.command = command % (VFIO_USER_COMMANDS + 1),
			.size = (uint32_t)sizeof(message.header) + len,
			.flags = flags < 0xc0 ? 0 : flags < 0xf0 ?
				VFIO_USER_F_NO_REPLY : flags,
		},
	};

	fuzz_take(in, message.body, len);
	/* It may also lie about its size. */
	if (command >= 0xf0)
		message.header.size = fuzz_u32(in);
	return fuzz_peer_send(peer, &message, sizeof(message.header) + len,
			      descriptors);
}

static void serve(const uint8_t *data, size_t size)
{
	static struct fuzz_peer peer;
	struct fuzz_input in = { data, size };

	fuzz_peer_begin(&peer, &in);
	if (fuzz_u8(&in) < 0xf0)
		(void)send_version(&peer);
	for (unsigned i = 0; in.left && i < MESSAGES_MAX; i++)
		if (!send_message(&peer, &in))
			break;
	fuzz_peer_shut(&peer);
	vfio_user_device_connect(device, peer.server);
	while (vfio_user_device_handle(device) > 0)
		;
	vfio_user_device_disconnect(device);
	fuzz_peer_end(&peer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned fds;

	if (!device) {
		begin();
		/* The first client makes the device have what it keeps. */
		serve(NULL, 0);
	}
	fds = count_fds();
	serve(data, size);
	fuzz_must(count_fds() == fds);
	return 0;
}
