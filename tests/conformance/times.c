/* SPDX-License-Identifier: MIT */
/*
 * times.c - which times of which file an operation moves, whether it succeeds
 * or fails.  Each operation has a directory of its own, so that the clock has
 * to go on but once for all of them.
 */
#include "tests/conformance/conf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

/* ---- the operations: on one or two names, with a number ----------------- */

static void do_nothing(const char *a, const char *b, int n)
{
	(void)a;
	(void)b;
	(void)n;
}

static void do_open(const char *a, const char *b, int n)
{
	(void)b;
	close(FD(open(a, n, 0644)));
}

static void do_mkdir(const char *a, const char *b, int n)
{
	(void)b;
	DO(mkdir(a, (mode_t)n));
}

static void do_mknod(const char *a, const char *b, int n)
{
	(void)b;
	DO(mknod(a, (mode_t)n, 0));
}

static void do_symlink(const char *a, const char *b, int n)
{
	(void)n;
	DO(symlink(a, b));
}

static void do_bind(const char *a, const char *b, int n)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));

	(void)b;
	(void)n;
	strcpy(addr.sun_path, a);
	DO(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	close(fd);
}

static void do_link(const char *a, const char *b, int n)
{
	(void)n;
	DO(link(a, b));
}

static void do_unlink(const char *a, const char *b, int n)
{
	(void)b;
	DO(unlinkat(AT_FDCWD, a, n));
}

static void do_rename(const char *a, const char *b, int n)
{
	DO(renameat2(AT_FDCWD, a, AT_FDCWD, b, (unsigned)n));
}

static void do_chmod(const char *a, const char *b, int n)
{
	(void)b;
	DO(chmod(a, (mode_t)n));
}

static void do_chown(const char *a, const char *b, int n)
{
	(void)b;
	DO(lchown(a, n ? (uid_t)-1 : getuid(), getegid()));
}

static void do_truncate(const char *a, const char *b, int n)
{
	(void)b;
	DO(truncate(a, n));
}

static void do_utimes(const char *a, const char *b, int n)
{
	const struct timespec times[2] = { { 0, n }, { 0, n } };

	(void)b;
	DO(utimensat(AT_FDCWD, a, times, AT_SYMLINK_NOFOLLOW));
}

static void do_setxattr(const char *a, const char *b, int n)
{
	DO(setxattr(a, b, "value", 5, n));
}

static void do_removexattr(const char *a, const char *b, int n)
{
	(void)n;
	DO(removexattr(a, b));
}

static void do_readlink(const char *a, const char *b, int n)
{
	char buf[64];

	(void)b;
	DO(readlink(a, buf, (size_t)n));
}

static void do_access(const char *a, const char *b, int n)
{
	(void)b;
	DO(access(a, n));
}

static void do_read(const char *a, const char *b, int n)
{
	char buf[64];
	int fd = FD(open(a, O_RDONLY | (b ? O_NOATIME : 0)));

	DO(read(fd, buf, (size_t)n));
	close(fd);
}

static void do_write(const char *a, const char *b, int n)
{
	int fd = FD(open(a, O_WRONLY | (b ? O_APPEND : 0)));

	DO(write(fd, "x", (size_t)n));
	close(fd);
}

static void do_fallocate(const char *a, const char *b, int n)
{
	int fd = FD(open(a, O_WRONLY));

	(void)b;
	DO(fallocate(fd, n, 0, 10000));
	close(fd);
}

static void do_copy(const char *a, const char *b, int n)
{
	int from = FD(open(a, O_RDONLY)), to = FD(open(b, O_RDWR));

	DO(copy_file_range(from, NULL, to, NULL, (size_t)n, 0));
	close(from);
	close(to);
}

static void do_list(const char *a, const char *b, int n)
{
	DIR *dir = opendir(a);

	(void)b;
	(void)n;
	while (dir && readdir(dir))
		;
	closedir(dir);
}

static void do_sync(const char *a, const char *b, int n)
{
	int fd = FD(open(a, O_RDWR));

	(void)b;
	DO(n ? fdatasync(fd) : fsync(fd));
	close(fd);
}

static void do_lock(const char *a, const char *b, int n)
{
	struct flock lock = { .l_type = (short)n };
	int fd = FD(open(a, O_RDWR));

	(void)b;
	DO(fcntl(fd, F_SETLK, &lock));
	close(fd);
}

