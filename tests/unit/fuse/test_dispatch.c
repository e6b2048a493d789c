/* SPDX-License-Identifier: MIT */
#include "tests/unit/fuse/fake_fs.h"

#include "fuse/fuse_dispatch.h"

/* Send, expect success, a body of `len` bytes, and this one call. */
static void expect(struct bench *b, size_t len, const char *call)
{
	assert_int_equal(send_request(b), 0);
	assert_string_equal(calls(b), call);
	assert_int_equal(b->body_len, len);
}

static void expect_entry(struct bench *b, const char *call)
{
	const struct fuse_entry_out *e = b->body;

	expect(b, 128, call);
	assert_int_equal(e->nodeid, 0x1122);
	assert_int_equal(e->attr.flags, 0x5566);
}

static void expect_open(struct bench *b, uint64_t fh, const char *call)
{
	expect(b, 16, call);
	assert_int_equal(((const struct fuse_open_out *)b->body)->fh, fh);
}

static void creates_and_finds_names(void **state)
{
	const struct fuse_mknod_in mknod = {
		.mode = 010644, .rdev = 5, .umask = 022
	};
	const struct fuse_mkdir_in mkdir = { .mode = 0755, .umask = 027 };
	const struct fuse_link_in link = { .oldnodeid = 9 };
	struct bench *b = bench_open();

	(void)state;
	begin(b, FUSE_LOOKUP, 3);
	add_string(b, "name");
	expect_entry(b, "lookup 3 name;");
	begin_with(b, FUSE_MKNOD, 4, &mknod);
	add_string(b, "pipe");
	expect_entry(b, "mknod 4 pipe 10644 5 22;");
	begin_with(b, FUSE_MKDIR, 4, &mkdir);
	add_string(b, "dir");
	expect_entry(b, "mkdir 4 dir 755 27;");
	begin(b, FUSE_SYMLINK, 4);
	add_string(b, "link");
	add_string(b, "../a/b");
	expect_entry(b, "symlink 4 link ../a/b;");
	begin_with(b, FUSE_LINK, 4, &link);
	add_string(b, "hard");
	expect_entry(b, "link 4 9 hard;");
	bench_free(b);
}

static void removes_and_renames(void **state)
{
	const struct fuse_rename_in rename = { .newdir = 6 };
	const struct fuse_rename2_in rename2 = { .newdir = 7, .flags = 2 };
	struct bench *b = bench_open();

	(void)state;
	begin(b, FUSE_UNLINK, 3);
	add_string(b, "f");
	expect(b, 0, "unlink 3 f;");
	begin(b, FUSE_RMDIR, 3);
	add_string(b, "d");
	expect(b, 0, "rmdir 3 d;");
	begin_with(b, FUSE_RENAME, 3, &rename);
	add_string(b, "old");
	add_string(b, "new");
	expect(b, 0, "rename 3 old 6 new 0;");
	begin_with(b, FUSE_RENAME2, 3, &rename2);
	add_string(b, "old");
	add_string(b, "new");
	expect(b, 0, "rename 3 old 7 new 2;");
	bench_free(b);
}

static void answers_attributes(void **state)
{
	const struct fuse_getattr_in get = { .getattr_flags = 1, .fh = 5 };
	const struct fuse_setattr_in set = { .valid = FATTR_GID, .gid = 12 };
	const struct fuse_access_in access = { .mask = 4 };
	struct bench *b = bench_open();
	const struct fuse_attr_out *a = (const void *)(b->reply + 16);

	(void)state;
	begin_with(b, FUSE_GETATTR, 3, &get);
	expect(b, 104, "getattr 3 1 5;");
	assert_int_equal(a->attr_valid, 0x77);
	assert_int_equal(a->attr.flags, 0x88);
	begin_with(b, FUSE_SETATTR, 3, &set);
	expect(b, 104, "setattr 3 4 12;");
	begin_with(b, FUSE_ACCESS, 3, &access);
	expect(b, 0, "access 3 4;");
	begin(b, FUSE_STATFS, 1);
	expect(b, 80, "statfs 1;");
	assert_int_equal(((const struct fuse_kstatfs *)b->body)->frsize, 0xabc);
	b->fs.fill = 5;
	b->fs.rc = 5;
	begin(b, FUSE_READLINK, 3);
	expect(b, 5, "readlink 3;");
	assert_memory_equal(b->body, "abcde", 5);
	bench_free(b);
}

