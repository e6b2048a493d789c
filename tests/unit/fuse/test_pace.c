/* SPDX-License-Identifier: MIT */
#include "fuse/fuse_pace.h"

#include "fuse/fuse_proto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>
#include <cmocka.h>

static void learns_that_requests_are_quick(void **state)
{
	struct fuse_pace pace;
	unsigned n = 0;

	(void)state;
	fuse_pace_init(&pace);
	for (; fuse_pace_slow(&pace, FUSE_LOOKUP); n++)
		fuse_pace_took(&pace, FUSE_LOOKUP, 0);
	/* Not by one, nor by very many. */
	assert_in_range(n, 2, 20);
	/* It is one opcode's. */
	assert_true(fuse_pace_slow(&pace, FUSE_READ));
}

static void learns_that_they_are_slow_and_forgets(void **state)
{
	struct fuse_pace pace;
	unsigned n = 0;

	(void)state;
	fuse_pace_init(&pace);
	for (unsigned i = 0; i < 100; i++)
		fuse_pace_took(&pace, FUSE_LOOKUP, 0);
	for (; !fuse_pace_slow(&pace, FUSE_LOOKUP); n++)
		fuse_pace_took(&pace, FUSE_LOOKUP, 2 * FUSE_PACE_OTHER_US);
	assert_in_range(n, 2, 20);
	/* One that hung for an hour is enough; but not for ever. */
	for (unsigned i = 0; i < 100; i++)
		fuse_pace_took(&pace, FUSE_LOOKUP, 0);
	assert_false(fuse_pace_slow(&pace, FUSE_LOOKUP));
	fuse_pace_took(&pace, FUSE_LOOKUP, UINT64_C(3600000000));
	assert_true(fuse_pace_slow(&pace, FUSE_LOOKUP));
	for (unsigned i = 0; i < 200; i++)
		fuse_pace_took(&pace, FUSE_LOOKUP, 0);
	assert_false(fuse_pace_slow(&pace, FUSE_LOOKUP));
}

static void knows_nothing_of_other_opcodes(void **state)
{
	struct fuse_pace pace;

	(void)state;
	fuse_pace_init(&pace);
	fuse_pace_took(&pace, FUSE_PACE_OPCODES, 1u << 30);
	fuse_pace_took(&pace, UINT32_MAX, 1u << 30);
	assert_false(fuse_pace_slow(&pace, FUSE_PACE_OPCODES));
	assert_false(fuse_pace_slow(&pace, UINT32_MAX));
}

static void who_sleeps_blocks_and_who_works_does_not(void **state)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	struct fuse_pace_start start = fuse_pace_begin();
	uint64_t us = 1;

	(void)state;
	nanosleep(&ms, NULL);
	assert_true(fuse_pace_end(&start) >= 1000);
	/* Unless the host cannot tell; and a page may have to be fetched. */
	if (start.sleeps == UINT64_MAX)
		skip();
	for (unsigned i = 0; us && i < 100; i++) {
		volatile unsigned work = 0;

		start = fuse_pace_begin();
		while (work < 100000)
			work++;
		us = fuse_pace_end(&start);
	}
	assert_int_equal(us, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(learns_that_requests_are_quick),
		cmocka_unit_test(learns_that_they_are_slow_and_forgets),
		cmocka_unit_test(knows_nothing_of_other_opcodes),
		cmocka_unit_test(who_sleeps_blocks_and_who_works_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
