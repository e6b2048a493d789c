/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_cred.h"
#include "lxutil/linux/lx_node.h"

#include "tests/unit/lxutil/lx_fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>

static void reads_what_was_written(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node = fixture_create(fx, "f");
	struct lx_file *file = fixture_open(fx, "f", LX_O_RDWR);
	char hello[] = "hello", you[] = ", you", a[4], b[16];
	struct iov out[] = { { hello, 5 }, { NULL, 0 }, { you, 5 } };
	struct iov in[] = { { a, 4 }, { b, 16 } };
	struct lx_stat st;

	assert_int_equal(lx_write(file, out, 3, 2, false), 10);
	assert_int_equal(lx_read(file, in, 2, 0, 0), 12);
	assert_memory_equal(a, "\0\0he", 4);
	assert_memory_equal(b, "llo, you", 8);
	assert_int_equal(lx_read(file, in, 2, 12, 0), 0);
	assert_int_equal(lx_read(file, in, 2, INT64_MAX - 20, 0), 0);
	assert_int_equal(lx_read(file, in, 0, 0, 0), 0);
	assert_int_equal(lx_write(file, out, 0, 0, false), 0);
	assert_int_equal(lx_file_getattr(file, &st), 0);
	assert_int_equal(st.size, 12);
	assert_int_equal(lx_fsync(file, false), 0);
	assert_int_equal(lx_fsync(file, true), 0);
	assert_int_equal(lx_flush(file), 0);
	lx_file_close(file);
	lx_node_close(fx->vol, node);
}

