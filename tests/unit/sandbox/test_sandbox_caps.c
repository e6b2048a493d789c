/* SPDX-License-Identifier: MIT */
/* Capabilities by name, and giving them up. */
#include "tools/sandbox/sandbox_caps.h"

#include "common/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char err[512];

static bool parse(const char *text, uint64_t *add, uint64_t *drop)
{
	err[0] = 0;
	return sandbox_caps_parse(text, add, drop, err, sizeof(err));
}

static void reads_changes(void **state)
{
	uint64_t add = 0, drop = 0;

	(void)state;
	assert_true(parse("+sys_admin", &add, &drop));
	assert_int_equal(add, UINT64_C(1) << 21);
	assert_int_equal(drop, 0);
	assert_true(parse("-chown:+CAP_Linux_Immutable:-mknod", &add, &drop));
	assert_int_equal(add, UINT64_C(1) << 21 | UINT64_C(1) << 9);
	assert_int_equal(drop, UINT64_C(1) << 0 | UINT64_C(1) << 27);
	/* The last word counts. */
	assert_true(parse("-sys_admin:+chown", &add, &drop));
	assert_int_equal(add, UINT64_C(1) << 9 | UINT64_C(1) << 0);
	assert_int_equal(drop, UINT64_C(1) << 21 | UINT64_C(1) << 27);
	assert_true(parse("+checkpoint_restore", &add, &drop));
	assert_true(add & UINT64_C(1) << 40);
}

static void refuses_what_is_no_capability(void **state)
{
	static const char *const bads[] = {
		"", "+", "sys_admin", "+sys_admi", "+sys_adminx", "+chown:",
		":+chown", "+chown::-mknod", "+chown,-mknod", "++chown",
		"+cap_", "+ chown", "+cap_cap_chown",
	};
	uint64_t add = 5, drop = 6;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bads); i++) {
		if (parse(bads[i], &add, &drop))
			fail_msg("accepted '%s'", bads[i]);
		assert_non_null(strstr(err, "expected +NAME or -NAME"));
	}
	assert_int_equal(add, 5);
	assert_int_equal(drop, 6);
}

/* The kernel's sets of this thread by their names in /proc. */
static uint64_t kernel_says(const char *set)
{
	FILE *file = fopen("/proc/thread-self/status", "re");
	unsigned long long value = 0;
	char line[256];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, set, strlen(set)))
			sscanf(line + strlen(set), ": %llx", &value);
	}
	fclose(file);
	return value;
}

/* In a process of its own, as it is for good. */
static int keep_some(void)
{
	const uint64_t keep = SANDBOX_CAP(CAP_CHOWN) |
			      SANDBOX_CAP(CAP_MKNOD);
	const uint64_t had = kernel_says("CapPrm");
	const uint64_t bound = kernel_says("CapBnd");

	if (sandbox_caps_get() != had)
		return 1;
	if (sandbox_caps_keep(keep, err, sizeof(err)))
		return 2;
	if (kernel_says("CapPrm") != (had & keep) ||
	    kernel_says("CapEff") != (had & keep) || kernel_says("CapInh"))
		return 3;
	if (had & SANDBOX_CAP(CAP_SETPCAP) &&
	    kernel_says("CapBnd") != (bound & keep))
		return 4;
	if (kernel_says("NoNewPrivs") != 1)
		return 5;
	/* Once more, with nothing left to be given up. */
	return sandbox_caps_keep(keep, err, sizeof(err)) ? 6 : 0;
}

static void keeps_what_is_said_and_no_more(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid)
		_exit(keep_some());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_changes),
		cmocka_unit_test(refuses_what_is_no_capability),
		cmocka_unit_test(keeps_what_is_said_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
