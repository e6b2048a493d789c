/* SPDX-License-Identifier: MIT */
/*
 * exec.c - programs: whose rights they get, what cannot be done to them while
 * they run, and what is no program.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

extern char **environ;

static void copy_program(const char *from, const char *to, mode_t mode)
{
	int in = (int)MUST(open(from, O_RDONLY | O_CLOEXEC));
	int out = (int)MUST(open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
				 0755));
	char buf[65536];
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) > 0)
		MUST(write(out, buf, (size_t)n) == n ? 0 : -1);
	MUST(fchmod(out, mode));
	close(in);
	close(out);
}

/* Lines of its own status that a program prints. */
static void say_status(const char *path)
{
	static const char *const words[] = { "Uid:", "Gid:", "CapEff:" };
	char line[256];
	int ends[2];
	FILE *out;

	MUST(pipe(ends));
	fflush(NULL);
	if (!MUST(fork())) {
		dup2(ends[1], 1);
		close(ends[0]);
		execl(path, "cat", "/proc/self/status", NULL);
		dprintf(1, "Uid: %s\n", conf_errname(errno));
		_exit(1);
	}
	close(ends[1]);
	out = fdopen(ends[0], "r");
	while (out && fgets(line, sizeof(line), out))
		for (size_t i = 0; i < CONF_COUNT(words); i++)
			if (!strncmp(line, words[i], strlen(words[i])))
				conf_say("%s", line);
	fclose(out);
	conf_wait();
}

static void run_all(void)
{
	static const char *const names[] = { "plain", "setuid", "setgid",
					     "capable", "closed", "readless" };

	for (size_t i = 0; i < CONF_COUNT(names); i++) {
		conf_on("%s", names[i]);
		say_status(names[i]);
	}
}

static void prepare_programs(void)
{
	struct vfs_cap_data cap = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data[0].permitted = 1u << CAP_NET_RAW,
	};

	copy_program("/bin/cat", "plain", 0755);
	copy_program("/bin/cat", "setuid", 0755);
	MUST(chown("setuid", CONF_OTHER, CONF_OTHER));
	MUST(chmod("setuid", 04755));
	copy_program("/bin/cat", "setgid", 0755);
	MUST(chown("setgid", CONF_OTHER, CONF_OTHER));
	MUST(chmod("setgid", 02755));
	copy_program("/bin/cat", "capable", 0755);
	MUST(setxattr("capable", "security.capability", &cap, sizeof(cap), 0));
	copy_program("/bin/cat", "closed", 0700);
	copy_program("/bin/cat", "readless", 0711);
}

static void programs_get_their_rights(void)
{
	conf_as(CONF_AS_ROOT, run_all);
	conf_as(CONF_AS_USER, run_all);
	conf_as(CONF_AS_OTHER, run_all);
}

static void running_programs_are_busy(void)
{
	int in[2], started[2];
	pid_t pid;
	char byte;

	copy_program("/bin/cat", "program", 0755);
	MUST(pipe(in));
	MUST(pipe2(started, O_CLOEXEC));
	pid = (pid_t)MUST(fork());
	if (!pid) {
		dup2(in[0], 0);
		close(in[1]);
		execl("program", "cat", NULL);
		_exit(1);
	}
	close(in[0]);
	close(started[1]);
	/* Until it runs, which closes the other end. */
	MUST(read(started[0], &byte, 1));
	close(started[0]);
	close(FD(open("program", O_WRONLY)));
	close(FD(open("program", O_RDWR)));
	close(FD(open("program", O_RDONLY)));
	close(FD(open("program", O_WRONLY | O_TRUNC)));
	close(FD(open("program", O_RDWR | O_CREAT, 0755)));
	DO(truncate("program", 0));
	DO(chmod("program", 0700));
	DO(utimensat(AT_FDCWD, "program", NULL, 0));
	DO(setxattr("program", "user.x", "v", 1, 0));
	DO(link("program", "linked"));
	close(FD(open("linked", O_WRONLY)));
	DO(rename("program", "renamed"));
	close(FD(open("renamed", O_WRONLY)));
	DO(unlink("renamed"));
	DO(unlink("linked"));
	conf_file("program", 0755, "another");
	close(in[1]);
	conf_say("ended with %#x", conf_wait());
}

static void exec_it(const char *path, int flags)
{
	char *const arguments[] = { (char *)"name", NULL };

	if (!MUST(fork())) {
		syscall(SYS_execveat, AT_FDCWD, path, arguments, environ,
			flags);
		conf_say("exec %s flags %#x: %s", path, flags,
			 conf_errname(errno));
		_exit(1);
	}
	conf_say("ended with %#x", conf_wait());
}

static void not_everything_is_a_program(void)
{
	static const char *const names[] = {
		"script", "link", "dangling", "loop", "empty", "text", "dir",
		"fifo", "missing", "plain", "plain/x", "nobody", "bad", "deep",
		"closed/x", "", "short",
	};

	conf_file("script", 0755, "#!/bin/sh\nexit 7\n");
	conf_file("empty", 0755, "");
	conf_file("text", 0755, "no program at all");
	conf_file("plain", 0644, "#!/bin/sh\nexit 7\n");
	conf_file("nobody", 0, "#!/bin/sh\nexit 7\n");
	conf_file("bad", 0755, "#!/nonexistent/interpreter\n");
	conf_file("deep", 0755, "#!./script\n");
	conf_file("short", 0755, "\177ELF");
	conf_dir("dir", 0755);
	conf_dir("closed", 0755);
	conf_file("closed/x", 0755, "#!/bin/sh\nexit 7\n");
	MUST(chmod("closed", 0600));
	MUST(symlink("script", "link"));
	MUST(symlink("absent", "dangling"));
	MUST(symlink("loop", "loop"));
	MUST(mkfifo("fifo", 0755));
	for (size_t i = 0; i < CONF_COUNT(names); i++) {
		exec_it(names[i], 0);
		exec_it(names[i], AT_SYMLINK_NOFOLLOW);
	}
	MUST(chmod("closed", 0755));
}

static const struct conf_case cases[] = {
	CONF_PREPARED(programs_get_their_rights, CONF_ROOT, prepare_programs),
	CONF_CASE(running_programs_are_busy, CONF_BOTH),
	CONF_CASE(not_everything_is_a_program, CONF_BOTH),
};
CONF_AREA(exec, cases);
