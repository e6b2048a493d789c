/* SPDX-License-Identifier: MIT */
/*
 * A file system of the host that has answered, and does so no more: here one on
 * /dev/fuse whose server is this test.  The guest knows more files of it than
 * there are descriptors for.  Requests that have nothing to do with it take
 * theirs away, and do not wait for it.
 */
#include "tests/device/device_fixture.h"
#include "tests/device/own_fuse.h"

#include <stdatomic.h>

#define KNOWN 60                        /* files that the guest knows there */
#define OTHERS 80                       /* and in the share itself */

static bool can_mount;

static struct {
	struct own_fuse own;
	atomic_bool hung;
} server;

/* ---- the server of the file system ------------------------------------- */

static void serve(const struct fuse_in_header *in, const char *body)
{
	const struct fuse_init_out init = {
		.major = 7, .minor = 39, .max_write = 65536,
	};
	const bool look = in->opcode == FUSE_LOOKUP;
	const uint64_t ino = look ? strtoul(body, NULL, 10) + 2 : in->nodeid;
	const uint32_t mode = ino == FUSE_ROOT_ID ? S_IFDIR | 0777 :
						    S_IFREG | 0666;
	const struct fuse_attr attr = {
		.ino = ino, .nlink = 1, .blksize = 4096, .mode = mode,
	};
	const struct fuse_attr_out attr_out = { .attr = attr };
	const struct fuse_entry_out entry = {
		.nodeid = ino, .generation = 1, .attr = attr,
	};
	const struct fuse_statx_out statx = {
		.stat = { .mask = LX_STATX_BASIC_STATS | LX_STATX_BTIME,
			  .ino = ino, .nlink = 1, .blksize = 4096,
			  .mode = (uint16_t)mode, .btime = { .tv_sec = 1 } },
	};
	const struct fuse_open_out dir = { .fh = 1 };

	switch (in->opcode) {
	case FUSE_INIT:
		own_fuse_reply(server.own.fd, in, 0, &init, sizeof(init));
		break;
	case FUSE_GETATTR:
		own_fuse_reply(server.own.fd, in, 0, &attr_out,
			       sizeof(attr_out));
		break;
	case FUSE_STATX:
		own_fuse_reply(server.own.fd, in, 0, &statx, sizeof(statx));
		break;
	case FUSE_LOOKUP:
		own_fuse_reply(server.own.fd, in, 0, &entry, sizeof(entry));
		break;
	case FUSE_OPENDIR:
		own_fuse_reply(server.own.fd, in, 0, &dir, sizeof(dir));
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		own_fuse_reply(server.own.fd, in, -ENOSYS, NULL, 0);
	}
}

/* Until it is unmounted. */
static void *server_main(void *arg)
{
	_Alignas(8) static char buf[65536 + 4096];

	while (read(server.own.fd, buf, sizeof(buf)) > 0)
		if (!atomic_load(&server.hung))
			serve((const void *)buf,
			      buf + sizeof(struct fuse_in_header));
	return arg;
}

/* ---- the guest --------------------------------------------------------- */

static void give_way_to_others(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	struct fuse_entry_out e;
	uint64_t own;
	char name[16];

	if (!can_mount)
		skip();
	own = fuse_client_walk(c, "own");
	assert_true(own);
	for (int i = 0; i < KNOWN; i++) {
		snprintf(name, sizeof(name), "%d", i);
		assert_int_equal(fuse_client_lookup(c, own, name, &e), 0);
	}
	atomic_store(&server.hung, true);
	for (int i = 0; i < OTHERS; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		assert_int_equal(fuse_client_lookup(c, FUSE_ROOT_ID, name, &e),
				 0);
	}
}

static int setup(void **state)
{
	struct device_fixture *f;
	char name[16];

	host_setup(state);
	f = *state;
	for (int i = 0; i < OTHERS; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		tmptree_write(&f->tree, name, "");
	}
	can_mount = can_mount &&
		    own_fuse_begin(&server.own, tmptree_path(&f->tree, "own"),
				   server_main);
	device_bring_up(f, ",rlimit-nofile=64");
	device_mount(f);
	return 0;
}

static int teardown(void **state)
{
	struct device_fixture *f = *state;

	if (can_mount)
		own_fuse_end(&server.own, tmptree_path(&f->tree, "own"));
	return device_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(give_way_to_others, setup,
						teardown),
	};

	can_mount = own_fuse_unshare();
	alarm(120);     /* who waits for ever must not hang the tests */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
