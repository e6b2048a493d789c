/* SPDX-License-Identifier: MIT */
/* The grammar of requests: what is refused, with which error, uncalled. */
#include "tests/unit/fuse/fake_fs.h"

#include "fuse/fuse_request.h"

/* Send in small pieces; refused so, and the file system has not been called. */
static void refused(struct bench *b, int error)
{
	assert_int_equal(send_in_pieces(b, 400, 3), 16);
	assert_int_equal(b->head.error, -error);
	assert_string_equal(calls(b), "");
}

static void accepted(struct bench *b, const char *call)
{
	send_in_pieces(b, 400, 3);
	assert_int_equal(b->head.error, 0);
	assert_string_equal(calls(b), call);
}

static void refuses_names_that_walk(void **state)
{
	static const char *const bad[] = { "", ".", "..", "/", "a/b", "a/",
		"/a", "../a" };
	static const char *const good[] = { "...", ".a", "..a", "a.", "\\",
		"\xff\x01", " " };
	struct bench *b = bench_open();
	char call[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		begin(b, FUSE_LOOKUP, 1);
		add_string(b, bad[i]);
		refused(b, LX_EINVAL);
	}
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		begin(b, FUSE_LOOKUP, 1);
		add_string(b, good[i]);
		snprintf(call, sizeof(call), "lookup 1 %s;", good[i]);
		accepted(b, call);
	}
	bench_free(b);
}

/* Where INIT has agreed that file handles work in the guest. */
static void looks_dots_up_where_agreed(void **state)
{
	static const char *const dots[] = { ".", ".." };
	struct bench *b = bench_open();
	char call[64];

	(void)state;
	b->fs.add = FUSE_EXPORT_SUPPORT;
	begin(b, FUSE_DESTROY, 0);
	assert_int_equal(send_request(b), 0);
	assert_int_equal(send_init(b, 7, 45, FUSE_EXPORT_SUPPORT), 0);
	calls(b);
	for (size_t i = 0; i < ARRAY_LEN(dots); i++) {
		begin(b, FUSE_LOOKUP, 1);
		add_string(b, dots[i]);
		snprintf(call, sizeof(call), "lookup 1 %s;", dots[i]);
		accepted(b, call);
		begin(b, FUSE_UNLINK, 1);
		add_string(b, dots[i]);
		refused(b, LX_EINVAL);
	}
	begin(b, FUSE_LOOKUP, 1);
	add_string(b, "../a");
	refused(b, LX_EINVAL);
	bench_free(b);
}

static void refuses_a_bad_second_name(void **state)
{
	const struct fuse_rename_in in = { .newdir = 2 };
	struct bench *b = bench_open();

	(void)state;
	begin_with(b, FUSE_RENAME, 1, &in);
	add_string(b, "a");
	refused(b, LX_EINVAL);
	add_string(b, "..");
	refused(b, LX_EINVAL);
	begin_with(b, FUSE_RENAME, 1, &in);
	add_string(b, "a");
	add(b, "b", 1);
	refused(b, LX_EINVAL);
	add_letters(b, 255);
	refused(b, LX_ENAMETOOLONG);
	begin_with(b, FUSE_RENAME, 1, &in);
	add_letters(b, 256);
	add_string(b, "b");
	refused(b, LX_ENAMETOOLONG);
	bench_free(b);
}

static void limits_names(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	for (size_t len = 250; len < 600; len++) {
		begin(b, FUSE_UNLINK, 1);
		add_letters(b, len);
		send_in_pieces(b, 200, 100);
		assert_int_equal(b->head.error,
				 len <= 255 ? 0 : -LX_ENAMETOOLONG);
	}
	calls(b);
	/* 255 bytes and no end; 256 and no end. */
	begin(b, FUSE_UNLINK, 1);
	add_letters(b, 255);
	b->len--;
	b->request->len--;
	refused(b, LX_EINVAL);
	begin(b, FUSE_UNLINK, 1);
	add_letters(b, 256);
	b->len--;
	b->request->len--;
	refused(b, LX_ENAMETOOLONG);
	bench_free(b);
}

static void limits_targets(void **state)
{
	static const size_t lengths[] = { 0, 1, 4094, 4095, 4096, 5000, 70000 };
	struct bench *b = bench_open();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		size_t len = lengths[i];
		int error = len == 0 ? LX_EINVAL :
			    len < LX_PATH_MAX ? 0 : LX_ENAMETOOLONG;

		begin(b, FUSE_SYMLINK, 1);
		add_letters(b, 255);
		add_letters(b, len);
		send_in_pieces(b, 200, 1000);
		assert_int_equal(b->head.error, -error);
		if (!error)
			assert_int_equal(b->fs.dst_size, len);
		assert_int_equal(!!*calls(b), !error);
	}
	begin(b, FUSE_SYMLINK, 1);
	add_string(b, "n");
	add_string(b, "../..//.");
	accepted(b, "symlink 1 n ../..//.;");
	bench_free(b);
}

