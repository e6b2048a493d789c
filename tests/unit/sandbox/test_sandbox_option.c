/* SPDX-License-Identifier: MIT */
/* The options of the sandbox on a command line. */
#include "tools/sandbox/sandbox.h"

#include "common/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static char err[SANDBOX_ERR_MAX];

static bool set(struct sandbox_options *o, const char *name, const char *value)
{
	err[0] = 0;
	return sandbox_set_option(o, name, value, err, sizeof(err));
}

static void knows_its_options(void **state)
{
	static const char *const names[] = {
		"sandbox", "seccomp", "modcaps", "rlimit-nofile", "uid-map",
		"gid-map",
	};
	char name[32] = "--";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_true(sandbox_has_option(names[i]));
		strcpy(name + 2, names[i]);
		if (!strstr(sandbox_option_help, name))
			fail_msg("no help for %s", name);
	}
	assert_false(sandbox_has_option("sandbo"));
	assert_false(sandbox_has_option("--sandbox"));
	assert_false(sandbox_has_option(""));
}

static void takes_values(void **state)
{
	struct sandbox_options o = { .nofile = 0 };

	(void)state;
	assert_int_equal(o.mode, SANDBOX_NAMESPACE);
	assert_int_equal(o.seccomp, SANDBOX_SECCOMP_KILL);
	assert_true(set(&o, "sandbox", "chroot"));
	assert_int_equal(o.mode, SANDBOX_CHROOT);
	assert_true(set(&o, "sandbox", "landlock"));
	assert_int_equal(o.mode, SANDBOX_LANDLOCK);
	assert_true(set(&o, "sandbox", "none"));
	assert_int_equal(o.mode, SANDBOX_NONE);
	assert_true(set(&o, "sandbox", "namespace"));
	assert_int_equal(o.mode, SANDBOX_NAMESPACE);
	assert_true(set(&o, "seccomp", "none"));
	assert_int_equal(o.seccomp, SANDBOX_SECCOMP_NONE);
	assert_true(set(&o, "seccomp", "log"));
	assert_int_equal(o.seccomp, SANDBOX_SECCOMP_LOG);
	assert_true(set(&o, "seccomp", "trap"));
	assert_int_equal(o.seccomp, SANDBOX_SECCOMP_TRAP);
	assert_true(set(&o, "seccomp", "kill"));
	assert_int_equal(o.seccomp, SANDBOX_SECCOMP_KILL);
	assert_false(o.nofile_given);
	assert_true(set(&o, "rlimit-nofile", "0"));
	assert_true(o.nofile_given);
	assert_int_equal(o.nofile, 0);
	assert_true(set(&o, "rlimit-nofile", "4096"));
	assert_int_equal(o.nofile, 4096);
	assert_true(set(&o, "modcaps", "+sys_admin:-chown"));
	assert_int_equal(o.caps_add, UINT64_C(1) << 21);
	assert_int_equal(o.caps_drop, 1);
	assert_true(set(&o, "uid-map", ":0:1:2:"));
	assert_true(set(&o, "uid-map", ":7:8:9:"));
	assert_true(set(&o, "gid-map", ":3:4:5:"));
	assert_int_equal(o.uid_map.count, 2);
	assert_int_equal(o.gid_map.count, 1);
	assert_int_equal(o.gid_map.range[0].inside, 3);
}

static void names_the_option_that_is_wrong(void **state)
{
	static const struct {
		const char *name, *value, *said;
	} bads[] = {
		{ "sandbox", "Namespace", "namespace, chroot, landlock or none" },
		{ "sandbox", "", "namespace, chroot, landlock or none" },
		{ "seccomp", "killl", "kill, log, trap or none" },
		{ "rlimit-nofile", "-1", "'-1' is no number" },
		{ "rlimit-nofile", "1k", "'1k' is no number" },
		{ "rlimit-nofile", "", "'' is no number" },
		{ "rlimit-nofile", "99999999999999999999999", "is no number" },
		{ "modcaps", "chown", "expected +NAME or -NAME" },
		{ "uid-map", "0:1:2", "expected :INSIDE:OUTSIDE:COUNT:" },
		{ "gid-map", ":0:1:0:", "expected :INSIDE:OUTSIDE:COUNT:" },
	};
	struct sandbox_options o = { .nofile = 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bads); i++) {
		char name[32] = "--";

		if (set(&o, bads[i].name, bads[i].value))
			fail_msg("accepted --%s %s", bads[i].name,
				 bads[i].value);
		strcat(strcat(name, bads[i].name), ": ");
		if (strncmp(err, name, strlen(name)) ||
		    !strstr(err, bads[i].said))
			fail_msg("--%s %s: %s", bads[i].name, bads[i].value,
				 err);
		assert_null(strchr(err, '\n'));
	}
	assert_false(set(&o, "no-such", "x"));
	assert_non_null(strstr(err, "'--no-such'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_its_options),
		cmocka_unit_test(takes_values),
		cmocka_unit_test(names_the_option_that_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
