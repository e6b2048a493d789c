/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes that go on by themselves.  Where the host has no io_uring,
 * all but the first test are skipped.
 */
#include "tests/unit/lxutil/lx_fixture.h"

#include "lxutil/lx_async.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#define SIZE 20000
#define PAGE 4096

static char buf[SIZE];
static struct event event;
static struct lx_reserve *reserve;
static struct lx_async *async;          /* NULL: there are none here */

static struct lx_io io_of(struct lx_file *file, const struct iov *iov,
			  size_t count, uint64_t offset, bool write)
{
	return (struct lx_io){ file, iov, count, offset, write, 0 };
}

/* The next that ends, which is waited for as its user does. */
static struct lx_io *await_next(void)
{
	struct lx_io *io;

	lx_async_arm(async, true);
	while (!lx_async_ready(async))
		event_wait(&event);
	lx_async_arm(async, false);
	io = lx_async_next(async);
	/* Woken for what is not there yet. */
	return io ? io : await_next();
}

static struct lx_io *do_one(struct lx_io *io)
{
	assert_true(lx_async_add(async, io));
	lx_async_begin(async);
	return await_next();
}

static struct lx_file *open_full(struct fixture *fx, uint32_t flags)
{
	char text[SIZE + 1];

	memset(text, 'x', SIZE);
	text[SIZE] = '\0';
	memcpy(text, "begin", 5);
	fixture_file(fx, "f", text);
	return fixture_open(fx, "f", LX_O_RDWR | flags);
}

/* Or says why there is none. */
static void is_there_or_not(void **state)
{
	static const int reasons[] = { -LX_EOPNOTSUPP, -LX_ENOSYS, -LX_EPERM,
				       -LX_ENOMEM };
	struct lx_reserve *other = NULL;
	int err = lx_reserve_new(1, &other);
	bool known = false;

	(void)state;
	assert_int_equal(!err, !!async);
	assert_int_equal(!err, !!other);
	lx_reserve_free(other);
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		known |= err == reasons[i];
	assert_true(!err || known);
}

static void reads_and_writes(void **state)
{
	struct fixture *fx = *state;
	struct iov to[2] = { { buf, 5 }, { buf + 100, 10 } };
	struct lx_file *file;
	struct lx_io io;

	if (!async)
		skip();
	file = open_full(fx, 0);
	io = io_of(file, to, 2, 0, false);
	assert_null(lx_async_next(async));
	assert_false(lx_async_ready(async));
	assert_ptr_equal(do_one(&io), &io);
	assert_int_equal(io.n, 15);
	assert_memory_equal(buf, "begin", 5);
	assert_memory_equal(buf + 100, "xxxxxxxxxx", 10);
	/* To the end, and beyond it. */
	to[0] = (struct iov){ buf, SIZE };
	io = io_of(file, to, 1, SIZE - 3, false);
	assert_int_equal(do_one(&io)->n, 3);
	io = io_of(file, to, 1, SIZE, false);
	assert_int_equal(do_one(&io)->n, 0);
	to[0] = (struct iov){ (char[]){ "end" }, 3 };
	io = io_of(file, to, 1, SIZE, true);
	if (lx_async_add(async, &io)) {
		lx_async_begin(async);
		assert_int_equal(await_next()->n, 3);
		assert_int_equal(fixture_stat(fx, "f").st_size, SIZE + 3);
	}
	lx_file_close(file);
}

static void tells_what_is_wrong(void **state)
{
	struct fixture *fx = *state;
	struct iov to = { buf, 10 };
	struct lx_file *file;
	struct lx_io io;

	if (!async)
		skip();
	fixture_file(fx, "f", "text");
	file = fixture_open(fx, "f", LX_O_WRONLY);
	io = io_of(file, &to, 1, 0, false);
	assert_int_equal(do_one(&io)->n, -LX_EBADF);
	lx_file_close(file);
	file = fixture_open(fx, "f", LX_O_RDONLY);
	to.base = NULL;
	io = io_of(file, &to, 1, 0, false);
	assert_int_equal(do_one(&io)->n, -LX_EFAULT);
	/* These it does not take. */
	io.offset = UINT64_MAX;
	assert_false(lx_async_add(async, &io));
	io.offset = 0;
	io.count = 1025;
	assert_false(lx_async_add(async, &io));
	lx_file_close(file);
	file = fixture_open(fx, "f", LX_O_RDWR | LX_O_SYNC);
	to.base = buf;
	io = io_of(file, &to, 1, 0, true);
	assert_false(lx_async_add(async, &io));
	lx_file_close(file);
}

/* As many as there can be, past the page cache, where the file system can. */
static void many_go_on_at_a_time(void **state)
{
	static _Alignas(PAGE) char page[LX_ASYNC_MAX][PAGE];
	struct fixture *fx = *state;
	struct iov to[LX_ASYNC_MAX];
	struct lx_io io[LX_ASYNC_MAX], *one;
	struct lx_file *file;

	if (!async)
		skip();
	lx_file_close(open_full(fx, 0));
	file = fixture_open(fx, "f", LX_O_RDONLY | LX_O_DIRECT);
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < LX_ASYNC_MAX; i++) {
			to[i] = (struct iov){ page[i], PAGE };
			io[i] = io_of(file, &to[i], 1, PAGE * (i % 4), false);
			page[i][0] = 0;
			assert_true(lx_async_add(async, &io[i]));
		}
		assert_false(lx_async_add(async, &io[0]));
		lx_async_begin(async);
		for (unsigned i = 0; i < LX_ASYNC_MAX; i++) {
			one = await_next();
			assert_int_equal(one->n, PAGE);
			assert_int_equal(((char *)one->iov->base)[0],
					 one->offset ? 'x' : 'b');
		}
	}
	assert_null(lx_async_next(async));
	lx_file_close(file);
}

/* ---- the reserve ------------------------------------------------------- */

static void *take_one(void *arg)
{
	return lx_async_new(reserve, &event, &async) ? NULL : arg;
}

/* Who made them has no part in it. */
static void what_is_taken_comes_back(void **state)
{
	struct fixture *fx = *state;
	struct lx_async *other = NULL, *third = NULL;
	struct iov to = { buf, 10 };
	struct lx_file *file;
	struct lx_io io;
	pthread_t thread;
	void *got;

	if (!async)
		skip();
	file = open_full(fx, 0);
	for (unsigned i = 0; i < 3; i++) {
		lx_async_free(async);
		assert_int_equal(pthread_create(&thread, NULL, take_one,
						reserve), 0);
		pthread_join(thread, &got);
		assert_ptr_equal(got, reserve);
		assert_int_equal(lx_async_new(reserve, &event, &other), 0);
		assert_int_equal(lx_async_new(reserve, &event, &third),
				 -LX_ENFILE);
		assert_null(third);
		io = io_of(file, &to, 1, 0, false);
		assert_int_equal(do_one(&io)->n, 10);
		lx_async_free(other);
	}
	lx_file_close(file);
}

static int setup(void **state)
{
	int ret = fixture_setup(state);

	async = NULL;
	reserve = NULL;
	if (ret || event_init(&event))
		return -1;
	if (lx_reserve_new(2, &reserve))
		return 0;
	return lx_async_new(reserve, &event, &async);
}

static int teardown(void **state)
{
	lx_async_free(async);
	lx_reserve_free(reserve);
	event_done(&event);
	return fixture_teardown(state);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(is_there_or_not),
		TEST(reads_and_writes),
		TEST(tells_what_is_wrong),
		TEST(many_go_on_at_a_time),
		TEST(what_is_taken_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