static void limits_extended_attributes(void **state)
{
	struct fuse_setxattr_in in = { .size = LX_XATTR_SIZE_MAX };
	static uint8_t value[LX_XATTR_SIZE_MAX + 1];
	struct bench *b = bench_open();

	(void)state;
	for (size_t len = 0; len < 300; len++) {
		begin(b, FUSE_REMOVEXATTR, 1);
		add_letters(b, len);
		send_in_pieces(b, 200, 100);
		assert_int_equal(b->head.error, len == 0 ? -LX_EINVAL :
				 len <= 255 ? 0 : -LX_ERANGE);
		calls(b);
	}
	value[LX_XATTR_SIZE_MAX - 1] = 7;
	begin(b, FUSE_SETXATTR, 1);
	add(b, &in, 8);
	add_string(b, "user.a");
	add(b, value, in.size - 1);
	refused(b, LX_EINVAL);
	add(b, value + in.size - 1, 1);
	accepted(b, "setxattr 1 user.a 65536 0 0;");
	assert_memory_equal(b->fs.data, value, in.size);
	in.size++;
	begin(b, FUSE_SETXATTR, 1);
	add(b, &in, 8);
	add_string(b, "user.a");
	add(b, value, in.size);
	refused(b, LX_E2BIG);
	/* An attribute's name may hold what a file's may not. */
	begin(b, FUSE_REMOVEXATTR, 1);
	add_string(b, "user./..");
	accepted(b, "removexattr 1 user./..;");
	bench_free(b);
}

static void refuses_records_that_are_cut_off(void **state)
{
	static const struct {
		uint32_t opcode;
		size_t size;
		const char *text;       /* what makes it whole, NULs included */
		size_t text_len;
	} whole[] = {
		{ FUSE_GETATTR, 16, "", 0 }, { FUSE_SETATTR, 88, "", 0 },
		{ FUSE_MKNOD, 16, "n", 2 }, { FUSE_MKDIR, 8, "n", 2 },
		{ FUSE_LOOKUP, 0, "n", 2 }, { FUSE_UNLINK, 0, "n", 2 },
		{ FUSE_RMDIR, 0, "n", 2 }, { FUSE_SYMLINK, 0, "n\0t", 4 },
		{ FUSE_RENAME, 8, "n\0m", 4 }, { FUSE_RENAME2, 16, "n\0m", 4 },
		{ FUSE_LINK, 8, "n", 2 }, { FUSE_OPEN, 8, "", 0 },
		{ FUSE_OPENDIR, 8, "", 0 }, { FUSE_CREATE, 16, "n", 2 },
		{ FUSE_READ, 40, "", 0 }, { FUSE_READDIR, 40, "", 0 },
		{ FUSE_READDIRPLUS, 40, "", 0 }, { FUSE_WRITE, 40, "", 0 },
		{ FUSE_FLUSH, 24, "", 0 }, { FUSE_RELEASE, 24, "", 0 },
		{ FUSE_RELEASEDIR, 24, "", 0 }, { FUSE_FSYNC, 16, "", 0 },
		{ FUSE_FSYNCDIR, 16, "", 0 }, { FUSE_ACCESS, 8, "", 0 },
		{ FUSE_SETXATTR, 8, "n", 2 }, { FUSE_GETXATTR, 8, "n", 2 },
		{ FUSE_LISTXATTR, 8, "", 0 }, { FUSE_REMOVEXATTR, 0, "n", 2 },
		{ FUSE_GETLK, 48, "", 0 }, { FUSE_SETLK, 48, "", 0 },
		{ FUSE_SETLKW, 48, "", 0 }, { FUSE_IOCTL, 32, "", 0 },
		{ FUSE_FALLOCATE, 32, "", 0 }, { FUSE_LSEEK, 24, "", 0 },
		{ FUSE_COPY_FILE_RANGE, 56, "", 0 },
		{ FUSE_COPY_FILE_RANGE_64, 56, "", 0 },
		{ FUSE_SYNCFS, 8, "", 0 }, { FUSE_TMPFILE, 16, "/", 2 },
		{ FUSE_STATX, 24, "", 0 },
	};
	static const uint8_t zeros[100];
	struct bench *b = bench_open();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(whole); i++) {
		size_t full = whole[i].size + whole[i].text_len;

		for (size_t len = 0; len <= full; len++) {
			size_t size = MIN(len, whole[i].size);

			begin(b, whole[i].opcode, 1);
			add(b, zeros, size);
			add(b, whole[i].text, len - size);
			if (len < full) {
				refused(b, LX_EINVAL);
				continue;
			}
			assert_true(send_in_pieces(b, 400, 3) >= 16);
			assert_int_equal(b->head.error, 0);
			assert_true(*calls(b));
		}
	}
	bench_free(b);
}

