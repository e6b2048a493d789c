/* SPDX-License-Identifier: MIT */
#include "tests/unit/fuse/fake_fs.h"

#include "fuse/fuse_trace.h"

static struct bench *traced_bench(void)
{
	struct bench *b = bench_open();

	assert_true(log_set_filter(&b->log, "fuse=trace", NULL, 0));
	b->logged[0] = '\0';
	return b;
}

/*
 * Send; the two lines must be these, but for the unique number at their start
 * and the time at the end of the second.
 */
static void expect(struct bench *b, const char *request, const char *reply)
{
	const char *lines[2] = { request, reply };
	char want[1024], *line;

	b->logged[0] = '\0';
	send_in_pieces(b, 400, 1000);
	line = b->logged;
	for (int i = 0; i < 2; i++) {
		char *end = strchr(line, '\n');

		assert_non_null(end);
		*end = '\0';
		if (i == 1) {
			unsigned us;
			char *comma = strrchr(line, ',');

			assert_non_null(comma);
			assert_int_equal(sscanf(comma, ", %u us", &us), 1);
			*comma = '\0';
		}
		snprintf(want, sizeof(want), "#%llu %s",
			 (unsigned long long)b->request->unique, lines[i]);
		assert_string_equal(line, want);
		line = end + 1;
	}
	assert_string_equal(line, "");
}

static void prints_requests_and_replies(void **state)
{
	const struct fuse_read_in read = { .fh = 16, .offset = 4096,
					   .size = 26 };
	const struct fuse_forget_in forget = { .nlookup = 2 };
	struct bench *b = traced_bench();

	(void)state;
	begin(b, FUSE_LOOKUP, 3);
	add_string(b, "a\"b\n");
	expect(b, "LOOKUP node 3 \"a\\x22b\\x0a\" (uid 1000 gid 1001 pid 77, 45 bytes)",
	       "LOOKUP -> ok node 4386 ino 13124 mode 0 nlink 0 size 0, 144 bytes");
	b->fs.rc = -LX_ENOENT;
	expect(b, "LOOKUP node 3 \"a\\x22b\\x0a\" (uid 1000 gid 1001 pid 77, 45 bytes)",
	       "LOOKUP -> ENOENT, 16 bytes");
	b->fs.rc = b->fs.fill = 26;
	begin_with(b, FUSE_READ, 4, &read);
	expect(b, "READ node 4 fh 0x10 offset 4096 size 26 (uid 1000 gid 1001 pid 77, 80 bytes)",
	       "READ -> ok, 42 bytes");
	begin_with(b, FUSE_FORGET, 4, &forget);
	expect(b, "FORGET node 4 nlookup 2 (uid 1000 gid 1001 pid 77, 48 bytes)",
	       "FORGET -> no reply");
	bench_free(b);
}

static void prints_what_is_not_handled(void **state)
{
	struct bench *b = traced_bench();

	(void)state;
	begin(b, 99, 1);
	expect(b, "opcode 99 node 1 (uid 1000 gid 1001 pid 77, 40 bytes) not handled: ENOSYS",
	       "opcode 99 -> ENOSYS, 16 bytes");
	fuse_session_reset(b->session);
	begin(b, FUSE_STATFS, 1);
	expect(b, "STATFS node 1 (uid 1000 gid 1001 pid 77, 40 bytes) not handled: EIO",
	       "STATFS -> EIO, 16 bytes");
	bench_free(b);
}

