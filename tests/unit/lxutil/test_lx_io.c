/* SPDX-License-Identifier: MIT */
/* Reading and writing without waiting. */
#include "tests/unit/lxutil/lx_fixture.h"

#include "lxutil/linux/lx_node.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SIZE 20000                      /* some pages and a piece */

static char buf[SIZE];

static struct iov all(void)
{
	return (struct iov){ buf, sizeof(buf) };
}

/* A file of SIZE bytes. */
static struct lx_file *open_full(struct fixture *fx, uint32_t flags)
{
	const struct iov iov = all();
	struct lx_file *file;

	fixture_file(fx, "f", NULL);
	file = fixture_open(fx, "f", LX_O_RDWR);
	memset(buf, 'x', sizeof(buf));
	assert_int_equal(lx_write(file, &iov, 1, 0, 0), SIZE);
	if (!flags)
		return file;
	lx_file_close(file);
	return fixture_open(fx, "f", LX_O_RDWR | flags);
}

/* What is in memory is all read, also at the end of the file. */
static void reads_what_is_in_memory(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file = open_full(fx, 0);
	const struct iov iov = all();

	assert_int_equal(lx_read(file, &iov, 1, 0, LX_NOWAIT), SIZE);
	assert_int_equal(lx_read(file, &iov, 1, SIZE - 10, LX_NOWAIT), 10);
	assert_int_equal(lx_read(file, &iov, 1, SIZE, LX_NOWAIT), 0);
	assert_int_equal(lx_read(file, &iov, 1, UINT64_MAX, LX_NOWAIT),
			 -LX_EINVAL);
	/* Where the file system does not know how, it is not asked again. */
	assert_int_equal(file->blind & 1, fx->vol->blind & 1);
	assert_int_equal(lx_read(file, &iov, 1, 0, LX_NOWAIT | LX_NOWAIT_SURE),
			 file->blind & 1 ? -LX_EAGAIN : SIZE);
	lx_file_close(file);
}

static void says_that_it_would_read_from_the_disk(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file = open_full(fx, 0);
	const struct iov iov = all();
	uint64_t done = 0;
	ssize_t n;

	assert_int_equal(lx_fsync(file, false), 0);
	assert_int_equal(posix_fadvise(file->fd, 4096, 0, POSIX_FADV_DONTNEED),
			 0);
	/* First what is there, and then that there is more: what comes from the
	   disk meanwhile may be there in several pieces. */
	while ((n = lx_read(file, &iov, 1, done, LX_NOWAIT)) > 0)
		done += (uint64_t)n;
	/* Where it is on no disk, or not gone from memory, it is all there. */
	if (done < SIZE)
		assert_int_equal(n, -LX_EAGAIN);
	else
		assert_int_equal(n, 0);
	assert_int_equal(lx_read(file, &iov, 1, 0, 0), SIZE);
	lx_file_close(file);
}

static void writes_all_or_says_that_it_would_wait(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file = open_full(fx, 0);
	const struct iov iov = all();
	ssize_t n = lx_write(file, &iov, 1, 0, LX_NOWAIT);
	struct lx_file *later = fixture_open(fx, "f", LX_O_RDWR);

	if (n != -LX_EAGAIN)
		assert_int_equal(n, SIZE);
	assert_int_equal(later->blind, file->blind);
	n = lx_write(later, &iov, 1, 0, LX_NOWAIT | LX_NOWAIT_SURE);
	if (later->blind & 2 || n != SIZE)
		assert_int_equal(n, -LX_EAGAIN);
	lx_file_close(later);
	lx_file_close(file);
}

static void some_files_cannot_tell(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file = open_full(fx, LX_O_SYNC);
	const uint32_t sure = LX_NOWAIT | LX_NOWAIT_SURE;
	const struct iov iov = all();

	assert_int_equal(lx_write(file, &iov, 1, 0, sure), -LX_EAGAIN);
	assert_int_equal(lx_write(file, &iov, 1, 0, LX_NOWAIT), SIZE);
	lx_file_close(file);
	file = open_full(fx, 0);
	/* It could not be done anew without being done twice. */
	assert_int_equal(lx_write(file, &iov, 1, 0, sure | LX_WRITE_APPEND),
			 -LX_EAGAIN);
	assert_int_equal(lx_read(file, &iov, 1, SIZE, 0), 0);
	assert_int_equal(lx_write(file, &iov, 1, 0,
				  LX_NOWAIT | LX_WRITE_APPEND), SIZE);
	assert_int_equal(lx_read(file, &iov, 1, SIZE, 0), SIZE);
	/* More pieces than one call takes. */
	assert_int_equal(lx_read(file, NULL, 1025, 0, sure), -LX_EAGAIN);
	lx_file_close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(reads_what_is_in_memory),
		fixture_test(says_that_it_would_read_from_the_disk),
		fixture_test(writes_all_or_says_that_it_would_wait),
		fixture_test(some_files_cannot_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
