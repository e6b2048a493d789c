/* SPDX-License-Identifier: MIT */
/*
 * random.c - long sequences of operations that nobody has thought of: any on
 * any of a few names, as any of a few people, each with the same result as on
 * the host.  The seed is fixed, so that a failure is there again; CONF_SEED in
 * the environment is another, for a hunt by hand.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/xattr.h>
#include <unistd.h>

#define OPERATIONS 6000
#define OPEN_MAX 2

static uint64_t state;
static int open_fds[OPEN_MAX] = { -1, -1 };

static unsigned below(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 11) % n);
}

#define ONE_OF(array) ((array)[below(CONF_COUNT(array))])

/* One to three names, seldom with something strange behind them. */
static const char *any_path(void)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	static const char *const ends[] = { "/", "/.", "/..", "/../a", "" };
	static char paths[4][64];
	static unsigned next;
	char *path = paths[next++ % 4];

	strcpy(path, ONE_OF(names));
	for (unsigned more = below(5); more > 2; more--) {
		strcat(path, "/");
		strcat(path, ONE_OF(names));
	}
	if (!below(12))
		strcat(path, ONE_OF(ends));
	return path;
}

/* S_ISGID without permission for the group to execute may stay or go. */
static mode_t any_mode(void)
{
	static const mode_t modes[] = {
		0644, 0755, 0777, 0600, 0700, 0666, 01777, 02775, 04777, 06775,
		0777, 0500, 0300, 0070,
	};

	return ONE_OF(modes);
}

static int any_open(void)
{
	return ONE_OF(open_fds);
}

static off_t any_offset(void)
{
	static const off_t offsets[] = {
		0, 1, 100, 4095, 4096, 5000, 20000, -1,
	};

	return ONE_OF(offsets);
}

/* ---- operations --------------------------------------------------------- */

static void open_any(void)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	static const int flags[] = {
		0, 0, O_CREAT, O_CREAT, O_CREAT, O_CREAT | O_EXCL, O_TRUNC,
		O_APPEND, O_CREAT | O_TRUNC, O_DIRECTORY, O_NOFOLLOW, O_PATH,
	};
	const int how = ONE_OF(modes) | ONE_OF(flags);
	const char *path = any_path();
	const mode_t mode = any_mode();
	int *fd = &ONE_OF(open_fds);

	close(*fd);
	conf_on("open %s %#x %04o", path, (unsigned)how, mode);
	*fd = FD(open(path, how | O_NONBLOCK, mode));
}

static void write_any(void)
{
	static const size_t sizes[] = { 0, 1, 10, 4096, 5000 };
	static char data[5000];
	const size_t size = ONE_OF(sizes);
	const off_t at = any_offset();

	memset(data, (int)('a' + below(26)), size);
	conf_on("write %zu at %lld", size, (long long)at);
	DO(pwrite(any_open(), data, size, at));
}

static void read_any(void)
{
	static const size_t sizes[] = { 0, 1, 10, 4096, 5000 };
	static unsigned char data[5000];
	const size_t size = ONE_OF(sizes);
	const off_t at = any_offset();
	unsigned sum = 0;
	ssize_t n;

	conf_on("read %zu at %lld", size, (long long)at);
	n = DO(pread(any_open(), data, size, at));
	for (ssize_t i = 0; i < n; i++)
		sum = sum * 31 + data[i];
	conf_say("sum %u", sum);
}

static void change_open(void)
{
	const int fd = any_open();
	const off_t size = any_offset();
	const mode_t mode = any_mode();

	conf_on("fd");
	switch (below(4)) {
	case 0: DO(ftruncate(fd, size)); break;
	case 1: DO(fchmod(fd, mode)); break;
	case 2: DO(fsync(fd)); break;
	default: DO(futimens(fd, NULL)); break;
	}
	conf_fstat("open", fd);
}

static void make_any(void)
{
	static const mode_t types[] = { S_IFREG, S_IFIFO, S_IFSOCK, S_IFCHR };
	const char *path = any_path(), *to = any_path();
	const mode_t mode = any_mode();

	conf_on("make %s %s %04o", path, to, mode);
	switch (below(4)) {
	case 0: DO(mknod(path, ONE_OF(types) | mode, 0x103)); break;
	case 1: DO(symlink(to, path)); break;
	default: DO(mkdir(path, mode)); break;
	}
}

static void move_any(void)
{
	static const unsigned flags[] = { 0, 0, 0, 1, 2, 4 };
	const unsigned how = ONE_OF(flags);
	const char *from = any_path(), *to = any_path();

	conf_on("move %s %s %u", from, to, how);
	if (below(3))
		DO(renameat2(AT_FDCWD, from, AT_FDCWD, to, how));
	else
		DO(linkat(AT_FDCWD, from, AT_FDCWD, to,
			  how == 4 ? AT_SYMLINK_FOLLOW : 0));
}

static void remove_any(void)
{
	const char *path = any_path();

	conf_on("remove %s", path);
	DO(unlinkat(AT_FDCWD, path, below(2) ? AT_REMOVEDIR : 0));
}

static void change_any(void)
{
	static const uid_t ids[] = { 0, CONF_UID, CONF_OTHER };
	const char *path = any_path();
	const mode_t mode = any_mode();
	const off_t size = any_offset();
	const uid_t uid = ONE_OF(ids), gid = ONE_OF(ids);
	const struct timespec times[2] = { { uid, 1 }, { gid, 2 } };

	conf_on("change %s %04o %u %u", path, mode, uid, gid);
	switch (below(6)) {
	case 0: DO(truncate(path, size)); break;
	case 1: DO(lchown(path, uid, gid)); break;
	case 2:
		DO(utimensat(AT_FDCWD, path, below(2) ? times : NULL, 0));
		break;
	case 3: DO(lsetxattr(path, "user.x", "value", gid % 5, 0)); break;
	case 4: DO(lremovexattr(path, "user.x")); break;
	default: DO(chmod(path, mode)); break;
	}
}

static void look_at_any(void)
{
	const char *path = any_path();
	char buf[64] = "";

	conf_on("look at %s", path);
	switch (below(5)) {
	case 0: conf_list(path); break;
	case 1: DO(access(path, (int)below(8))); break;
	case 2: DO(readlink(path, buf, sizeof(buf) - 1)); break;
	case 3: DO(lgetxattr(path, "user.x", buf, sizeof(buf) - 1)); break;
	default: break;
	}
	conf_say("it is '%s'", buf);
	conf_stat(path);
}

static void (*const operations[])(void) = {
	open_any, open_any, open_any, write_any, write_any, read_any,
	change_open, make_any, make_any, move_any, move_any, remove_any,
	change_any, change_any, look_at_any, look_at_any,
};

static void does_anything(void)
{
	static const uid_t ids[] = { 0, 0, CONF_UID, CONF_OTHER };
	const char *seed = getenv("CONF_SEED");

	state = seed ? strtoull(seed, NULL, 0) : 88172645463325252ull;
	MUST(chmod(".", 0777));
	for (int i = 0; i < OPERATIONS; i++) {
		const uid_t id = ONE_OF(ids);

		setfsgid(id);
		setfsuid(id);
		umask(below(2) ? 022 : 0);
		ONE_OF(operations)();
		setfsuid(0);
	}
	for (size_t i = 0; i < CONF_COUNT(open_fds); i++)
		close(open_fds[i]);
}

static const struct conf_case cases[] = {
	CONF_CASE(does_anything, CONF_ROOT),
};
CONF_AREA(random, cases);
