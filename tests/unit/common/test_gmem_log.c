/* SPDX-License-Identifier: MIT */
#include "common/gmem.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>

#define PAGE UINT64_C(4096)

/* A log of 4 bytes (32 pages), with bytes before and after it. */
struct fixture {
	uint8_t byte[8];
	struct gmem_log log;
};

static void setup(struct fixture *f)
{
	memset(f->byte, 0, sizeof(f->byte));
	f->log = (struct gmem_log){ f->byte + 2, 4, -1 };
}

static void assert_bits(const struct fixture *f, uint32_t want)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < 4; i++)
		bits |= (uint32_t)f->byte[2 + i] << 8 * i;
	assert_int_equal(bits, want);
	assert_int_equal(f->byte[1], 0);
	assert_int_equal(f->byte[6], 0);
}

static void marks_each_page_that_is_touched(void **state)
{
	static const struct {
		uint64_t gpa, len;
		uint32_t want;
	} cases[] = {
		{ 0, 1, 1 },
		{ PAGE - 1, 1, 1 },
		{ PAGE - 1, 2, 3 },
		{ 2 * PAGE, PAGE, 1u << 2 },
		{ 7 * PAGE, PAGE + 1, 3u << 7 },
		{ 0, 32 * PAGE, 0xffffffff },
		{ 5 * PAGE + 9, 20 * PAGE, 0x1fffffu << 5 },
		{ 31 * PAGE, 1, 1u << 31 },
		{ 3 * PAGE, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f;

		setup(&f);
		gmem_log_mark(&f.log, cases[i].gpa, cases[i].len);
		assert_bits(&f, cases[i].want);
	}
}

static void leaves_the_other_marks(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	gmem_log_mark(&f.log, 3 * PAGE, 1);
	gmem_log_mark(&f.log, 9 * PAGE, 1);
	gmem_log_mark(&f.log, 4 * PAGE, PAGE);
	assert_bits(&f, 1u << 3 | 1u << 9 | 1u << 4);
}

static void marks_nothing_beyond_its_end(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	gmem_log_mark(&f.log, 32 * PAGE, 1);
	gmem_log_mark(&f.log, UINT64_MAX, 1);
	gmem_log_mark(&f.log, UINT64_MAX, UINT64_MAX);
	assert_bits(&f, 0);
	gmem_log_mark(&f.log, 30 * PAGE, 100 * PAGE);
	assert_bits(&f, 3u << 30);
	gmem_log_mark(&f.log, 28 * PAGE, UINT64_MAX);
	assert_bits(&f, 0xfu << 28);
}

static void tells_of_marks(void **state)
{
	struct fixture f;
	eventfd_t value;

	(void)state;
	setup(&f);
	f.log.signal = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(f.log.signal >= 0);
	gmem_log_mark(&f.log, 99 * PAGE, 1);
	assert_int_equal(eventfd_read(f.log.signal, &value), -1);
	gmem_log_mark(&f.log, 0, 1);
	assert_int_equal(eventfd_read(f.log.signal, &value), 0);
	close(f.log.signal);
}

/* Two who mark bits of the same bytes lose none. */
struct marker {
	const struct gmem_log *log;
	unsigned first;
	pthread_t thread;
};

static void *mark_every_other(void *arg)
{
	const struct marker *m = arg;

	for (unsigned page = m->first; page < 65536; page += 2)
		gmem_log_mark(m->log, page * PAGE, 1);
	return NULL;
}

static void loses_no_mark_of_another_thread(void **state)
{
	const size_t size = 65536 / 8;
	uint8_t *bits = calloc(1, size);
	const struct gmem_log log = { bits, size, -1 };
	struct marker m[2];

	(void)state;
	assert_non_null(bits);
	for (unsigned i = 0; i < 2; i++) {
		m[i] = (struct marker){ .log = &log, .first = i };
		assert_int_equal(pthread_create(&m[i].thread, NULL,
						mark_every_other, &m[i]), 0);
	}
	for (unsigned i = 0; i < 2; i++)
		pthread_join(m[i].thread, NULL);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(bits[i], 0xff);
	free(bits);
}

/* ---- the log of a guest's memory --------------------------------------- */

static void goes_with_the_table(void **state)
{
	static uint8_t page[64];
	struct gmem_reader reader;
	struct fixture f;
	struct gmem mem;
	uint64_t before;

	(void)state;
	setup(&f);
	assert_int_equal(gmem_init(&mem, NULL, NULL), 0);
	gmem_register(&mem, &reader);
	assert_int_equal(gmem_add(&mem, 0x1000, 64, page, GMEM_READ), 0);
	before = gmem_enter(&mem, &reader);
	assert_null(gmem_reader_log(&reader));
	gmem_leave(&reader);

	assert_int_equal(gmem_set_log(&mem, &f.log), 0);
	assert_true(gmem_enter(&mem, &reader) > before);
	assert_ptr_equal(gmem_reader_log(&reader)->bits, f.log.bits);
	assert_int_equal(gmem_reader_log(&reader)->size, 4);
	gmem_leave(&reader);

	/* It stays when ranges come and go, and they stay when it goes. */
	assert_int_equal(gmem_remove(&mem, 0x1000, 64), 0);
	assert_int_equal(gmem_add(&mem, 0x2000, 64, page, GMEM_READ), 0);
	gmem_enter(&mem, &reader);
	assert_ptr_equal(gmem_reader_log(&reader)->bits, f.log.bits);
	gmem_leave(&reader);
	assert_int_equal(gmem_set_log(&mem, NULL), 0);
	gmem_enter(&mem, &reader);
	assert_null(gmem_reader_log(&reader));
	assert_non_null(gmem_map(&reader, 0x2000, GMEM_READ, &before));
	gmem_leave(&reader);
	gmem_unregister(&mem, &reader);
	gmem_done(&mem);
}

/* Whoever may still write to the old log has left when it is gone. */
struct changing {
	struct gmem mem;
	bool changed;
};

static void *take_the_log_away(void *arg)
{
	struct changing *c = arg;

	assert_int_equal(gmem_set_log(&c->mem, NULL), 0);
	__atomic_store_n(&c->changed, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static void waits_for_who_is_inside(void **state)
{
	struct changing c = { .changed = false };
	struct gmem_reader reader;
	struct fixture f;
	pthread_t thread;

	(void)state;
	setup(&f);
	assert_int_equal(gmem_init(&c.mem, NULL, NULL), 0);
	gmem_register(&c.mem, &reader);
	assert_int_equal(gmem_set_log(&c.mem, &f.log), 0);
	gmem_enter(&c.mem, &reader);
	assert_int_equal(pthread_create(&thread, NULL, take_the_log_away, &c),
			 0);
	for (unsigned i = 0; i < 20; i++) {
		usleep(1000);
		assert_false(__atomic_load_n(&c.changed, __ATOMIC_SEQ_CST));
		gmem_log_mark(gmem_reader_log(&reader), i * PAGE, 1);
	}
	gmem_leave(&reader);
	pthread_join(thread, NULL);
	assert_true(c.changed);
	assert_bits(&f, 0xfffff);
	gmem_unregister(&c.mem, &reader);
	gmem_done(&c.mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_each_page_that_is_touched),
		cmocka_unit_test(leaves_the_other_marks),
		cmocka_unit_test(marks_nothing_beyond_its_end),
		cmocka_unit_test(tells_of_marks),
		cmocka_unit_test(loses_no_mark_of_another_thread),
		cmocka_unit_test(goes_with_the_table),
		cmocka_unit_test(waits_for_who_is_inside),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
