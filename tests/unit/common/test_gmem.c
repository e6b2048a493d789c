/* SPDX-License-Identifier: MIT */
#include "common/gmem.h"

#include "common/bytes.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

enum { RW = GMEM_READ | GMEM_WRITE };

/*
 * One memory with one reader.  The host's callbacks serve `far` at FAR and
 * refuse everything else.
 */
#define FAR 0x5000u

struct fixture {
	struct gmem mem;
	struct gmem_reader reader;
	uint8_t a[64], b[64], far[64];
	unsigned calls;
};

static int far_read(void *ctx, uint64_t gpa, void *buf, size_t len)
{
	struct fixture *f = ctx;

	f->calls++;
	if (!range_within(gpa, len, FAR, sizeof(f->far)))
		return -EFAULT;
	memcpy(buf, f->far + (gpa - FAR), len);
	return 0;
}

static int far_write(void *ctx, uint64_t gpa, const void *buf, size_t len)
{
	struct fixture *f = ctx;

	f->calls++;
	if (!range_within(gpa, len, FAR, sizeof(f->far)))
		return -EFAULT;
	memcpy(f->far + (gpa - FAR), buf, len);
	return 0;
}

static const struct gmem_ops far_ops = { far_read, far_write };

static void setup(struct fixture *f, const struct gmem_ops *ops)
{
	memset(f, 0, sizeof(*f));
	for (unsigned i = 0; i < 64; i++) {
		f->a[i] = (uint8_t)i;
		f->b[i] = (uint8_t)(0x80 + i);
		f->far[i] = (uint8_t)(0x40 + i);
	}
	assert_int_equal(gmem_init(&f->mem, ops, f), 0);
	gmem_register(&f->mem, &f->reader);
}

static void teardown(struct fixture *f)
{
	gmem_unregister(&f->mem, &f->reader);
	gmem_done(&f->mem);
}

/* ---- ranges ------------------------------------------------------------ */

static void maps_what_was_added(void **state)
{
	struct fixture f;
	uint64_t len = 100;

	(void)state;
	setup(&f, NULL);
	assert_int_equal(gmem_add(&f.mem, 0x2000, 64, f.b, GMEM_READ), 0);
	assert_int_equal(gmem_add(&f.mem, 0x1000, 64, f.a, RW), 0);
	gmem_enter(&f.mem, &f.reader);
	assert_ptr_equal(gmem_map(&f.reader, 0x1010, GMEM_WRITE, &len),
			 f.a + 16);
	assert_int_equal(len, 48);
	len = 5;
	assert_ptr_equal(gmem_map(&f.reader, 0x2000, GMEM_READ, &len), f.b);
	assert_int_equal(len, 5);
	assert_null(gmem_map(&f.reader, 0x2000, GMEM_WRITE, &len));
	assert_null(gmem_map(&f.reader, 0x2000, RW, &len));
	assert_null(gmem_map(&f.reader, 0x0fff, GMEM_READ, &len));
	assert_null(gmem_map(&f.reader, 0x1040, GMEM_READ, &len));
	assert_null(gmem_map(&f.reader, 0x2040, GMEM_READ, &len));
	gmem_leave(&f.reader);
	assert_int_equal(gmem_remove(&f.mem, 0x1000, 64), 0);
	gmem_enter(&f.mem, &f.reader);
	assert_null(gmem_map(&f.reader, 0x1000, GMEM_READ, &len));
	assert_non_null(gmem_map(&f.reader, 0x2000, GMEM_READ, &len));
	gmem_leave(&f.reader);
	teardown(&f);
}

