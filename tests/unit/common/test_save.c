/* SPDX-License-Identifier: MIT */
#include "common/save.h"

#include "common/bytes.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define KIND SAVE_TAG('t', 'e', 's', 't')
#define ONE SAVE_TAG('o', 'n', 'e', ' ')
#define TWO SAVE_TAG('t', 'w', 'o', ' ')

/* A stream: what was written, and how it is read. */
static struct {
	uint8_t bytes[4 * SAVE_RECORD_MAX];
	size_t len, pos;
	size_t piece;                   /* bytes of one read; 0: all */
	int error;                      /* of the next call */
	unsigned calls;
} stream;

static struct save_writer w;
static struct save_reader r;
static uint8_t big[SAVE_RECORD_MAX + 1];

static int take(void *ctx, const void *buf, size_t len)
{
	assert_ptr_equal(ctx, &stream);
	assert_true(len > 0 && len <= sizeof(stream.bytes) - stream.len);
	stream.calls++;
	if (stream.error)
		return stream.error;
	memcpy(stream.bytes + stream.len, buf, len);
	stream.len += len;
	return 0;
}

static ssize_t give(void *ctx, void *buf, size_t len)
{
	size_t n = MIN(len, stream.len - stream.pos);

	assert_ptr_equal(ctx, &stream);
	assert_true(len > 0);
	if (stream.error)
		return stream.error;
	if (stream.piece)
		n = MIN(n, stream.piece);
	memcpy(buf, stream.bytes + stream.pos, n);
	stream.pos += n;
	return (ssize_t)n;
}

static int set_up(void **state)
{
	(void)state;
	memset(&stream, 0, sizeof(stream));
	save_open(&w, KIND, take, &stream);
	return 0;
}

static int read_image(void)
{
	stream.pos = 0;
	return save_read(&r, KIND, give, &stream);
}

/* An image of one record with one number. */
static void write_small(void)
{
	save_begin(&w, ONE);
	save_u32(&w, 17);
	save_end(&w);
	assert_int_equal(save_close(&w), 0);
}

static int read_small(void)
{
	int rc = read_image();

	if (!rc)
		rc = save_take(&r, ONE);
	if (!rc && save_get_u32(&r) != 17 && !r.error)
		save_refuse(&r, -ERANGE, "not 17");
	if (!rc)
		rc = save_done(&r);
	return rc ? rc : save_read_end(&r);
}

static void every_value_comes_back(void **state)
{
	uint8_t bytes[3];
	size_t len;

	(void)state;
	save_begin(&w, ONE);
	save_u8(&w, 0xfe);
	save_u16(&w, 0xfedc);
	save_u32(&w, 0xfedcba98);
	save_u64(&w, 0xfedcba9876543210);
	save_bytes(&w, "abc", 3);
	save_u8(&w, 1);
	save_blob(&w, "de", 2);
	save_blob(&w, NULL, 0);
	save_end(&w);
	save_begin(&w, TWO);
	save_end(&w);
	assert_int_equal(save_close(&w), 0);

	stream.piece = 1;
	assert_int_equal(read_image(), 0);
	assert_int_equal(save_next(&r), ONE);
	assert_int_equal(save_take(&r, ONE), 0);
	assert_int_equal(save_get_u8(&r), 0xfe);
	assert_int_equal(save_get_u16(&r), 0xfedc);
	assert_int_equal(save_get_u32(&r), 0xfedcba98);
	assert_int_equal(save_get_u64(&r), 0xfedcba9876543210);
	save_get_bytes(&r, bytes, 3);
	assert_memory_equal(bytes, "abc", 3);
	assert_true(save_get_bool(&r));
	assert_memory_equal(save_get_blob(&r, 2, &len), "de", 2);
	assert_int_equal(len, 2);
	assert_int_equal(save_left(&r), 4);
	assert_non_null(save_get_blob(&r, 0, &len));
	assert_int_equal(len, 0);
	assert_int_equal(save_done(&r), 0);
	assert_int_equal(save_next(&r), TWO);
	assert_int_equal(save_next(&r), TWO);
	assert_int_equal(save_take(&r, TWO), 0);
	assert_int_equal(save_done(&r), 0);
	assert_int_equal(save_read_end(&r), 0);
	assert_string_equal(r.message, "");
}

