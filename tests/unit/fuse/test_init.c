/* SPDX-License-Identifier: MIT */
#include "tests/unit/fuse/fake_fs.h"

static const uint64_t own_flags =
	FUSE_INIT_EXT | FUSE_MAX_PAGES | FUSE_BIG_WRITES | FUSE_ASYNC_READ |
	FUSE_ASYNC_DIO | FUSE_PARALLEL_DIROPS | FUSE_ATOMIC_O_TRUNC |
	FUSE_AUTO_INVAL_DATA | FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO;

/* The reply to the last INIT, which was good. */
static const struct fuse_init_out *answer(struct bench *b)
{
	assert_int_equal(b->body_len, 64);
	return b->body;
}

static uint64_t flags(struct bench *b)
{
	return answer(b)->flags | (uint64_t)answer(b)->flags2 << 32;
}

static void tells_versions_and_limits(void **state)
{
	struct bench *b = bench_new();
	const struct fuse_init_out *out;

	(void)state;
	assert_int_equal(send_init(b, 7, 38, ~0ull), 0);
	out = answer(b);
	assert_int_equal(out->major, 7);
	assert_int_equal(out->minor, FUSE_KERNEL_MINOR_VERSION);
	assert_int_equal(out->max_readahead, 131072);
	assert_int_equal(out->max_write, FUSE_MAX_WRITE);
	assert_int_equal(out->max_pages, 256);
	assert_int_equal(out->time_gran, 1);
	assert_int_equal(out->max_background, 65535);
	assert_in_range(out->congestion_threshold, 1, 65535);
	assert_string_equal(calls(b), "init 7.38;");
	bench_free(b);
}

static void speaks_7_27_and_newer(void **state)
{
	(void)state;
	for (uint32_t minor = 0; minor < 60; minor++) {
		struct bench *b = bench_new();
		int error = send_init(b, 7, minor, ~0ull);

		assert_int_equal(error, minor < 27 ? -LX_EPROTO : 0);
		assert_int_equal(!*calls(b), minor < 27);
		begin(b, FUSE_STATFS, 1);
		assert_int_equal(send_request(b), minor < 27 ? -LX_EIO : 0);
		bench_free(b);
	}
}

static void refuses_an_older_major(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	assert_int_equal(send_init(b, 6, 99, ~0ull), -LX_EPROTO);
	assert_int_equal(send_init(b, 0, 38, ~0ull), -LX_EPROTO);
	assert_string_equal(calls(b), "");
	bench_free(b);
}

static void invites_a_newer_major_to_try_again(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	assert_int_equal(send_init(b, 8, 0, ~0ull), 0);
	assert_int_equal(answer(b)->major, 7);
	assert_int_equal(answer(b)->minor, FUSE_KERNEL_MINOR_VERSION);
	assert_int_equal(flags(b), 0);
	assert_string_equal(calls(b), "");
	begin(b, FUSE_STATFS, 1);
	assert_int_equal(send_request(b), -LX_EIO);
	assert_int_equal(send_init(b, 7, 45, ~0ull), 0);
	assert_string_equal(calls(b), "init 7.45;");
	bench_free(b);
}

static void answers_only_flags_that_were_offered(void **state)
{
	(void)state;
	for (int bit = -1; bit < 64; bit++) {
		uint64_t all = ~0ull, one = bit < 0 ? 0 : 1ull << bit;
		/* Without INIT_EXT the upper half does not exist. */
		uint64_t low = one & 0xffffffff;

		struct bench *b = bench_new();

		b->fs.add = all;
		assert_int_equal(send_init(b, 7, 45, one), 0);
		assert_int_equal(b->fs.info.offered, low);
		assert_int_equal(b->fs.info.flags, low & own_flags);
		assert_int_equal(flags(b), low);
		fuse_session_reset(b->session);
		assert_int_equal(send_init(b, 7, 45, one | FUSE_INIT_EXT), 0);
		assert_int_equal(flags(b), one | FUSE_INIT_EXT);
		fuse_session_reset(b->session);
		b->fs.add = 0;
		assert_int_equal(send_init(b, 7, 45, all & ~one), 0);
		assert_int_equal(flags(b), own_flags & ~one);
		bench_free(b);
	}
}

