/* SPDX-License-Identifier: MIT */
#include "fuse/fuse_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void grows_piece_by_piece(void **state)
{
	struct fuse_line line = { .len = 0 };

	(void)state;
	fuse_line_add(&line, "%s", "LOOKUP");
	fuse_line_number(&line, "node", UINT64_MAX);
	fuse_line_hex(&line, "flags", 255);
	fuse_line_name(&line, "a\"b");
	assert_string_equal(line.text,
			    "LOOKUP node 18446744073709551615 flags 0xff \"a\\x22b\"");
	assert_int_equal(line.len, strlen(line.text));
}

static void is_cut_at_its_end(void **state)
{
	struct fuse_line line = { .len = 0 };
	char name[400];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	fuse_line_name(&line, name);
	assert_in_range(line.len, 300, 330);
	for (int i = 0; i < 5; i++)
		fuse_line_name(&line, name);
	assert_int_equal(line.len, LOG_LINE_MAX - 1);
	assert_int_equal(strlen(line.text), LOG_LINE_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_piece_by_piece),
		cmocka_unit_test(is_cut_at_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