static void nothing_is_read_behind_the_end(void **state)
{
	size_t len;

	(void)state;
	write_small();
	len = stream.len;
	stream.len += 100;
	assert_int_equal(read_small(), 0);
	assert_int_equal(stream.pos, len);
}

static void passes_on_many_records_at_a_time(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		save_begin(&w, ONE);
		save_u64(&w, i);
		save_end(&w);
	}
	assert_int_equal(save_close(&w), 0);
	assert_true(stream.calls < 5);
	assert_int_equal(read_image(), 0);
	for (unsigned i = 0; i < 10000; i++) {
		assert_int_equal(save_take(&r, ONE), 0);
		assert_int_equal(save_get_u64(&r), i);
		assert_int_equal(save_done(&r), 0);
	}
	assert_int_equal(save_read_end(&r), 0);
}

static void a_record_has_a_most_of_bytes(void **state)
{
	(void)state;
	memset(big, 0x5a, sizeof(big));
	save_begin(&w, ONE);
	save_bytes(&w, big, SAVE_RECORD_MAX);
	save_end(&w);
	assert_int_equal(w.error, 0);
	save_begin(&w, TWO);
	save_bytes(&w, big, SAVE_RECORD_MAX);
	assert_int_equal(w.error, 0);
	save_u8(&w, 1);
	assert_int_equal(w.error, -E2BIG);
	save_end(&w);
	assert_int_equal(save_close(&w), -E2BIG);
	assert_int_equal(read_image(), 0);
	assert_int_equal(save_take(&r, ONE), 0);
	assert_int_equal(save_left(&r), SAVE_RECORD_MAX);
	save_get_bytes(&r, big, SAVE_RECORD_MAX);
	assert_int_equal(save_done(&r), 0);
}

static void refuses_records_that_are_too_long(void **state)
{
	(void)state;
	write_small();
	le32_store(stream.bytes + 16 + 4, SAVE_RECORD_MAX + 1);
	assert_int_equal(read_small(), -EINVAL);
	assert_string_equal(r.message,
			    "record 'one ' of 65537 bytes, 65536 are allowed");
	assert_int_equal(stream.pos, 16 + 8);
}

static void an_error_of_the_stream_sticks(void **state)
{
	unsigned calls;

	(void)state;
	stream.error = -EPIPE;
	memset(big, 0, sizeof(big));
	for (int i = 0; i < 4; i++) {
		save_begin(&w, ONE);
		save_bytes(&w, big, SAVE_RECORD_MAX / 2);
		save_end(&w);
	}
	calls = stream.calls;
	stream.error = 0;
	assert_int_equal(calls, 1);
	assert_int_equal(save_close(&w), -EPIPE);
	assert_int_equal(stream.calls, calls);

	set_up(NULL);
	write_small();
	assert_int_equal(read_image(), 0);
	stream.error = -EPIPE;
	assert_int_equal(save_next(&r), 0);
	stream.error = 0;
	assert_int_equal(save_take(&r, ONE), -EPIPE);
	assert_int_equal(save_get_u32(&r), 0);
	assert_int_equal(save_refuse(&r, -EINVAL, "other"), -EPIPE);
	assert_int_equal(save_read_end(&r), -EPIPE);
	assert_string_equal(r.message,
			    "the image cannot be read: Broken pipe");
}

static void refuses_an_image_that_is_cut_off(void **state)
{
	size_t len;

	(void)state;
	write_small();
	len = stream.len;
	assert_int_equal(read_small(), 0);
	for (stream.len = 0; stream.len < len; stream.len++)
		assert_int_equal(read_small(), -EINVAL);
}

/* Each byte of the small image matters. */
static void refuses_any_other_byte(void **state)
{
	(void)state;
	write_small();
	for (size_t i = 0; i < stream.len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			stream.bytes[i] ^= (uint8_t)(1 << bit);
			assert_true(read_small() < 0);
			assert_true(strlen(r.message) > 0);
			stream.bytes[i] ^= (uint8_t)(1 << bit);
		}
	}
	assert_int_equal(read_small(), 0);
}

