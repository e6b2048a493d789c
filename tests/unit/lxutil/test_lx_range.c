/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_cred.h"

#include "tests/unit/lxutil/lx_fixture.h"

#include <fcntl.h>
#include <string.h>

#define BLOCK 65536u                    /* a multiple of every block size */

/* Three blocks of 'a', 'b' and 'c'. */
static struct lx_file *three_blocks(struct fixture *fx)
{
	static char block[BLOCK];
	struct lx_file *file;

	fixture_file(fx, "f", NULL);
	file = fixture_open(fx, "f", LX_O_RDWR);
	for (int i = 0; i < 3; i++) {
		memset(block, 'a' + i, BLOCK);
		assert_int_equal(fixture_write(file, block, BLOCK,
					       (uint64_t)i * BLOCK), BLOCK);
	}
	return file;
}

/* The first bytes of the file's blocks, '.' for a zero. */
static void reads(struct lx_file *file, const char *first)
{
	size_t len = strlen(first);
	struct lx_stat st;

	assert_int_equal(lx_file_getattr(file, &st), 0);
	assert_int_equal(st.size, len * BLOCK);
	for (size_t i = 0; i < len; i++) {
		char c;

		assert_int_equal(fixture_read(file, &c, 1, i * BLOCK), 1);
		assert_int_equal(c ? c : '.', first[i]);
	}
}

static bool without(int err)
{
	return err == -LX_EOPNOTSUPP;
}

static void allocates_and_keeps_the_size(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file = three_blocks(fx);
	struct lx_stat st;

	assert_int_equal(lx_fallocate(file, 0, 3 * BLOCK, BLOCK, false), 0);
	reads(file, "abc.");
	assert_int_equal(lx_fallocate(file, LX_FALLOC_FL_KEEP_SIZE, 4 * BLOCK,
				      4 * BLOCK, false), 0);
	reads(file, "abc.");
	assert_int_equal(lx_file_getattr(file, &st), 0);
	assert_true(st.blocks * 512 >= 8 * BLOCK);
	lx_file_close(file);
}

static void punches_zeroes_collapses_and_inserts(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file = three_blocks(fx);
	int err;

	assert_int_equal(lx_fallocate(file, LX_FALLOC_FL_PUNCH_HOLE |
				      LX_FALLOC_FL_KEEP_SIZE, BLOCK, BLOCK,
				      false), 0);
	reads(file, "a.c");
	err = lx_fallocate(file, LX_FALLOC_FL_ZERO_RANGE, 2 * BLOCK, 2 * BLOCK,
			   false);
	if (!without(err)) {
		assert_int_equal(err, 0);
		reads(file, "a...");
	}
	lx_file_close(file);
	file = three_blocks(fx);
	err = lx_fallocate(file, LX_FALLOC_FL_COLLAPSE_RANGE, BLOCK, BLOCK,
			   false);
	if (!without(err)) {
		assert_int_equal(err, 0);
		reads(file, "ac");
		assert_int_equal(lx_fallocate(file,
					      LX_FALLOC_FL_INSERT_RANGE,
					      0, BLOCK, false), 0);
		reads(file, ".ac");
	}
	lx_file_close(file);
}

static void modes_and_ranges_that_make_no_sense_are_refused(void **state)
{
	static const struct {
		uint32_t mode;
		uint64_t offset, len;
		int err;
	} bad[] = {
		{ 0, 0, 0, -LX_EINVAL },
		{ 0, 1ull << 63, 1, -LX_EINVAL },
		{ 0, UINT64_MAX, 1, -LX_EINVAL },
		{ 0, 0, 1ull << 63, -LX_EINVAL },
		{ 0, 1, UINT64_MAX, -LX_EINVAL },
		{ 0, INT64_MAX, 1, -LX_EFBIG },
		{ 0, INT64_MAX, INT64_MAX, -LX_EFBIG },
		{ LX_FALLOC_FL_PUNCH_HOLE, 0, 1, -LX_EOPNOTSUPP },
		{ 0x04, 0, 1, -LX_EOPNOTSUPP }, { 0x80, 0, 1, -LX_EOPNOTSUPP },
		{ 1u << 31, 0, 1, -LX_EOPNOTSUPP },
	};
	struct fixture *fx = *state;
	struct lx_file *file = three_blocks(fx);

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(lx_fallocate(file, bad[i].mode, bad[i].offset,
					      bad[i].len, false), bad[i].err);
	reads(file, "abc");
	lx_file_close(file);
	file = fixture_open(fx, "f", LX_O_RDONLY);
	assert_int_equal(lx_fallocate(file, 0, 0, 1, false), -LX_EBADF);
	lx_file_close(file);
}

static void seeks_data_and_holes(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file;
	uint64_t pos = 42;

	fixture_file(fx, "f", NULL);
	file = fixture_open(fx, "f", LX_O_RDWR);
	assert_int_equal(fixture_write(file, "x", 1, 4 * BLOCK), 1);
	assert_int_equal(lx_lseek(file, 0, LX_SEEK_DATA, &pos), 0);
	assert_int_equal(pos, 4 * BLOCK);
	assert_int_equal(lx_lseek(file, 7, LX_SEEK_HOLE, &pos), 0);
	assert_int_equal(pos, 7);
	assert_int_equal(lx_lseek(file, 4 * BLOCK, LX_SEEK_HOLE, &pos), 0);
	assert_int_equal(pos, 4 * BLOCK + 1);
	assert_int_equal(lx_lseek(file, 4 * BLOCK + 1, LX_SEEK_DATA, &pos),
			 -LX_ENXIO);
	assert_int_equal(lx_lseek(file, 4 * BLOCK + 1, LX_SEEK_HOLE, &pos),
			 -LX_ENXIO);
	assert_int_equal(lx_lseek(file, 1ull << 63, LX_SEEK_DATA, &pos),
			 -LX_ENXIO);
	assert_int_equal(pos, 4 * BLOCK + 1);
	lx_file_close(file);
}

