/* SPDX-License-Identifier: MIT */
/*
 * A read-only share is read-only by the device's own doing, whatever the guest
 * sends (others left it to the guest's mount option: CVE-2026-46695).
 */
#include "tests/device/hostile.h"

#include <sys/stat.h>

#define BODY_MAX 160

/* A request that would work if the share were not read-only. */
struct change {
	uint32_t args;                  /* bytes of the record */
	uint32_t word[6];               /* what it begins with */
	const char *text[2];
	bool changes;                   /* so it is EROFS */
	bool handle;                    /* the record begins with one */
	bool dir;                       /* of a directory */
};

#define ARGS(type) .args = sizeof(struct fuse_##type##_in)
#define CHANGES .changes = true
#define DIR .dir = true

/* Every opcode; those without a row are sent as zeros. */
static const struct change requests[FUSE_COPY_FILE_RANGE_64 + 1] = {
	[FUSE_LOOKUP] = { .text = { "inner" }, DIR },
	[FUSE_SETATTR] = { ARGS(setattr), { FATTR_MODE }, CHANGES },
	[FUSE_SYMLINK] = { .text = { "new", "target" }, CHANGES, DIR },
	[FUSE_MKNOD] = { ARGS(mknod), { LX_S_IFREG | 0600 }, .text = { "new" },
			 CHANGES, DIR },
	[FUSE_MKDIR] = { ARGS(mkdir), { 0700 }, .text = { "new" }, CHANGES,
			 DIR },
	[FUSE_UNLINK] = { .text = { "inner" }, CHANGES, DIR },
	[FUSE_RMDIR] = { .text = { "empty" }, CHANGES, DIR },
	[FUSE_RENAME] = { ARGS(rename), { FUSE_ROOT_ID },
			  .text = { "inner", "new" }, CHANGES, DIR },
	[FUSE_RENAME2] = { ARGS(rename2), { FUSE_ROOT_ID },
			   .text = { "inner", "new" }, CHANGES, DIR },
	[FUSE_LINK] = { ARGS(link), { FUSE_ROOT_ID }, .text = { "new" },
			CHANGES, DIR },
	[FUSE_OPEN] = { ARGS(open), { LX_O_RDWR }, CHANGES },
	[FUSE_CREATE] = { ARGS(create), { LX_O_RDWR, 0600 },
			  .text = { "new" }, CHANGES, DIR },
	[FUSE_TMPFILE] = { ARGS(create), { LX_O_RDWR, 0600 },
			   .text = { "new" }, CHANGES, DIR },
	[FUSE_READ] = { ARGS(read), { [4] = 8 }, .handle = true },
	[FUSE_WRITE] = { ARGS(write), { [4] = 8 }, .text = { "changed" },
			 CHANGES, .handle = true },
	[FUSE_SETXATTR] = { ARGS(setxattr), { 6 },
			    .text = { "user.x", "value" }, CHANGES },
	[FUSE_GETXATTR] = { ARGS(getxattr), { 64 }, .text = { "user.x" } },
	[FUSE_REMOVEXATTR] = { .text = { "user.x" }, CHANGES },
	[FUSE_ACCESS] = { ARGS(access), { LX_W_OK }, CHANGES },
	[FUSE_FALLOCATE] = { ARGS(fallocate), { [4] = 4096 }, CHANGES,
			     .handle = true },
	[FUSE_FSYNC] = { ARGS(fsync), .handle = true },
	[FUSE_FLUSH] = { ARGS(flush), .handle = true },
	[FUSE_SETLK] = { ARGS(lk), .handle = true },
};

static int64_t send_change(struct device_fixture *f, uint32_t opcode,
			   uint64_t node, uint64_t fh)
{
	const struct change *c = &requests[opcode];
	uint8_t body[BODY_MAX] = { 0 };
	size_t len = c->args;

	memcpy(body, c->word, MIN(sizeof(c->word), len));
	if (c->handle)
		memcpy(body, &fh, sizeof(fh));
	for (size_t i = 0; i < ARRAY_LEN(c->text) && c->text[i]; i++) {
		strcpy((char *)body + len, c->text[i]);
		len += strlen(c->text[i]) + 1;
	}
	/* What has no row may be anything. */
	return send_body(f, opcode, c->dir ? FUSE_ROOT_ID : node, body,
			 len ? len : sizeof(body) / 2);
}