static void prints_arguments(void **state)
{
	static const struct {
		uint32_t opcode;
		const char *args;
	} expected[] = {
		{ FUSE_SETATTR, "valid 0x1010101 mode 0100200401" },
		{ FUSE_MKNOD, "mode 0100200401 umask 0100200401 rdev" },
		{ FUSE_MKDIR, "mode 0100200401 umask 0100200401" },
		{ FUSE_CREATE, "mode 0100200401 umask 0100200401 flags" },
		{ FUSE_RENAME, "to 72340172838076673 \"n\" \"n\"" },
		{ FUSE_RENAME2, "flags 0x1010101 to 72340172838076673 \"n\"" },
		{ FUSE_LINK, "to 72340172838076673 \"n\"" },
		{ FUSE_ACCESS, "mask 0x1010101" },
		{ FUSE_GETXATTR, "size 16843009 \"n\"" },
		{ FUSE_LISTXATTR, "size 16843009" },
		{ FUSE_GETATTR, "fh 0x101010101010101" },
		{ FUSE_OPEN, "flags 0x1010101" },
		{ FUSE_OPENDIR, "flags 0x1010101" },
		{ FUSE_READDIR, "fh 0x101010101010101 offset" },
		{ FUSE_FLUSH, "fh 0x101010101010101" },
		{ FUSE_RELEASE, "fh 0x101010101010101" },
		{ FUSE_FSYNC, "fsync_flags 0x1010101" },
		{ FUSE_WRITE, "size 16843009 write_flags 0x1010101" },
		{ FUSE_SETXATTR, "flags 0x1010101 size 16843009" },
		{ FUSE_SYMLINK, "node 1 \"n\" \"n\"" },
		{ FUSE_BATCH_FORGET, "count 16843009" },
		{ FUSE_INTERRUPT, "unique 72340172838076673" },
		{ FUSE_INIT, "version 16843009.16843009 flags" },
	};
	struct bench *b = bench_new();

	(void)state;
	log_set_filter(&b->log, "trace", NULL, 0);
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		struct fuse_message m = {
			.req = { .opcode = expected[i].opcode, .node = 1 },
			.text = { "n", "n" },
		};

		memset(&m.args, 1, sizeof(m.args));
		b->logged[0] = '\0';
		fuse_trace_request(&b->log, &m, 0);
		if (!strstr(b->logged, expected[i].args))
			fail_msg("%s is not in %s", expected[i].args,
				 b->logged);
	}
	bench_free(b);
}

static void prints_what_a_setattr_sets(void **state)
{
	const struct fuse_setattr_in in = {
		.valid = FATTR_MODE | FATTR_SIZE | FATTR_FH | FATTR_UID |
			 FATTR_GID,
		.mode = 0640, .size = 5, .fh = 9, .uid = 1, .gid = 2
	};
	struct bench *b = traced_bench();

	(void)state;
	begin_with(b, FUSE_SETATTR, 3, &in);
	expect(b, "SETATTR node 3 valid 0x4f mode 0640 uid 1 gid 2 size 5 fh 0x9 (uid 1000 gid 1001 pid 77, 128 bytes)",
	       "SETATTR -> ok ino 0 mode 0 nlink 0 size 0, 120 bytes");
	bench_free(b);
}

static void cuts_long_names(void **state)
{
	struct bench *b = traced_bench();

	(void)state;
	begin(b, FUSE_SYMLINK, 1);
	add_letters(b, 255);
	add_letters(b, 4095);
	assert_int_equal(send_request(b), 0);
	assert_non_null(strstr(b->logged, "xxx...\" (uid 1000 gid 1001"));
	bench_free(b);
}

static void says_nothing_of_good_requests_otherwise(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	log_set_filter(&b->log, "fuse=debug", NULL, 0);
	b->logged[0] = '\0';
	begin(b, FUSE_STATFS, 1);
	assert_int_equal(send_request(b), 0);
	assert_string_equal(b->logged, "");
	b->fs.rc = -LX_ENOENT;
	send_request(b);
	assert_string_equal(b->logged,
			    "STATFS (opcode 17) on node 1: ENOENT\n");
	bench_free(b);
}

static void warns_of_malformed_requests_now_and_then(void **state)
{
	struct bench *b = bench_open();
	unsigned lines = 0;

	(void)state;
	begin(b, FUSE_GETATTR, 1);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(send_in_pieces(b, 200, 100), 16);
	assert_non_null(strstr(b->logged,
		"malformed GETATTR request of 40 bytes: EINVAL\n"));
	for (const char *s = b->logged; (s = strchr(s, '\n')); s++)
		lines++;
	/* Two periods, if one ends meanwhile. */
	assert_in_range(lines, 1, 2 * LOG_BURST);
	bench_free(b);
}

static void names_errors(void **state)
{
	char buf[FUSE_ERROR_TEXT];

	(void)state;
	assert_string_equal(fuse_error_name(-LX_EIO, buf), "EIO");
	assert_string_equal(fuse_error_name(LX_EDQUOT, buf), "EDQUOT");
	assert_string_equal(fuse_error_name(-3, buf), "errno 3");
	assert_string_equal(fuse_error_name(-5000, buf), "errno 5000");
	assert_string_equal(fuse_error_name(INT32_MIN, buf),
			    "errno 2147483648");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_requests_and_replies),
		cmocka_unit_test(prints_what_is_not_handled),
		cmocka_unit_test(prints_arguments),
		cmocka_unit_test(prints_what_a_setattr_sets),
		cmocka_unit_test(cuts_long_names),
		cmocka_unit_test(says_nothing_of_good_requests_otherwise),
		cmocka_unit_test(warns_of_malformed_requests_now_and_then),
		cmocka_unit_test(names_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