static void refuses_ranges_that_are_none(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, NULL);
	assert_int_equal(gmem_add(&f.mem, 0, 0, f.a, RW), -EINVAL);
	assert_int_equal(gmem_add(&f.mem, 0, 64, NULL, RW), -EINVAL);
	assert_int_equal(gmem_add(&f.mem, UINT64_MAX - 62, 64, f.a, RW),
			 -EINVAL);
	assert_int_equal(gmem_add(&f.mem, UINT64_MAX, UINT64_MAX, f.a, RW),
			 -EINVAL);
	/* The guest's end does not wrap, but the host's would. */
	assert_int_equal(gmem_add(&f.mem, 0, UINT64_MAX, f.a, RW), -EINVAL);
	teardown(&f);
}

static void a_range_may_end_at_the_top(void **state)
{
	const uint64_t top = UINT64_MAX - 63;
	struct fixture f;
	uint64_t len = 8;
	uint8_t byte;

	(void)state;
	setup(&f, NULL);
	assert_int_equal(gmem_add(&f.mem, top, 64, f.a, RW), 0);
	assert_int_equal(gmem_add(&f.mem, UINT64_MAX, 1, f.b, RW), -EEXIST);
	gmem_enter(&f.mem, &f.reader);
	assert_ptr_equal(gmem_map(&f.reader, UINT64_MAX, RW, &len), f.a + 63);
	assert_int_equal(len, 1);
	assert_int_equal(gmem_read(&f.mem, &f.reader, UINT64_MAX, &byte, 1),
			 0);
	assert_int_equal(byte, 63);
	gmem_leave(&f.reader);
	assert_int_equal(gmem_remove(&f.mem, top, 64), 0);
	teardown(&f);
}

static void refuses_ranges_that_overlap(void **state)
{
	static const struct {
		uint64_t gpa, size;
		int ret;
	} t[] = {
		{ 0x1000, 64, -EEXIST }, { 0x0fff, 2, -EEXIST },
		{ 0x103f, 1, -EEXIST }, { 0x103f, 64, -EEXIST },
		{ 0x1010, 8, -EEXIST }, { 0x0ff0, 128, -EEXIST },
		{ 0x0fff, 1, 0 }, { 0x1040, 64, 0 },
	};
	struct fixture f;

	(void)state;
	setup(&f, NULL);
	assert_int_equal(gmem_add(&f.mem, 0x3000, 64, f.b, RW), 0);
	assert_int_equal(gmem_add(&f.mem, 0x1000, 64, f.a, RW), 0);
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		assert_int_equal(gmem_add(&f.mem, t[i].gpa, t[i].size, f.b,
					  RW), t[i].ret);
		if (!t[i].ret)
			assert_int_equal(gmem_remove(&f.mem, t[i].gpa,
						     t[i].size), 0);
	}
	teardown(&f);
}

static void takes_back_exactly_one_range(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, NULL);
	assert_int_equal(gmem_remove(&f.mem, 0x1000, 64), -ENOENT);
	assert_int_equal(gmem_add(&f.mem, 0x1000, 32, f.a, RW), 0);
	assert_int_equal(gmem_add(&f.mem, 0x1020, 32, f.a + 32, RW), 0);
	assert_int_equal(gmem_remove(&f.mem, 0x1000, 64), -ENOENT);
	assert_int_equal(gmem_remove(&f.mem, 0x1000, 31), -ENOENT);
	assert_int_equal(gmem_remove(&f.mem, 0x1001, 31), -ENOENT);
	assert_int_equal(gmem_remove(&f.mem, 0x1000, 0), -ENOENT);
	assert_int_equal(gmem_remove(&f.mem, 0x1000, 32), 0);
	assert_int_equal(gmem_remove(&f.mem, 0x1000, 32), -ENOENT);
	assert_int_equal(gmem_remove(&f.mem, 0x1020, 32), 0);
	teardown(&f);
}

