/* SPDX-License-Identifier: MIT */
#include "fuse/fuse_wait.h"

#include "lxutil/lx.h"
#include "tests/lib/fake_image.h"

#include <stdarg.h>
#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

static int setup(void **state)
{
	struct fuse_waits *w = malloc(sizeof(*w));

	*state = w;
	if (w)
		fuse_waits_init(w);
	return !w;
}

static int teardown(void **state)
{
	fuse_waits_done(*state);
	free(*state);
	return 0;
}

static void waits_until_it_is_interrupted(void **state)
{
	struct fuse_waits *w = *state;

	for (int i = 0; i < 5; i++)
		assert_int_equal(fuse_waits_on(w, 7, 0), 0);
	assert_int_equal(fuse_waits_on(w, 8, 0), 0);
	assert_int_equal(w->count, 2);
	fuse_waits_interrupt(w, 7);
	assert_int_equal(fuse_waits_on(w, 8, 0), 0);
	assert_int_equal(fuse_waits_on(w, 7, 0), -LX_EINTR);
	assert_int_equal(w->count, 1);
	/* It was told once, and would be another one now. */
	assert_int_equal(fuse_waits_on(w, 7, 0), 0);
	assert_int_equal(fuse_waits_on(w, 8, 0), 0);
}

static void forgets_who_is_answered(void **state)
{
	struct fuse_waits *w = *state;

	assert_int_equal(fuse_waits_on(w, 7, 0), 0);
	assert_int_equal(fuse_waits_on(w, 8, 0), 0);
	assert_int_equal(fuse_waits_on(w, 9, 0), 0);
	fuse_waits_interrupt(w, 9);
	fuse_waits_end(w, 7);
	fuse_waits_end(w, 7);
	fuse_waits_end(w, 1000);
	assert_int_equal(w->count, 2);
	assert_int_equal(fuse_waits_on(w, 8, 0), 0);
	assert_int_equal(fuse_waits_on(w, 9, 0), -LX_EINTR);
}

static void remembers_an_interrupt_that_came_first(void **state)
{
	struct fuse_waits *w = *state;

	fuse_waits_interrupt(w, 7);
	assert_int_equal(w->count, 0);
	assert_int_equal(fuse_waits_on(w, 8, 0), 0);
	assert_int_equal(fuse_waits_on(w, 7, 0), -LX_EINTR);
	assert_int_equal(w->count, 1);
	assert_int_equal(fuse_waits_on(w, 7, 0), 0);
	/* Nobody has interrupted number 0, of which empty places are. */
	assert_int_equal(fuse_waits_on(w, 0, 0), 0);
}

static void remembers_the_last_of_many_interrupts(void **state)
{
	struct fuse_waits *w = *state;

	for (uint64_t i = 0; i <= FUSE_EARLY_INTERRUPTS; i++)
		fuse_waits_interrupt(w, 100 + i);
	assert_int_equal(fuse_waits_on(w, 100, 0), 0);
	for (uint64_t i = 1; i <= FUSE_EARLY_INTERRUPTS; i++)
		assert_int_equal(fuse_waits_on(w, 100 + i, 0), -LX_EINTR);
}

/* Those that wait keep theirs, however many others there are. */
static void loses_no_interrupt_of_those_that_wait(void **state)
{
	struct fuse_waits *w = *state;

	assert_int_equal(fuse_waits_on(w, 7, 0), 0);
	fuse_waits_interrupt(w, 7);
	for (uint64_t i = 0; i < 10 * FUSE_EARLY_INTERRUPTS; i++)
		fuse_waits_interrupt(w, 100 + i);
	assert_int_equal(fuse_waits_on(w, 7, 0), -LX_EINTR);
}

static void has_places_for_so_many(void **state)
{
	struct fuse_waits *w = *state;

	for (uint64_t i = 1; i <= FUSE_WAITS_MAX; i++)
		assert_int_equal(fuse_waits_on(w, i, 0), 0);
	assert_int_equal(fuse_waits_on(w, 5000, 0), -LX_ENOLCK);
	for (uint64_t i = 1; i <= FUSE_WAITS_MAX; i++)
		assert_int_equal(fuse_waits_on(w, i, 0), 0);
	fuse_waits_end(w, 3);
	assert_int_equal(fuse_waits_on(w, 5000, 0), 0);
	assert_int_equal(fuse_waits_on(w, 5001, 0), -LX_ENOLCK);
	assert_int_equal(w->count, FUSE_WAITS_MAX);
}

