/* SPDX-License-Identifier: MIT */
#include "lxutil/lx_path.h"

#include "lxutil/lx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void refuses_names_that_walk(void **state)
{
	static const char *const bad[] = {
		"", ".", "..", "/", "//", "/abs", "a/b", "../x", "x/..", "a/",
		"./a", "\n/", "\xff/",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(lx_check_name(bad[i]), -LX_EINVAL);
}

static void takes_names_that_only_look_odd(void **state)
{
	static const char *const good[] = {
		"a", "...", "..a", ".a", "a..", " ", "~", "a\\b", "-rf", "C:",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_int_equal(lx_check_name(good[i]), 0);
}

static void takes_every_byte_but_the_slash(void **state)
{
	(void)state;
	for (int c = 1; c < 256; c++) {
		const char name[] = { 'x', (char)c, '\0' };

		assert_int_equal(lx_check_name(name),
				 c == '/' ? -LX_EINVAL : 0);
	}
}

static void refuses_256_bytes(void **state)
{
	char name[5000];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[255] = '\0';
	assert_int_equal(lx_check_name(name), 0);
	name[255] = 'x';
	name[256] = '\0';
	assert_int_equal(lx_check_name(name), -LX_ENAMETOOLONG);
	name[256] = 'x';
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(lx_check_name(name), -LX_ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_names_that_walk),
		cmocka_unit_test(takes_names_that_only_look_odd),
		cmocka_unit_test(takes_every_byte_but_the_slash),
		cmocka_unit_test(refuses_256_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