/* Every other page, in an order that hits front, back and middle. */
static void finds_every_one_of_the_most_ranges(void **state)
{
	struct fixture f;
	uint64_t len;

	(void)state;
	setup(&f, NULL);
	for (unsigned i = 0; i < GMEM_RANGES_MAX; i++) {
		uint64_t page = i * 7919u % GMEM_RANGES_MAX;

		assert_int_equal(gmem_add(&f.mem, page * 8192, 64,
					  f.a + page % 64, RW), 0);
	}
	assert_int_equal(gmem_add(&f.mem, 4096, 64, f.a, RW), -ENOSPC);
	gmem_enter(&f.mem, &f.reader);
	for (uint64_t page = 0; page < GMEM_RANGES_MAX; page++) {
		len = 1;
		assert_ptr_equal(gmem_map(&f.reader, page * 8192 + 63, RW,
					  &len), f.a + page % 64 + 63);
		assert_null(gmem_map(&f.reader, page * 8192 + 64, RW, &len));
	}
	gmem_leave(&f.reader);
	assert_int_equal(gmem_remove(&f.mem, 8192, 64), 0);
	assert_int_equal(gmem_add(&f.mem, 4096, 64, f.a, RW), 0);
	teardown(&f);
}

static void every_change_is_another_generation(void **state)
{
	struct fixture f;
	uint64_t last, now;

	(void)state;
	setup(&f, NULL);
	last = gmem_enter(&f.mem, &f.reader);
	gmem_leave(&f.reader);
	assert_int_equal(gmem_enter(&f.mem, &f.reader), last);
	gmem_leave(&f.reader);
	for (int i = 0; i < 10; i++) {
		if (i % 2)
			assert_int_equal(gmem_remove(&f.mem, 0, 64), 0);
		else
			assert_int_equal(gmem_add(&f.mem, 0, 64, f.a, RW), 0);
		now = gmem_enter(&f.mem, &f.reader);
		gmem_leave(&f.reader);
		assert_true(now > last);
		last = now;
	}
	assert_int_equal(gmem_remove(&f.mem, 0, 64), -ENOENT);
	assert_int_equal(gmem_enter(&f.mem, &f.reader), last);
	gmem_leave(&f.reader);
	teardown(&f);
}

/* ---- copies ------------------------------------------------------------ */

static void copies_across_neighbours(void **state)
{
	struct fixture f;
	uint8_t buf[128];

	(void)state;
	setup(&f, NULL);
	assert_int_equal(gmem_add(&f.mem, 0x1000, 64, f.a, RW), 0);
	assert_int_equal(gmem_add(&f.mem, 0x1040, 64, f.b, RW), 0);
	gmem_enter(&f.mem, &f.reader);
	assert_int_equal(gmem_read(&f.mem, &f.reader, 0x1000, buf, 128), 0);
	assert_memory_equal(buf, f.a, 64);
	assert_memory_equal(buf + 64, f.b, 64);
	assert_int_equal(gmem_write(&f.mem, &f.reader, 0x103e, "1234", 4), 0);
	assert_memory_equal(f.a + 62, "12", 2);
	assert_memory_equal(f.b, "34", 2);
	assert_int_equal(gmem_read(&f.mem, &f.reader, 0x1000, buf, 129),
			 -EFAULT);
	assert_int_equal(gmem_write(&f.mem, &f.reader, 0x0fff, buf, 2),
			 -EFAULT);
	gmem_leave(&f.reader);
	teardown(&f);
}

static void nothing_and_what_wraps(void **state)
{
	struct fixture f;
	uint8_t buf[2];

	(void)state;
	setup(&f, &far_ops);
	gmem_enter(&f.mem, &f.reader);
	assert_int_equal(gmem_read(&f.mem, &f.reader, UINT64_MAX, NULL, 0),
			 0);
	assert_int_equal(gmem_write(&f.mem, &f.reader, 0, NULL, 0), 0);
	assert_int_equal(gmem_read(&f.mem, &f.reader, UINT64_MAX, buf, 2),
			 -EFAULT);
	assert_int_equal(gmem_write(&f.mem, &f.reader, UINT64_MAX, buf, 2),
			 -EFAULT);
	assert_int_equal(f.calls, 0);
	gmem_leave(&f.reader);
	teardown(&f);
}