/* Those of a queue that was reset do not hold their places for ever. */
static void takes_over_what_nobody_asks_for_any_more(void **state)
{
	struct fuse_waits *w = *state;
	uint64_t now = FUSE_WAIT_STALE_MS - 1;

	for (uint64_t i = 1; i <= FUSE_WAITS_MAX; i++)
		assert_int_equal(fuse_waits_on(w, i, 0), 0);
	for (uint64_t i = 2; i <= FUSE_WAITS_MAX; i++)
		assert_int_equal(fuse_waits_on(w, i, now), 0);
	fuse_waits_interrupt(w, 1);
	assert_int_equal(fuse_waits_on(w, 5000, now), -LX_ENOLCK);
	now++;
	assert_int_equal(fuse_waits_on(w, 5000, now), 0);
	assert_int_equal(fuse_waits_on(w, 5000, now), 0);
	assert_int_equal(fuse_waits_on(w, 5001, now), -LX_ENOLCK);
	assert_int_equal(w->count, FUSE_WAITS_MAX);
}

static void clears_everything(void **state)
{
	struct fuse_waits *w = *state;

	assert_int_equal(fuse_waits_on(w, 7, 0), 0);
	fuse_waits_interrupt(w, 7);
	fuse_waits_interrupt(w, 8);
	fuse_waits_clear(w);
	assert_int_equal(w->count, 0);
	assert_int_equal(fuse_waits_on(w, 7, 0), 0);
	assert_int_equal(fuse_waits_on(w, 8, 0), 0);
}

static void another_goes_on_with_the_waits(void **state)
{
	static struct save_writer writer;
	static struct save_reader reader;
	const uint32_t kind = SAVE_TAG('t', 'e', 's', 't');
	struct fuse_waits *w = *state;
	struct fake_image image = { 0 };
	static struct fuse_waits other;

	for (uint64_t i = 0; i < FUSE_EARLY_INTERRUPTS + 5; i++)
		fuse_waits_interrupt(w, 1000 + i);
	assert_int_equal(fuse_waits_on(w, 7, 0), 0);
	assert_int_equal(fuse_waits_on(w, 8, 0), 0);
	fuse_waits_interrupt(w, 8);
	save_open(&writer, kind, fake_image_write, &image);
	fuse_waits_save(w, &writer);
	assert_int_equal(save_close(&writer), 0);

	fuse_waits_init(&other);
	assert_int_equal(save_read(&reader, kind, fake_image_read, &image), 0);
	assert_int_equal(fuse_waits_restore(&other, &reader, 5), 0);
	assert_int_equal(other.count, 2);
	assert_int_equal(fuse_waits_on(&other, 7, 5), 0);
	assert_int_equal(fuse_waits_on(&other, 8, 5), -LX_EINTR);
	/* The next that comes early takes the place of the oldest. */
	fuse_waits_interrupt(&other, 9);
	assert_int_equal(fuse_waits_on(&other, 1005, 5), 0);
	assert_int_equal(fuse_waits_on(&other, 1006, 5), -LX_EINTR);
	assert_int_equal(fuse_waits_on(&other, 9, 5), -LX_EINTR);

	/* Nobody waits twice. */
	image.data[image.len - 8 - 18] = 8;
	fuse_waits_clear(&other);
	fake_image_rewind(&image);
	assert_int_equal(save_read(&reader, kind, fake_image_read, &image), 0);
	assert_int_equal(fuse_waits_restore(&other, &reader, 5), -EINVAL);
	fuse_waits_done(&other);
	fake_image_done(&image);
}

#define wait_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		wait_test(waits_until_it_is_interrupted),
		wait_test(forgets_who_is_answered),
		wait_test(remembers_an_interrupt_that_came_first),
		wait_test(remembers_the_last_of_many_interrupts),
		wait_test(loses_no_interrupt_of_those_that_wait),
		wait_test(has_places_for_so_many),
		wait_test(takes_over_what_nobody_asks_for_any_more),
		wait_test(clears_everything),
		wait_test(another_goes_on_with_the_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
