/* SPDX-License-Identifier: MIT */
#include "common/bytes.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

static const uint8_t wire[] = { 0xff, 0xfe, 0xdc, 0xba, 0x98,
				0x76, 0x54, 0x32, 0x10 };

static void loads_little_endian_at_any_alignment(void **state)
{
	(void)state;
	for (size_t shift = 0; shift < 8; shift++) {
		uint8_t buf[sizeof(wire) + 8] = { 0 };

		memcpy(buf + shift, wire, sizeof(wire));
		assert_int_equal(le16_load(buf + shift + 1), 0xdcfe);
		assert_int_equal(le32_load(buf + shift + 1), 0x98badcfe);
		assert_int_equal(le64_load(buf + shift + 1),
				 0x1032547698badcfeu);
	}
}

static void stores_what_it_loads_and_no_more(void **state)
{
	uint8_t buf[12];

	(void)state;
	memset(buf, 0xee, sizeof(buf));
	le16_store(buf + 1, 0x1234);
	assert_memory_equal(buf, "\xee\x34\x12\xee", 4);
	le32_store(buf + 1, 0x89abcdef);
	assert_memory_equal(buf, "\xee\xef\xcd\xab\x89\xee", 6);
	le64_store(buf + 1, 0x1032547698badcfeu);
	assert_memory_equal(buf, "\xee\xfe\xdc\xba\x98\x76\x54\x32\x10\xee",
			    10);
}

static void knows_powers_of_two(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 64; bit++)
		assert_true(is_pow2((uint64_t)1 << bit));
	assert_false(is_pow2(0));
	assert_false(is_pow2(3));
	assert_false(is_pow2(UINT64_MAX));
}

static void aligns_up(void **state)
{
	(void)state;
	assert_int_equal(align_up(0, 8), 0);
	assert_int_equal(align_up(1, 8), 8);
	assert_int_equal(align_up(8, 8), 8);
	assert_int_equal(align_up(9, 1), 9);
	assert_int_equal(align_up(0xfffffffffffff001u, 8),
			 0xfffffffffffff008u);
}

static void finds_what_lies_within_without_overflow(void **state)
{
	static const struct {
		uint64_t start, len, base, size;
		bool within;
	} t[] = {
		{ 0, 0, 0, 0, true },
		{ 0, 1, 0, 0, false },
		{ 10, 5, 10, 5, true },
		{ 10, 6, 10, 5, false },
		{ 9, 1, 10, 5, false },
		{ 14, 1, 10, 5, true },
		{ 15, 0, 10, 5, true },
		{ 16, 0, 10, 5, false },
		{ 12, UINT64_MAX, 10, 5, false },
		{ UINT64_MAX, 1, UINT64_MAX - 4, 5, true },
		{ UINT64_MAX, 2, UINT64_MAX - 4, 5, false },
		{ UINT64_MAX - 3, 8, 0, 16, false },
		{ 0, UINT64_MAX, 0, UINT64_MAX, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		assert_int_equal(range_within(t[i].start, t[i].len, t[i].base,
					      t[i].size), t[i].within);
}

static void finds_overlaps_without_overflow(void **state)
{
	static const struct {
		uint64_t a, a_len, b, b_len;
		bool overlaps;
	} t[] = {
		{ 0, 10, 10, 10, false },
		{ 0, 11, 10, 10, true },
		{ 0, 30, 10, 10, true },
		{ 12, 1, 10, 10, true },
		{ 10, 10, 10, 10, true },
		{ 0, 0, 0, 10, false },
		{ 5, 0, 0, 10, false },
		{ UINT64_MAX - 9, 10, 0, 10, false },
		{ UINT64_MAX - 9, 10, UINT64_MAX, 1, true },
		{ 0, UINT64_MAX, UINT64_MAX - 1, 2, true },
		{ 0, UINT64_MAX, UINT64_MAX, 1, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		assert_int_equal(range_overlaps(t[i].a, t[i].a_len, t[i].b,
						t[i].b_len), t[i].overlaps);
		assert_int_equal(range_overlaps(t[i].b, t[i].b_len, t[i].a,
						t[i].a_len), t[i].overlaps);
	}
}

struct outer {
	int first;
	struct { int x; } inner;
};

static void finds_the_container_of_a_member(void **state)
{
	struct outer o;

	(void)state;
	assert_ptr_equal(container_of(&o.inner, struct outer, inner), &o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_little_endian_at_any_alignment),
		cmocka_unit_test(stores_what_it_loads_and_no_more),
		cmocka_unit_test(knows_powers_of_two),
		cmocka_unit_test(aligns_up),
		cmocka_unit_test(finds_what_lies_within_without_overflow),
		cmocka_unit_test(finds_overlaps_without_overflow),
		cmocka_unit_test(finds_the_container_of_a_member),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