static void ignores_bytes_that_it_does_not_know(void **state)
{
	const struct fuse_mkdir_in in = { .mode = 0700 };
	struct bench *b = bench_open();

	(void)state;
	begin_with(b, FUSE_MKDIR, 1, &in);
	add_string(b, "d");
	add(b, "extensions", 10);
	accepted(b, "mkdir 1 d 700 0;");
	begin(b, FUSE_STATFS, 1);
	add(b, "extensions", 10);
	accepted(b, "statfs 1;");
	bench_free(b);
}

static void believes_the_length_of_the_header(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	/* Less than is readable: the rest is not part of it. */
	begin(b, FUSE_LOOKUP, 1);
	add_string(b, "abc");
	b->request->len -= 1;
	refused(b, LX_EINVAL);
	begin(b, FUSE_LOOKUP, 1);
	add_string(b, "abc");
	add(b, "more", 4);
	b->request->len -= 4;
	accepted(b, "lookup 1 abc;");
	/* More. */
	begin(b, FUSE_LOOKUP, 1);
	add_string(b, "abc");
	b->request->len++;
	refused(b, LX_EIO);
	b->request->len = 0xffffffff;
	refused(b, LX_EIO);
	/* None. */
	for (uint32_t len = 0; len < 40; len++) {
		b->request->len = len;
		assert_int_equal(send_in_pieces(b, 200, 100), -LX_EINVAL);
	}
	for (b->len = 0; b->len < 40; b->len++)
		assert_int_equal(send_in_pieces(b, 200, 100), -LX_EINVAL);
	bench_free(b);
}

/* What an ioctl passes in is as long as it says, and no longer than it can. */
static void limits_the_data_of_ioctls(void **state)
{
	static const uint8_t data[FUSE_IOCTL_MAX + 1] = { 1, 2, 3 };
	struct fuse_ioctl_in in = { .in_size = FUSE_IOCTL_MAX };
	struct bench *b = bench_open();

	(void)state;
	begin_with(b, FUSE_IOCTL, 1, &in);
	add(b, data, in.in_size - 1);
	refused(b, LX_EINVAL);
	add(b, data, 1);
	send_in_pieces(b, 400, 1000);
	assert_int_equal(b->head.error, 0);
	assert_memory_equal(b->fs.data, data, in.in_size - 1);
	assert_int_equal(b->fs.data[in.in_size - 1], data[0]);
	calls(b);
	in.in_size++;
	begin_with(b, FUSE_IOCTL, 1, &in);
	add(b, data, in.in_size);
	send_in_pieces(b, 400, 1000);
	assert_int_equal(b->head.error, -LX_E2BIG);
	in.in_size = 0xffffffff;
	begin_with(b, FUSE_IOCTL, 1, &in);
	refused(b, LX_E2BIG);
	in.in_size = 1;
	begin_with(b, FUSE_IOCTL, 1, &in);
	refused(b, LX_EINVAL);
	/* What the header does not count is not data. */
	add(b, data, 1);
	b->request->len--;
	refused(b, LX_EINVAL);
	bench_free(b);
}

static void accepts_any_name_where_it_means_nothing(void **state)
{
	static const char *const names[] = { "/", "", ".", "..", "a/b", "x" };
	const struct fuse_create_in in = { .mode = 0100600 };
	struct bench *b = bench_open();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		begin_with(b, FUSE_TMPFILE, 1, &in);
		add_string(b, names[i]);
		accepted(b, "tmpfile 1 0 100600;");
	}
	begin_with(b, FUSE_TMPFILE, 1, &in);
	add_letters(b, 256);
	refused(b, LX_ENAMETOOLONG);
	begin_with(b, FUSE_TMPFILE, 1, &in);
	add(b, "/", 1);
	refused(b, LX_EINVAL);
	bench_free(b);
}

