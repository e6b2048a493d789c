/* SPDX-License-Identifier: MIT */
/* Standing for a child: its status and its signals. */
#include "tools/sandbox/sandbox.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char err[SANDBOX_ERR_MAX];

static int block_signals(void **state)
{
	sigset_t set;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGCHLD);
	return sigprocmask(SIG_BLOCK, &set, NULL);
}

static void has_the_childs_status(void **state)
{
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid)
		_exit(7);
	assert_int_equal(sandbox_wait(pid, err, sizeof(err)), 7);
	assert_string_equal(err, "");
}

static void says_that_it_was_killed(void **state)
{
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid) {
		raise(SIGKILL);
		_exit(0);
	}
	assert_int_equal(sandbox_wait(pid, err, sizeof(err)), 128 + SIGKILL);
	assert_non_null(strstr(err, "killed by signal 9"));
	assert_null(strstr(err, "seccomp"));
	assert_int_equal(sandbox_status(SIGSYS, err, sizeof(err)),
			 128 + SIGSYS);
	assert_non_null(strstr(err, "seccomp"));
}

/* The child ends with the number of the signal that it gets. */
static void passes_signals_on(void **state)
{
	const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		pid_t pid = fork();

		if (!pid) {
			sigset_t set;
			int signo;

			sigfillset(&set);
			sigwait(&set, &signo);
			_exit(signo);
		}
		/* As somebody else would: by kill(2), not the terminal. */
		kill(getpid(), signals[i]);
		assert_int_equal(sandbox_wait(pid, err, sizeof(err)),
				 signals[i]);
	}
}

static void ends_where_there_is_no_child(void **state)
{
	(void)state;
	assert_int_not_equal(sandbox_wait(getpid(), err, sizeof(err)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_the_childs_status),
		cmocka_unit_test(says_that_it_was_killed),
		cmocka_unit_test(passes_signals_on),
		cmocka_unit_test(ends_where_there_is_no_child),
	};

	return cmocka_run_group_tests(tests, block_signals, NULL);
}
