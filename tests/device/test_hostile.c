/* SPDX-License-Identifier: MIT */
/*
 * FUSE requests of a hostile guest (other implementations died of most of
 * these).  Whatever it is, the device answers with an error or not at all, and
 * goes on.
 */
#include "tests/device/hostile.h"

#include <sys/stat.h>

#define NAME_TOO_LONG (1u << 20)

/* ---- requests that are cut, empty or wrong ----------------------------- */

static void a_header_of_20_bytes(void **state)
{
	struct device_fixture *f = *state;
	uint8_t in[20] = { 20 }, out[16];

	assert_empty(f, fake_guest_call(&f->guest, REQUESTS, in, sizeof(in),
					out, sizeof(out)));
}

static void no_readable_descriptor(void **state)
{
	struct device_fixture *f = *state;
	uint8_t out[64];

	assert_empty(f, fake_guest_call(&f->guest, REQUESTS, NULL, 0, out,
					sizeof(out)));
}

static void a_getattr_that_is_cut(void **state)
{
	assert_refused(*state, send_body(*state, FUSE_GETATTR, 1, "1234567",
					 7));
}

static void a_name_without_its_end(void **state)
{
	assert_refused(*state, send_body(*state, FUSE_LOOKUP, 1, "file", 4));
}

static void a_lookup_of_nothing(void **state)
{
	assert_refused(*state, send_body(*state, FUSE_LOOKUP, 1, NULL, 0));
	assert_refused(*state, send_body(*state, FUSE_LOOKUP, 1, "", 1));
}

static void a_rename_with_one_name(void **state)
{
	const uint8_t body[] = "\1\0\0\0\0\0\0\0file";

	assert_refused(*state, send_body(*state, FUSE_RENAME, 1, body,
					 sizeof(body)));
}

static void a_setxattr_longer_than_its_value(void **state)
{
	struct device_fixture *f = *state;
	struct {
		struct fuse_setxattr_in in;
		char rest[16];
	} body = { .in = { .size = 60000 }, .rest = "user.x\0value" };

	assert_refused(f, send_body(f, FUSE_SETXATTR,
				    fuse_client_walk(&f->client, "file"),
				    &body, sizeof(body)));
}

static void a_batch_forget_of_everything(void **state)
{
	struct device_fixture *f = *state;
	const struct fuse_batch_forget_in in = { .count = UINT32_MAX };

	/* It has no answer; what matters is what follows. */
	assert_int_equal(send_raw(f, FUSE_BATCH_FORGET, 0, 40 + sizeof(in), &in,
				  sizeof(in), 0), 0);
	assert_alive(f);
}

static void the_root_forgotten_for_ever(void **state)
{
	struct device_fixture *f = *state;

	assert_int_equal(fuse_client_forget(&f->client, FUSE_ROOT_ID,
					    UINT64_MAX), 0);
	assert_alive(f);
	assert_true(fuse_client_walk(&f->client, "dir/inner"));
	/* An unmount finds it where it was. */
	assert_int_equal(fuse_client_destroy(&f->client), 0);
	assert_int_equal(fuse_client_init(&f->client, NULL), 0);
	assert_alive(f);
}

static void a_node_forgotten_too_often(void **state)
{
	struct device_fixture *f = *state;
	uint64_t node = fuse_client_walk(&f->client, "file");
	struct fuse_attr attr;

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(fuse_client_forget(&f->client, node,
						    UINT64_MAX), 0);
		assert_int_equal(fuse_client_getattr(&f->client, node, &attr),
				 -LX_ESTALE);
	}
	assert_int_equal(fuse_client_forget(&f->client, 0xdeadbeef, 1), 0);
	assert_true(fuse_client_walk(&f->client, "file"));
}

/* Whoever takes its place is not mistaken for it. */
static void a_node_that_is_gone(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	struct fuse_entry_out gone, next;
	struct fuse_attr attr;

	assert_int_equal(fuse_client_mkdir(c, 1, "gone", 0700, &gone), 0);
	assert_int_equal(fuse_client_rmdir(c, 1, "gone"), 0);
	assert_int_equal(fuse_client_forget(c, gone.nodeid, 1), 0);
	assert_int_equal(fuse_client_mkdir(c, 1, "next", 0700, &next), 0);
	assert_true(next.nodeid != gone.nodeid);
	assert_int_equal(fuse_client_getattr(c, gone.nodeid, &attr),
			 -LX_ESTALE);
	assert_int_equal(fuse_client_getattr(c, next.nodeid, &attr), 0);
}