/* The copies: from the open file to itself, and so with two nodes. */
static int64_t send_copy(struct device_fixture *f, uint32_t opcode,
			 uint64_t node, uint64_t fh)
{
	const struct fuse_copy_file_range_in in = {
		.fh_in = fh, .nodeid_out = node, .fh_out = fh,
		.off_out = 4096, .len = 4,
	};

	return send_body(f, opcode, node, &in, sizeof(in));
}

/* FS_IOC_SETFLAGS: no dump. */
static int64_t send_set_flags(struct device_fixture *f, uint64_t node,
			      uint64_t fh)
{
	const struct {
		struct fuse_ioctl_in in;
		uint32_t flags;
	} __attribute__((packed)) body = {
		{ .fh = fh, .cmd = 0x40086602, .in_size = 4 }, 0x40,
	};

	return send_body(f, FUSE_IOCTL, node, &body, sizeof(body));
}

/* Of a file that is only to be read. */
static int64_t send_create(struct device_fixture *f)
{
	const struct {
		struct fuse_create_in in;
		char name[4];
	} body = { { .flags = LX_O_RDONLY, .mode = 0600 }, "new" };

	return send_body(f, FUSE_CREATE, FUSE_ROOT_ID, &body, sizeof(body));
}

static void no_opcode_changes_anything(void **state)
{
	struct device_fixture *f = *state;
	uint64_t node = fuse_client_walk(&f->client, "inner"), fh;
	char *before = tree_print(f->tree.root, NULL), *after;

	assert_int_equal(fuse_client_open(&f->client, node, LX_O_RDONLY, &fh),
			 0);
	for (uint32_t op = 1; op <= FUSE_COPY_FILE_RANGE_64; op++) {
		bool copy = op == FUSE_COPY_FILE_RANGE ||
			    op == FUSE_COPY_FILE_RANGE_64;
		int64_t ret;

		if (op == FUSE_DESTROY)
			continue;
		ret = copy ? send_copy(f, op, node, fh) :
			     send_change(f, op, node, fh);
		if ((copy || requests[op].changes) && ret != -LX_EROFS)
			fail_msg("opcode %u answers %lld", op, (long long)ret);
	}
	assert_int_equal(send_set_flags(f, node, fh), -LX_EROFS);
	assert_int_equal(send_create(f), -LX_EROFS);
	assert_alive(f);
	after = tree_print(f->tree.root, NULL);
	assert_string_equal(after, before);
	free(after);
	free(before);
}

/* Without "ro" they all work, or the test above would prove little. */
static void without_ro_they_do(void **state)
{
	struct device_fixture *f = *state;
	uint64_t node = fuse_client_walk(&f->client, "inner"), fh;

	assert_int_equal(fuse_client_open(&f->client, node, LX_O_RDWR, &fh),
			 0);
	for (uint32_t op = 1; op <= FUSE_TMPFILE; op++) {
		struct fuse_entry_out e;
		int64_t ret;

		if (!requests[op].changes)
			continue;
		ret = send_change(f, op, node, fh);
		if (ret < 0 && ret != -LX_EOPNOTSUPP && op != FUSE_LINK)
			fail_msg("opcode %u answers %lld", op, (long long)ret);
		if (ret < 0)
			continue;
		/* What they need is there again. */
		if (!fuse_client_lookup(&f->client, 1, "new", &e) &&
		    op != FUSE_RENAME && op != FUSE_RENAME2) {
			(void)fuse_client_unlink(&f->client, 1, "new");
			(void)fuse_client_rmdir(&f->client, 1, "new");
		}
		if (op == FUSE_RENAME || op == FUSE_RENAME2)
			assert_int_equal(fuse_client_rename(&f->client, 1,
							    "new", 1, "inner",
							    0), 0);
		if (op == FUSE_UNLINK)
			tmptree_write(&f->tree, "inner", "inside");
	}
}

static int setup_with(void **state, const char *options)
{
	struct device_fixture *f;

	host_setup(state);
	f = *state;
	tmptree_write(&f->tree, "inner", "inside");
	assert_int_equal(mkdir(tmptree_path(&f->tree, "empty"), 0755), 0);
	device_bring_up(f, options);
	device_mount(f);
	return 0;
}

static int read_only_setup(void **state)
{
	return setup_with(state, ",ro");
}

static int writable_setup(void **state)
{
	return setup_with(state, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_opcode_changes_anything,
						read_only_setup,
						device_teardown),
		cmocka_unit_test_setup_teardown(without_ro_they_do,
						writable_setup,
						device_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
