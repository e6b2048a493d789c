/* SPDX-License-Identifier: MIT */
/*
 * How many system calls READs and WRITEs take that go on by io_uring, while
 * others are available.  A child plays guest and device, and its parent, which
 * traces all of its threads, counts between two calls of the child's own.
 */
#include "tests/device/own_transfers.h"
#include "virtio/virtio_worker.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <linux/ptrace.h>

#define MARK 0x7ac0000                  /* a process group that is none */

struct calls {
	bool seen, on;
	unsigned begin;                 /* some, by the ring */
	unsigned look;                  /* whether some have ended */
	unsigned others;                /* by what may wait */
};

/* What comes is counted from now on, or no longer. */
static void mark(void)
{
	syscall(SYS_getpgid, MARK);
}

/* A thread has stopped at a call. */
static void count(pid_t tid, struct calls *calls)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return;
	calls->seen = true;
	if (info.entry.nr == SYS_getpgid && info.entry.args[0] == MARK)
		calls->on = !calls->on;
	if (!calls->on)
		return;
	switch (info.entry.nr) {
	case SYS_io_uring_enter:
		if (info.entry.args[1])
			calls->begin++;
		else
			calls->look++;
		break;
	case SYS_preadv:
	case SYS_preadv2:
	case SYS_pwritev:
	case SYS_pwritev2:
		calls->others++;
		break;
	default:
		break;
	}
}

/* Let the child and its threads run to its end; its status. */
static int trace(pid_t pid, struct calls *calls)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE |
			     PTRACE_O_EXITKILL;
	int status, sig;
	pid_t tid;

	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return status;
	ptrace(PTRACE_SETOPTIONS, pid, NULL, options);
	ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	while ((tid = waitpid(-1, &status, __WALL)) > 0) {
		if (tid == pid && !WIFSTOPPED(status))
			break;
		if (!WIFSTOPPED(status))
			continue;
		sig = WSTOPSIG(status);
		if (sig == (SIGTRAP | 0x80))
			count(tid, calls);
		/* These are of the tracing; others are the child's own. */
		if (sig == (SIGTRAP | 0x80) || sig == SIGTRAP || sig == SIGSTOP)
			sig = 0;
		ptrace(PTRACE_SYSCALL, tid, NULL, (void *)(intptr_t)sig);
	}
	return status;
}

/* The child: as many as can be under way at a time, of which none ends yet. */
static void write_many(struct device_fixture *f)
{
	assert_true(own_ext4_freeze(true));
	f->plugin->stop(f->dev);
	for (unsigned i = 0; i < PAGES; i++)
		post(f, i, true);
	mark();
	assert_int_equal(f->plugin->start(f->dev), 0);
	assert_goes_on(f, REQUESTS);
	mark();
	assert_true(own_ext4_freeze(false));
	for (unsigned i = 0; i < PAGES; i++)
		collect(f, true);
}

/* Here they end as soon as the disk wants. */
static void read_many(struct device_fixture *f)
{
	f->plugin->stop(f->dev);
	for (unsigned i = 0; i < PAGES; i++)
		post(f, i, false);
	mark();
	assert_int_equal(f->plugin->start(f->dev), 0);
	for (unsigned i = 0; i < PAGES; i++)
		collect(f, false);
	mark();
}

static struct calls calls_of(void (*play)(struct device_fixture *f))
{
	struct calls calls = { 0 };
	void *state;
	pid_t pid;
	int status;

	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(0);
		raise(SIGSTOP);
		own_setup(&state);
		open_file(state);
		play(state);
		own_teardown(&state);
		_exit(0);
	}
	status = trace(pid, &calls);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	return calls;
}

static void many_are_begun_by_few_calls(void **state)
{
	struct calls calls = calls_of(write_many);

	(void)state;
	if (!calls.seen)
		skip();         /* no tracing here */
	assert_int_equal(calls.begin, PAGES / VIRTIO_PUT_OFF_MAX);
	assert_int_equal(calls.others, 0);
}

/* On a busy machine some may end, and be told of, before 8 are begun. */
static void many_reads_take_few_calls(void **state)
{
	const unsigned few = 2 * PAGES / VIRTIO_PUT_OFF_MAX;
	struct calls calls;
	unsigned tries = 0, all;

	(void)state;
	do {
		calls = calls_of(read_many);
		if (!calls.seen)
			skip();
		all = calls.begin + calls.look + calls.others;
	} while (all > few && ++tries < 100);
	assert_in_range(all, PAGES / VIRTIO_PUT_OFF_MAX, few);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_are_begun_by_few_calls),
		cmocka_unit_test(many_reads_take_few_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return own_run(run);
}
