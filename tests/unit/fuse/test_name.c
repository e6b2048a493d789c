/* SPDX-License-Identifier: MIT */
#include "fuse/fuse_session.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void names_operations(void **state)
{
	(void)state;
	assert_string_equal(fuse_opcode_name(FUSE_LOOKUP), "LOOKUP");
	assert_string_equal(fuse_opcode_name(FUSE_GETATTR), "GETATTR");
	assert_string_equal(fuse_opcode_name(FUSE_COPY_FILE_RANGE_64),
			    "COPY_FILE_RANGE_64");
}

static void has_no_name_for_other_numbers(void **state)
{
	unsigned named = 0;

	(void)state;
	for (uint32_t op = 0; op <= 65535; op++)
		named += fuse_opcode_name(op) != NULL;
	assert_int_equal(named, 51);
	assert_null(fuse_opcode_name(0));
	assert_null(fuse_opcode_name(7));
	assert_null(fuse_opcode_name(19));
	assert_null(fuse_opcode_name(54));
	assert_null(fuse_opcode_name(0xffffffff));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_operations),
		cmocka_unit_test(has_no_name_for_other_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