static const struct {
	const char *name;
	void (*fn)(const char *a, const char *b, int n);
	const char *a, *b;
	int n;
} operations[] = {
	{ "nothing", do_nothing, NULL, NULL, 0 },
	{ "open", do_open, "file", NULL, O_RDWR },
	{ "create", do_open, "new", NULL, O_WRONLY | O_CREAT },
	{ "create", do_open, "file", NULL, O_WRONLY | O_CREAT },
	{ "create", do_open, "file", NULL, O_WRONLY | O_CREAT | O_EXCL },
	{ "empty", do_open, "file", NULL, O_WRONLY | O_TRUNC },
	{ "unnamed", do_open, ".", NULL, O_WRONLY | O_TMPFILE },
	{ "mkdir", do_mkdir, "new", NULL, 0755 },
	{ "mkdir", do_mkdir, "sub", NULL, 0755 },
	{ "mknod", do_mknod, "new", NULL, S_IFREG | 0644 },
	{ "mknod", do_mknod, "file", NULL, S_IFREG | 0644 },
	{ "mkfifo", do_mknod, "new", NULL, S_IFIFO | 0644 },
	{ "mkfifo", do_mknod, "file", NULL, S_IFIFO | 0644 },
	{ "symlink", do_symlink, "x", "new", 0 },
	{ "symlink", do_symlink, "x", "file", 0 },
	{ "bind", do_bind, "new", NULL, 0 },
	{ "bind", do_bind, "file", NULL, 0 },
	{ "link", do_link, "file", "new", 0 },
	{ "link", do_link, "file", "full/new", 0 },
	{ "link", do_link, "file", "empty", 0 },
	{ "link", do_link, "link", "new", 0 },
	{ "link", do_link, "sub", "new", 0 },
	{ "unlink", do_unlink, "file", NULL, 0 },
	{ "unlink", do_unlink, "empty", NULL, 0 },
	{ "unlink", do_unlink, "sub", NULL, 0 },
	{ "unlink", do_unlink, "missing", NULL, 0 },
	{ "rmdir", do_unlink, "sub", NULL, AT_REMOVEDIR },
	{ "rmdir", do_unlink, "full", NULL, AT_REMOVEDIR },
	{ "rmdir", do_unlink, "file", NULL, AT_REMOVEDIR },
	{ "rename", do_rename, "file", "new", 0 },
	{ "rename", do_rename, "file", "hard", 0 },
	{ "rename", do_rename, "file", "file", 0 },
	{ "rename", do_rename, "empty", "hard", 0 },
	{ "rename", do_rename, "file", "full/new", 0 },
	{ "rename", do_rename, "sub", "new", 0 },
	{ "rename", do_rename, "sub", "full/new", 0 },
	{ "rename", do_rename, "full", "sub", 0 },
	{ "rename", do_rename, "sub", "full", 0 },
	{ "rename", do_rename, "full", "full/new", 0 },
	{ "rename", do_rename, "link", "new", 0 },
	{ "rename", do_rename, "fifo", "new", 0 },
	{ "rename", do_rename, "missing", "new", 0 },
	{ "rename", do_rename, "file", "sub", 0 },
	{ "exchange", do_rename, "file", "sub", RENAME_EXCHANGE },
	{ "exchange", do_rename, "full/in", "link", RENAME_EXCHANGE },
	{ "noreplace", do_rename, "file", "empty", RENAME_NOREPLACE },
	{ "chmod", do_chmod, "file", NULL, 0600 },
	{ "chmod", do_chmod, "sub", NULL, 0700 },
	{ "chmod", do_chmod, "fifo", NULL, 0600 },
	{ "chmod", do_chmod, "missing", NULL, 0600 },
	{ "chown", do_chown, "file", NULL, 0 },
	{ "chown", do_chown, "sub", NULL, 1 },
	{ "chown", do_chown, "link", NULL, 1 },
	{ "truncate", do_truncate, "file", NULL, 3 },
	{ "truncate", do_truncate, "file", NULL, 7 },
	{ "truncate", do_truncate, "file", NULL, 300 },
	{ "truncate", do_truncate, "file", NULL, -1 },
	{ "truncate", do_truncate, "empty", NULL, 0 },
	{ "truncate", do_truncate, "sub", NULL, 0 },
	{ "utimes", do_utimes, "file", NULL, UTIME_NOW },
	{ "utimes", do_utimes, "file", NULL, UTIME_OMIT },
	{ "utimes", do_utimes, "link", NULL, UTIME_NOW },
	{ "setxattr", do_setxattr, "file", "user.x", 0 },
	{ "setxattr", do_setxattr, "sub", "user.x", 0 },
	{ "setxattr", do_setxattr, "file", "user.x", XATTR_REPLACE },
	{ "removexattr", do_removexattr, "file", "user.x", 0 },
	{ "readlink", do_readlink, "link", NULL, 64 },
	{ "readlink", do_readlink, "file", NULL, 64 },
	{ "access", do_access, "link", NULL, R_OK },
	{ "read", do_read, "file", NULL, 64 },
	{ "read nothing", do_read, "file", NULL, 0 },
	{ "read nothing", do_read, "empty", NULL, 64 },
	{ "read O_NOATIME", do_read, "file", "O_NOATIME", 64 },
	{ "write", do_write, "file", NULL, 1 },
	{ "write", do_write, "file", NULL, 0 },
	{ "append", do_write, "file", "O_APPEND", 1 },
	{ "fallocate", do_fallocate, "file", NULL, 0 },
	{ "fallocate", do_fallocate, "file", NULL, FALLOC_FL_KEEP_SIZE },
	{ "punch", do_fallocate, "file", NULL,
	  FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE },
	{ "copy", do_copy, "file", "empty", 7 },
	{ "copy nothing", do_copy, "empty", "file", 7 },
	{ "list", do_list, "full", NULL, 0 },
	{ "fsync", do_sync, "file", NULL, 0 },
	{ "fdatasync", do_sync, "file", NULL, 1 },
	{ "lock", do_lock, "file", NULL, F_WRLCK },
};

