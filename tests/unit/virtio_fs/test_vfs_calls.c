/* SPDX-License-Identifier: MIT */
/*
 * How many system calls a request takes.  A child plays guest and server, and
 * names each operation by a call of its own; its parent, which traces it,
 * counts what comes until the next.  Memory, locks of threads and credentials
 * are not counted: what is, is what the host's file systems have to do.
 */
#include "tests/unit/virtio_fs/share.h"

#include "common/bytes.h"
#include "lxutil/lx_volume.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/ptrace.h>
#include <cmocka.h>

#define MARK 0x7ac0000u                 /* a process group that is none */

enum op {
	OP_NONE,
	OP_GETATTR, OP_STATX, OP_ACCESS, OP_STATFS,
	OP_LOOKUP, OP_LOOKUP_NEW, OP_LOOKUP_NONE,
	OP_OPEN, OP_READ, OP_WRITE, OP_FSYNC, OP_LSEEK, OP_RELEASE,
	OP_CREATE, OP_MKDIR, OP_MKNOD, OP_SYMLINK, OP_LINK, OP_READLINK,
	OP_CHMOD, OP_GETXATTR, OP_RENAME, OP_UNLINK, OP_RMDIR, OP_OPENDIR,
	OP_READDIR, OP_COUNT
};

/* A new node takes one to open it and one to see what was opened. */
static const struct {
	const char *name;
	unsigned most;
} ops[OP_COUNT] = {
	[OP_GETATTR] = { "GETATTR", 1 },
	[OP_STATX] = { "STATX", 1 },
	[OP_ACCESS] = { "ACCESS", 1 },
	[OP_STATFS] = { "STATFS", 1 },
	[OP_LOOKUP] = { "LOOKUP of a known node", 1 },
	[OP_LOOKUP_NEW] = { "LOOKUP of a new node", 3 },
	[OP_LOOKUP_NONE] = { "LOOKUP of no node", 1 },
	[OP_OPEN] = { "OPEN", 1 },
	[OP_READ] = { "READ", 1 },
	[OP_WRITE] = { "WRITE", 1 },
	[OP_FSYNC] = { "FSYNC", 1 },
	[OP_LSEEK] = { "LSEEK", 1 },
	[OP_RELEASE] = { "RELEASE", 1 },
	[OP_CREATE] = { "CREATE", 3 },
	/* No call makes one of these and opens it. */
	[OP_MKDIR] = { "MKDIR", 3 },
	[OP_MKNOD] = { "MKNOD", 3 },
	[OP_SYMLINK] = { "SYMLINK", 3 },
	[OP_LINK] = { "LINK", 2 },
	[OP_READLINK] = { "READLINK", 1 },
	[OP_CHMOD] = { "SETATTR", 2 },
	[OP_GETXATTR] = { "GETXATTR", 1 },
	[OP_RENAME] = { "RENAME", 1 },
	[OP_UNLINK] = { "UNLINK", 1 },
	[OP_RMDIR] = { "RMDIR", 1 },
	[OP_OPENDIR] = { "OPENDIR", 1 },
	[OP_READDIR] = { "READDIR", 1 },
};

/* ---- the child --------------------------------------------------------- */

static void mark(enum op op)
{
	syscall(SYS_getpgid, MARK + op);
}

#define DO(op, call) \
	do { \
		mark(op); \
		if ((call) < 0) \
			_exit(1 + op); \
		mark(OP_NONE); \
	} while (0)

static void use_files(struct share *s, uint64_t dir)
{
	const struct fuse_statx_in statx = { .sx_mask = 0x7ff };
	const struct fuse_setattr_in chmod = {
		.valid = FATTR_MODE, .mode = 0600,
	};
	struct client *c = s->client;
	struct fuse_entry_out e;
	struct fuse_statx_out stx;
	struct fuse_kstatfs st;
	struct fuse_attr attr;
	uint64_t fh, f;

	DO(OP_LOOKUP_NEW, client_lookup(c, dir, "f", &e));
	f = e.nodeid;
	DO(OP_LOOKUP, client_lookup(c, dir, "f", &e));
	mark(OP_LOOKUP_NONE);
	client_lookup(c, dir, "none", &e);
	mark(OP_NONE);
	DO(OP_GETATTR, client_getattr(c, f, &attr));
	DO(OP_STATX, client_statx(c, f, &statx, &stx));
	DO(OP_ACCESS, client_access(c, f, LX_R_OK));
	DO(OP_STATFS, client_statfs(c, f, &st));
	DO(OP_OPEN, client_open(c, FUSE_OPEN, f, LX_O_RDWR, &fh));
	DO(OP_WRITE, client_write(c, f, fh, 0, "text", 4));
	DO(OP_READ, client_read(c, FUSE_READ, f, fh, 0, 4));
	DO(OP_FSYNC, client_fsync(c, FUSE_FSYNC, f, fh, 0));
	DO(OP_LSEEK, client_lseek(c, f, fh, 0, LX_SEEK_DATA));
	DO(OP_RELEASE, client_release(c, FUSE_RELEASE, f, fh));
	DO(OP_CHMOD, client_setattr(c, f, &chmod, &attr));
	mark(OP_GETXATTR);
	client_getxattr(c, f, "user.none", 0);
	mark(OP_NONE);
}