/* far lies between a and b: one copy crosses all three. */
static void callbacks_serve_the_gaps_between_ranges(void **state)
{
	struct fixture f;
	uint8_t buf[192], again[192];

	(void)state;
	setup(&f, &far_ops);
	assert_int_equal(gmem_add(&f.mem, FAR - 64, 64, f.a, RW), 0);
	assert_int_equal(gmem_add(&f.mem, FAR + 64, 64, f.b, RW), 0);
	gmem_enter(&f.mem, &f.reader);
	assert_int_equal(gmem_read(&f.mem, &f.reader, FAR - 64, buf, 192), 0);
	assert_memory_equal(buf, f.a, 64);
	assert_memory_equal(buf + 64, f.far, 64);
	assert_memory_equal(buf + 128, f.b, 64);
	assert_int_equal(f.calls, 1);
	for (unsigned i = 0; i < 192; i++)
		buf[i] = (uint8_t)(255 - i);
	assert_int_equal(gmem_write(&f.mem, &f.reader, FAR - 64, buf, 192),
			 0);
	assert_int_equal(f.calls, 2);
	assert_int_equal(gmem_read(&f.mem, &f.reader, FAR - 64, again, 192),
			 0);
	assert_memory_equal(again, buf, 192);
	assert_memory_equal(f.far, buf + 64, 64);
	gmem_leave(&f.reader);
	teardown(&f);
}

static void what_the_callbacks_refuse_is_a_fault(void **state)
{
	struct fixture f;
	uint8_t buf[8];

	(void)state;
	setup(&f, &far_ops);
	gmem_enter(&f.mem, &f.reader);
	assert_int_equal(gmem_read(&f.mem, &f.reader, FAR + 60, buf, 8),
			 -EFAULT);
	assert_int_equal(gmem_write(&f.mem, &f.reader, FAR - 1, buf, 8),
			 -EFAULT);
	assert_int_equal(f.calls, 2);
	gmem_leave(&f.reader);
	teardown(&f);
}

/* What the host announced as read-only, it does not write for us either. */
static void protection_is_not_got_round_by_callbacks(void **state)
{
	struct fixture f;
	uint8_t buf[8] = { 0 };

	(void)state;
	setup(&f, &far_ops);
	assert_int_equal(gmem_add(&f.mem, FAR, 32, f.a, GMEM_READ), 0);
	assert_int_equal(gmem_add(&f.mem, FAR + 32, 32, f.b, GMEM_WRITE), 0);
	gmem_enter(&f.mem, &f.reader);
	assert_int_equal(gmem_write(&f.mem, &f.reader, FAR, buf, 8), -EFAULT);
	assert_int_equal(gmem_read(&f.mem, &f.reader, FAR + 32, buf, 8),
			 -EFAULT);
	assert_int_equal(f.calls, 0);
	assert_int_equal(f.far[0], 0x40);
	assert_int_equal(gmem_read(&f.mem, &f.reader, FAR, buf, 8), 0);
	assert_int_equal(gmem_write(&f.mem, &f.reader, FAR + 32, buf, 8), 0);
	gmem_leave(&f.reader);
	teardown(&f);
}

/* ---- readers and writers ----------------------------------------------- */

struct removal {
	struct gmem *mem;
	sem_t done;
};

static void *remove_range(void *arg)
{
	struct removal *r = arg;

	if (!gmem_remove(r->mem, 0x1000, 64))
		sem_post(&r->done);
	return NULL;
}

/* Is the semaphore posted within ms? */
static bool posted(sem_t *sem, long ms)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += ms * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	return !sem_timedwait(sem, &until);
}

