/* SPDX-License-Identifier: MIT */
#include "fuse/fuse_dirent.h"

#include "common/bytes.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* 400 bytes in pieces of `piece`. */
struct buffer {
	uint8_t mem[400];
	struct iov iov[400];
	struct iov_tail tail;
	struct fuse_dirents dirents;
};

static void make_buffer(struct buffer *b, size_t left, size_t piece, bool plus)
{
	size_t n = 0;

	memset(b->mem, 0xee, sizeof(b->mem));
	for (size_t at = 0; at < left; at += piece)
		b->iov[n++] = (struct iov){ b->mem + at,
					    MIN(piece, left - at) };
	b->tail = iov_tail_init(b->iov, n);
	b->dirents = (struct fuse_dirents){
		.dst = &b->tail, .left = left, .plus = plus
	};
}

static bool add(struct buffer *b, const char *name)
{
	static const struct fuse_entry_out entry = { .nodeid = 0x1234 };

	return fuse_dirents_add(&b->dirents, 5, 6, 8, name, strlen(name),
				&entry);
}

static void packs_entries_on_8_bytes(void **state)
{
	static const char name[] = "123456789";
	struct fuse_dirent d;
	struct buffer b;

	(void)state;
	for (size_t len = 1; len <= 9; len++) {
		size_t size = (24 + len + 7) / 8 * 8;

		make_buffer(&b, sizeof(b.mem), 1, false);
		assert_true(add(&b, name + 9 - len));
		assert_int_equal(b.dirents.left, sizeof(b.mem) - size);
		memcpy(&d, b.mem, sizeof(d));
		assert_int_equal(d.ino, 5);
		assert_int_equal(d.off, 6);
		assert_int_equal(d.type, 8);
		assert_int_equal(d.namelen, len);
		assert_memory_equal(b.mem + 24, name + 9 - len, len);
		for (size_t i = 24 + len; i < size; i++)
			assert_int_equal(b.mem[i], 0);
		assert_int_equal(b.mem[size], 0xee);
	}
}

static void puts_the_attributes_before_with_plus(void **state)
{
	uint64_t node;
	struct fuse_dirent d;
	struct buffer b;

	(void)state;
	make_buffer(&b, sizeof(b.mem), 7, true);
	assert_true(add(&b, "a"));
	assert_true(add(&b, "b"));
	assert_int_equal(b.dirents.left, 400 - 2 * 160);
	memcpy(&node, b.mem + 160, sizeof(node));
	assert_int_equal(node, 0x1234);
	memcpy(&d, b.mem + 160 + 128, sizeof(d));
	assert_int_equal(d.namelen, 1);
	assert_int_equal(b.mem[160 + 128 + 24], 'b');
}

static void takes_exactly_what_fits(void **state)
{
	struct buffer b;

	(void)state;
	for (size_t left = 0; left < 72; left++) {
		make_buffer(&b, left, 5, false);
		assert_int_equal(fuse_dirents_fits(&b.dirents, 8), left >= 32);
		make_buffer(&b, left, 5, false);
		assert_int_equal(add(&b, "12345678"), left >= 32);
		assert_int_equal(b.dirents.full, left < 32);
		assert_int_equal(add(&b, "12345678"), left >= 64);
		assert_true(add(&b, "1") == false);
		assert_int_equal(b.mem[left / 32 * 32], 0xee);
	}
	make_buffer(&b, 200, 200, true);
	assert_true(add(&b, "1"));
	assert_false(add(&b, "1"));
	assert_int_equal(b.dirents.left, 40);
}

static void stays_full(void **state)
{
	struct buffer b;

	(void)state;
	make_buffer(&b, 32, 32, false);
	assert_false(add(&b, "123456789"));
	assert_false(fuse_dirents_fits(&b.dirents, 1));
	assert_false(add(&b, "1"));
	assert_int_equal(b.mem[0], 0xee);
}

static void does_not_wrap(void **state)
{
	struct buffer b;

	(void)state;
	make_buffer(&b, 100, 100, true);
	assert_false(fuse_dirents_fits(&b.dirents, SIZE_MAX));
	make_buffer(&b, 100, 100, false);
	assert_false(fuse_dirents_fits(&b.dirents, SIZE_MAX - 24));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packs_entries_on_8_bytes),
		cmocka_unit_test(puts_the_attributes_before_with_plus),
		cmocka_unit_test(takes_exactly_what_fits),
		cmocka_unit_test(stays_full),
		cmocka_unit_test(does_not_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