static void opens_and_releases(void **state)
{
	const struct fuse_open_in open = { .flags = 2, .open_flags = 1 };
	const struct fuse_create_in create = {
		.flags = 66, .mode = 0100600, .umask = 077
	};
	const struct fuse_flush_in flush = { .fh = 8 };
	const struct fuse_release_in release = { .fh = 8, .flags = 2 };
	const struct fuse_fsync_in fsync = { .fh = 8, .fsync_flags = 1 };
	struct bench *b = bench_open();

	(void)state;
	begin_with(b, FUSE_OPEN, 3, &open);
	expect_open(b, 0x99, "open 3 2 1;");
	begin_with(b, FUSE_OPENDIR, 3, &open);
	expect_open(b, 0x9a, "opendir 3 2;");
	begin_with(b, FUSE_CREATE, 3, &create);
	add_string(b, "new");
	expect(b, 144, "create 3 new 66 100600 77;");
	assert_int_equal(((const struct fuse_entry_out *)b->body)->nodeid,
			 0x1122);
	assert_int_equal(((const struct fuse_open_out *)
			  ((const char *)b->body + 128))->fh, 0x99);
	begin_with(b, FUSE_FLUSH, 3, &flush);
	expect(b, 0, "flush 3 8;");
	begin_with(b, FUSE_RELEASE, 3, &release);
	expect(b, 0, "release 3 8 2;");
	begin_with(b, FUSE_RELEASEDIR, 3, &release);
	expect(b, 0, "releasedir 3 8;");
	begin_with(b, FUSE_FSYNC, 3, &fsync);
	expect(b, 0, "fsync 3 8 1;");
	begin_with(b, FUSE_FSYNCDIR, 3, &fsync);
	expect(b, 0, "fsyncdir 3 8;");
	bench_free(b);
}

static void reads_as_much_as_asked_for_and_fits(void **state)
{
	struct fuse_read_in in = { .fh = 1, .offset = 2, .size = 100 };
	struct bench *b = bench_open();

	(void)state;
	b->fs.fill = b->fs.rc = 26;
	begin_with(b, FUSE_READ, 3, &in);
	expect(b, 26, "read 3 1 2 100;");
	assert_int_equal(b->fs.dst_size, 100);
	assert_memory_equal(b->body, "abcdefghijklmnopqrstuvwxyz", 26);
	/* Pieces of one byte, and less room than was asked for. */
	assert_int_equal(send_in_pieces(b, 16 + 50, 1), 16 + 26);
	assert_int_equal(b->fs.dst_size, 50);
	assert_memory_equal(b->body, "abcdefghijklmnopqrstuvwxyz", 26);
	/* The whole of what there is. */
	b->fs.fill = b->fs.rc = 50;
	assert_int_equal(send_in_pieces(b, 16 + 50, 7), 16 + 50);
	b->fs.fill = b->fs.rc = 0;
	in.size = 0xffffffff;
	begin_with(b, FUSE_READ, 3, &in);
	assert_int_equal(send_request(b), 0);
	assert_int_equal(b->fs.dst_size, sizeof(b->reply) - 16);
	in.size = 0;
	begin_with(b, FUSE_READ, 3, &in);
	assert_int_equal(send_request(b), 0);
	assert_int_equal(b->fs.dst_size, 0);
	bench_free(b);
}

