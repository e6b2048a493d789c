/* SPDX-License-Identifier: MIT */
/* A share on a socket, and the front-ends that come and go there. */
#include "tools/vhost_user_virtiofs/vuf_share.h"

#include "fuse/fuse_proto.h"
#include "tests/lib/count_fds.h"
#include "tests/lib/tmptree.h"
#include "tests/unit/virtio_vhost_user/front_end.h"
#include "tools/host_listen.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#define FRONT_ENDS 100
#define PATIENCE_MS 30000
#define REQUESTS 1                      /* the first request queue */

struct served {
	struct front_end fe;            /* only its front half is used */
	struct tmptree tree;
	char path[PATH_MAX];            /* of the socket */
	struct plugin_config config;
	struct vuf_share *share;
	struct log log;
	struct event stop;
	int listen_fd;
	bool once;
	pthread_t thread;
	int ret;
};

static void *serve(void *arg)
{
	struct served *s = arg;

	s->ret = vuf_share_serve(s->share, s->listen_fd, s->once, &s->stop);
	return NULL;
}

static void begin(struct served *s, bool once)
{
	char text[PATH_MAX + 8], err[512];

	fe_begin(&s->fe, NULL);
	fe_disconnect(&s->fe);
	tmptree_init(&s->tree, "d share\n");
	strcpy(s->path, tmptree_path(&s->tree, "socket"));
	snprintf(text, sizeof(text), "t,%s",
		 tmptree_path(&s->tree, "share"));
	assert_true(plugin_config_parse(text, &s->config, NULL));
	log_init(&s->log, 2);
	log_set_filter(&s->log, "off", NULL, 0);
	assert_int_equal(event_init(&s->stop), 0);
	assert_int_equal(vuf_share_new(&s->config, true, &s->log,
				       err, sizeof(err), &s->share), 0);
	assert_int_equal(host_listen(s->path, NULL, err, sizeof(err),
				     &s->listen_fd), 0);
	s->once = once;
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

/* It ends by itself, or by the event before. */
static int join(struct served *s)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PATIENCE_MS / 1000;
	assert_int_equal(pthread_timedjoin_np(s->thread, NULL, &end), 0);
	return s->ret;
}

static void finish(struct served *s)
{
	if (s->fe.sock >= 0)
		close(s->fe.sock);
	s->fe.sock = -1;
	close(s->listen_fd);
	vuf_share_free(s->share);
	event_done(&s->stop);
	plugin_config_done(&s->config);
	tmptree_done(&s->tree);
	fe_finish(&s->fe);
}

static void connect_to(struct served *s)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	g_strlcpy(addr.sun_path, s->path, sizeof(addr.sun_path));
	s->fe.sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(s->fe.sock, (struct sockaddr *)&addr,
				 sizeof(addr)), 0);
}

static void disconnect(struct served *s)
{
	close(s->fe.sock);
	s->fe.sock = -1;
}

/* ---- a guest ------------------------------------------------------------ */

/* Memory and rings as after a boot. */
static void boot(struct served *s)
{
	struct fake_ram *ram = &s->fe.ram;

	fake_ram_release(ram, 0);
	memset(ram->base, 0, ram->size);
	fe_start(&s->fe, FE_FEATURES);
}

/* Send a request of node 1; where its reply comes. */
static struct fuse_out_header *request(struct served *s, uint32_t opcode,
				       const void *payload, size_t len)
{
	struct fake_ram *ram = &s->fe.ram;
	const struct fuse_in_header header = {
		.len = (uint32_t)(sizeof(header) + len),
		.opcode = opcode,
		.unique = 8,
		.nodeid = 1,
	};
	struct fake_buf buf[2] = {
		{ fake_ram_alloc(ram, header.len, 8), header.len },
		{ fake_ram_alloc(ram, 256, 8), 256 },
	};
	uint8_t *bytes = fake_ram_ptr(ram, buf[0].gpa);

	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), payload, len);
	fake_ring_add(&s->fe.ring[REQUESTS], buf, 1, 1, 0);
	fe_kick(&s->fe, REQUESTS);
	return fake_ram_ptr(ram, buf[1].gpa);
}

static int reply_to(struct served *s, struct fuse_out_header *reply)
{
	struct fake_ring *ring = &s->fe.ring[REQUESTS];
	uint16_t head;
	uint32_t len;

	while (!fake_ring_collect(ring, &head, &len))
		if (fake_ring_arm(ring))
			fe_wait_call(&s->fe, REQUESTS);
	assert_int_equal(len, reply->len);
	return reply->error;
}

