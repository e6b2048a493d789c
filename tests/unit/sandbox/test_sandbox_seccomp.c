/* SPDX-License-Identifier: MIT */
/*
 * The list of system calls: each call is made by a process of its own, under
 * the filter.  What servers really call is seen by running them so; here are
 * those calls with arguments that matter, and those that must not be there.
 */
#include "tools/sandbox/sandbox_seccomp.h"

#include "common/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char page[4096] __attribute__((aligned(4096)));

struct call {
	const char *name;
	long number;
	long argument[6];
};

#define CALL(name, ...) { #name, SYS_##name, { __VA_ARGS__ } }
#define IN_PAGE (long)page

static _Noreturn void call_and_exit(const struct call *c)
{
	const long *a = c->argument;

	errno = 0;
	syscall(c->number, a[0], a[1], a[2], a[3], a[4], a[5]);
	_exit(errno);
}

static int await_end(pid_t pid, int *ret_signal)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	*ret_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 255)
		fail_msg("no filter");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

/* How the process ends: the errno of the call (0: none), or the signal. */
static int make_call(enum sandbox_seccomp action, const struct call *c,
		     int *ret_signal)
{
	char err[SANDBOX_ERR_MAX];
	pid_t pid = fork();

	if (!pid) {
		signal(SIGSYS, SIG_DFL);        /* cmocka has a handler */
		if (sandbox_seccomp(action, NULL, 0, err, sizeof(err)))
			_exit(255);
		call_and_exit(c);
	}
	return await_end(pid, ret_signal);
}

static void lets_servers_work(void **state)
{
	const struct call calls[] = {
		CALL(ioctl, -1, (int)FS_IOC_GETFLAGS),
		CALL(ioctl, -1, (int)FS_IOC_SETFLAGS),
		CALL(fcntl, 0, F_GETFL), CALL(dup2, -1, 0),
		CALL(fcntl, -1, F_DUPFD_CLOEXEC, 0),
		CALL(fcntl, -1, F_OFD_SETLK, IN_PAGE),
		CALL(prctl, PR_SET_NAME, IN_PAGE),
		CALL(unshare, CLONE_FS),
		CALL(prlimit64, 0, RLIMIT_NOFILE, 0, IN_PAGE),
		CALL(mmap, 0, 4096, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1),
		CALL(mprotect, IN_PAGE, 4096, PROT_READ | PROT_WRITE),
		CALL(setfsuid, -1), CALL(io_uring_enter, -1, 0, 0, 0),
		CALL(capget, 0, 0),
		CALL(openat, AT_FDCWD, IN_PAGE, O_PATH),
		CALL(open_by_handle_at, -1, IN_PAGE, 0),
		CALL(rt_sigtimedwait, IN_PAGE, 0, IN_PAGE, 8),
	};
	int signo;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		make_call(SANDBOX_SECCOMP_KILL, &calls[i], &signo);
		if (signo)
			fail_msg("%zu, %s: signal %d", i, calls[i].name, signo);
	}
}

static void kills_who_does_anything_else(void **state)
{
	const struct call calls[] = {
		/* processes */
		CALL(execve, IN_PAGE), CALL(execveat, AT_FDCWD, IN_PAGE),
		CALL(clone, SIGCHLD), CALL(clone, CLONE_VM | CLONE_VFORK),
		CALL(clone, CLONE_THREAD | CLONE_NEWNS),
		CALL(clone, CLONE_THREAD | CLONE_NEWUSER),
		CALL(kill, getpid(), 0), CALL(tkill, getpid(), 0),
		CALL(tgkill, getpid(), getpid(), 0),
		CALL(ptrace, 0), CALL(process_vm_readv, getpid()),
		CALL(pidfd_open, getpid()), CALL(pidfd_getfd, -1),
		CALL(wait4, -1),
		/* the file system's shape */
		CALL(mount, IN_PAGE), CALL(umount2, IN_PAGE),
		CALL(chroot, IN_PAGE),
		CALL(pivot_root, IN_PAGE), CALL(open_tree, -1, IN_PAGE),
		CALL(move_mount, -1), CALL(fsopen, IN_PAGE),
		CALL(mount_setattr, -1), CALL(chdir, IN_PAGE),
		CALL(unshare, CLONE_NEWNS), CALL(unshare, CLONE_NEWUSER),
		CALL(unshare, CLONE_FS | CLONE_NEWNS), CALL(setns, -1),
		/* sockets */
		CALL(socketpair, 1, 1, 0, IN_PAGE), CALL(bind, -1),
		CALL(connect, -1), CALL(listen, -1),
		/* who one is */
		CALL(setuid, 0), CALL(setresuid, 0, 0, 0),
		CALL(prctl, PR_SET_DUMPABLE, 1),
		CALL(prctl, PR_SET_SECUREBITS, 0),
		CALL(prctl, PR_SET_SECCOMP, 0), CALL(personality, 0),
		/* the kernel */
		CALL(bpf, 0), CALL(io_uring_register, -1), CALL(keyctl, 0),
		CALL(add_key, 0), CALL(init_module, 0), CALL(userfaultfd, 0),
		CALL(perf_event_open, 0), CALL(sethostname, 0), CALL(reboot, 0),
		CALL(clock_settime, 0), CALL(quotactl, 0), CALL(swapon, 0),
		CALL(prlimit64, 0, RLIMIT_NOFILE, IN_PAGE, 0),
		/* arguments */
		CALL(ioctl, -1, TIOCSTI), CALL(ioctl, -1, (int)FS_IOC_FIEMAP),
		CALL(ioctl, -1, FICLONE), CALL(fcntl, -1, F_SETOWN, 1),
		CALL(fcntl, -1, F_SETSIG, 1), CALL(fcntl, -1, F_SETLEASE, 0),
		CALL(mmap, 0, 4096, PROT_READ | PROT_EXEC,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1),
		CALL(mprotect, IN_PAGE, 4096, PROT_READ | PROT_EXEC),
	};
	int signo;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		make_call(SANDBOX_SECCOMP_KILL, &calls[i], &signo);
		if (signo != SIGSYS)
			fail_msg("%zu, %s: signal %d", i, calls[i].name, signo);
	}
}