/* Each of those that create, with a umask of 027 in its record. */
static void create_all(struct bench *b, const char *with)
{
	const struct fuse_mknod_in mknod = { .mode = 010666, .umask = 027 };
	const struct fuse_mkdir_in mkdir = { .mode = 0777, .umask = 027 };
	const struct fuse_create_in create = { .mode = 0100666, .umask = 027 };
	char call[64];

	begin_with(b, FUSE_MKNOD, 1, &mknod);
	add_string(b, "n");
	snprintf(call, sizeof(call), "mknod 1 n 10666 0 27;%s", with);
	accepted(b, call);
	begin_with(b, FUSE_MKDIR, 1, &mkdir);
	add_string(b, "n");
	snprintf(call, sizeof(call), "mkdir 1 n 777 27;%s", with);
	accepted(b, call);
	begin_with(b, FUSE_CREATE, 1, &create);
	add_string(b, "n");
	snprintf(call, sizeof(call), "create 1 n 0 100666 27;%s", with);
	accepted(b, call);
	begin_with(b, FUSE_TMPFILE, 1, &create);
	add_string(b, "/");
	snprintf(call, sizeof(call), "tmpfile 1 0 100666;%s", with);
	accepted(b, call);
	begin(b, FUSE_SYMLINK, 1);
	add_string(b, "n");
	add_string(b, "t");
	accepted(b, "symlink 1 n t;");
}

static void passes_the_umask_only_if_that_was_agreed_on(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	create_all(b, "");
	fuse_session_reset(b->session);
	b->fs.add = FUSE_DONT_MASK;
	assert_int_equal(send_init(b, 7, 38, ~0ull), 0);
	calls(b);
	create_all(b, "umask 27;");
	/* A guest that does not offer it applies the mask itself. */
	fuse_session_reset(b->session);
	assert_int_equal(send_init(b, 7, 38, ~FUSE_DONT_MASK), 0);
	calls(b);
	create_all(b, "");
	bench_free(b);
}

/* Parse a request of which `len` bytes count; all come from one page. */
static int parse_data(uint32_t len)
{
	static const struct fuse_grammar batch_forget = {
		.args = sizeof(struct fuse_batch_forget_in),
		.tail = FUSE_TAIL_DATA
	};
	static union {
		struct fuse_in_header header;
		uint8_t bytes[65536];
	} page;
	struct iov iov[64];
	struct fuse_message m;

	page.header.len = len;
	for (size_t i = 0; i < ARRAY_LEN(iov); i++)
		iov[i] = (struct iov){ &page, sizeof(page) };
	assert_true(fuse_request_header(&m,
					iov_tail_init(iov, ARRAY_LEN(iov))));
	return fuse_request_body(&m, &batch_forget, 0);
}

static void refuses_requests_beyond_the_limit(void **state)
{
	struct bench *b = bench_open();


	(void)state;
	assert_int_equal(parse_data(FUSE_REQUEST_MAX + FUSE_MAX_WRITE), 0);
	assert_int_equal(parse_data(FUSE_REQUEST_MAX + FUSE_MAX_WRITE + 1),
			 -LX_EINVAL);
	begin(b, FUSE_STATFS, 1);
	b->len = FUSE_REQUEST_MAX;
	b->request->len = FUSE_REQUEST_MAX;
	assert_int_equal(send_request(b), 0);
	b->len++;
	b->request->len++;
	assert_int_equal(send_request(b), -LX_EINVAL);
	bench_free(b);
}

/* The guest changes the name after it was checked: the copy does not change. */
static void keeps_a_private_copy(void **state)
{
	static const struct fuse_grammar lookup = {
		.text = { FUSE_TEXT_NAME }
	};
	uint8_t bytes[44] = { 44, [4] = FUSE_LOOKUP, [40] = 'a', 'b', 'c' };
	const struct iov iov = { bytes, sizeof(bytes) };
	struct fuse_message m;

	(void)state;
	assert_true(fuse_request_header(&m, iov_tail_init(&iov, 1)));
	assert_int_equal(fuse_request_body(&m, &lookup, 0), 0);
	memset(bytes, '/', sizeof(bytes));
	assert_string_equal(m.text[0], "abc");
	assert_int_equal(m.req.opcode, FUSE_LOOKUP);
	assert_int_equal(m.len, 44);
	assert_int_equal(m.left, 0);
	fuse_request_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_names_that_walk),
		cmocka_unit_test(looks_dots_up_where_agreed),
		cmocka_unit_test(refuses_a_bad_second_name),
		cmocka_unit_test(limits_names),
		cmocka_unit_test(limits_targets),
		cmocka_unit_test(limits_extended_attributes),
		cmocka_unit_test(refuses_records_that_are_cut_off),
		cmocka_unit_test(ignores_bytes_that_it_does_not_know),
		cmocka_unit_test(believes_the_length_of_the_header),
		cmocka_unit_test(limits_the_data_of_ioctls),
		cmocka_unit_test(accepts_any_name_where_it_means_nothing),
		cmocka_unit_test(passes_the_umask_only_if_that_was_agreed_on),
		cmocka_unit_test(refuses_requests_beyond_the_limit),
		cmocka_unit_test(keeps_a_private_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
