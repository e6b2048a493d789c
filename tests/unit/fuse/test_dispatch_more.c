/* SPDX-License-Identifier: MIT */
/* The second half of fuse_dispatch.c: ranges, locks, other attributes. */
#include "tests/unit/fuse/fake_fs.h"

#include "fuse/fuse_dispatch.h"

/* Send, expect success, a body of `len` bytes, and this one call. */
static void expect(struct bench *b, size_t len, const char *call)
{
	assert_int_equal(send_request(b), 0);
	assert_string_equal(calls(b), call);
	assert_int_equal(b->body_len, len);
}

/* The same request with ever less room: never half a record. */
static void needs_room(struct bench *b, size_t len)
{
	for (size_t room = 16; room < 16 + len; room++) {
		assert_int_equal(send_in_pieces(b, room, 5), 16);
		assert_int_equal(b->head.error, -LX_EIO);
	}
	assert_string_equal(calls(b), "");
	assert_int_equal(send_in_pieces(b, 16 + len, 5), 16 + len);
	assert_int_equal(b->head.error, 0);
	calls(b);
}

static void works_on_ranges(void **state)
{
	const struct fuse_fallocate_in fallocate = {
		.fh = 1, .offset = 2, .length = 3, .mode = 4
	};
	const struct fuse_lseek_in lseek = {
		.fh = 1, .offset = 2, .whence = 3
	};
	const struct fuse_syncfs_in syncfs = { 0 };
	struct bench *b = bench_open();

	(void)state;
	begin_with(b, FUSE_FALLOCATE, 9, &fallocate);
	expect(b, 0, "fallocate 9 1 2 3 4;");
	begin_with(b, FUSE_SYNCFS, 9, &syncfs);
	expect(b, 0, "syncfs 9;");
	begin_with(b, FUSE_LSEEK, 9, &lseek);
	expect(b, 8, "lseek 9 1 2 3;");
	assert_int_equal(((const struct fuse_lseek_out *)b->body)->offset,
			 0x123456789abcull);
	needs_room(b, 8);
	b->fs.rc = -LX_ENXIO;
	assert_int_equal(send_request(b), -LX_ENXIO);
	bench_free(b);
}

static void copies_no_more_than_the_reply_can_count(void **state)
{
	struct fuse_copy_file_range_in in = {
		.fh_in = 1, .off_in = 2, .nodeid_out = 3, .fh_out = 4,
		.off_out = 5, .len = 4096, .flags = 6
	};
	struct bench *b = bench_open();

	(void)state;
	b->fs.rc = 4095;
	begin_with(b, FUSE_COPY_FILE_RANGE, 9, &in);
	expect(b, 8, "copy 9 1 2 to 3 4 5, 0x1000 6;");
	assert_int_equal(((const struct fuse_write_out *)b->body)->size, 4095);
	needs_room(b, 8);
	/* More than there was to copy is the file system's mistake. */
	b->fs.rc = 4097;
	assert_int_equal(send_request(b), -LX_EIO);
	b->fs.rc = -LX_EXDEV;
	assert_int_equal(send_request(b), -LX_EXDEV);
	calls(b);
	in.len = 0x100001000;
	b->fs.rc = 0xfffff000;
	begin_with(b, FUSE_COPY_FILE_RANGE, 9, &in);
	expect(b, 8, "copy 9 1 2 to 3 4 5, 0xfffff000 6;");
	assert_int_equal(((const struct fuse_write_out *)b->body)->size,
			 0xfffff000);
	bench_free(b);
}

static void copies_by_64_bits(void **state)
{
	const struct fuse_copy_file_range_in in = {
		.fh_in = 1, .off_in = 2, .nodeid_out = 3, .fh_out = 4,
		.off_out = 5, .len = 0x100001000
	};
	struct bench *b = bench_open();

	(void)state;
	b->fs.rc = 0x100000003;
	begin_with(b, FUSE_COPY_FILE_RANGE_64, 9, &in);
	expect(b, 8, "copy 9 1 2 to 3 4 5, 0x100001000 0;");
	assert_true(((const struct fuse_copy_file_range_out *)b->body)
		    ->bytes_copied == 0x100000003);
	needs_room(b, 8);
	b->fs.rc = 0x100001001;
	assert_int_equal(send_request(b), -LX_EIO);
	b->fs.rc = -LX_EOPNOTSUPP;
	assert_int_equal(send_request(b), -LX_EOPNOTSUPP);
	bench_free(b);
}

static void creates_files_without_a_name(void **state)
{
	const struct fuse_create_in in = { .flags = 66, .mode = 0100640 };
	struct bench *b = bench_open();

	(void)state;
	begin_with(b, FUSE_TMPFILE, 9, &in);
	add_string(b, "/");
	expect(b, 144, "tmpfile 9 66 100640;");
	assert_int_equal(((const struct fuse_entry_out *)b->body)->nodeid,
			 0x1122);
	assert_int_equal(((const struct fuse_open_out *)
			  ((const char *)b->body + 128))->fh, 0x9b);
	needs_room(b, 144);
	bench_free(b);
}

static void answers_statx(void **state)
{
	const struct fuse_statx_in in = {
		.getattr_flags = 1, .fh = 2, .sx_flags = 3, .sx_mask = 4
	};
	const struct fuse_statx_out *out;
	struct bench *b = bench_open();

	(void)state;
	begin_with(b, FUSE_STATX, 9, &in);
	expect(b, 288, "statx 9 1 2 3 4;");
	out = b->body;
	assert_int_equal(out->attr_valid, 0x79);
	assert_int_equal(out->stat.dev_minor, 0x7a);
	assert_int_equal(out->stat.mask, 0);
	needs_room(b, 288);
	bench_free(b);
}