static void does_not_shorten_reads_of_large_pages(void **state)
{
	const struct fuse_read_in in = { .size = 2 * FUSE_MAX_WRITE };
	size_t room = 16 + 2 * FUSE_MAX_WRITE;
	struct bench *b = bench_open();

	(void)state;
	begin_with(b, FUSE_READ, 3, &in);
	assert_int_equal(send_in_pieces(b, room, 65536), 16);
	assert_int_equal(b->fs.dst_size, 2 * FUSE_MAX_WRITE);
	bench_free(b);
}

/* 32 MiB of room in one page, and a guest that asks for all of them. */
static void no_read_takes_for_ever(void **state)
{
	const struct fuse_read_in in = { .size = 0xffffffff };
	struct bench *b = bench_open();
	static uint8_t page[65536];
	struct iov request, reply[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(reply); i++)
		reply[i] = (struct iov){ page, sizeof(page) };
	begin_with(b, FUSE_READ, 3, &in);
	request = (struct iov){ b->bytes, b->len };
	assert_int_equal(fuse_session_dispatch(b->session,
					       iov_tail_init(&request, 1),
					       iov_tail_init(reply, 512)), 16);
	assert_int_equal(b->fs.dst_size, FUSE_MAX_READ);
	bench_free(b);
}

static void refuses_data_in_too_many_pieces(void **state)
{
	const struct fuse_read_in in = { .size = FUSE_PIECES_MAX + 1 };
	struct bench *b = bench_open();

	(void)state;
	begin_with(b, FUSE_READ, 3, &in);
	/* Not cut: any number of pieces will do. */
	send_in_pieces(b, 16 + in.size, 1);
	assert_int_equal(b->head.error, 0);
	assert_int_equal(b->fs.dst_size, in.size);
	send_in_pieces(b, 16 + in.size + 1, 1);
	assert_int_equal(b->head.error, -LX_EINVAL);
	bench_free(b);
}

static void refuses_counts_beyond_the_memory(void **state)
{
	const struct fuse_read_in in = { .size = 10 };
	struct bench *b = bench_open();

	(void)state;
	b->fs.rc = 11;
	begin_with(b, FUSE_READ, 3, &in);
	assert_int_equal(send_request(b), -LX_EIO);
	b->fs.rc = 10;
	assert_int_equal(send_request(b), 0);
	b->fs.rc = 100;
	begin(b, FUSE_READLINK, 3);
	send_in_pieces(b, 16 + 99, 1000);
	assert_int_equal(b->head.error, -LX_EIO);
	bench_free(b);
}

static void writes_the_data_where_it_lies(void **state)
{
	struct fuse_write_in in = { .fh = 1, .offset = 2, .size = 11 };
	struct bench *b = bench_open();

	(void)state;
	b->fs.rc = 11;
	begin_with(b, FUSE_WRITE, 3, &in);
	add(b, "hello worldPADDING", 18);
	for (size_t piece = 1; piece < 60; piece++) {
		assert_int_equal(send_in_pieces(b, 24, piece), 24);
		assert_string_equal(calls(b), "write 3 1 2 11;");
		assert_int_equal(b->fs.dst_size, 11);
		assert_memory_equal(b->fs.data, "hello world", 11);
		assert_int_equal(
			((const struct fuse_write_out *)b->body)->size, 11);
	}
	/* A count beyond what there was is the file system's mistake. */
	b->fs.rc = 12;
	assert_int_equal(send_request(b), -LX_EIO);
	bench_free(b);
}

