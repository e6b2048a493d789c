/* SPDX-License-Identifier: MIT */
#include "common/gmem.h"

#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void maps_what_was_added(void **state)
{
	struct gmem mem;
	struct gmem_reader reader;
	uint8_t a[64], b[64];
	uint64_t len = 100, generation;

	(void)state;
	assert_int_equal(gmem_init(&mem, NULL, NULL), 0);
	gmem_register(&mem, &reader);
	assert_int_equal(gmem_add(&mem, 0x2000, 64, b, GMEM_READ), 0);
	assert_int_equal(gmem_add(&mem, 0x1000, 64, a, 3), 0);
	generation = gmem_enter(&mem, &reader);
	assert_ptr_equal(gmem_map(&reader, 0x1010, GMEM_WRITE, &len), a + 16);
	assert_int_equal(len, 48);
	assert_null(gmem_map(&reader, 0x2000, GMEM_WRITE, &len));
	assert_null(gmem_map(&reader, 0x1040, GMEM_READ, &len));
	gmem_leave(&reader);
	assert_int_equal(gmem_remove(&mem, 0x1000, 64), 0);
	assert_true(gmem_enter(&mem, &reader) > generation);
	assert_null(gmem_map(&reader, 0x1000, GMEM_READ, &len));
	gmem_leave(&reader);
	gmem_unregister(&mem, &reader);
	gmem_done(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_what_was_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