static void a_length_that_is_not_the_buffers(void **state)
{
	struct device_fixture *f = *state;
	const struct fuse_getattr_in in = { 0 };

	assert_refused(f, send_raw(f, FUSE_GETATTR, 1, 4096, &in, sizeof(in),
				   256));
	assert_refused(f, send_raw(f, FUSE_GETATTR, 1, 41, &in, sizeof(in),
				   256));
	assert_empty(f, send_raw(f, FUSE_GETATTR, 1, 0, &in, sizeof(in), 256));
	assert_refused(f, send_raw(f, FUSE_GETATTR, 1, UINT32_MAX, &in,
				   sizeof(in), 256));
}

static void an_opcode_that_does_not_exist(void **state)
{
	assert_refused(*state, send_body(*state, 0, 1, NULL, 0));
	assert_refused(*state, send_body(*state, 4096, 1, NULL, 0));
	assert_refused(*state, send_body(*state, UINT32_MAX, 1, "body", 4));
}

static void a_name_of_a_mebibyte(void **state)
{
	char *name = malloc(NAME_TOO_LONG);

	assert_non_null(name);
	memset(name, 'a', NAME_TOO_LONG);
	name[NAME_TOO_LONG - 1] = '\0';
	/* It is too long a request, whatever it is. */
	assert_int_equal(send_body(*state, FUSE_LOOKUP, 1, name,
				   NAME_TOO_LONG), -LX_EINVAL);
	assert_alive(*state);
	free(name);
}

/* ---- replies that have no room ----------------------------------------- */

/* GETATTR of the root with this much room. */
static int64_t getattr_into(struct device_fixture *f, size_t room)
{
	const struct fuse_getattr_in in = { 0 };

	return send_raw(f, FUSE_GETATTR, FUSE_ROOT_ID, 40 + sizeof(in), &in,
			sizeof(in), room);
}

static void no_room_for_a_reply(void **state)
{
	assert_empty(*state, getattr_into(*state, 0));
}

static void room_for_half_a_reply_header(void **state)
{
	assert_empty(*state, getattr_into(*state, 8));
}

static void room_for_a_reply_header_only(void **state)
{
	assert_refused(*state, getattr_into(*state, 16));
}

static void room_for_all_but_a_byte(void **state)
{
	assert_refused(*state, getattr_into(*state, 119));
	assert_int_equal(getattr_into(*state, 120), 120);
}

static void no_room_for_a_created_file(void **state)
{
	struct device_fixture *f = *state;
	struct {
		struct fuse_create_in in;
		char name[4];
	} body = { { .flags = LX_O_CREAT | LX_O_RDWR, .mode = 0600 }, "new" };

	/* Again and again, so that a lost handle would show in the end. */
	for (unsigned i = 0; i < 100; i++)
		assert_true(send_raw(f, FUSE_CREATE, 1, 40 + sizeof(body),
				     &body, sizeof(body), 16) < 0);
	/* What cannot be answered is not begun. */
	assert_false(tmptree_exists(&f->tree, "new"));
	assert_alive(f);
}

/* ---- FUSE -------------------------------------------------------------- */

static void offsets_beyond_2_to_the_63(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	const uint64_t offsets[] = {
		UINT64_C(1) << 63, UINT64_MAX, UINT64_MAX - 4095, INT64_MAX,
	};
	uint64_t node = fuse_client_walk(c, "file"), fh;
	char buf[64] = "";

	assert_int_equal(fuse_client_open(c, node, LX_O_RDWR, &fh), 0);
	for (unsigned i = 0; i < ARRAY_LEN(offsets); i++) {
		assert_refused(f, fuse_client_write(c, node, fh, offsets[i],
						    buf, sizeof(buf)));
		assert_true(fuse_client_read(c, node, fh, offsets[i], buf,
					     sizeof(buf)) <= 0);
		assert_alive(f);
	}
}

