/* SPDX-License-Identifier: MIT */
/*
 * path.c - where a path may lead (openat2(2)), and where a process is: its
 * current directory, moved and removed below it.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * A path with ".." that must stay beneath is EAGAIN when anything on the host
 * was renamed or mounted meanwhile; RESOLVE_CACHED has it for another reason.
 */
static int open_how(const char *path, uint64_t flags, uint64_t resolve)
{
	const struct open_how how = { .flags = flags, .resolve = resolve };
	int dir = (int)MUST(open("dir", O_PATH | O_DIRECTORY));
	int fd, err;

	do {
		fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
		err = errno;
	} while (fd < 0 && err == EAGAIN && !(resolve & RESOLVE_CACHED));
	close(dir);
	errno = err;
	return fd;
}

static void resolves_what_it_may(void)
{
	static const char *const paths[] = {
		"file", "sub/file", "sub/../file", "../outside", "up", "down",
		"absolute", "sub/link", "../dir/file", "/etc/passwd", ".",
		"missing", "loop",
	};
	static const uint64_t resolves[] = {
		0, RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS,
		RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_CACHED,
		RESOLVE_BENEATH | RESOLVE_IN_ROOT, 1ull << 40,
	};

	conf_dir("dir", 0755);
	conf_dir("dir/sub", 0755);
	conf_file("dir/file", 0644, "");
	conf_file("dir/sub/file", 0644, "");
	conf_file("outside", 0644, "");
	MUST(symlink("../outside", "dir/up"));
	MUST(symlink("sub/file", "dir/down"));
	MUST(symlink("/etc/passwd", "dir/absolute"));
	MUST(symlink("../file", "dir/sub/link"));
	MUST(symlink("loop", "dir/loop"));
	for (size_t r = 0; r < CONF_COUNT(resolves); r++)
	for (size_t i = 0; i < CONF_COUNT(paths); i++) {
		conf_on("%s resolve %#llx", paths[i],
			(unsigned long long)resolves[r]);
		/* What is cached comes and goes. */
		if (resolves[r] & RESOLVE_CACHED)
			close(open_how(paths[i], O_RDONLY, resolves[r]));
		else
			close(FD(open_how(paths[i], O_RDONLY, resolves[r])));
	}
	conf_on("%s", "");
	close(FD(open_how("file", O_PATH | O_RDWR, 0)));
	close(FD(open_how("file", O_WRONLY | 1ull << 40, 0)));
}

/* Where we are, seen from the case's directory. */
static void say_cwd(const char *what)
{
	static char top[4096];
	char path[4096];

	if (!top[0])
		MUST(getcwd(top, sizeof(top)) ? 0 : -1);
	if (!getcwd(path, sizeof(path)))
		conf_say("%s: %s", what, conf_errname(errno));
	else
		conf_say("%s: %s", what, !strncmp(path, top, strlen(top)) ?
			 path + strlen(top) : "elsewhere");
}

static void stays_where_it_is(void)
{
	say_cwd("top");
	conf_dir("a", 0755);
	conf_dir("a/b", 0755);
	MUST(chdir("a/b"));
	say_cwd("below");
	DO(rename("../../a", "../../moved"));
	say_cwd("moved");
	DO(rename("../b", "../../up"));
	say_cwd("moved up");
	close(FD(open("file", O_WRONLY | O_CREAT, 0644)));
	conf_stat("../up/file");
	DO(unlink("file"));
	DO(rmdir("../up"));
	say_cwd("removed");
	close(FD(open("file", O_WRONLY | O_CREAT, 0644)));
	DO(mkdir("sub", 0755));
	conf_list(".");
	conf_stat(".");
	DO(access(".", F_OK));
	DO(chdir("."));
	DO(chdir(".."));
	say_cwd("out");
}

static void removes_no_dots(void)
{
	say_cwd("top");
	conf_dir("dir", 0755);
	MUST(chdir("dir"));
	DO(rmdir("."));
	DO(rmdir(".."));
	DO(rmdir("../dir/."));
	DO(rmdir("../dir/.."));
	DO(unlink("."));
	DO(rename(".", "../other"));
	DO(rename("..", "other"));
	DO(rename("../dir", "."));
	DO(mkdir(".", 0755));
	DO(rmdir("../dir"));
	say_cwd("removed");
}

static void closed_directories_keep_us_out(void)
{
	int fd;

	conf_dir("dir", 0755);
	conf_dir("dir/sub", 0755);
	conf_file("dir/sub/file", 0644, "inside");
	fd = FD(open("dir/sub", O_RDONLY | O_DIRECTORY));
	MUST(chdir("dir"));
	MUST(chmod("../dir", 0));
	DO(access("sub", F_OK));
	close(FD(open("sub/file", O_RDONLY)));
	/* A descriptor further down is beyond it. */
	close(FD(openat(fd, "file", O_RDONLY)));
	close(FD(openat(fd, "../sub/file", O_RDONLY)));
	DO(fchdir(fd));
	close(FD(open("file", O_RDONLY)));
	DO(chdir(".."));
	DO(fchmodat(fd, "..", 0755, 0));
	close(fd);
}

static const struct conf_case cases[] = {
	CONF_CASE(resolves_what_it_may, CONF_BOTH),
	CONF_CASE(stays_where_it_is, CONF_BOTH),
	CONF_CASE(removes_no_dots, CONF_BOTH),
	CONF_CASE(closed_directories_keep_us_out, CONF_BOTH),
};
CONF_AREA(path, cases);