static void lets_the_file_system_choose(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->fs.add = FUSE_SUBMOUNTS | FUSE_CREATE_SUPP_GROUP;
	b->fs.remove = FUSE_ASYNC_DIO | FUSE_MAX_PAGES | FUSE_INIT_EXT;
	assert_int_equal(send_init(b, 7, 45, ~0ull), 0);
	/* Those that say how the reply is to be read stay. */
	assert_int_equal(flags(b), (own_flags & ~FUSE_ASYNC_DIO) |
				   FUSE_SUBMOUNTS | FUSE_CREATE_SUPP_GROUP);
	assert_int_equal(answer(b)->max_pages, 256);
	bench_free(b);
}

static void tells_no_max_pages_to_who_does_not_know_it(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	assert_int_equal(send_init(b, 7, 27, FUSE_BIG_WRITES), 0);
	assert_int_equal(answer(b)->max_pages, 0);
	assert_int_equal(flags(b), FUSE_BIG_WRITES);
	bench_free(b);
}

static void lets_the_file_system_lower_max_write(void **state)
{
	static const struct {
		uint32_t wanted, max_write, max_pages;
	} cases[] = {
		{ 65536, 65536, 16 }, { 4096, 4096, 1 }, { 100, 4096, 1 },
		{ FUSE_MAX_WRITE + 1, FUSE_MAX_WRITE, 256 },
		{ UINT32_MAX, FUSE_MAX_WRITE, 256 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bench *b = bench_new();
		const struct fuse_write_in in = { .size = 4097 };

		b->fs.max_write = cases[i].wanted;
		assert_int_equal(send_init(b, 7, 45, ~0ull), 0);
		assert_int_equal(answer(b)->max_write, cases[i].max_write);
		assert_int_equal(answer(b)->max_pages, cases[i].max_pages);
		begin_with(b, FUSE_WRITE, 1, &in);
		add_letters(b, 4096);
		assert_int_equal(send_request(b), cases[i].max_write < 4097 ?
				 -LX_EINVAL : 0);
		bench_free(b);
	}
}

static void takes_shorter_records(void **state)
{
	const struct fuse_init_in in = {
		.major = 7, .minor = 31, .max_readahead = 4096,
		.flags = FUSE_BIG_WRITES | FUSE_INIT_EXT, .flags2 = 1
	};

	(void)state;
	for (size_t len = 0; len <= sizeof(in) + 8; len++) {
		struct bench *b = bench_new();

		begin(b, FUSE_INIT, 0);
		add(b, &in, MIN(len, sizeof(in)));
		add(b, "12345678", len - MIN(len, sizeof(in)));
		send_in_pieces(b, 80, 3);
		assert_int_equal(b->head.error, len < 8 ? -LX_EINVAL : 0);
		if (len >= 12)
			assert_int_equal(answer(b)->max_readahead, 4096);
		if (len >= 20)
			assert_int_equal(b->fs.info.offered >> 32, 1);
		if (len == 8)
			assert_int_equal(b->fs.info.offered, 0);
		bench_free(b);
	}
}

static void fails_when_the_file_system_does(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->fs.rc = -LX_ENOMEM;
	assert_int_equal(send_init(b, 7, 38, ~0ull), -LX_ENOMEM);
	begin(b, FUSE_STATFS, 1);
	assert_int_equal(send_request(b), -LX_EIO);
	b->fs.rc = 0;
	assert_int_equal(send_init(b, 7, 38, ~0ull), 0);
	bench_free(b);
}

static void does_not_start_without_room_for_its_answer(void **state)
{
	const struct fuse_init_in in = { .major = 7, .minor = 38 };
	struct bench *b = bench_new();

	(void)state;
	begin_with(b, FUSE_INIT, 0, &in);
	assert_int_equal(send_in_pieces(b, 79, 100), 16);
	assert_int_equal(b->head.error, -LX_EIO);
	assert_string_equal(calls(b), "");
	assert_int_equal(send_in_pieces(b, 80, 100), 80);
	assert_string_equal(calls(b), "init 7.38;");
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_versions_and_limits),
		cmocka_unit_test(speaks_7_27_and_newer),
		cmocka_unit_test(refuses_an_older_major),
		cmocka_unit_test(invites_a_newer_major_to_try_again),
		cmocka_unit_test(answers_only_flags_that_were_offered),
		cmocka_unit_test(lets_the_file_system_choose),
		cmocka_unit_test(tells_no_max_pages_to_who_does_not_know_it),
		cmocka_unit_test(lets_the_file_system_lower_max_write),
		cmocka_unit_test(takes_shorter_records),
		cmocka_unit_test(fails_when_the_file_system_does),
		cmocka_unit_test(does_not_start_without_room_for_its_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