/* Send as many bytes, all of them there. */
static int write_bytes(struct bench *b, uint32_t size)
{
	static uint8_t page[4096];
	struct iov in[FUSE_MAX_WRITE / sizeof(page) + 2], out;
	struct fuse_write_in record = { .size = size };
	size_t n = 0;

	begin_with(b, FUSE_WRITE, 3, &record);
	in[n++] = (struct iov){ b->bytes, b->len };
	b->request->len += size;
	for (; size; size -= (uint32_t)in[n++].len)
		in[n] = (struct iov){ page, MIN(size, sizeof(page)) };
	out = (struct iov){ b->reply, sizeof(b->reply) };
	assert_true(fuse_session_dispatch(b->session, iov_tail_init(in, n),
					  iov_tail_init(&out, 1)) >= 16);
	memcpy(&b->head, b->reply, sizeof(b->head));
	return b->head.error;
}

static void refuses_writes_that_are_short_or_long(void **state)
{
	struct fuse_write_in in = { .size = 12 };
	struct bench *b = bench_open();

	(void)state;
	begin_with(b, FUSE_WRITE, 3, &in);
	add(b, "hello world", 11);
	assert_int_equal(send_request(b), -LX_EINVAL);
	/* What the header does not count is not data. */
	in.size = 11;
	begin_with(b, FUSE_WRITE, 3, &in);
	add(b, "hello world", 11);
	b->request->len--;
	assert_int_equal(send_request(b), -LX_EINVAL);
	in.size = 0xffffffff;
	begin_with(b, FUSE_WRITE, 3, &in);
	assert_int_equal(send_request(b), -LX_EINVAL);
	assert_string_equal(calls(b), "");
	assert_int_equal(write_bytes(b, FUSE_MAX_WRITE + 1), -LX_EINVAL);
	assert_string_equal(calls(b), "");
	b->fs.rc = FUSE_MAX_WRITE;
	assert_int_equal(write_bytes(b, FUSE_MAX_WRITE), 0);
	assert_int_equal(b->fs.dst_size, FUSE_MAX_WRITE);
	b->fs.rc = 0;
	in.size = 0;
	begin_with(b, FUSE_WRITE, 3, &in);
	assert_int_equal(send_request(b), 0);
	assert_int_equal(b->fs.dst_size, 0);
	bench_free(b);
}

static void fills_directories(void **state)
{
	struct fuse_read_in in = { .offset = 7, .size = 100 };
	struct bench *b = bench_open();
	const struct fuse_dirent *d = (const void *)(b->reply + 16 + 32);

	(void)state;
	begin_with(b, FUSE_READDIR, 3, &in);
	expect(b, 96, "readdir 3 7;");
	assert_int_equal(d->off, 9);
	assert_int_equal(d->namelen, 1);
	in.size = 0xffffffff;
	begin_with(b, FUSE_READDIRPLUS, 3, &in);
	assert_int_equal(send_in_pieces(b, 16 + 400, 3), 16 + 320);
	assert_string_equal(calls(b), "readdirplus 3 7;");
	assert_int_equal(b->fs.dst_size, 400);
	bench_free(b);
}

/* 4 MiB of room in one page, and a guest that asks for all of them. */
static void no_directory_takes_for_ever(void **state)
{
	const struct fuse_read_in in = { .size = 0xffffffff };
	struct bench *b = bench_open();
	static uint8_t page[65536];
	struct iov request, reply[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(reply); i++)
		reply[i] = (struct iov){ page, sizeof(page) };
	begin_with(b, FUSE_READDIR, 3, &in);
	request = (struct iov){ b->bytes, b->len };
	assert_in_range(fuse_session_dispatch(b->session,
					      iov_tail_init(&request, 1),
					      iov_tail_init(reply, 64)),
			1 << 19, (1 << 20) + 16);
	assert_int_equal(b->fs.dst_size, 1 << 20);
	bench_free(b);
}

