/* SPDX-License-Identifier: MIT */
#include "tools/bench/bench_count.h"

#include "common/bytes.h"
#include "tools/bench/bench_driver.h"
#include "tools/bench/bench_fail.h"
#include "tools/bench/bench_work.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKS_MAX 32
#define TRANSACTIONS 64

/* Between the process that drives and this one. */
struct shared {
	int current;                    /* workload, or -1 */
	pid_t server;
	uint64_t all[WORKS_MAX], file[WORKS_MAX];
	uint64_t ops[WORKS_MAX];
};

/* What a server waits, is woken and wakes with, and how it changes ids. */
static bool is_transport(long number)
{
	static const long calls[] = {
		SYS_read, SYS_write, SYS_poll, SYS_ppoll, SYS_epoll_wait,
		SYS_epoll_pwait, SYS_epoll_ctl, SYS_futex, SYS_clock_gettime,
		SYS_restart_syscall, SYS_sched_yield, SYS_setresuid,
		SYS_setresgid, SYS_setfsuid, SYS_setfsgid, SYS_setgroups,
		SYS_capget, SYS_capset, SYS_gettid, SYS_madvise, SYS_mmap,
		SYS_munmap, SYS_mprotect, SYS_brk,
	};

	for (unsigned i = 0; i < ARRAY_LEN(calls); i++)
		if (calls[i] == number)
			return true;
	return false;
}

/* ---- the process that drives -------------------------------------------- */

static void drive(const struct bench_target *target,
		  const struct bench_tree *tree, const struct bench_load *load,
		  const struct bench_work *const *work, unsigned works,
		  struct shared *shared, int ready, int go)
{
	struct bench_session session;
	char byte = 0;

	bench_session_open(&session, target, tree, load);
	shared->server = session.dev.server ? session.dev.server : getpid();
	if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 1)
		_exit(1);
	for (unsigned i = 0; i < works; i++) {
		struct bench_figures figures;

		/* Caches fill before it counts. */
		bench_driver_run(session.driver, work[i], 1, 1, 0, 4, &figures);
		__atomic_store_n(&shared->current, (int)i, __ATOMIC_SEQ_CST);
		bench_driver_run(session.driver, work[i], 1, 1, 0,
				 work[i]->step == bench_readdir_step ?
					 1 : TRANSACTIONS, &figures);
		__atomic_store_n(&shared->current, -1, __ATOMIC_SEQ_CST);
		shared->ops[i] = figures.ops;
	}
	bench_session_close(&session);
	_exit(0);
}

/* ---- the tracer --------------------------------------------------------- */

static void seize(pid_t tid)
{
	if (ptrace(PTRACE_SEIZE, tid, NULL,
		   PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE |
			   PTRACE_O_TRACEFORK) ||
	    ptrace(PTRACE_INTERRUPT, tid, NULL, NULL))
		bench_fail_errno("thread %d cannot be traced", (int)tid);
}

/* All threads of `pid` but `except`, and those of its children. */
/* NOLINTNEXTLINE(misc-no-recursion): few processes, few levels */
static void seize_all(pid_t pid, pid_t except)
{
	struct dirent *e;
	char path[64];
	FILE *children;
	int child;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		bench_fail_errno("%s", path);
	while ((e = readdir(dir))) {
		/* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
		pid_t tid = atoi(e->d_name);

		if (tid && tid != except)
			seize(tid);
	}
	closedir(dir);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid,
		 (int)pid);
	children = fopen(path, "re");
	/* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
	while (children && fscanf(children, "%d", &child) == 1)
		seize_all(child, 0);
	if (children)
		fclose(children);
}

static void count(struct shared *shared, pid_t tid)
{
	struct __ptrace_syscall_info info;
	int current = __atomic_load_n(&shared->current, __ATOMIC_SEQ_CST);

	if (current < 0 ||
	    ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return;
	shared->all[current]++;
	if (!is_transport((long)info.entry.nr))
		shared->file[current]++;
}

/* Until the process that drives has ended; its status. */
static int trace(struct shared *shared, pid_t driver)
{
	int status, result = -1;
	pid_t tid;

	while ((tid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		int sig = 0;

		if (tid == driver && !WIFSTOPPED(status)) {
			result = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
			break;
		}
		if (tid <= 0 || !WIFSTOPPED(status))
			continue;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			count(shared, tid);
		else if (!(status >> 16))
			sig = WSTOPSIG(status);
		/* NOLINTNEXTLINE(performance-no-int-to-ptr): a number */
		ptrace(PTRACE_SYSCALL, tid, NULL, (void *)(intptr_t)sig);
	}
	return result;
}

void bench_count(const struct bench_target *target,
		 const struct bench_tree *tree, const struct bench_load *load,
		 const struct bench_work *const *work, unsigned works,
		 struct bench_calls *ret_calls)
{
	struct shared *shared = mmap(NULL, sizeof(*shared),
				     PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ready[2], go[2];
	char byte;
	pid_t pid;

	if (shared == MAP_FAILED || works > WORKS_MAX || pipe(ready) ||
	    pipe(go))
		bench_fail_errno("counting system calls");
	shared->current = -1;
	pid = fork();
	if (pid < 0)
		bench_fail_errno("fork");
	if (!pid)
		drive(target, tree, load, work, works, shared, ready[1], go[0]);
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		bench_fail("%s: cannot be driven", target->name);
	seize_all(shared->server, pid);
	if (write(go[1], &byte, 1) != 1 || trace(shared, pid))
		bench_fail("%s: the run that counts calls failed",
			   target->name);
	for (unsigned i = 0; i < works; i++) {
		double ops = (double)shared->ops[i];

		ret_calls[i].all = (double)shared->all[i] / ops;
		ret_calls[i].file = (double)shared->file[i] / ops;
	}
	close(ready[0]);
	close(go[0]);
	close(go[1]);
	munmap(shared, sizeof(*shared));
}
