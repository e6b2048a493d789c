/* SPDX-License-Identifier: MIT */
#include "lxutil/lx_errno.h"

#include "lxutil/lx_volume.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void names_are_those_of_linux(void **state)
{
	int known = 0;

	(void)state;
	for (int err = 1; err < 200; err++) {
		if (!strcmp(lx_errname(err), "E?"))
			continue;
		assert_string_equal(lx_errname(err), strerrorname_np(err));
		assert_string_equal(lx_errname(-err), strerrorname_np(err));
		known++;
	}
	assert_true(known >= 40);
}

static void numbers_are_those_of_linux(void **state)
{
	(void)state;
	for (int err = 1; err < 200; err++) {
		int lx = lx_errno_from_host(err);

		/* Known by name exactly where it has a number. */
		if (strcmp(lx_errname(err), "E?"))
			assert_int_equal(lx, err);
		else
			assert_int_equal(lx, LX_EIO);
	}
	assert_int_equal(lx_errno_from_host(ENOTSUP), LX_EOPNOTSUPP);
	assert_int_equal(lx_errno_from_host(EWOULDBLOCK), LX_EAGAIN);
	assert_int_equal(lx_errno_from_host(ESTALE), 116);
}

static void odd_numbers_have_no_name(void **state)
{
	const int odd[] = { 0, INT_MIN, INT_MAX, LX_MAX_ERRNO, -4096 };

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		assert_string_equal(lx_errname(odd[i]), "E?");
	assert_int_equal(lx_errno_from_host(0), LX_EIO);
	assert_int_equal(lx_errno_from_host(-LX_ESTALE), LX_EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_linux),
		cmocka_unit_test(numbers_are_those_of_linux),
		cmocka_unit_test(odd_numbers_have_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