static void refuses_what_libc_can_do_without(void **state)
{
	const struct call threads = CALL(clone3, IN_PAGE, 88);
	const struct call sockets = CALL(socket, 1, 1);
	const struct call rings = CALL(io_uring_setup, 1, IN_PAGE);
	int signo;

	(void)state;
	assert_int_equal(make_call(SANDBOX_SECCOMP_KILL, &threads, &signo),
			 ENOSYS);
	assert_int_equal(make_call(SANDBOX_SECCOMP_KILL, &sockets, &signo),
			 EACCES);
	assert_int_equal(make_call(SANDBOX_SECCOMP_KILL, &rings, &signo),
			 EPERM);
}

static void does_what_the_option_says(void **state)
{
	const struct call call = CALL(chdir, IN_PAGE);
	int signo;

	(void)state;
	assert_int_equal(make_call(SANDBOX_SECCOMP_NONE, &call, &signo),
			 ENOENT);
	assert_int_equal(make_call(SANDBOX_SECCOMP_LOG, &call, &signo), ENOENT);
	assert_int_equal(make_call(SANDBOX_SECCOMP_TRAP, &call, &signo), 0);
	assert_int_equal(signo, SIGSYS);
}

/* In a thread that was there before the filter. */
static void *exit_by_another_call(void *arg)
{
	const sem_t *loaded = arg;

	while (sem_wait((sem_t *)loaded))
		;
	syscall(SYS_umount2, page, 0);
	syscall(SYS_chdir, page);
	return NULL;
}

static void filter_older_threads(void)
{
	const int more[] = { SYS_umount2 };
	char err[SANDBOX_ERR_MAX];
	pthread_t thread;
	sem_t loaded;

	signal(SIGSYS, SIG_DFL);                /* cmocka has a handler */
	sem_init(&loaded, 0, 0);
	if (pthread_create(&thread, NULL, exit_by_another_call, &loaded) ||
	    sandbox_seccomp(SANDBOX_SECCOMP_KILL, more, 1, err, sizeof(err)))
		_exit(1);
	syscall(SYS_umount2, page, 0);
	sem_post(&loaded);
	pthread_join(thread, NULL);
	_exit(2);
}

static void binds_threads_that_there_are(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid)
		filter_older_threads();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

/* As make_call(), where more is allowed at first, and no longer if `closed`. */
static int make_call_besides(const struct call *c, bool closed,
			     int *ret_signal)
{
	const int more[] = { SYS_io_uring_setup, SYS_io_uring_register,
			     SYS_seccomp };
	char err[SANDBOX_ERR_MAX];
	pid_t pid = fork();

	if (!pid) {
		signal(SIGSYS, SIG_DFL);        /* cmocka has a handler */
		if (sandbox_seccomp(SANDBOX_SECCOMP_KILL, more, ARRAY_LEN(more),
				    err, sizeof(err)))
			_exit(255);
		if (closed && sandbox_seccomp(SANDBOX_SECCOMP_KILL, NULL, 0,
					      err, sizeof(err)))
			_exit(255);
		call_and_exit(c);
	}
	return await_end(pid, ret_signal);
}

static void what_was_allowed_can_be_taken_back(void **state)
{
	const struct call rings = CALL(io_uring_setup, 0, 0);
	const struct call others[] = {
		CALL(io_uring_register, -1), CALL(seccomp, -1),
	};
	int signo;

	(void)state;
	make_call_besides(&rings, false, &signo);
	assert_int_equal(signo, 0);
	assert_int_equal(make_call_besides(&rings, true, &signo), EPERM);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		make_call_besides(&others[i], false, &signo);
		assert_int_equal(signo, 0);
		make_call_besides(&others[i], true, &signo);
		assert_int_equal(signo, SIGSYS);
	}
}

static void *run(void *arg)
{
	return arg;
}

static int start_thread(void)
{
	char err[SANDBOX_ERR_MAX];
	pthread_t thread;

	if (sandbox_seccomp(SANDBOX_SECCOMP_KILL, NULL, 0, err, sizeof(err)))
		return 1;
	if (pthread_create(&thread, NULL, run, NULL))
		return 2;
	return pthread_join(thread, NULL) ? 3 : 0;
}

static void threads_can_be_started(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid)
		_exit(start_thread());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void abort_ends_the_process(void **state)
{
	char err[SANDBOX_ERR_MAX];
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid) {
		const struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGABRT, SIG_DFL);       /* cmocka has a handler */
		if (sandbox_seccomp(SANDBOX_SECCOMP_KILL, NULL, 0, err,
				    sizeof(err)))
			_exit(1);
		abort();
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lets_servers_work),
		cmocka_unit_test(kills_who_does_anything_else),
		cmocka_unit_test(refuses_what_libc_can_do_without),
		cmocka_unit_test(does_what_the_option_says),
		cmocka_unit_test(what_was_allowed_can_be_taken_back),
		cmocka_unit_test(threads_can_be_started),
		cmocka_unit_test(binds_threads_that_there_are),
		cmocka_unit_test(abort_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
