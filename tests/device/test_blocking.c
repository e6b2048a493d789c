/* SPDX-License-Identifier: MIT */
/*
 * A file system of the host that is slow: here one on /dev/fuse whose server is
 * this test.  It answers to all but READ, WRITE and one LOOKUP, until it is
 * told to end.  Who needs those waits; who comes by the same queue does not.
 *
 * One that is alone would stay on its queue's thread; so that the thread sees
 * several, it is first held by another LOOKUP.
 */
#include "tests/device/device_fixture.h"
#include "tests/device/own_fuse.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#define FILE_NODE 2
#define FILE_SIZE (1u << 20)
#define HUNG_MS 50                      /* so long it certainly is */

static bool can_mount;

static struct server {
	int fd;
	pthread_t thread;
	atomic_bool end;                /* and answer to all, with errors */
	atomic_uint hung;               /* requests without an answer */
	atomic_bool hold, held;         /* one is answered when told */
} server;

/* ---- the server of the file system ------------------------------------- */

static void reply(const struct fuse_in_header *in, int error, const void *body,
		  size_t len)
{
	own_fuse_reply(server.fd, in, error, body, len);
}

static struct fuse_attr attr_of(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node,
		.mode = node == FILE_NODE ? S_IFREG | 0666 : S_IFDIR | 0777,
		.size = node == FILE_NODE ? FILE_SIZE : 0,
		.nlink = 1,
		.blksize = 4096,
	};
}

static void reply_entry(const struct fuse_in_header *in, const char *name)
{
	const struct fuse_entry_out out = {
		.nodeid = FILE_NODE,
		.generation = 1,
		.attr = attr_of(FILE_NODE),
	};

	if (!strcmp(name, "held")) {
		atomic_store(&server.held, true);
		while (atomic_load(&server.hold))
			pause_ms(1);
	}
	if (!strcmp(name, "slow"))
		atomic_fetch_add(&server.hung, 1);
	else if (strcmp(name, "file"))
		reply(in, -ENOENT, NULL, 0);
	else
		reply(in, 0, &out, sizeof(out));
}

static void serve(const struct fuse_in_header *in, const char *body)
{
	const struct fuse_init_out init = {
		.major = 7, .minor = 31, .max_write = 65536,
	};
	const struct fuse_attr_out attr = { .attr = attr_of(in->nodeid) };
	const struct fuse_open_out file = {
		.fh = 1, .open_flags = FOPEN_DIRECT_IO,
	};

	switch (in->opcode) {
	case FUSE_INIT:
		reply(in, 0, &init, sizeof(init));
		break;
	case FUSE_GETATTR:
		reply(in, 0, &attr, sizeof(attr));
		break;
	case FUSE_LOOKUP:
		reply_entry(in, body);
		break;
	case FUSE_OPEN:
		reply(in, 0, &file, sizeof(file));
		break;
	case FUSE_READ:
	case FUSE_WRITE:
		atomic_fetch_add(&server.hung, 1);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		reply(in, -ENOSYS, NULL, 0);
	}
}

static void *server_main(void *arg)
{
	_Alignas(8) static char buf[65536 + 4096];
	struct pollfd p = { .fd = server.fd, .events = POLLIN };

	while (!atomic_load(&server.end)) {
		if (poll(&p, 1, 10) > 0 &&
		    read(server.fd, buf, sizeof(buf)) > 0)
			serve((const void *)buf,
			      buf + sizeof(struct fuse_in_header));
	}
	close(server.fd);
	return arg;
}

/* Those that hang are answered now. */
static void end_server(void)
{
	atomic_store(&server.hold, false);
	if (!atomic_exchange(&server.end, true))
		pthread_join(server.thread, NULL);
}

/* ---- the guest --------------------------------------------------------- */

/* Make a request available, without a kick; the head of its chain. */
static uint16_t post(struct device_fixture *f, uint32_t opcode, uint64_t node,
		     const void *body, size_t len)
{
	const struct fuse_in_header in = {
		.len = (uint32_t)(sizeof(in) + len),
		.opcode = opcode, .unique = 1000 + opcode, .nodeid = node,
	};
	struct fake_ram *ram = &f->host.ram;
	struct fake_buf buf[2] = {
		{ fake_ram_alloc(ram, in.len, 8), in.len },
		{ fake_ram_alloc(ram, 8192, 8), 8192 },
	};
	char *to = fake_ram_ptr(ram, buf[0].gpa);

	memcpy(to, &in, sizeof(in));
	memcpy(to + sizeof(in), body, len);
	return fake_ring_add(&f->guest.queue[REQUESTS].ring, buf, 1, 1, 0);
}

static uint16_t post_getattr(struct device_fixture *f)
{
	const struct fuse_getattr_in in = { 0 };

	return post(f, FUSE_GETATTR, FUSE_ROOT_ID, &in, sizeof(in));
}

/* Keep the queue's thread busy, until release(). */
static uint16_t hold(struct device_fixture *f)
{
	uint64_t node = fuse_client_walk(&f->client, "own");
	uint16_t head;

	assert_int_not_equal(node, 0);
	atomic_store(&server.hold, true);
	head = post(f, FUSE_LOOKUP, node, "held", 5);
	fake_guest_kick(&f->guest, REQUESTS);
	while (!atomic_load(&server.held))
		pause_ms(1);
	return head;
}