static void sets_extended_attributes(void **state)
{
	const struct fuse_setxattr_in in = {
		.size = 5, .flags = 1, .setxattr_flags = 1
	};
	struct bench *b = bench_new();

	(void)state;
	/* Without FUSE_SETXATTR_EXT the record has 8 bytes. */
	assert_int_equal(send_init(b, 7, 38, ~0ull), 0);
	calls(b);
	begin(b, FUSE_SETXATTR, 3);
	add(b, &in, FUSE_COMPAT_SETXATTR_IN_SIZE);
	add_string(b, "user.a");
	add(b, "value", 5);
	expect(b, 0, "setxattr 3 user.a 5 1 0;");
	assert_memory_equal(b->fs.data, "value", 5);
	fuse_session_reset(b->session);
	b->fs.add = FUSE_SETXATTR_EXT;
	assert_int_equal(send_init(b, 7, 38, ~0ull), 0);
	calls(b);
	begin_with(b, FUSE_SETXATTR, 3, &in);
	add_string(b, "user.a");
	add(b, "value", 5);
	expect(b, 0, "setxattr 3 user.a 5 1 1;");
	assert_int_equal(send_in_pieces(b, 16, 1), 16);
	assert_memory_equal(b->fs.data, "value", 5);
	begin(b, FUSE_REMOVEXATTR, 3);
	add_string(b, "user.a");
	calls(b);
	expect(b, 0, "removexattr 3 user.a;");
	bench_free(b);
}

static void tells_sizes_of_extended_attributes(void **state)
{
	struct fuse_getxattr_in in = { .size = 0 };
	struct bench *b = bench_open();

	(void)state;
	b->fs.rc = 12;
	begin_with(b, FUSE_GETXATTR, 3, &in);
	add_string(b, "user.a");
	expect(b, 8, "getxattr 3 user.a;");
	assert_int_equal(b->fs.dst_size, 0);
	assert_int_equal(((const struct fuse_getxattr_out *)b->body)->size, 12);
	begin_with(b, FUSE_LISTXATTR, 3, &in);
	expect(b, 8, "listxattr 3;");
	assert_int_equal(((const struct fuse_getxattr_out *)b->body)->size, 12);
	b->fs.rc = LX_XATTR_SIZE_MAX + 1;
	assert_int_equal(send_request(b), -LX_E2BIG);
	b->fs.rc = -LX_ENODATA;
	assert_int_equal(send_request(b), -LX_ENODATA);
	in.size = 20;
	b->fs.fill = b->fs.rc = 12;
	calls(b);
	begin_with(b, FUSE_GETXATTR, 3, &in);
	add_string(b, "user.a");
	expect(b, 12, "getxattr 3 user.a;");
	assert_int_equal(b->fs.dst_size, 20);
	assert_memory_equal(b->body, "abcdefghijkl", 12);
	begin_with(b, FUSE_LISTXATTR, 3, &in);
	expect(b, 12, "listxattr 3;");
	bench_free(b);
}

static void forgets_without_a_reply(void **state)
{
	const struct fuse_forget_in in = { .nlookup = 5 };
	const struct fuse_batch_forget_in batch = { .count = 3 };
	const struct fuse_forget_one one[] = { { 10, 1 }, { 11, 2 } };
	struct bench *b = bench_open();

	(void)state;
	begin_with(b, FUSE_FORGET, 3, &in);
	assert_int_equal(send_in_pieces(b, 0, 1000), 0);
	assert_string_equal(calls(b), "forget 3 5;");
	/* With room for a reply there is none either. */
	assert_int_equal(send_in_pieces(b, 100, 1000), 0);
	calls(b);
	/* It says three and brings two and a half. */
	begin_with(b, FUSE_BATCH_FORGET, 0, &batch);
	add(b, one, sizeof(one));
	add(b, one, 8);
	assert_int_equal(send_in_pieces(b, 0, 5), 0);
	assert_string_equal(calls(b), "forget 10 1;forget 11 2;");
	/* It says three and brings four. */
	begin_with(b, FUSE_BATCH_FORGET, 0, &batch);
	add(b, one, sizeof(one));
	add(b, one, sizeof(one));
	assert_int_equal(send_in_pieces(b, 0, 100), 0);
	assert_string_equal(calls(b),
			    "forget 10 1;forget 11 2;forget 10 1;");
	begin(b, FUSE_INTERRUPT, 0);
	add(b, &in, sizeof(in));
	assert_int_equal(send_in_pieces(b, 100, 100), 0);
	assert_string_equal(calls(b), "");
	bench_free(b);
}