/* ---- what they change --------------------------------------------------- */

static const char *const watched[] = {
	".", "file", "hard", "empty", "sub", "full", "full/in", "link", "fifo",
};

static struct stat before[CONF_COUNT(operations)][CONF_COUNT(watched)];

static void make_things(struct stat *ret_before)
{
	conf_file("file", 0644, "content");
	conf_file("empty", 0644, "");
	MUST(link("file", "hard"));
	conf_dir("sub", 0755);
	conf_dir("full", 0755);
	conf_file("full/in", 0644, "inside");
	MUST(symlink("file", "link"));
	MUST(mkfifo("fifo", 0644));
	for (size_t i = 0; i < CONF_COUNT(watched); i++)
		MUST(lstat(watched[i], &ret_before[i]));
}

/* What was called so may have been renamed. */
static bool find(const char *name, const struct stat *old, struct stat *ret_st)
{
	const char *const places[] = {
		name, "new", "full/new", "hard", "sub", "sub/in", "file",
		"link", "full/in",
	};

	for (size_t i = 0; i < CONF_COUNT(places); i++)
		if (!lstat(places[i], ret_st) && ret_st->st_ino == old->st_ino)
			return true;
	return false;
}

static const char *moved(const struct timespec *a, const struct timespec *b,
			 const char *name)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec ? "" : name;
}

static void say_changes(const struct stat *old)
{
	struct stat st;

	for (size_t i = 0; i < CONF_COUNT(watched); i++) {
		if (!find(watched[i], &old[i], &st)) {
			conf_say("%s is gone", watched[i]);
			continue;
		}
		conf_say("%s has %lu links, moved:%s%s%s", watched[i],
			 (unsigned long)st.st_nlink,
			 moved(&old[i].st_atim, &st.st_atim, " atime"),
			 moved(&old[i].st_mtim, &st.st_mtim, " mtime"),
			 moved(&old[i].st_ctim, &st.st_ctim, " ctime"));
	}
}

static void each_operation_moves_its_times(void)
{
	/* More than two ticks of the kernel's coarse clock, at 100 Hz. */
	const struct timespec tick = { .tv_nsec = 21 * 1000 * 1000 };
	char name[16];

	for (size_t i = 0; i < CONF_COUNT(operations); i++) {
		snprintf(name, sizeof(name), "%zu", i);
		conf_dir(name, 0755);
		MUST(chdir(name));
		make_things(before[i]);
		MUST(chdir(".."));
	}
	nanosleep(&tick, NULL);
	for (size_t i = 0; i < CONF_COUNT(operations); i++) {
		snprintf(name, sizeof(name), "%zu", i);
		MUST(chdir(name));
		conf_on("%s %s %s %#x", operations[i].name,
			operations[i].a ? operations[i].a : "",
			operations[i].b ? operations[i].b : "",
			(unsigned)operations[i].n);
		operations[i].fn(operations[i].a, operations[i].b,
				 operations[i].n);
		say_changes(before[i]);
		MUST(chdir(".."));
	}
}

static const struct conf_case cases[] = {
	CONF_CASE(each_operation_moves_its_times, CONF_BOTH),
};
CONF_AREA(times, cases);