static void remove_waits_for_a_reader_that_is_inside(void **state)
{
	struct removal r;
	struct fixture f;
	pthread_t thread;
	uint64_t len = 64;
	uint8_t *p;

	(void)state;
	setup(&f, NULL);
	r.mem = &f.mem;
	sem_init(&r.done, 0, 0);
	assert_int_equal(gmem_add(&f.mem, 0x1000, 64, f.a, RW), 0);
	gmem_enter(&f.mem, &f.reader);
	p = gmem_map(&f.reader, 0x1000, RW, &len);
	assert_int_equal(pthread_create(&thread, NULL, remove_range, &r), 0);
	assert_false(posted(&r.done, 50));
	/* Its view has not changed. */
	assert_ptr_equal(gmem_map(&f.reader, 0x1000, RW, &len), p);
	assert_int_equal(p[1], 1);
	gmem_leave(&f.reader);
	assert_true(posted(&r.done, 10000));
	pthread_join(thread, NULL);
	sem_destroy(&r.done);
	teardown(&f);
}

/* The reader's table is an older one still: there may be many in between. */
static void remove_waits_for_a_reader_in_an_older_table(void **state)
{
	struct removal r;
	struct fixture f;
	pthread_t thread;

	(void)state;
	setup(&f, NULL);
	r.mem = &f.mem;
	sem_init(&r.done, 0, 0);
	assert_int_equal(gmem_add(&f.mem, 0x1000, 64, f.a, RW), 0);
	gmem_enter(&f.mem, &f.reader);
	assert_int_equal(gmem_add(&f.mem, 0x2000, 64, f.b, RW), 0);
	assert_int_equal(gmem_add(&f.mem, 0x3000, 64, f.b, RW), 0);
	assert_int_equal(pthread_create(&thread, NULL, remove_range, &r), 0);
	assert_false(posted(&r.done, 50));
	/* To go on will do: it need not leave. */
	gmem_enter(&f.mem, &f.reader);
	assert_true(posted(&r.done, 10000));
	gmem_leave(&f.reader);
	pthread_join(thread, NULL);
	sem_destroy(&r.done);
	teardown(&f);
}

/*
 * The reader has gone on, but for what it had, another one stays, which was
 * registered meanwhile.
 */
static void remove_waits_for_an_heir(void **state)
{
	struct gmem_reader heir;
	struct removal r;
	struct fixture f;
	pthread_t thread;

	(void)state;
	setup(&f, NULL);
	r.mem = &f.mem;
	sem_init(&r.done, 0, 0);
	assert_int_equal(gmem_add(&f.mem, 0x1000, 64, f.a, RW), 0);
	gmem_enter(&f.mem, &f.reader);
	assert_int_equal(pthread_create(&thread, NULL, remove_range, &r), 0);
	assert_false(posted(&r.done, 50));
	gmem_register(&f.mem, &heir);
	gmem_share(&f.reader, &heir);
	gmem_leave(&f.reader);
	gmem_enter(&f.mem, &f.reader);
	assert_false(posted(&r.done, 50));
	gmem_leave(&heir);
	assert_true(posted(&r.done, 10000));
	gmem_leave(&f.reader);
	pthread_join(thread, NULL);
	sem_destroy(&r.done);
	gmem_unregister(&f.mem, &heir);
	teardown(&f);
}

static void remove_does_not_wait_for_one_outside(void **state)
{
	struct gmem_reader idle;
	struct fixture f;

	(void)state;
	setup(&f, NULL);
	gmem_register(&f.mem, &idle);
	assert_int_equal(gmem_add(&f.mem, 0x1000, 64, f.a, RW), 0);
	gmem_enter(&f.mem, &f.reader);
	gmem_leave(&f.reader);
	assert_int_equal(gmem_remove(&f.mem, 0x1000, 64), 0);
	gmem_unregister(&f.mem, &idle);
	teardown(&f);
}

