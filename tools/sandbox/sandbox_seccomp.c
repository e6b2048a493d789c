/* SPDX-License-Identifier: MIT */
/*
 * The table below is what the server, its transports, libc and the libraries
 * call once they serve.  tests/sandbox runs the file system's tests under it.
 *
 * What is not in it: whatever makes a process or a program (execve, fork),
 * a namespace or a mount, a socket; ptrace, kill, bpf, keys, modules, clocks.
 * Memory cannot become executable.  Rings of io_uring can be used, not made:
 * those that there are have been restricted to reading and writing.  That there
 * may be some, sandbox_enter() allows more until sandbox_close() loads the
 * table a second time, by itself: a call is done that both let pass.
 */
#include "tools/sandbox/sandbox_seccomp.h"

#include "common/bytes.h"
#include "tools/sandbox/sandbox_fail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <linux/fsverity.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define HELP "--seccomp none does without"

/* With any arguments.  A number below 0: this machine has no such call. */
static const int plain[] = {
	/* memory */
	SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(membarrier),
	SCMP_SYS(mremap), SCMP_SYS(munmap),
	/* threads and time */
	SCMP_SYS(clock_getres), SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(exit), SCMP_SYS(exit_group),
	SCMP_SYS(futex), SCMP_SYS(getcpu), SCMP_SYS(getpid),
	SCMP_SYS(getppid), SCMP_SYS(getrandom), SCMP_SYS(getrusage),
	SCMP_SYS(gettid),
	SCMP_SYS(gettimeofday), SCMP_SYS(nanosleep),
	SCMP_SYS(restart_syscall), SCMP_SYS(rseq),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_yield),
	SCMP_SYS(set_robust_list), SCMP_SYS(sysinfo), SCMP_SYS(time),
	SCMP_SYS(uname),
	/* signals */
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(sigaltstack),
	/* who one is */
	SCMP_SYS(capget), SCMP_SYS(capset), SCMP_SYS(getegid),
	SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getgroups),
	SCMP_SYS(getuid), SCMP_SYS(setfsgid), SCMP_SYS(setfsuid),
	SCMP_SYS(setgroups),
	/* descriptors and events */
	SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(dup), SCMP_SYS(dup2),
	SCMP_SYS(dup3), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_wait), SCMP_SYS(eventfd2),
	SCMP_SYS(memfd_create), SCMP_SYS(pipe2), SCMP_SYS(poll),
	SCMP_SYS(ppoll), SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(write),
	SCMP_SYS(writev),
	/* a connection */
	SCMP_SYS(accept4), SCMP_SYS(getsockopt), SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(sendto),
	SCMP_SYS(shutdown),
	/* names */
	SCMP_SYS(getdents64), SCMP_SYS(linkat), SCMP_SYS(mkdirat),
	SCMP_SYS(mknodat), SCMP_SYS(open), SCMP_SYS(openat),
	SCMP_SYS(openat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
	SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(symlinkat),
	SCMP_SYS(unlinkat), SCMP_SYS(name_to_handle_at),
	SCMP_SYS(open_by_handle_at),
	/* attributes */
	SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(fchdir),
	SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(fchownat),
	SCMP_SYS(fgetxattr), SCMP_SYS(flistxattr), SCMP_SYS(fremovexattr),
	SCMP_SYS(fsetxattr), SCMP_SYS(fstat), SCMP_SYS(fstatfs),
	SCMP_SYS(ftruncate), SCMP_SYS(getxattr), SCMP_SYS(listxattr),
	SCMP_SYS(newfstatat), SCMP_SYS(removexattr), SCMP_SYS(setxattr),
	SCMP_SYS(stat), SCMP_SYS(statx), SCMP_SYS(truncate), SCMP_SYS(umask),
	SCMP_SYS(utimensat),
	/* data */
	SCMP_SYS(copy_file_range), SCMP_SYS(fallocate), SCMP_SYS(fdatasync),
	SCMP_SYS(flock), SCMP_SYS(fsync), SCMP_SYS(io_uring_enter),
	SCMP_SYS(lseek), SCMP_SYS(pread64),
	SCMP_SYS(preadv), SCMP_SYS(preadv2), SCMP_SYS(pwrite64),
	SCMP_SYS(pwritev), SCMP_SYS(pwritev2), SCMP_SYS(syncfs),
};