/* ---- ioctls ----------------------------------------------------------- */

static void passes_data_into_ioctls_and_out(void **state)
{
	struct fuse_ioctl_in in = {
		.fh = 1, .cmd = 77, .in_size = 5, .out_size = 20
	};
	const struct fuse_ioctl_out *out;
	struct bench *b = bench_open();

	(void)state;
	b->fs.fill = b->fs.rc = 7;
	begin_with(b, FUSE_IOCTL, 9, &in);
	add(b, "hello and more", 14);
	for (size_t piece = 1; piece < 90; piece++) {
		assert_int_equal(send_in_pieces(b, 200, piece), 16 + 16 + 7);
		assert_int_equal(b->head.error, 0);
		assert_string_equal(calls(b), "ioctl 9 1 77 5 20;");
		out = b->body;
		assert_int_equal(out->result, 0);
		assert_int_equal(out->flags, 0);
		assert_int_equal(out->in_iovs, 0);
		assert_int_equal(out->out_iovs, 0);
		assert_memory_equal(out + 1, "abcdefg", 7);
		assert_int_equal(b->fs.dst_size, 20);
		assert_memory_equal(b->fs.data, "hello", 5);
	}
	b->fs.rc = -LX_ENOTTY;
	assert_int_equal(send_request(b), -LX_ENOTTY);
	bench_free(b);
}

static void limits_what_ioctls_pass_out(void **state)
{
	struct fuse_ioctl_in in = { .out_size = 0xffffffff };
	struct bench *b = bench_open();

	(void)state;
	/* No more than there is room for. */
	begin_with(b, FUSE_IOCTL, 9, &in);
	for (size_t room = 0; room < 40; room++) {
		b->fs.fill = b->fs.rc = (ssize_t)room;
		assert_int_equal(send_in_pieces(b, 32 + room, 3), 32 + room);
		assert_int_equal(b->fs.dst_size, room);
		assert_int_equal(b->head.error, 0);
	}
	/* A count beyond that is the file system's mistake. */
	b->fs.rc = 41;
	assert_int_equal(send_in_pieces(b, 32 + 40, 3), 16);
	assert_int_equal(b->head.error, -LX_EIO);
	calls(b);
	/* No room for the record. */
	for (size_t room = 16; room < 32; room++) {
		assert_int_equal(send_in_pieces(b, room, 3), 16);
		assert_int_equal(b->head.error, -LX_EIO);
	}
	assert_string_equal(calls(b), "");
	bench_free(b);
}

static void refuses_unrestricted_ioctls(void **state)
{
	const struct fuse_ioctl_in in = { .flags = FUSE_IOCTL_UNRESTRICTED };
	struct bench *b = bench_open();

	(void)state;
	begin_with(b, FUSE_IOCTL, 9, &in);
	assert_int_equal(send_request(b), -LX_ENOTTY);
	assert_string_equal(calls(b), "");
	bench_free(b);
}

/* ---- locks ------------------------------------------------------------ */

static const struct fuse_lk_in lk = {
	.fh = 1, .owner = 2, .lk = { .start = 3, .end = 4, .type = 1 },
	.lk_flags = FUSE_LK_FLOCK,
};

static void locks(void **state)
{
	struct bench *b = bench_open();
	const struct fuse_lk_out *out;

	(void)state;
	begin_with(b, FUSE_GETLK, 9, &lk);
	expect(b, 24, "getlk 9 1 2 3-4 1;");
	out = b->body;
	assert_int_equal(out->lk.start, 0);
	assert_int_equal(out->lk.end, 0x7b);
	assert_int_equal(out->lk.pid, 0x7c);
	needs_room(b, 24);
	begin_with(b, FUSE_SETLK, 9, &lk);
	expect(b, 0, "setlk 9 1 2 3-4 1 1;");
	begin_with(b, FUSE_SETLKW, 9, &lk);
	expect(b, 0, "setlk 9 1 2 3-4 1 1;");
	bench_free(b);
}

static void waits_only_for_setlkw(void **state)
{
	static const uint32_t never[] = {
		FUSE_SETLK, FUSE_GETLK, FUSE_OPEN, FUSE_FALLOCATE, FUSE_READ
	};
	struct bench *b = bench_open();
	const uint8_t zeros[64] = { 0 };

	(void)state;
	b->fs.rc = -LX_EAGAIN;
	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		begin(b, never[i], 9);
		add(b, zeros, sizeof(zeros));
		assert_int_equal(send_request(b), -LX_EAGAIN);
	}
	begin_with(b, FUSE_SETLKW, 9, &lk);
	/* Nothing is written then, which send_in_pieces() looks at. */
	assert_int_equal(send_in_pieces(b, 100, 9), FUSE_WAIT);
	/* Any other error ends it. */
	for (int error = 1; error < 512; error++) {
		b->fs.rc = -error;
		if (error != LX_EAGAIN)
			assert_int_equal(send_request(b), -error);
		calls(b);
	}
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(works_on_ranges),
		cmocka_unit_test(copies_no_more_than_the_reply_can_count),
		cmocka_unit_test(copies_by_64_bits),
		cmocka_unit_test(creates_files_without_a_name),
		cmocka_unit_test(answers_statx),
		cmocka_unit_test(passes_data_into_ioctls_and_out),
		cmocka_unit_test(limits_what_ioctls_pass_out),
		cmocka_unit_test(refuses_unrestricted_ioctls),
		cmocka_unit_test(locks),
		cmocka_unit_test(waits_only_for_setlkw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