static bool served(uint32_t op)
{
	static const uint8_t ops[] = {
		1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20,
		21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36,
		38, 39, 42, 43, 44, 45, 46, 47, 50, 51, 52, 53
	};

	return op < 256 && memchr(ops, (int)op, sizeof(ops));
}

static void answers_enosys_to_every_other_opcode(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	for (uint32_t op = 0; op <= 65535; op++) {
		assert_int_equal(!!fuse_dispatch_find(op), served(op));
		if (served(op))
			continue;
		begin(b, op, 1);
		assert_int_equal(send_in_pieces(b, 16, 1000), 16);
		assert_int_equal(b->head.error, -LX_ENOSYS);
	}
	begin(b, 0xffffffff, 1);
	assert_int_equal(send_request(b), -LX_ENOSYS);
	assert_string_equal(calls(b), "");
	bench_free(b);
}

/* Every opcode with a body of every length; none is long enough for a name. */
static void survives_bodies_of_every_length(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	for (uint32_t op = 0; op <= 64; op++) {
		if (op == FUSE_INIT || op == FUSE_DESTROY)
			continue;
		for (size_t len = 0; len < 120; len++) {
			begin(b, op, 1);
			for (size_t i = 0; i < len; i++)
				add(b, &(uint8_t){ 'a' }, 1);
			send_in_pieces(b, 400, 1 + len % 9);
			calls(b);
		}
	}
	bench_free(b);
}

static void answers_enosys_for_what_a_file_system_lacks(void **state)
{
	static const struct fuse_ops nothing;
	struct bench *b = bench_open();
	const char zeros[100] = { 0 };
	unsigned enosys = 0;

	(void)state;
	fuse_session_free(b->session);
	b->session = fuse_session_new(&nothing, &b->fs, &b->log);
	assert_int_equal(send_init(b, 7, 38, 0), 0);
	for (uint32_t op = 1; op < 64; op++) {
		const struct fuse_row *row = fuse_dispatch_find(op);

		if (!row || !row->run)
			continue;
		begin(b, op, 1);
		add(b, zeros, op == FUSE_SETXATTR ? 8 : row->in.args);
		for (int i = 0; i < 2 && row->in.text[i]; i++)
			add_string(b, "n");
		if (send_in_pieces(b, 400, 1000) == 0)
			assert_true(row->no_reply);
		else
			enosys += b->head.error == -LX_ENOSYS;
	}
	assert_int_equal(enosys, 41);
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(creates_and_finds_names),
		cmocka_unit_test(removes_and_renames),
		cmocka_unit_test(answers_attributes),
		cmocka_unit_test(opens_and_releases),
		cmocka_unit_test(reads_as_much_as_asked_for_and_fits),
		cmocka_unit_test(does_not_shorten_reads_of_large_pages),
		cmocka_unit_test(no_read_takes_for_ever),
		cmocka_unit_test(refuses_data_in_too_many_pieces),
		cmocka_unit_test(refuses_counts_beyond_the_memory),
		cmocka_unit_test(writes_the_data_where_it_lies),
		cmocka_unit_test(refuses_writes_that_are_short_or_long),
		cmocka_unit_test(fills_directories),
		cmocka_unit_test(no_directory_takes_for_ever),
		cmocka_unit_test(sets_extended_attributes),
		cmocka_unit_test(tells_sizes_of_extended_attributes),
		cmocka_unit_test(forgets_without_a_reply),
		cmocka_unit_test(answers_enosys_to_every_other_opcode),
		cmocka_unit_test(survives_bodies_of_every_length),
		cmocka_unit_test(answers_enosys_for_what_a_file_system_lacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