/* With some argument only; one line for each value that it may have. */
static const struct {
	int call;
	unsigned argument;
	uint64_t mask, value;           /* argument & mask == value */
} filtered[] = {
#define ALL UINT64_MAX
#define FLAGS UINT32_MAX                /* an int, or unsigned, argument */
#define IOCTL(command) { SCMP_SYS(ioctl), 1, FLAGS, (uint32_t)(command) }
#define FCNTL(command) { SCMP_SYS(fcntl), 1, FLAGS, command }
#define PRCTL(option) { SCMP_SYS(prctl), 0, FLAGS, option }
	/* lxutil/linux/lx_ioctl.c, for the guest */
	IOCTL(FS_IOC_GETFLAGS), IOCTL(FS_IOC_SETFLAGS),
	IOCTL(FS_IOC_GETVERSION), IOCTL(FS_IOC_FSGETXATTR),
	IOCTL(FS_IOC_FSSETXATTR), IOCTL(FS_IOC_ENABLE_VERITY),
	IOCTL(FS_IOC_MEASURE_VERITY), IOCTL(FS_IOC_GET_ENCRYPTION_POLICY),
	IOCTL(FS_IOC_GET_ENCRYPTION_POLICY_EX),
	FCNTL(F_DUPFD), FCNTL(F_DUPFD_CLOEXEC), FCNTL(F_GETFD),
	FCNTL(F_SETFD), FCNTL(F_GETFL), FCNTL(F_SETFL),
	FCNTL(F_OFD_GETLK), FCNTL(F_OFD_SETLK), FCNTL(F_OFD_SETLKW),
	FCNTL(F_ADD_SEALS), FCNTL(F_GET_SEALS),
	PRCTL(PR_SET_NAME), PRCTL(PR_GET_NAME), PRCTL(PR_SET_VMA),
	PRCTL(PR_SET_NO_NEW_PRIVS),     /* of loading a filter */
	{ SCMP_SYS(mmap), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(mprotect), 2, PROT_EXEC, 0 },
	/* A thread, in the namespaces that there are. */
	{ SCMP_SYS(clone), 0,
	  CLONE_THREAD | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
		  CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET,
	  CLONE_THREAD },
	/* A umask and working directory of a thread's own. */
	{ SCMP_SYS(unshare), 0, FLAGS, CLONE_FS },
	/* Limits are read. */
	{ SCMP_SYS(prlimit64), 2, ALL, 0 },
};

/*
 * These fail, unless they are allowed besides, and libc knows what to do then:
 * it makes a thread by clone() where there is no clone3(), whose arguments
 * cannot be filtered, and without a socket it stays silent.  So do we without a
 * ring.
 */
static const struct {
	int call, error;
} refused[] = {
	{ SCMP_SYS(clone3), ENOSYS },
	{ SCMP_SYS(io_uring_setup), EPERM },
	{ SCMP_SYS(socket), EACCES },
};

/* A rule about a call that this machine does not have is not needed. */
static int add(scmp_filter_ctx filter, uint32_t action, int call,
	       const struct scmp_arg_cmp *argument)
{
	if (call < 0)
		return 0;
	return seccomp_rule_add_array(filter, action, call, argument ? 1 : 0,
				      argument);
}

static bool is_among(int call, const int *more, size_t count)
{
	while (count--)
		if (more[count] == call)
			return true;
	return false;
}

static int add_rules(scmp_filter_ctx filter, const int *more, size_t count)
{
	/* Only to oneself: abort(), raise(). */
	const struct scmp_arg_cmp self = { .arg = 0, .op = SCMP_CMP_EQ,
					   .datum_a = (scmp_datum_t)getpid() };
	int ret = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), &self);

	for (size_t i = 0; !ret && i < ARRAY_LEN(plain); i++)
		ret = add(filter, SCMP_ACT_ALLOW, plain[i], NULL);
	for (size_t i = 0; !ret && i < count; i++)
		ret = add(filter, SCMP_ACT_ALLOW, more[i], NULL);
	for (size_t i = 0; !ret && i < ARRAY_LEN(filtered); i++) {
		const struct scmp_arg_cmp argument = {
			.arg = filtered[i].argument,
			.op = SCMP_CMP_MASKED_EQ,
			.datum_a = filtered[i].mask,
			.datum_b = filtered[i].value,
		};

		ret = add(filter, SCMP_ACT_ALLOW, filtered[i].call, &argument);
	}
	for (size_t i = 0; !ret && i < ARRAY_LEN(refused); i++)
		if (!is_among(refused[i].call, more, count))
			ret = add(filter,
				  SCMP_ACT_ERRNO((uint16_t)refused[i].error),
				  refused[i].call, NULL);
	return ret;
}

/* ---- loading ----------------------------------------------------------- */

static uint32_t scmp_action(enum sandbox_seccomp action)
{
	switch (action) {
	case SANDBOX_SECCOMP_LOG:
		return SCMP_ACT_LOG;
	case SANDBOX_SECCOMP_TRAP:
		return SCMP_ACT_TRAP;
	default:
		return SCMP_ACT_KILL_PROCESS;
	}
}

int sandbox_seccomp(enum sandbox_seccomp action, const int *more, size_t count,
		    char *err, size_t err_size)
{
	scmp_filter_ctx filter;
	int ret;

	if (action == SANDBOX_SECCOMP_NONE)
		return 0;
	filter = seccomp_init(scmp_action(action));
	if (!filter) {
		errno = ENOMEM;
		return sandbox_fail(err, err_size, HELP,
				    "make a seccomp filter");
	}
	/* A tree: the way to a call is short, wherever it is in the table. */
	ret = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!ret)
		ret = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!ret)
		ret = add_rules(filter, more, count);
	if (!ret)
		ret = seccomp_load(filter);
	seccomp_release(filter);
	errno = -ret;
	return ret ? sandbox_fail(err, err_size, HELP, "load the seccomp filter") :
		     0;
}