static void refuses_what_is_no_image_of_the_kind(void **state)
{
	(void)state;
	write_small();
	assert_int_equal(save_read(&r, TWO, give, &stream), -EINVAL);
	assert_string_equal(r.message,
			    "saved state of 'test', 'two ' is expected");
	le32_store(stream.bytes + 8, 2);
	assert_int_equal(read_image(), -EINVAL);
	assert_string_equal(r.message,
			    "saved state of format 2, 1 is expected");
	memcpy(stream.bytes, "\x7f" "ELF", 4);
	assert_int_equal(read_image(), -EINVAL);
	assert_string_equal(r.message, "this is no saved state");
}

static void refuses_payloads_of_another_length(void **state)
{
	(void)state;
	write_small();
	assert_int_equal(read_image(), 0);
	assert_int_equal(save_take(&r, ONE), 0);
	assert_int_equal(save_get_u64(&r), 0);
	assert_int_equal(save_done(&r), -EINVAL);
	assert_string_equal(r.message, "record 'one ' is too short");

	assert_int_equal(read_image(), 0);
	assert_int_equal(save_take(&r, ONE), 0);
	save_get_u16(&r);
	assert_int_equal(save_done(&r), -EINVAL);
	assert_string_equal(r.message, "record 'one ' is 2 bytes too long");

	/* Who forgets to ask is told by the next record. */
	assert_int_equal(read_image(), 0);
	assert_int_equal(save_take(&r, ONE), 0);
	assert_int_equal(save_read_end(&r), -EINVAL);
}

static void refuses_records_out_of_order(void **state)
{
	(void)state;
	write_small();
	assert_int_equal(read_image(), 0);
	assert_int_equal(save_take(&r, TWO), -EINVAL);
	assert_string_equal(r.message,
			    "record 'one ' where 'two ' is expected");
	assert_int_equal(save_next(&r), 0);
}

static void refuses_blobs_and_truths_that_lie(void **state)
{
	size_t len = 1;

	(void)state;
	write_small();
	assert_int_equal(read_image(), 0);
	assert_int_equal(save_take(&r, ONE), 0);
	assert_non_null(save_get_blob(&r, 16, &len));
	assert_int_equal(r.error, -EINVAL);
	assert_int_equal(len, 0);
	assert_string_equal(r.message, "record 'one ': 17 bytes, 16 are allowed");

	assert_int_equal(read_image(), 0);
	assert_int_equal(save_take(&r, ONE), 0);
	len = 1;
	assert_non_null(save_get_blob(&r, 17, &len));
	assert_int_equal(r.error, -EINVAL);
	assert_int_equal(len, 0);
	assert_string_equal(r.message, "record 'one ' is too short");

	assert_int_equal(read_image(), 0);
	assert_int_equal(save_take(&r, ONE), 0);
	assert_false(save_get_bool(&r));
	assert_int_equal(r.error, -EINVAL);
	assert_string_equal(r.message, "record 'one ': 17 is neither 0 nor 1");
}

static void names_of_tags_are_fit_to_print(void **state)
{
	(void)state;
	write_small();
	memcpy(stream.bytes + 16, "\n\x1b%s", 4);
	assert_int_equal(read_small(), -EINVAL);
	assert_string_equal(r.message,
			    "record '\?\?%s' where 'one ' is expected");
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_value_comes_back),
		TEST(nothing_is_read_behind_the_end),
		TEST(passes_on_many_records_at_a_time),
		TEST(a_record_has_a_most_of_bytes),
		TEST(refuses_records_that_are_too_long),
		TEST(an_error_of_the_stream_sticks),
		TEST(refuses_an_image_that_is_cut_off),
		TEST(refuses_any_other_byte),
		TEST(refuses_what_is_no_image_of_the_kind),
		TEST(refuses_payloads_of_another_length),
		TEST(refuses_records_out_of_order),
		TEST(refuses_blobs_and_truths_that_lie),
		TEST(names_of_tags_are_fit_to_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
