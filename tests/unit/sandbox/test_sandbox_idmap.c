/* SPDX-License-Identifier: MIT */
/* Ranges of ids as text, and who one is inside. */
#include "tools/sandbox/sandbox_idmap.h"

#include "common/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static char err[512];

static bool add(struct sandbox_idmap *map, const char *text)
{
	err[0] = 0;
	return sandbox_idmap_add(map, text, err, sizeof(err));
}

static void reads_ranges(void **state)
{
	struct sandbox_idmap map = { .count = 0 };

	(void)state;
	assert_true(add(&map, ":0:100000:65536:"));
	assert_true(add(&map, "/70000/1000/1/"));
	assert_true(add(&map, ":4294967294:4294967294:1:"));
	assert_int_equal(map.count, 3);
	assert_int_equal(map.range[0].inside, 0);
	assert_int_equal(map.range[0].outside, 100000);
	assert_int_equal(map.range[0].count, 65536);
	assert_int_equal(map.range[1].inside, 70000);
	assert_int_equal(map.range[1].outside, 1000);
	assert_int_equal(map.range[2].inside, 4294967294);
}

static void refuses_what_is_no_range(void **state)
{
	static const char *const bads[] = {
		"", ":", "0:1:1:", ":0:1:1", ":0:1:", ":0:1:1::", ":0:1:1:x",
		":0:1:0:", ":-1:1:1:", ":0:x:1:", ":0/1/1:", ":: 1:1:",
		":0:4294967295:1:", ":4294967295:0:1:", ":1:0:4294967295:",
		":0:99999999999:1:", ": 0:1:1:", ":0:1:1: ",
	};
	struct sandbox_idmap map = { .count = 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bads); i++) {
		if (add(&map, bads[i]))
			fail_msg("accepted '%s'", bads[i]);
		assert_non_null(strstr(err, "expected :INSIDE:OUTSIDE:COUNT:"));
		assert_null(strchr(err, '\n'));
	}
	assert_int_equal(map.count, 0);
}

static void refuses_ids_that_are_mapped_already(void **state)
{
	static const char *const bads[] = {
		":15:900:10:", ":5:900:6:", ":12:900:1:", ":900:109:5:",
		":900:95:6:", ":0:0:4294967294:",
	};
	struct sandbox_idmap map = { .count = 0 };

	(void)state;
	assert_true(add(&map, ":10:100:10:"));
	for (size_t i = 0; i < ARRAY_LEN(bads); i++) {
		if (add(&map, bads[i]))
			fail_msg("accepted '%s'", bads[i]);
		assert_non_null(strstr(err, "mapped already"));
	}
	assert_true(add(&map, ":20:90:10:"));
	assert_true(add(&map, ":0:110:10:"));
}

static void has_a_limit(void **state)
{
	struct sandbox_idmap map = { .count = 0 };
	char text[64];

	(void)state;
	for (int i = 0; i < SANDBOX_RANGES_MAX; i++) {
		snprintf(text, sizeof(text), ":%d:%d:1:", i * 2, i * 2);
		assert_true(add(&map, text));
	}
	assert_false(add(&map, ":1000:1000:1:"));
	assert_non_null(strstr(err, "64"));
}

static void is_root_where_there_is_one_else_itself(void **state)
{
	struct sandbox_idmap map = { .count = 0 };

	(void)state;
	assert_int_equal(sandbox_idmap_self(&map, 1000), 1000);
	assert_true(add(&map, ":50:5000:10:"));
	assert_int_equal(sandbox_idmap_self(&map, 1000), 50);
	assert_int_equal(sandbox_idmap_self(&map, 5003), 53);
	assert_int_equal(sandbox_idmap_self(&map, 5010), 50);
	assert_true(add(&map, ":70:1000:1:"));
	assert_int_equal(sandbox_idmap_self(&map, 1000), 70);
	assert_true(add(&map, ":0:9000:1:"));
	assert_int_equal(sandbox_idmap_self(&map, 1000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_ranges),
		cmocka_unit_test(refuses_what_is_no_range),
		cmocka_unit_test(refuses_ids_that_are_mapped_already),
		cmocka_unit_test(has_a_limit),
		cmocka_unit_test(is_root_where_there_is_one_else_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
