/* SPDX-License-Identifier: MIT */
#include "common/iov.h"

#include "common/bytes.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* "abcdefghij" in pieces of 3, 0, 1, 0, 6 and 0 bytes. */
static char text[10];
static const struct iov pieces[] = {
	{ text, 3 }, { text + 3, 0 }, { text + 3, 1 },
	{ NULL, 0 }, { text + 4, 6 }, { NULL, 0 },
};

static struct iov_tail start(void)
{
	memcpy(text, "abcdefghij", sizeof(text));
	return iov_tail_init(pieces, ARRAY_LEN(pieces));
}

static void reads_the_same_bytes_however_they_are_cut(void **state)
{
	(void)state;
	for (size_t step = 1; step <= sizeof(text); step++) {
		struct iov_tail t = start();
		char buf[10] = { 0 };

		for (size_t done = 0; done < sizeof(buf);) {
			size_t n = MIN(step, sizeof(buf) - done);

			assert_int_equal(iov_tail_size(&t),
					 sizeof(buf) - done);
			assert_true(iov_tail_read(&t, buf + done, n));
			done += n;
		}
		assert_memory_equal(buf, text, sizeof(buf));
		assert_int_equal(iov_tail_size(&t), 0);
		assert_false(iov_tail_read(&t, buf, 1));
		assert_true(iov_tail_read(&t, buf, 0));
	}
}

static void changes_nothing_when_too_little_is_left(void **state)
{
	struct iov_tail t = start(), before;
	char buf[16];

	(void)state;
	memset(buf, '?', sizeof(buf));
	assert_true(iov_tail_skip(&t, 2));
	before = t;
	assert_false(iov_tail_read(&t, buf, 9));
	assert_false(iov_tail_write(&t, "123456789", 9));
	assert_false(iov_tail_zero(&t, 9));
	assert_false(iov_tail_skip(&t, 9));
	assert_false(iov_tail_skip(&t, SIZE_MAX));
	assert_memory_equal(&t, &before, sizeof(t));
	assert_memory_equal(buf, "????????????????", sizeof(buf));
	assert_memory_equal(text, "abcdefghij", sizeof(text));
	assert_true(iov_tail_skip(&t, 8));
}

static void writes_and_zeroes_in_place(void **state)
{
	struct iov_tail t = start();

	(void)state;
	assert_true(iov_tail_skip(&t, 1));
	assert_true(iov_tail_write(&t, "12345", 5));
	assert_true(iov_tail_zero(&t, 2));
	assert_int_equal(iov_tail_size(&t), 2);
	assert_memory_equal(text, "a12345\0\0ij", 10);
}

static void an_empty_list_holds_nothing(void **state)
{
	struct iov_tail t = iov_tail_init(NULL, 0);
	struct iov out;
	size_t len = 77;

	(void)state;
	assert_int_equal(iov_tail_size(&t), 0);
	assert_true(iov_tail_skip(&t, 0));
	assert_false(iov_tail_skip(&t, 1));
	assert_int_equal(iov_tail_slice(&t, 10, &out, 1, &len), 0);
	assert_int_equal(len, 0);
}

static void slices_without_moving_or_empty_pieces(void **state)
{
	struct iov_tail t = start(), before;
	struct iov out[8];
	size_t len;

	(void)state;
	assert_true(iov_tail_skip(&t, 1));
	before = t;
	assert_int_equal(iov_tail_slice(&t, 5, out, ARRAY_LEN(out), &len), 3);
	assert_int_equal(len, 5);
	assert_ptr_equal(out[0].base, text + 1);
	assert_int_equal(out[0].len, 2);
	assert_ptr_equal(out[1].base, text + 3);
	assert_int_equal(out[1].len, 1);
	assert_ptr_equal(out[2].base, text + 4);
	assert_int_equal(out[2].len, 2);
	assert_memory_equal(&t, &before, sizeof(t));
}

static void a_slice_is_short_when_less_is_left_or_there_is_no_room(void **state)
{
	struct iov_tail t = start();
	struct iov out[8];
	size_t len;

	(void)state;
	assert_int_equal(iov_tail_slice(&t, 100, out, ARRAY_LEN(out), &len),
			 3);
	assert_int_equal(len, 10);
	assert_int_equal(iov_tail_slice(&t, 100, out, 2, &len), 2);
	assert_int_equal(len, 4);
	assert_int_equal(iov_tail_slice(&t, 100, out, 0, &len), 0);
	assert_int_equal(len, 0);
	assert_int_equal(iov_tail_slice(&t, 0, out, ARRAY_LEN(out), &len), 0);
	assert_int_equal(len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_same_bytes_however_they_are_cut),
		cmocka_unit_test(changes_nothing_when_too_little_is_left),
		cmocka_unit_test(writes_and_zeroes_in_place),
		cmocka_unit_test(an_empty_list_holds_nothing),
		cmocka_unit_test(slices_without_moving_or_empty_pieces),
		cmocka_unit_test(
			a_slice_is_short_when_less_is_left_or_there_is_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