/* The next chain that comes back. */
static uint16_t collect(struct device_fixture *f)
{
	uint16_t head = UINT16_MAX;
	uint32_t len = 0;

	assert_int_equal(fake_guest_wait(&f->guest, REQUESTS, &head, &len), 0);
	assert_true(len >= sizeof(struct fuse_out_header));
	return head;
}

/* Let it go, and see what was posted meanwhile go on but for one that hangs. */
static void release(struct device_fixture *f, uint16_t held)
{
	uint16_t other = post_getattr(f);

	atomic_store(&server.hold, false);
	assert_int_equal(collect(f), held);
	assert_int_equal(collect(f), other);
	while (!atomic_load(&server.hung))
		pause_ms(1);
}

/* One that was posted hangs, and what is posted with and after it does not. */
static void assert_others_go_on(struct device_fixture *f, uint16_t held,
				uint16_t hung)
{
	struct fake_ring *ring = &f->guest.queue[REQUESTS].ring;
	uint16_t other;

	release(f, held);
	for (unsigned i = 0; i < 10; i++) {
		other = post_getattr(f);
		fake_guest_kick(&f->guest, REQUESTS);
		assert_int_equal(collect(f), other);
	}
	pause_ms(HUNG_MS);
	assert_false(fake_ring_has_used(ring));
	assert_int_equal(atomic_load(&server.hung), 1);
	end_server();
	assert_int_equal(collect(f), hung);
	assert_alive(f);
}

/* The file, open. */
static void open_file(struct device_fixture *f, uint64_t *ret_node,
		      uint64_t *ret_fh)
{
	*ret_node = fuse_client_walk(&f->client, "own/file");
	assert_int_not_equal(*ret_node, 0);
	assert_int_equal(fuse_client_open(&f->client, *ret_node, LX_O_RDWR,
					  ret_fh), 0);
}

static void others_go_on_beside_a_read(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_read_in in = { .size = 4096 };
	uint64_t node;
	uint16_t held;

	if (!can_mount)
		skip();
	open_file(f, &node, &in.fh);
	held = hold(f);
	assert_others_go_on(f, held,
			    post(f, FUSE_READ, node, &in, sizeof(in)));
}

static void others_go_on_beside_a_write(void **state)
{
	struct device_fixture *f = *state;
	struct {
		struct fuse_write_in in;
		char data[8];
	} w = { { .size = 8 }, "written" };
	uint64_t node;
	uint16_t held;

	if (!can_mount)
		skip();
	open_file(f, &node, &w.in.fh);
	held = hold(f);
	assert_others_go_on(f, held,
			    post(f, FUSE_WRITE, node, &w, sizeof(w)));
}

static void others_go_on_beside_a_lookup(void **state)
{
	struct device_fixture *f = *state;
	uint64_t node;
	uint16_t held;

	if (!can_mount)
		skip();
	node = fuse_client_walk(&f->client, "own");
	assert_int_not_equal(node, 0);
	held = hold(f);
	assert_others_go_on(f, held, post(f, FUSE_LOOKUP, node, "slow", 5));
}

/* What it waits for is told anyway, when it is to stop or is reset. */
static void *end_later(void *arg)
{
	pause_ms(HUNG_MS);
	end_server();
	return arg;
}

static void a_reset_ends_what_hangs(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_read_in in = { .size = 4096 };
	pthread_t helper;
	uint64_t node;
	uint16_t held;

	if (!can_mount)
		skip();
	open_file(f, &node, &in.fh);
	held = hold(f);
	post(f, FUSE_READ, node, &in, sizeof(in));
	release(f, held);
	assert_int_equal(pthread_create(&helper, NULL, end_later, NULL), 0);
	assert_true(fake_guest_reset(&f->guest));
	pthread_join(helper, NULL);
	assert_int_equal(atomic_load(&server.end), true);
	device_mount(f);
	assert_alive(f);
}

static int setup(void **state)
{
	struct device_fixture *f;
	const char *path;

	host_setup(state);
	f = *state;
	path = tmptree_path(&f->tree, "own");
	assert_int_equal(mkdir(path, 0755), 0);
	server.fd = can_mount ? own_fuse_mount(path) : -1;
	can_mount = server.fd >= 0;
	atomic_store(&server.hung, 0);
	atomic_store(&server.held, false);
	atomic_store(&server.end, !can_mount);
	if (can_mount)
		assert_int_equal(pthread_create(&server.thread, NULL,
						server_main, NULL), 0);
	device_bring_up(f, "");
	device_mount(f);
	return 0;
}

static int teardown(void **state)
{
	struct device_fixture *f = *state;

	end_server();
	if (can_mount)
		(void)umount2(tmptree_path(&f->tree, "own"), MNT_DETACH);
	return device_teardown(state);
}

static int run(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(others_go_on_beside_a_read),
		TEST(others_go_on_beside_a_write),
		TEST(others_go_on_beside_a_lookup),
		TEST(a_reset_ends_what_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	can_mount = own_fuse_unshare();
	/* Without VIRTIO_F_IN_ORDER, which is only there without locks. */
	return run_with_all_rings(run, true);
}
