/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_held.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define R LX_F_RDLCK
#define W LX_F_WRLCK
#define U LX_F_UNLCK

static void set(struct vfs_held *held, uint32_t type, uint64_t start,
		uint64_t end)
{
	const struct lx_lock lock = { start, end, type, 0 };
	struct vfs_held next;

	assert_int_equal(vfs_held_next(held, &lock, &next), 0);
	vfs_held_take(held, &next);
}

static bool blocks(const struct vfs_held *held, uint32_t type, uint64_t start,
		   uint64_t end)
{
	const struct lx_lock lock = { start, end, type, 0 };

	return vfs_held_blocks(held, &lock);
}

static void readers_stand_in_writers_way_only(void **state)
{
	struct vfs_held held = { .count = 0 };

	(void)state;
	assert_false(blocks(&held, W, 0, INT64_MAX));
	set(&held, R, 10, 19);
	assert_true(blocks(&held, W, 19, 30));
	assert_true(blocks(&held, W, 0, 10));
	assert_false(blocks(&held, W, 0, 9));
	assert_false(blocks(&held, W, 20, INT64_MAX));
	assert_false(blocks(&held, R, 0, INT64_MAX));
	set(&held, W, 12, 13);
	assert_true(blocks(&held, R, 13, 13));
	assert_false(blocks(&held, R, 14, 19));
	vfs_held_clear(&held);
}

static void tells_what_kind_is_where(void **state)
{
	const struct lx_lock read = { 0, 5, R, 0 }, write = { 0, 5, W, 0 };
	struct vfs_held held = { .count = 0 };

	(void)state;
	set(&held, R, 5, 9);
	assert_true(vfs_held_has(&held, &read));
	assert_false(vfs_held_has(&held, &write));
	vfs_held_clear(&held);
}

static void neighbours_of_one_type_become_one(void **state)
{
	struct vfs_held held = { .count = 0 };

	(void)state;
	set(&held, W, 0, 9);
	set(&held, W, 20, 29);
	set(&held, R, 40, 49);
	assert_int_equal(held.count, 3);
	set(&held, W, 10, 19);
	assert_int_equal(held.count, 2);
	set(&held, W, 30, 39);
	assert_int_equal(held.count, 2);
	set(&held, U, 5, 44);
	assert_int_equal(held.count, 2);
	assert_true(blocks(&held, R, 4, 4));
	assert_false(blocks(&held, W, 5, 44));
	assert_true(blocks(&held, W, 45, 45));
	set(&held, W, 0, INT64_MAX);
	assert_int_equal(held.count, 1);
	set(&held, U, 7, 7);
	assert_int_equal(held.count, 2);
	set(&held, U, 0, INT64_MAX);
	assert_int_equal(held.count, 0);
	assert_null(held.range);
}

/* Against a byte for a byte. */
static void is_the_same_byte_by_byte(void **state)
{
	enum { BYTES = 24 };
	struct vfs_held held = { .count = 0 };
	uint8_t byte[BYTES];

	(void)state;
	memset(byte, U, sizeof(byte));
	srand(1);
	for (int i = 0; i < 5000; i++) {
		uint64_t a = (uint64_t)(rand() % BYTES);
		uint64_t b = (uint64_t)(rand() % BYTES);
		uint64_t start = a < b ? a : b, end = a < b ? b : a;
		uint32_t type = (uint32_t)(rand() % 3);

		set(&held, type, start, end);
		memset(byte + start, (int)type, (size_t)(end - start + 1));
		for (uint64_t at = 0; at < BYTES; at++) {
			assert_int_equal(blocks(&held, R, at, at),
					 byte[at] == W);
			assert_int_equal(blocks(&held, W, at, at),
					 byte[at] != U);
		}
	}
	vfs_held_clear(&held);
}

/* What was asked for and is not granted. */
static void a_plan_changes_nothing(void **state)
{
	const struct lx_lock lock = { 15, 15, R, 0 };
	struct vfs_held held = { .count = 0 }, next;

	(void)state;
	set(&held, W, 10, 19);
	assert_int_equal(vfs_held_next(&held, &lock, &next), 0);
	assert_int_equal(next.count, 3);
	assert_int_equal(held.count, 1);
	assert_true(blocks(&held, R, 15, 15));
	assert_false(blocks(&next, R, 15, 15));
	vfs_held_clear(&next);
	vfs_held_clear(&held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_stand_in_writers_way_only),
		cmocka_unit_test(tells_what_kind_is_where),
		cmocka_unit_test(neighbours_of_one_type_become_one),
		cmocka_unit_test(is_the_same_byte_by_byte),
		cmocka_unit_test(a_plan_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