static void mount_share(struct served *s)
{
	const struct fuse_init_in in = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
	};

	assert_int_equal(reply_to(s, request(s, FUSE_INIT, &in, sizeof(in))),
			 0);
}

/* Create a file, which stays open. */
static struct fuse_out_header *create(struct served *s, const char *name)
{
	struct {
		struct fuse_create_in in;
		char name[16];
	} payload = { .in = { .flags = O_RDWR, .mode = S_IFREG | 0600 } };

	strcpy(payload.name, name);
	return request(s, FUSE_CREATE, &payload,
		       sizeof(payload.in) + strlen(name) + 1);
}

/* ---- tests -------------------------------------------------------------- */

static void await_descriptors(unsigned n)
{
	for (int ms = 0; count_fds() != n; ms += 10) {
		if (ms >= PATIENCE_MS)
			fail_msg("%u descriptors, %u before", count_fds(), n);
		g_usleep(10000);
	}
}

/*
 * Each leaves a file open, and every other one a request in flight.
 */
static void nothing_is_left_of_a_hundred_front_ends(void **state)
{
	struct served s = { 0 };
	unsigned before;

	(void)state;
	begin(&s, false);
	before = count_fds();
	for (int i = 0; i < FRONT_ENDS; i++) {
		char name[16];

		connect_to(&s);
		boot(&s);
		mount_share(&s);
		snprintf(name, sizeof(name), "open-%d", i);
		assert_int_equal(reply_to(&s, create(&s, name)), 0);
		assert_true(count_fds() > before + 1);
		if (i % 2)
			create(&s, "in-flight");
		disconnect(&s);
		await_descriptors(before);
	}
	assert_true(tmptree_exists(&s.tree, "share/open-99"));
	event_signal(&s.stop);
	assert_int_equal(join(&s), 0);
	finish(&s);
}

static void once_ends_with_its_front_end(void **state)
{
	struct served s = { 0 };

	(void)state;
	begin(&s, true);
	connect_to(&s);
	boot(&s);
	mount_share(&s);
	disconnect(&s);
	assert_int_equal(join(&s), 0);
	finish(&s);
}

static void once_tells_that_the_protocol_was_broken(void **state)
{
	struct served s = { 0 };

	(void)state;
	begin(&s, true);
	connect_to(&s);
	fe_send_flags(&s.fe, GET_FEATURES, FE_VERSION + 1, NULL, 0, NULL, 0);
	assert_int_equal(join(&s), -EPROTO);
	finish(&s);
}

static void the_next_one_is_served_after_a_broken_one(void **state)
{
	struct served s = { 0 };

	(void)state;
	begin(&s, false);
	connect_to(&s);
	fe_send(&s.fe, 0xffff, NULL, 0);
	disconnect(&s);
	connect_to(&s);
	boot(&s);
	mount_share(&s);
	event_signal(&s.stop);
	assert_int_equal(join(&s), 0);
	finish(&s);
}

static void stops_with_and_without_a_front_end(void **state)
{
	(void)state;
	for (int connected = 0; connected < 2; connected++) {
		struct served s = { 0 };

		begin(&s, false);
		if (connected) {
			connect_to(&s);
			boot(&s);
		}
		event_signal(&s.stop);
		assert_int_equal(join(&s), 0);
		finish(&s);
	}
}

static void says_why_a_share_cannot_be(void **state)
{
	struct plugin_config config;
	struct vuf_share *share = NULL;
	struct log log;
	char err[512] = "";

	(void)state;
	log_init(&log, 2);
	assert_true(plugin_config_parse("t,/nonexistent", &config, NULL));
	assert_true(vuf_share_new(&config, false, &log, err,
				  sizeof(err), &share) < 0);
	assert_non_null(strstr(err, "'/nonexistent': No such file"));
	assert_null(share);
	plugin_config_done(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_left_of_a_hundred_front_ends),
		cmocka_unit_test(once_ends_with_its_front_end),
		cmocka_unit_test(once_tells_that_the_protocol_was_broken),
		cmocka_unit_test(the_next_one_is_served_after_a_broken_one),
		cmocka_unit_test(stops_with_and_without_a_front_end),
		cmocka_unit_test(says_why_a_share_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