static void flushes_without_a_free_descriptor(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file;
	struct rlimit old, limit;
	int unused;

	fixture_file(fx, "f", "text");
	file = fixture_open(fx, "f", LX_O_RDWR);
	unused = fcntl(STDIN_FILENO, F_DUPFD, 0);
	assert_true(unused >= 0);
	close(unused);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	limit = old;
	limit.rlim_cur = (rlim_t)unused;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(lx_flush(file), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	lx_file_close(file);
}

static void offsets_beyond_2_to_63_are_refused(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file;
	char c = 'x';

	fixture_file(fx, "f", "text");
	file = fixture_open(fx, "f", LX_O_RDWR);
	assert_int_equal(fixture_read(file, &c, 1, 1ull << 63), -LX_EINVAL);
	assert_int_equal(fixture_read(file, &c, 1, UINT64_MAX), -LX_EINVAL);
	assert_int_equal(fixture_write(file, &c, 1, 1ull << 63), -LX_EINVAL);
	assert_int_equal(fixture_write(file, &c, 1, UINT64_MAX), -LX_EINVAL);
	assert_true(fixture_write(file, &c, 1, INT64_MAX) < 0);
	assert_int_equal(fixture_stat(fx, "f").st_size, 4);
	lx_file_close(file);
}

static void moves_more_pieces_than_the_kernel_takes(void **state)
{
	enum { PIECES = 2500, SIZE = 3 };
	struct fixture *fx = *state;
	struct iov *iov = calloc(PIECES, sizeof(*iov));
	char *out = malloc(PIECES * SIZE), *in = calloc(PIECES, SIZE);
	struct lx_file *file;

	assert_true(iov && out && in);
	fixture_file(fx, "f", NULL);
	file = fixture_open(fx, "f", LX_O_RDWR);
	for (int i = 0; i < PIECES * SIZE; i++)
		out[i] = (char)(i * 7);
	for (int i = 0; i < PIECES; i++)
		iov[i] = (struct iov){ out + i * SIZE, SIZE };
	assert_int_equal(lx_write(file, iov, PIECES, 0, false), PIECES * SIZE);
	for (int i = 0; i < PIECES; i++)
		iov[i] = (struct iov){ in + i * SIZE, SIZE };
	assert_int_equal(lx_read(file, iov, PIECES, 0, 0), PIECES * SIZE);
	assert_memory_equal(in, out, PIECES * SIZE);
	/* The end is inside, and at the end of, the first lot. */
	assert_int_equal(lx_read(file, iov, PIECES, PIECES * SIZE - 100, 0),
			 100);
	assert_int_equal(lx_read(file, iov, PIECES, PIECES * SIZE - 3072, 0),
			 3072);
	lx_file_close(file);
	free(iov);
	free(out);
	free(in);
}

static void an_error_after_some_bytes_gives_the_bytes(void **state)
{
	enum { PIECES = 1500 };
	struct fixture *fx = *state;
	struct iov *iov = calloc(PIECES, sizeof(*iov));
	char buf[PIECES];
	struct lx_file *file;

	assert_non_null(iov);
	memset(buf, 'x', sizeof(buf));
	fixture_file(fx, "f", NULL);
	file = fixture_open(fx, "f", LX_O_RDWR);
	for (int i = 0; i < PIECES; i++)
		iov[i] = (struct iov){ buf + i, 1 };
	assert_int_equal(lx_write(file, iov, PIECES, 0, false), PIECES);
	/* Memory that is not there, in the second lot only. */
	for (int i = 1024; i < PIECES; i++)
		iov[i].base = NULL;
	assert_int_equal(lx_read(file, iov, PIECES, 0, 0), 1024);
	assert_int_equal(lx_read(file, iov + 1024, 1, 0, 0), -LX_EFAULT);
	lx_file_close(file);
	free(iov);
}

static void holes_stay_holes(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file;
	struct lx_stat st;
	char buf[64];

	fixture_file(fx, "f", NULL);
	file = fixture_open(fx, "f", LX_O_RDWR);
	assert_int_equal(fixture_write(file, "end", 3, 5ull << 30), 3);
	assert_int_equal(lx_file_getattr(file, &st), 0);
	assert_int_equal(st.size, (5ull << 30) + 3);
	assert_true(st.blocks < 1000);
	memset(buf, 'x', sizeof(buf));
	assert_int_equal(fixture_read(file, buf, 64, 1ull << 32), 64);
	for (int i = 0; i < 64; i++)
		assert_int_equal(buf[i], 0);
	lx_file_close(file);
}

static void appends_whatever_the_offset(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file, *other;
	char buf[16];

	fixture_file(fx, "f", "one");
	file = fixture_open(fx, "f", LX_O_RDWR | LX_O_APPEND);
	assert_int_equal(fixture_write(file, "two", 3, 0), 3);
	/* Somebody else appended meanwhile: nothing is overwritten. */
	other = fixture_open(fx, "f", LX_O_WRONLY);
	assert_int_equal(fixture_write(other, "3", 1, 6), 1);
	lx_file_close(other);
	assert_int_equal(fixture_write(file, "four", 4, 6), 4);
	assert_int_equal(fixture_read(file, buf, 16, 0), 11);
	assert_memory_equal(buf, "onetwo3four", 11);
	lx_file_close(file);
	file = fixture_open(fx, "f", LX_O_RDWR);
	assert_int_equal(lx_write(file, &(struct iov){ buf, 3 }, 1, 0,
				  LX_WRITE_APPEND), 3);
	assert_int_equal(fixture_write(file, "ONE", 3, 0), 3);
	assert_int_equal(fixture_read(file, buf, 16, 0), 14);
	assert_memory_equal(buf, "ONEtwo3fourone", 14);
	lx_file_close(file);
}

static void opens_for_what_was_asked(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file;
	char c;

	fixture_file(fx, "f", "text");
	file = fixture_open(fx, "f", LX_O_RDONLY);
	assert_int_equal(fixture_write(file, "x", 1, 0), -LX_EBADF);
	lx_file_close(file);
	file = fixture_open(fx, "f", LX_O_WRONLY);
	assert_int_equal(fixture_read(file, &c, 1, 0), -LX_EBADF);
	lx_file_close(file);
	/* Linux' access mode for neither. */
	file = fixture_open(fx, "f", LX_O_ACCMODE);
	assert_int_equal(fixture_read(file, &c, 1, 0), -LX_EBADF);
	assert_int_equal(fixture_write(file, "x", 1, 0), -LX_EBADF);
	lx_file_close(file);
	assert_int_equal(fixture_stat(fx, "f").st_size, 4);
	file = fixture_open(fx, "f", LX_O_WRONLY | LX_O_TRUNC);
	assert_int_equal(fixture_stat(fx, "f").st_size, 0);
	lx_file_close(file);
}

static void flags_that_are_not_its_own_do_nothing(void **state)
{
	static const uint32_t flags[] = {
		LX_O_CREAT, LX_O_CREAT | LX_O_EXCL, LX_O_PATH, LX_O_DIRECTORY,
		LX_O_NOFOLLOW, 020000000 | LX_O_DIRECTORY /* O_TMPFILE */,
		LX_O_NOCTTY, LX_O_NONBLOCK, LX_O_LARGEFILE, LX_O_SYNC,
		LX_O_DSYNC, LX_O_NOATIME, 020000 /* O_ASYNC */, 1u << 31, ~3u &
		~(LX_O_DIRECT | LX_O_TRUNC | LX_O_APPEND),
	};
	struct fixture *fx = *state;

	fixture_file(fx, "f", "text");
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		struct lx_file *file = fixture_open(fx, "f",
						    LX_O_RDWR | flags[i]);
		char buf[8];

		assert_int_equal(fixture_read(file, buf, 8, 0), 4);
		assert_int_equal(fixture_write(file, "T", 1, 0), 1);
		lx_file_close(file);
	}
}

