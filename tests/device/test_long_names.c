/* SPDX-License-Identifier: MIT */
/*
 * A file system of the host with names that are longer than Linux has them:
 * here one on /dev/fuse, whose server is this test.  A guest's kernel may not
 * be ready for such a name (CVE-2026-31694), so it hears nothing of it.
 */
#include "tests/device/device_fixture.h"
#include "tests/device/own_fuse.h"

#define LONG_NAME (LX_NAME_MAX + 1)

static bool can_mount;
static struct own_fuse server;

/* ---- the server of the file system ------------------------------------- */

static void reply(const struct fuse_in_header *in, int error, const void *body,
		  size_t len)
{
	own_fuse_reply(server.fd, in, error, body, len);
}

static size_t add_entry(uint8_t *buf, size_t at, const char *name)
{
	const struct fuse_dirent entry = {
		.ino = 2, .off = at + 1, .namelen = (uint32_t)strlen(name),
		.type = LX_S_IFREG >> 12,
	};

	memcpy(buf + at, &entry, sizeof(entry));
	memcpy(buf + at + sizeof(entry), name, strlen(name));
	return at + FUSE_REC_ALIGN(sizeof(entry) + strlen(name));
}

/* A short name, one that is too long, the longest that is not, and a last. */
static void reply_entries(const struct fuse_in_header *in, uint64_t offset)
{
	uint8_t buf[900] = { 0 };
	char name[LONG_NAME + 1] = "";
	size_t at;

	memset(name, 'n', LONG_NAME);
	at = add_entry(buf, 0, "first");
	at = add_entry(buf, at, name);
	at = add_entry(buf, at, name + 1);
	at = add_entry(buf, at, "last");
	reply(in, 0, buf, offset ? 0 : at);
}

static void serve(const struct fuse_in_header *in, const void *body)
{
	const struct fuse_init_out init = {
		.major = 7, .minor = 31, .max_write = 65536,
	};
	const bool root = in->nodeid == FUSE_ROOT_ID &&
			  in->opcode != FUSE_LOOKUP;
	const struct fuse_attr attr = {
		.ino = root ? 1 : 2, .nlink = 1, .blksize = 4096,
		.mode = root ? S_IFDIR | 0777 : S_IFREG | 0666,
	};
	const struct fuse_attr_out attr_out = { .attr = attr };
	const struct fuse_entry_out entry = {
		.nodeid = 2, .generation = 1, .attr = attr,
	};
	const struct fuse_open_out dir = { .fh = 1 };
	struct fuse_read_in read;

	switch (in->opcode) {
	case FUSE_INIT:
		reply(in, 0, &init, sizeof(init));
		break;
	case FUSE_GETATTR:
		reply(in, 0, &attr_out, sizeof(attr_out));
		break;
	case FUSE_LOOKUP:
		reply(in, 0, &entry, sizeof(entry));
		break;
	case FUSE_OPENDIR:
		reply(in, 0, &dir, sizeof(dir));
		break;
	case FUSE_READDIR:
		memcpy(&read, body, sizeof(read));
		reply_entries(in, read.offset);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		reply(in, -ENOSYS, NULL, 0);
	}
}

/* Until it is unmounted. */
static void *server_main(void *arg)
{
	_Alignas(8) static char buf[65536 + 4096];

	while (read(server.fd, buf, sizeof(buf)) > 0)
		serve((const void *)buf, buf + sizeof(struct fuse_in_header));
	return arg;
}

/* ---- the guest --------------------------------------------------------- */

static void assert_lists(struct device_fixture *f, uint64_t node, uint64_t fh,
			 bool plus)
{
	struct fuse_client *c = &f->client;
	struct fuse_dirent entry = { 0 };
	uint8_t buf[4096];
	char name[256];
	size_t at = 0;
	int64_t n = fuse_client_readdir(c, node, fh, 0, plus, buf, sizeof(buf));

	assert_true(n > 0);
	assert_true(fuse_client_dirent(buf, (size_t)n, plus, &at, &entry, name,
				       NULL));
	assert_string_equal(name, "first");
	assert_true(fuse_client_dirent(buf, (size_t)n, plus, &at, &entry, name,
				       NULL));
	assert_int_equal(entry.namelen, LX_NAME_MAX);
	assert_true(fuse_client_dirent(buf, (size_t)n, plus, &at, &entry, name,
				       NULL));
	assert_string_equal(name, "last");
	assert_int_equal(at, n);
	assert_int_equal(fuse_client_readdir(c, node, fh, entry.off, plus, buf,
					     sizeof(buf)), 0);
}

static void are_not_listed(void **state)
{
	struct device_fixture *f = *state;
	uint64_t node, fh;

	if (!can_mount)
		skip();
	node = fuse_client_walk(&f->client, "own");
	assert_true(node);
	assert_int_equal(fuse_client_opendir(&f->client, node, &fh), 0);
	assert_lists(f, node, fh, false);
	assert_lists(f, node, fh, true);
	assert_int_equal(fuse_client_releasedir(&f->client, node, fh), 0);
}

static int setup(void **state)
{
	struct device_fixture *f;

	host_setup(state);
	f = *state;
	can_mount = can_mount &&
		    own_fuse_begin(&server, tmptree_path(&f->tree, "own"),
				   server_main);
	device_bring_up(f, "");
	device_mount(f);
	return 0;
}

static int teardown(void **state)
{
	struct device_fixture *f = *state;

	if (can_mount)
		own_fuse_end(&server, tmptree_path(&f->tree, "own"));
	return device_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(are_not_listed, setup,
						teardown),
	};

	can_mount = own_fuse_unshare();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
