/* SPDX-License-Identifier: MIT */
/* What INIT agreed on is moved to another session. */
#include "tests/unit/fuse/fake_fs.h"

#include "tests/lib/fake_image.h"

#include <errno.h>

#define KIND SAVE_TAG('t', 'e', 's', 't')

static struct save_writer w;
static struct save_reader r;
static struct fake_image image;

static int tear_down(void **state)
{
	(void)state;
	fake_image_done(&image);
	return 0;
}

static void save(struct bench *b)
{
	image.len = 0;
	save_open(&w, KIND, fake_image_write, &image);
	assert_int_equal(fuse_session_save(b->session, &w), 0);
	assert_int_equal(save_close(&w), 0);
}

static int restore(struct bench *b)
{
	int rc;

	fake_image_rewind(&image);
	assert_int_equal(save_read(&r, KIND, fake_image_read, &image), 0);
	rc = fuse_session_restore(b->session, &r);
	return rc ? rc : save_read_end(&r);
}

static int ask(struct bench *b)
{
	begin(b, FUSE_STATFS, 1);
	return send_request(b);
}

static void an_open_session_goes_on(void **state)
{
	struct bench *b = bench_open(), *other = bench_new();

	(void)state;
	save(b);
	assert_int_equal(restore(other), 0);
	/* The file system has agreed on the same. */
	assert_string_equal(calls(other), "init 7.38;");
	assert_int_equal(other->fs.info.flags, b->fs.info.flags);
	assert_int_equal(ask(other), 0);
	assert_int_equal(send_init(other, 7, 38, 0), -LX_EIO);
	/* So has the one that was saved, which goes on, too. */
	assert_int_equal(ask(b), 0);
	bench_free(b);
	bench_free(other);
}

static void a_closed_session_stays_closed(void **state)
{
	struct bench *b = bench_new(), *other = bench_new();

	(void)state;
	save(b);
	assert_int_equal(restore(other), 0);
	assert_string_equal(calls(other), "");
	assert_int_equal(ask(other), -LX_EIO);
	assert_int_equal(send_init(other, 7, 38, 0), 0);
	bench_free(b);
	bench_free(other);
}

static void a_session_in_use_is_left_alone(void **state)
{
	struct bench *b = bench_open();

	(void)state;
	save(b);
	assert_int_equal(restore(b), -EBUSY);
	assert_string_equal(calls(b), "");
	assert_int_equal(ask(b), 0);
	bench_free(b);
}

static void a_file_system_that_can_do_less_is_refused(void **state)
{
	struct bench *b = bench_open(), *other = bench_new();

	(void)state;
	save(b);
	other->fs.remove = FUSE_ASYNC_READ;
	assert_int_equal(restore(other), -EINVAL);
	assert_non_null(strstr(r.message, "other options"));
	assert_string_equal(calls(other), "init 7.38;destroy;");
	assert_int_equal(ask(other), -LX_EIO);
	other->fs.remove = 0;
	other->fs.max_write = 8192;
	assert_int_equal(restore(other), -EINVAL);
	assert_non_null(strstr(r.message, "writes up to"));
	bench_free(b);
	bench_free(other);
}

/* What could be agreed on besides is not. */
static void a_file_system_that_can_do_more_does_the_same(void **state)
{
	struct bench *b = bench_new(), *other = bench_new();

	(void)state;
	b->fs.remove = FUSE_ASYNC_READ;
	b->fs.max_write = 8192;
	assert_int_equal(send_init(b, 7, 38, ~0ull), 0);
	save(b);
	assert_int_equal(restore(other), 0);
	assert_false(other->fs.info.flags & FUSE_ASYNC_READ);
	bench_free(b);
	bench_free(other);
}

static void no_byte_and_no_end_harms(void **state)
{
	struct bench *b = bench_open(), *other = bench_new();
	size_t len;

	(void)state;
	save(b);
	len = image.len;
	/* Behind the head, which save_read() wants to see. */
	for (image.len = 16; image.len < len; image.len++) {
		assert_true(restore(other) < 0);
		calls(other);
	}
	for (size_t i = 16; i < len; i++) {
		image.data[i] ^= 0x41;
		if (!restore(other))
			assert_int_equal(ask(other), 0);
		fuse_session_reset(other->session);
		calls(other);
		image.data[i] ^= 0x41;
	}
	assert_int_equal(restore(other), 0);
	bench_free(b);
	bench_free(other);
}

#define TEST(f) cmocka_unit_test_teardown(f, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_open_session_goes_on),
		TEST(a_closed_session_stays_closed),
		TEST(a_session_in_use_is_left_alone),
		TEST(a_file_system_that_can_do_less_is_refused),
		TEST(a_file_system_that_can_do_more_does_the_same),
		TEST(no_byte_and_no_end_harms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