static void the_hosts_file_has_the_guests_flags(void **state)
{
	static const struct {
		uint32_t lx;
		int host;
	} flags[] = {
		{ LX_O_APPEND, O_APPEND }, { LX_O_NONBLOCK, O_NONBLOCK },
		{ LX_O_DSYNC, O_DSYNC }, { LX_O_SYNC, O_SYNC },
		{ LX_O_TRUNC, 0 }, { LX_O_SYNC | LX_O_APPEND,
				     O_SYNC | O_APPEND },
	};
	const int all = O_ACCMODE | O_APPEND | O_NONBLOCK | O_SYNC | O_DIRECT |
			O_NOATIME | O_PATH;
	struct fixture *fx = *state;

	fixture_file(fx, "f", NULL);
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		struct lx_file *file = fixture_open(fx, "f",
						    LX_O_RDWR | flags[i].lx);

		assert_int_equal(fcntl(file->fd, F_GETFL) & all,
				 O_RDWR | flags[i].host);
		assert_int_equal(fcntl(file->fd, F_GETFD), FD_CLOEXEC);
		lx_file_close(file);
	}
}

static void only_regular_files_are_opened(void **state)
{
	static const struct {
		const char *name;
		int err;
	} bad[] = {
		{ "d", -LX_EISDIR }, { "l", -LX_ELOOP }, { "p", -LX_ENXIO },
		{ "s", -LX_ENXIO }, { "c", -LX_ENXIO }, { "b", -LX_ENXIO },
	};
	struct fixture *fx = *state;

	fixture_file(fx, "f", NULL);
	assert_int_equal(mkdirat(fx->fd, "d", 0755), 0);
	assert_int_equal(symlinkat("f", fx->fd, "l"), 0);
	assert_int_equal(mkfifoat(fx->fd, "p", 0600), 0);
	assert_int_equal(mknodat(fx->fd, "s", S_IFSOCK | 0600, 0), 0);
	if (!geteuid()) {
		assert_int_equal(mknodat(fx->fd, "c", S_IFCHR | 0600,
					 makedev(1, 3)), 0);
		assert_int_equal(mknodat(fx->fd, "b", S_IFBLK | 0600,
					 makedev(240, 0)), 0);
	}
	alarm(30);              /* an open FIFO would wait for ever */
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad) - 2 * !!geteuid();
	     i++) {
		struct lx_node *node = fixture_lookup(fx, bad[i].name);
		struct lx_file *file = (void *)fx;

		for (uint32_t mode = 0; mode < 3; mode++)
			assert_int_equal(lx_open(fx->vol, node, mode, &file),
					 bad[i].err);
		assert_int_equal(lx_open(fx->vol, node, LX_O_PATH, &file),
				 bad[i].err);
		assert_ptr_equal(file, fx);
		lx_node_close(fx->vol, node);
	}
	alarm(0);
}

static void a_read_only_volume_opens_for_reading(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node;
	struct lx_file *file;
	char buf[8];

	fixture_file(fx, "f", "text");
	node = fixture_lookup(fx, "f");
	assert_int_equal(lx_open(fx->ro, node, LX_O_WRONLY, &file), -LX_EROFS);
	assert_int_equal(lx_open(fx->ro, node, LX_O_RDWR, &file), -LX_EROFS);
	assert_int_equal(lx_open(fx->ro, node, LX_O_RDONLY | LX_O_TRUNC,
				 &file), -LX_EROFS);
	assert_int_equal(lx_open(fx->ro, node, LX_O_RDONLY, &file), 0);
	assert_int_equal(fixture_read(file, buf, 8, 0), 4);
	lx_file_close(file);
	lx_node_close(fx->vol, node);
}

/*
 * What is left of 06777 on a file of somebody else after fn, whatever the
 * thread did before.
 */
