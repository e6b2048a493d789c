/* SPDX-License-Identifier: MIT */
#include "tools/sandbox/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/* What the terminal sends, the kernel has sent to the child already. */
static void pass_on(pid_t child, const siginfo_t *info)
{
	if (info->si_signo != SIGCHLD && info->si_code != SI_KERNEL)
		kill(child, info->si_signo);
}

int sandbox_wait(pid_t child, char *err, size_t err_size)
{
	int status = 1 << 8;            /* as if it had exited with 1 */
	siginfo_t info;
	sigset_t taken;

	sigemptyset(&taken);
	sigaddset(&taken, SIGTERM);
	sigaddset(&taken, SIGINT);
	sigaddset(&taken, SIGHUP);
	sigaddset(&taken, SIGQUIT);
	sigaddset(&taken, SIGCHLD);
	for (;;) {
		pid_t ended = waitpid(child, &status, WNOHANG);

		if (ended == child || (ended < 0 && errno != EINTR))
			break;
		if (sigwaitinfo(&taken, &info) > 0)
			pass_on(child, &info);
	}
	return sandbox_status(status, err, err_size);
}

int sandbox_status(int status, char *err, size_t err_size)
{
	int signo;

	if (err_size)
		*err = 0;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	signo = WTERMSIG(status);
	snprintf(err, err_size, "the server was killed by signal %d (%s)%s",
		 signo, strsignal(signo),
		 signo == SIGSYS ?
			 ": a system call that --seccomp kill does not allow" :
			 "");
	return 128 + signo;
}