static void a_write_of_more_than_it_brings(void **state)
{
	struct device_fixture *f = *state;
	uint64_t node = fuse_client_walk(&f->client, "file"), fh;
	struct {
		struct fuse_write_in in;
		char data[8];
	} body = { .in = { .size = 4096 }, .data = "eight by" };

	assert_int_equal(fuse_client_open(&f->client, node, LX_O_RDWR, &fh),
			 0);
	body.in.fh = fh;
	assert_refused(f, send_body(f, FUSE_WRITE, node, &body, sizeof(body)));
	assert_string_equal(tmptree_read(&f->tree, "file"), "hello");
}

static void a_read_of_more_than_there_is_room_for(void **state)
{
	struct device_fixture *f = *state;
	uint64_t node = fuse_client_walk(&f->client, "file"), fh;
	struct fuse_read_in in = { .size = UINT32_MAX };

	assert_int_equal(fuse_client_open(&f->client, node, LX_O_RDONLY, &fh),
			 0);
	in.fh = fh;
	/* What there is room for. */
	assert_int_equal(send_raw(f, FUSE_READ, node, 40 + sizeof(in), &in,
				  sizeof(in), 20), 20);
	assert_alive(f);
}

static void handles_and_nodes_that_are_not(void **state)
{
	struct device_fixture *f = *state;
	const uint64_t bad[] = { 0, 2, 0x7fffffff, UINT64_MAX, 0xdeadbeef };
	struct fuse_attr attr;
	uint64_t node, fh;
	char buf[64];

	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		assert_refused(f, fuse_client_getattr(&f->client, bad[i],
						      &attr));
		assert_refused(f, fuse_client_read(&f->client, FUSE_ROOT_ID,
						   bad[i], 0, buf, 64));
		assert_refused(f, fuse_client_readdir(&f->client, FUSE_ROOT_ID,
						      bad[i], 0, true, buf,
						      64));
		assert_refused(f, fuse_client_release(&f->client, FUSE_ROOT_ID,
						      bad[i]));
	}
	/* Nor is a handle of one node one of another. */
	node = fuse_client_walk(&f->client, "file");
	assert_int_equal(fuse_client_open(&f->client, node, LX_O_RDONLY, &fh),
			 0);
	node = fuse_client_walk(&f->client, "dir/inner");
	assert_refused(f, fuse_client_read(&f->client, node, fh, 0, buf, 64));
	assert_refused(f, fuse_client_release(&f->client, node, fh));
}

static void a_second_init(void **state)
{
	struct device_fixture *f = *state;

	assert_refused(f, fuse_client_init(&f->client, NULL));
}

static void an_init_shorter_than_its_header(void **state)
{
	struct device_fixture *f = *state;
	const struct fuse_init_in in = { .major = 7, .minor = 39 };

	device_drive(f, &default_options);
	for (uint32_t len = 0; len < sizeof(struct fuse_in_header); len++)
		assert_int_equal(send_raw(f, FUSE_INIT, 0, len, &in, sizeof(in),
					  256), 0);
	assert_int_equal(fuse_client_init(&f->client, NULL), 0);
}

static void a_request_before_init(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_attr attr;

	device_drive(f, &default_options);
	assert_int_equal(fuse_client_getattr(&f->client, FUSE_ROOT_ID, &attr),
			 -LX_EIO);
}

static void an_open_of_a_fifo(void **state)
{
	struct device_fixture *f = *state;
	uint64_t node, fh;

	assert_int_equal(mkfifo(tmptree_path(&f->tree, "fifo"), 0600), 0);
	node = fuse_client_walk(&f->client, "fifo");
	assert_true(node);
	assert_refused(f, fuse_client_open(&f->client, node, LX_O_RDONLY,
					   &fh));
	assert_refused(f, fuse_client_open(&f->client, node, LX_O_RDWR, &fh));
}

/* What a guest makes by itself is no more opened than what it finds. */
static void opens_of_nodes_that_it_made(void **state)
{
	static const uint32_t types[] = {
		LX_S_IFIFO, LX_S_IFSOCK, LX_S_IFCHR, LX_S_IFBLK,
	};
	static const uint32_t flags[] = {
		LX_O_RDONLY, LX_O_WRONLY | LX_O_NONBLOCK, LX_O_RDWR, LX_O_PATH,
	};
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	struct fuse_entry_out e, again;
	uint64_t fh;

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		/* Only root can make devices: here /dev/null. */
		if (fuse_client_mknod(c, 1, "made", types[i] | 0666, 0x103, &e))
			continue;
		for (size_t j = 0; j < ARRAY_LEN(flags); j++) {
			assert_refused(f, fuse_client_open(c, e.nodeid,
							   flags[j], &fh));
			assert_refused(f, fuse_client_create(c, 1, "made",
							     flags[j], 0600,
							     &again, &fh));
		}
		assert_int_equal(fuse_client_unlink(c, 1, "made"), 0);
		assert_refused(f, fuse_client_open(c, e.nodeid, LX_O_RDWR,
						   &fh));
	}
}