static void use_names(struct share *s, uint64_t dir)
{
	struct client *c = s->client;
	struct fuse_entry_out e;
	uint64_t fh;

	DO(OP_CREATE, client_create(c, dir, "c", LX_O_RDWR, 0644, &e, &fh));
	DO(OP_LINK, client_link(c, e.nodeid, dir, "l", &e));
	DO(OP_RENAME, client_rename(c, dir, "l", dir, "m", 0));
	DO(OP_UNLINK, client_remove(c, FUSE_UNLINK, dir, "m"));
	DO(OP_MKNOD, client_mknod(c, dir, "p", LX_S_IFIFO | 0644, 0, &e));
	DO(OP_SYMLINK, client_symlink(c, dir, "s", "target", &e));
	DO(OP_READLINK, client_readlink(c, e.nodeid, 100));
	DO(OP_MKDIR, client_mkdir(c, dir, "d", 0755, &e));
	DO(OP_OPENDIR, client_open(c, FUSE_OPENDIR, e.nodeid, 0, &fh));
	DO(OP_READDIR, client_read(c, FUSE_READDIR, e.nodeid, fh, 0, 4096));
	DO(OP_RMDIR, client_remove(c, FUSE_RMDIR, dir, "d"));
}

static void play(void)
{
	struct fuse_entry_out e;
	struct share *s;
	uint64_t fh, dir;
	void *state;

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	/* Here, as a server knows files by its process. */
	share_up(&state);
	s = state;
	/* Not the first: it is when mounts and so on are met. */
	host_dir(s->root_fd, "dir");
	host_file(s->root_fd, "dir/first", "");
	host_file(s->root_fd, "dir/f", "");
	dir = node_of(s, FUSE_ROOT_ID, "dir");
	node_of(s, dir, "first");
	if (client_create(s->client, dir, "x", LX_O_RDWR, 0644, &e, &fh))
		_exit(100);
	use_files(s, dir);
	use_names(s, dir);
	share_down(&state);
	_exit(0);
}

/* ---- the parent -------------------------------------------------------- */

static bool is_counted(uint64_t nr)
{
	switch (nr) {
	case SYS_futex:
	case SYS_mmap:
	case SYS_munmap:
	case SYS_mprotect:
	case SYS_madvise:
	case SYS_brk:
	case SYS_capset:
	case SYS_setresuid:
	case SYS_setresgid:
	case SYS_setfsuid:
	case SYS_setfsgid:
	case SYS_setgroups:
	case SYS_clock_gettime:
	case SYS_getpid:
	case SYS_gettid:
		return false;
	default:
		return true;
	}
}

/* The child has stopped; count its call, if it is at the start of one. */
static void look(pid_t pid, enum op *op, unsigned counts[OP_COUNT])
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return;
	if (info.entry.nr == SYS_getpgid && info.entry.args[0] >= MARK &&
	    info.entry.args[0] < MARK + OP_COUNT)
		*op = (enum op)(info.entry.args[0] - MARK);
	else if (is_counted(info.entry.nr))
		counts[*op]++;
}

/* Let the child run to its end; its status. */
static int trace(pid_t pid, unsigned counts[OP_COUNT])
{
	enum op op = OP_NONE;
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return status;
	ptrace(PTRACE_SETOPTIONS, pid, NULL,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	while (!ptrace(PTRACE_SYSCALL, pid, NULL, NULL) &&
	       waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			look(pid, &op, counts);
	return status;
}

static void requests_take_few_calls(void **state)
{
	unsigned counts[OP_COUNT] = { 0 };
	bool many = false;
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		play();
	status = trace(pid, counts);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	if (!counts[OP_NONE])
		skip();         /* no tracing here */
	for (int i = 1; i < OP_COUNT; i++) {
		if (!counts[i] || counts[i] > ops[i].most)
			print_error("%s takes %u calls, not %u\n",
				    ops[i].name, counts[i], ops[i].most);
		many |= !counts[i] || counts[i] > ops[i].most;
	}
	assert_false(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_take_few_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