/* On the reader's own thread: it would wait for itself. */
static void add_does_not_wait(void **state)
{
	struct fixture f;
	uint64_t len = 1;

	(void)state;
	setup(&f, NULL);
	gmem_enter(&f.mem, &f.reader);
	assert_int_equal(gmem_add(&f.mem, 0x1000, 64, f.a, RW), 0);
	assert_int_equal(gmem_add(&f.mem, 0x2000, 64, f.b, RW), 0);
	assert_null(gmem_map(&f.reader, 0x1000, RW, &len));
	gmem_leave(&f.reader);
	gmem_enter(&f.mem, &f.reader);
	assert_non_null(gmem_map(&f.reader, 0x1000, RW, &len));
	gmem_leave(&f.reader);
	teardown(&f);
}

/*
 * Readers use a page that comes and goes.  After each removal the page is
 * overwritten with plain stores: a reader that still looks at it would see
 * them (and the thread sanitizer would see the reader).
 */
#define ROUNDS 300

struct race {
	struct gmem mem;
	_Atomic bool stop;
	_Atomic unsigned hits, bad;
};

static void *race_reader(void *arg)
{
	struct gmem_reader reader;
	struct race *race = arg;

	gmem_register(&race->mem, &reader);
	while (!atomic_load(&race->stop)) {
		uint64_t len = 256;
		const uint8_t *p;

		gmem_enter(&race->mem, &reader);
		p = gmem_map(&reader, 0x1000, GMEM_READ, &len);
		if (p) {
			for (unsigned i = 0; i < 256; i++)
				if (p[i] != p[0] || p[i] == 0xee)
					atomic_fetch_add(&race->bad, 1);
			atomic_fetch_add(&race->hits, 1);
		}
		gmem_leave(&reader);
		sched_yield();
	}
	gmem_unregister(&race->mem, &reader);
	return NULL;
}

static void no_reader_sees_memory_that_was_taken_back(void **state)
{
	struct race race = { .stop = false };
	uint8_t *page = malloc(256);
	pthread_t thread[3];

	(void)state;
	assert_int_equal(gmem_init(&race.mem, NULL, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, race_reader,
						&race), 0);
	for (unsigned i = 0; i < ROUNDS || !atomic_load(&race.hits); i++) {
		memset(page, (int)(i % 200), 256);
		assert_int_equal(gmem_add(&race.mem, 0x1000, 256, page,
					  GMEM_READ), 0);
		sched_yield();
		assert_int_equal(gmem_remove(&race.mem, 0x1000, 256), 0);
		memset(page, 0xee, 256);
	}
	atomic_store(&race.stop, true);
	for (size_t i = 0; i < ARRAY_LEN(thread); i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(race.bad, 0);
	gmem_done(&race.mem);
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_what_was_added),
		cmocka_unit_test(refuses_ranges_that_are_none),
		cmocka_unit_test(a_range_may_end_at_the_top),
		cmocka_unit_test(refuses_ranges_that_overlap),
		cmocka_unit_test(takes_back_exactly_one_range),
		cmocka_unit_test(finds_every_one_of_the_most_ranges),
		cmocka_unit_test(every_change_is_another_generation),
		cmocka_unit_test(copies_across_neighbours),
		cmocka_unit_test(nothing_and_what_wraps),
		cmocka_unit_test(callbacks_serve_the_gaps_between_ranges),
		cmocka_unit_test(what_the_callbacks_refuse_is_a_fault),
		cmocka_unit_test(protection_is_not_got_round_by_callbacks),
		cmocka_unit_test(remove_waits_for_a_reader_that_is_inside),
		cmocka_unit_test(remove_waits_for_a_reader_in_an_older_table),
		cmocka_unit_test(remove_waits_for_an_heir),
		cmocka_unit_test(remove_does_not_wait_for_one_outside),
		cmocka_unit_test(add_does_not_wait),
		cmocka_unit_test(no_reader_sees_memory_that_was_taken_back),
	};

	alarm(120);     /* who waits for ever must not hang the tests */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