static void seeks_from_start_and_end_and_nowhere_else(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file, *dir;
	uint64_t pos;

	fixture_file(fx, "f", "text");
	file = fixture_open(fx, "f", LX_O_RDWR);
	assert_int_equal(lx_lseek(file, 1000, LX_SEEK_SET, &pos), 0);
	assert_int_equal(pos, 1000);
	assert_int_equal(lx_lseek(file, (uint64_t)-3, LX_SEEK_END, &pos), 0);
	assert_int_equal(pos, 1);
	pos = 42;
	assert_int_equal(lx_lseek(file, (uint64_t)-5, LX_SEEK_END, &pos),
			 -LX_EINVAL);
	assert_int_equal(lx_lseek(file, UINT64_MAX, LX_SEEK_SET, &pos),
			 -LX_EINVAL);
	assert_int_equal(lx_lseek(file, 0, LX_SEEK_CUR, &pos), -LX_EINVAL);
	assert_int_equal(lx_lseek(file, 0, 5, &pos), -LX_EINVAL);
	assert_int_equal(lx_lseek(file, 0, UINT32_MAX, &pos), -LX_EINVAL);
	/* A directory goes on where it was read. */
	assert_int_equal(lx_opendir(fx->vol, fx->root, &dir), 0);
	assert_int_equal(lx_lseek(dir, 0, LX_SEEK_SET, &pos), -LX_EINVAL);
	assert_int_equal(pos, 42);
	lx_file_close(dir);
	lx_file_close(file);
}

static void copies_between_and_within_files(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *from = three_blocks(fx), *to;

	fixture_file(fx, "t", NULL);
	to = fixture_open(fx, "t", LX_O_RDWR);
	assert_int_equal(lx_copy_range(from, BLOCK, to, 0, 2 * BLOCK, false),
			 2 * BLOCK);
	reads(to, "bc");
	/* As far as there is something. */
	assert_int_equal(lx_copy_range(from, 2 * BLOCK, to, BLOCK, UINT64_MAX,
				       false), BLOCK);
	reads(to, "bc");
	assert_int_equal(lx_copy_range(from, 0, to, 2 * BLOCK, BLOCK, false),
			 BLOCK);
	reads(to, "bca");
	assert_int_equal(lx_copy_range(from, 3 * BLOCK, to, 0, BLOCK, false),
			 0);
	assert_int_equal(lx_copy_range(to, 0, to, 2 * BLOCK, BLOCK, false),
			 BLOCK);
	reads(to, "bcb");
	assert_int_equal(lx_copy_range(to, 0, to, 1, BLOCK, false),
			 -LX_EINVAL);
	lx_file_close(from);
	lx_file_close(to);
}

static void copies_that_cannot_be_are_errors(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file = three_blocks(fx), *other, *dir;

	fixture_file(fx, "t", "text");
	other = fixture_open(fx, "t", LX_O_RDONLY);
	assert_int_equal(lx_copy_range(file, 0, other, 0, 1, false),
			 -LX_EBADF);
	assert_int_equal(lx_copy_range(other, 1ull << 63, file, 0, 1, false),
			 -LX_EINVAL);
	assert_int_equal(lx_copy_range(other, 0, file, UINT64_MAX, 1, false),
			 -LX_EINVAL);
	assert_int_equal(lx_opendir(fx->vol, fx->root, &dir), 0);
	assert_int_equal(lx_copy_range(dir, 0, file, 0, 1, false), -LX_EISDIR);
	lx_file_close(dir);
	lx_file_close(other);
	other = fixture_open(fx, "t", LX_O_WRONLY);
	assert_int_equal(lx_copy_range(other, 0, file, 0, 1, false),
			 -LX_EBADF);
	assert_int_equal(lx_copy_range(file, 0, other, INT64_MAX, 1, false),
			 -LX_EFBIG);
	lx_file_close(other);
	reads(file, "abc");
	lx_file_close(file);
}

static void privilege_is_dropped_where_asked(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *from, *to;

	need_root();
	from = three_blocks(fx);
	fixture_file(fx, "t", NULL);
	assert_int_equal(fchownat(fx->fd, "t", 12, 34, 0), 0);
	to = fixture_open(fx, "t", LX_O_RDWR);
	for (int kill = 0; kill < 2; kill++) {
		mode_t left = kill ? S_IFREG | 0777 : S_IFREG | 06777;

		lx_cred_fsetid(true);
		assert_int_equal(fchmodat(fx->fd, "t", 06777, 0), 0);
		lx_cred_fsetid(kill);
		assert_int_equal(lx_copy_range(from, 0, to, 0, 1, kill), 1);
		assert_int_equal(fixture_stat(fx, "t").st_mode, left);
		lx_cred_fsetid(true);
		assert_int_equal(fchmodat(fx->fd, "t", 06777, 0), 0);
		lx_cred_fsetid(kill);
		assert_int_equal(lx_fallocate(to, 0, 0, 100, kill), 0);
		assert_int_equal(fixture_stat(fx, "t").st_mode, left);
	}
	lx_file_close(from);
	lx_file_close(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(allocates_and_keeps_the_size),
		fixture_test(punches_zeroes_collapses_and_inserts),
		fixture_test(modes_and_ranges_that_make_no_sense_are_refused),
		fixture_test(seeks_data_and_holes),
		fixture_test(seeks_from_start_and_end_and_nowhere_else),
		fixture_test(copies_between_and_within_files),
		fixture_test(copies_that_cannot_be_are_errors),
		fixture_test(privilege_is_dropped_where_asked),
	};

	lx_thread_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
