/* SPDX-License-Identifier: MIT */
#include "tests/unit/fuse/fake_fs.h"

#include "fuse/fuse_dispatch.h"
#include "fuse/fuse_reply.h"

static void says_nothing_without_room_for_a_header(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	begin(b, FUSE_STATFS, 1);
	for (size_t room = 0; room < 16; room++)
		assert_int_equal(send_in_pieces(b, room, 5), -LX_EINVAL);
	/* Neither for what has no meaning. */
	begin(b, 999, 1);
	assert_int_equal(send_in_pieces(b, 15, 5), -LX_EINVAL);
	assert_string_equal(calls(b), "");
	bench_free(b);
}

/* A file system that was called has done it, and an error would be a lie. */
static void refuses_before_the_call_what_does_not_fit(void **state)
{
	static const uint8_t zeros[100];
	struct bench *b = bench_open();

	(void)state;
	for (uint32_t op = 0; op < 64; op++) {
		const struct fuse_row *row = fuse_dispatch_find(op);

		if (!row || !row->run || !row->out)
			continue;
		begin(b, op, 1);
		add(b, zeros, row->in.args);
		for (int i = 0; i < 2 && row->in.text[i]; i++)
			add_string(b, "n");
		for (size_t room = 16; room < 16u + row->out; room++) {
			assert_int_equal(send_in_pieces(b, room, 7), 16);
			assert_int_equal(b->head.error, -LX_EIO);
			assert_string_equal(calls(b), "");
		}
		assert_int_equal(send_in_pieces(b, 16u + row->out, 7),
				 16 + row->out);
		assert_int_equal(b->head.error, 0);
		assert_true(*calls(b));
	}
	bench_free(b);
}

static void does_not_fit_a_size_into_nothing(void **state)
{
	const struct fuse_getxattr_in in = { .size = 0 };
	struct bench *b = bench_open();

	(void)state;
	b->fs.rc = 3;
	begin_with(b, FUSE_LISTXATTR, 1, &in);
	assert_int_equal(send_in_pieces(b, 23, 100), 16);
	assert_int_equal(b->head.error, -LX_EIO);
	assert_int_equal(send_in_pieces(b, 24, 100), 24);
	assert_int_equal(b->head.error, 0);
	bench_free(b);
}

static void carries_every_error_that_linux_takes(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	begin(b, FUSE_STATFS, 1);
	for (int error = 1; error <= 600; error++) {
		b->fs.rc = -error;
		assert_int_equal(send_in_pieces(b, 200, 1), 16);
		assert_int_equal(b->head.error, error < 512 ? -error : -LX_EIO);
		calls(b);
	}
	bench_free(b);
}

static void writes_body_then_header(void **state)
{
	uint8_t mem[24] = { 0 };
	const struct iov iov[] = {
		{ mem, 3 }, { mem + 3, 0 }, { mem + 3, 21 }
	};
	struct fuse_out_header h;
	struct fuse_reply r;
	ssize_t result;

	(void)state;
	assert_false(fuse_reply_init(&r, iov_tail_init(iov, 1)));
	assert_true(fuse_reply_init(&r, iov_tail_init(iov, 3)));
	assert_int_equal(r.room, 8);
	assert_int_equal(fuse_reply_add(&r, "123456789", 9), -LX_EIO);
	assert_int_equal(fuse_reply_add(&r, "12345", 5), 5);
	assert_int_equal(fuse_reply_add(&r, "1234", 4), -LX_EIO);
	assert_int_equal(fuse_reply_finish(&r, 9, 5, &result), 21);
	assert_int_equal(result, 5);
	memcpy(&h, mem, sizeof(h));
	assert_int_equal(h.len, 21);
	assert_int_equal(h.error, 0);
	assert_int_equal(h.unique, 9);
	assert_memory_equal(mem + 16, "12345\0\0\0", 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_nothing_without_room_for_a_header),
		cmocka_unit_test(refuses_before_the_call_what_does_not_fit),
		cmocka_unit_test(does_not_fit_a_size_into_nothing),
		cmocka_unit_test(carries_every_error_that_linux_takes),
		cmocka_unit_test(writes_body_then_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
