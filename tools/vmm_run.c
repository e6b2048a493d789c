/* SPDX-License-Identifier: MIT */
#include "tools/vmm_run.h"

#include "common/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const int signals[] = {
	SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2,
};

static sigset_t taken;                  /* those, and SIGCHLD */
static sigset_t old_mask;               /* as we found it, for the child */

/* Who starts us with a signal ignored (nohup does) wants it ignored. */
static bool is_ignored(int signo)
{
	struct sigaction action;

	return !sigaction(signo, NULL, &action) &&
	       action.sa_handler == SIG_IGN;
}

void vmm_run_block_signals(void)
{
	sigemptyset(&taken);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (!is_ignored(signals[i]))
			sigaddset(&taken, signals[i]);
	sigaddset(&taken, SIGCHLD);
	signal(SIGCHLD, SIG_DFL);       /* or waitpid() knows nothing */
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &taken, &old_mask);
}

/* posix_spawnp() with the signals as we found them. */
static int spawn(char *const *args, const posix_spawn_file_actions_t *files,
		 pid_t *ret_pid)
{
	posix_spawnattr_t attr;
	sigset_t defaults;
	int ret;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &old_mask);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
					POSIX_SPAWN_SETSIGDEF);
	ret = posix_spawnp(ret_pid, args[0], files, &attr, args, environ);
	posix_spawnattr_destroy(&attr);
	return -ret;
}

static int start(char *const *args, const posix_spawn_file_actions_t *files,
		 pid_t *ret_pid, char *err, size_t err_size)
{
	int ret = spawn(args, files, ret_pid);

	if (ret == -ENOENT)
		snprintf(err, err_size, "command '%s' not found", args[0]);
	else if (ret)
		snprintf(err, err_size, "cannot run '%s': %s", args[0],
			 strerror(-ret));
	return ret;
}

int vmm_run_start(char *const *args, pid_t *ret_pid, char *err, size_t err_size)
{
	return start(args, NULL, ret_pid, err, err_size);
}

bool vmm_run_check(const char *program, char *err, size_t err_size)
{
	char *args[] = { (char *)program, (char *)"-device",
			 (char *)"vfio-user-pci,help", NULL };
	posix_spawn_file_actions_t files;
	int status, ret;
	pid_t pid;

	posix_spawn_file_actions_init(&files);
	for (int fd = 0; fd < 3; fd++)
		posix_spawn_file_actions_addopen(&files, fd, "/dev/null",
						 O_RDWR, 0);
	ret = start(args, &files, &pid, err, err_size);
	posix_spawn_file_actions_destroy(&files);
	if (ret)
		return false;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return true;
	snprintf(err, err_size,
		 "'%s' has no vfio-user-pci device; expected QEMU 10.1 or later",
		 program);
	return false;
}

/* What the terminal sends, the kernel has sent to the child already. */
static void pass_on(pid_t pid, const siginfo_t *info)
{
	if (info->si_code != SI_KERNEL)
		kill(pid, info->si_signo);
}

pid_t vmm_run_wait(pid_t pid, int *ret_status)
{
	siginfo_t info;

	for (;;) {
		pid_t ended = waitpid(-1, ret_status, WNOHANG);

		if (ended > 0)
			return ended;
		if (ended < 0 && errno == ECHILD) {
			*ret_status = 1 << 8;   /* as if it had exited with 1 */
			return pid;
		}
		if (sigwaitinfo(&taken, &info) > 0 && info.si_signo != SIGCHLD)
			pass_on(pid, &info);
	}
}

void vmm_run_until_signal(void)
{
	int signo;

	do
		sigwait(&taken, &signo);
	while (signo == SIGCHLD || signo == SIGUSR1 || signo == SIGUSR2);
}

void vmm_run_until_term(void)
{
	int signo;

	do
		sigwait(&taken, &signo);
	while (signo != SIGTERM);
}