static mode_t mode_after(struct fixture *fx, void (*fn)(struct fixture *fx))
{
	mode_t left[2];

	for (int fsetid = 0; fsetid < 2; fsetid++) {
		lx_cred_fsetid(true);
		fixture_file(fx, "f", "text");
		assert_int_equal(fchownat(fx->fd, "f", 12, 34, 0), 0);
		assert_int_equal(fchmodat(fx->fd, "f", 06777, 0), 0);
		lx_cred_fsetid(fsetid);
		fn(fx);
		left[fsetid] = fixture_stat(fx, "f").st_mode & 07777;
		assert_int_equal(unlinkat(fx->fd, "f", 0), 0);
	}
	assert_int_equal(left[0], left[1]);
	return left[0];
}

static void write_it(struct fixture *fx, bool kill_priv)
{
	struct lx_file *file = fixture_open(fx, "f", LX_O_RDWR);
	char x = 'x';

	assert_int_equal(lx_write(file, &(struct iov){ &x, 1 }, 1, 0,
				  kill_priv), 1);
	lx_file_close(file);
}

static void write_as_is(struct fixture *fx)
{
	write_it(fx, false);
}

static void write_kill_priv(struct fixture *fx)
{
	write_it(fx, true);
}

static void truncate_as_is(struct fixture *fx)
{
	lx_file_close(fixture_open(fx, "f", LX_O_RDWR | LX_O_TRUNC));
}

static void truncate_kill_priv(struct fixture *fx)
{
	lx_file_close(fixture_open(fx, "f", LX_O_RDWR | LX_O_TRUNC |
						    LX_O_KILL_PRIV));
}

static void create_kill_priv(struct fixture *fx)
{
	struct lx_file *file;
	struct lx_node *node;
	struct lx_stat st;

	assert_int_equal(lx_create(fx->vol, fx->root, "f",
				   LX_O_RDWR | LX_O_TRUNC | LX_O_KILL_PRIV, 0,
				   &fixture_root, &file, &node, &st), 0);
	assert_int_equal(st.mode, LX_S_IFREG | 0777);
	lx_file_close(file);
	lx_node_close(fx->vol, node);
}

static void open_kill_priv(struct fixture *fx)
{
	lx_file_close(fixture_open(fx, "f", LX_O_RDWR | LX_O_KILL_PRIV));
}

static void privilege_is_dropped_where_asked(void **state)
{
	struct fixture *fx = *state;

	need_root();
	assert_int_equal(mode_after(fx, write_as_is), 06777);
	assert_int_equal(mode_after(fx, write_kill_priv), 0777);
	assert_int_equal(mode_after(fx, truncate_as_is), 06777);
	assert_int_equal(mode_after(fx, truncate_kill_priv), 0777);
	assert_int_equal(mode_after(fx, create_kill_priv), 0777);
	/* Without LX_O_TRUNC nothing changes. */
	assert_int_equal(mode_after(fx, open_kill_priv), 06777);
}

struct open_job {
	struct fixture *fx;
	struct lx_node *node;
	uint32_t flags;
	int err;
};

static void open_it(void *arg)
{
	struct open_job *job = arg;
	struct lx_file *file = NULL;

	job->err = lx_open(job->fx->vol, job->node, job->flags, &file);
	lx_file_close(file);
}

static void the_host_decides_about_noatime_and_permission(void **state)
{
	struct fixture *fx = *state;
	struct open_job job = { .fx = fx, .flags = LX_O_NOATIME };

	need_root();
	fixture_file(fx, "f", NULL);
	job.node = fixture_lookup(fx, "f");
	fixture_as_user(open_it, &job);
	assert_int_equal(job.err, 0);
	job.flags = LX_O_RDWR;
	fixture_as_user(open_it, &job);
	assert_int_equal(job.err, -LX_EACCES);
	lx_node_close(fx->vol, job.node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(reads_what_was_written),
		fixture_test(flushes_without_a_free_descriptor),
		fixture_test(offsets_beyond_2_to_63_are_refused),
		fixture_test(moves_more_pieces_than_the_kernel_takes),
		fixture_test(an_error_after_some_bytes_gives_the_bytes),
		fixture_test(holes_stay_holes),
		fixture_test(appends_whatever_the_offset),
		fixture_test(opens_for_what_was_asked),
		fixture_test(flags_that_are_not_its_own_do_nothing),
		fixture_test(the_hosts_file_has_the_guests_flags),
		fixture_test(only_regular_files_are_opened),
		fixture_test(a_read_only_volume_opens_for_reading),
		fixture_test(privilege_is_dropped_where_asked),
		fixture_test(the_host_decides_about_noatime_and_permission),
	};

	lx_thread_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