static void an_open_of_a_symbolic_link(void **state)
{
	struct device_fixture *f = *state;
	uint64_t node = fuse_client_walk(&f->client, "link"), fh;

	assert_refused(f, fuse_client_open(&f->client, node, LX_O_RDONLY,
					   &fh));
}

/* Names that would lead out of the share, in every request that takes one. */
static void names_that_walk(void **state)
{
	static const char *const names[] = {
		"..", ".", "../x", "/abs", "dir/x", "dir/", "/", "",
	};
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	struct fuse_entry_out e;
	uint64_t file = fuse_client_walk(c, "file"), fh;

	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		const char *n = names[i];

		assert_refused(f, fuse_client_mkdir(c, 1, n, 0700, &e));
		assert_refused(f, fuse_client_symlink(c, 1, n, "t", &e));
		assert_refused(f, fuse_client_mknod(c, 1, n, LX_S_IFREG | 0600,
						    0, &e));
		assert_refused(f, fuse_client_create(c, 1, n, LX_O_CREAT, 0600,
						     &e, &fh));
		assert_refused(f, fuse_client_unlink(c, 1, n));
		assert_refused(f, fuse_client_rmdir(c, 1, n));
		assert_refused(f, fuse_client_rename(c, 1, n, 1, "new", 0));
		assert_refused(f, fuse_client_rename(c, 1, "file", 1, n, 0));
		assert_refused(f, fuse_client_link(c, file, 1, n, &e));
		if (strcmp(n, ".") && strcmp(n, ".."))
			assert_refused(f, fuse_client_lookup(c, 1, n, &e));
	}
	/* Nothing happened, inside or outside. */
	assert_string_equal(tmptree_read(&f->tree, "file"), "hello");
	assert_false(tmptree_exists(&f->tree, "../x"));
	assert_false(tmptree_exists(&f->tree, "dir/x"));
}

/* ".." of the root is the root, or nothing; never what is above it. */
static void a_lookup_of_the_parent(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_entry_out e;
	struct fuse_attr root;

	assert_int_equal(fuse_client_getattr(&f->client, FUSE_ROOT_ID, &root),
			 0);
	if (!fuse_client_lookup(&f->client, FUSE_ROOT_ID, "..", &e))
		assert_true(e.attr.ino == root.ino);
	assert_alive(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		hostile_test(a_header_of_20_bytes),
		hostile_test(no_readable_descriptor),
		hostile_test(a_getattr_that_is_cut),
		hostile_test(a_name_without_its_end),
		hostile_test(a_lookup_of_nothing),
		hostile_test(a_rename_with_one_name),
		hostile_test(a_setxattr_longer_than_its_value),
		hostile_test(a_batch_forget_of_everything),
		hostile_test(the_root_forgotten_for_ever),
		hostile_test(a_node_forgotten_too_often),
		hostile_test(a_node_that_is_gone),
		hostile_test(a_length_that_is_not_the_buffers),
		hostile_test(an_opcode_that_does_not_exist),
		hostile_test(a_name_of_a_mebibyte),
		hostile_test(no_room_for_a_reply),
		hostile_test(room_for_half_a_reply_header),
		hostile_test(room_for_a_reply_header_only),
		hostile_test(room_for_all_but_a_byte),
		hostile_test(no_room_for_a_created_file),
		hostile_test(offsets_beyond_2_to_the_63),
		hostile_test(a_write_of_more_than_it_brings),
		hostile_test(a_read_of_more_than_there_is_room_for),
		hostile_test(handles_and_nodes_that_are_not),
		hostile_test(a_second_init),
		hostile_test(an_init_shorter_than_its_header),
		hostile_test(a_request_before_init),
		hostile_test(an_open_of_a_fifo),
		hostile_test(opens_of_nodes_that_it_made),
		hostile_test(an_open_of_a_symbolic_link),
		hostile_test(names_that_walk),
		hostile_test(a_lookup_of_the_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
