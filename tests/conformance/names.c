/* SPDX-License-Identifier: MIT */
/*
 * names.c - everything that takes a path, with every kind of path: names that
 * are taken, missing, too long, not directories, loops, without permission.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

static char name_255[256], name_256[257], utf8_255[256];
static char path_4095[PATH_MAX], path_4096[PATH_MAX + 1], target_4095[PATH_MAX];

/* ./././ ... new, of exactly this length */
static void fill_path(char *path, size_t len)
{
	for (size_t i = 0; i + 3 < len; i += 2)
		memcpy(path + i, "./", 3);
	memcpy(path + len - 3, len % 2 ? "new" : "/ew", 4);
}

static void make_paths(void)
{
	memset(name_255, 'a', 255);
	memset(name_256, 'a', 256);
	for (int i = 0; i < 255; i += 3)
		memcpy(utf8_255 + i, "\xe2\x82\xac", 3);
	memset(target_4095, 't', PATH_MAX - 1);
	fill_path(path_4095, PATH_MAX - 1);
	fill_path(path_4096, PATH_MAX);
}

static const char *const paths[] = {
	"new", "file", "dir", "full", "to-file", "to-dir", "dangling", "loop",
	"fifo", "file/x", "missing/x", "dangling/x", "loop/x", "to-dir/new",
	"to-file/x", "dir/new", "dir/.", "dir/..", "full/in", "full/..", ".",
	"..", "", "new/", "file/", "dir/", "to-dir/", "to-file/",
	"dangling/", "missing/", "missing/..", "new/.", "nosearch/x",
	"nosearch/new", "nowrite/x", "nowrite/new", "noread/x", "noread/new",
	"sticky/theirs", "sticky/new", "-", "new\nline", "\\", "\xff\xfe",
	name_255, name_256, utf8_255, path_4095, path_4096,
};

/* ---- the operations: each returns whether it changed something --------- */

static bool opened(int fd)
{
	close(fd);
	return fd >= 0;
}

static bool do_creat(const char *path)
{
	return opened(FD(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK,
			       0644)));
}

static bool do_excl(const char *path)
{
	return opened(FD(open(path, O_WRONLY | O_CREAT | O_EXCL, 0644)));
}

static bool do_open(const char *path)
{
	return opened(FD(open(path, O_RDONLY | O_NONBLOCK)));
}

static bool do_mkdir(const char *path)
{
	return !DO(mkdir(path, 0755));
}

static bool do_mkfifo(const char *path)
{
	return !DO(mknod(path, S_IFIFO | 0644, 0));
}

static bool do_mknod(const char *path)
{
	return !DO(mknod(path, 0644, 0));
}

static bool do_device(const char *path)
{
	return !DO(mknod(path, S_IFBLK | 0600, 0x12345));
}

static bool do_symlink(const char *path)
{
	return !DO(symlink("file", path));
}

static bool do_link_to(const char *path)
{
	return !DO(link("file", path));
}

static bool do_link_from(const char *path)
{
	return !DO(link(path, "again"));
}

static bool do_link_follow(const char *path)
{
	return !DO(linkat(AT_FDCWD, path, AT_FDCWD, "again", AT_SYMLINK_FOLLOW));
}

static bool do_unlink(const char *path)
{
	return !DO(unlink(path));
}

static bool do_rmdir(const char *path)
{
	return !DO(rmdir(path));
}

static bool do_rename_to(const char *path)
{
	return !DO(rename("file", path));
}

static bool do_rename_dir_to(const char *path)
{
	return !DO(rename("dir", path));
}

static bool do_rename_from(const char *path)
{
	return !DO(rename(path, "again"));
}

static bool do_readlink(const char *path)
{
	char buf[PATH_MAX];

	memset(buf, 0, sizeof(buf));
	DO(readlink(path, buf, sizeof(buf) - 1));
	conf_say("target %.60s", buf);
	return false;
}

static bool do_stat(const char *path)
{
	struct stat st;

	if (!DO(stat(path, &st)) && !S_ISDIR(st.st_mode))
		conf_statbuf("it", &st);
	return false;
}

static bool do_truncate(const char *path)
{
	return !DO(truncate(path, 3));
}

static bool do_chmod(const char *path)
{
	return !DO(chmod(path, 0711));
}

static bool do_chown(const char *path)
{
	return !DO(lchown(path, (uid_t)-1, getegid()));
}

static bool do_utimes(const char *path)
{
	return !DO(utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW));
}

static bool do_access(const char *path)
{
	DO(access(path, F_OK));
	DO(access(path, R_OK | W_OK | X_OK));
	return false;
}

static bool do_chdir(const char *path)
{
	int here = (int)MUST(open(".", O_PATH));

	DO(chdir(path));
	MUST(fchdir(here));
	close(here);
	return false;
}

static bool do_statvfs(const char *path)
{
	struct statvfs st;

	DO(statvfs(path, &st));
	return false;
}

static bool do_xattr(const char *path)
{
	char buf[8];

	DO(lsetxattr(path, "user.conf", "x", 1, 0));
	DO(lgetxattr(path, "user.conf", buf, sizeof(buf)));
	DO(lremovexattr(path, "user.conf"));
	return false;
}

static const struct {
	const char *name;
	bool (*fn)(const char *path);
} operations[] = {
	{ "creat", do_creat }, { "open O_EXCL", do_excl },
	{ "open", do_open }, { "mkdir", do_mkdir }, { "mkfifo", do_mkfifo },
	{ "mknod", do_mknod }, { "mknod device", do_device },
	{ "symlink", do_symlink }, { "link to", do_link_to },
	{ "link from", do_link_from }, { "link following", do_link_follow },
	{ "unlink", do_unlink }, { "rmdir", do_rmdir },
	{ "rename to", do_rename_to }, { "rename dir to", do_rename_dir_to },
	{ "rename from", do_rename_from }, { "readlink", do_readlink },
	{ "stat", do_stat }, { "truncate", do_truncate },
	{ "chmod", do_chmod }, { "lchown", do_chown },
	{ "utimes", do_utimes }, { "access", do_access },
	{ "chdir", do_chdir }, { "statvfs", do_statvfs },
	{ "xattr", do_xattr },
};

/* ---- the cases --------------------------------------------------------- */

static void make_fixture(void)
{
	conf_file("file", 0644, "content");
	conf_dir("dir", 0755);
	conf_dir("full", 0755);
	conf_file("full/in", 0644, "inside");
	MUST(symlink("file", "to-file"));
	MUST(symlink("dir", "to-dir"));
	MUST(symlink("absent", "dangling"));
	MUST(symlink("loop", "loop"));
	MUST(mkfifo("fifo", 0644));
	conf_dir("nosearch", 0700);
	conf_file("nosearch/x", 0644, "x");
	MUST(chmod("nosearch", 0600));
	conf_dir("nowrite", 0700);
	conf_file("nowrite/x", 0644, "x");
	MUST(chmod("nowrite", 0500));
	conf_dir("noread", 0700);
	conf_file("noread/x", 0644, "x");
	MUST(chmod("noread", 0300));
}

/* Made as root, once: somebody else's file in a sticky directory. */
static void prepare_sticky(void)
{
	conf_dir("sticky", 01777);
	conf_file("sticky/theirs", 0666, "theirs");
	MUST(chown("sticky/theirs", CONF_OTHER, CONF_OTHER));
}

static void remove_fixture(void)
{
	static const char *const made[] = {
		"new", "file", "dir", "full", "to-file", "to-dir", "dangling",
		"loop", "fifo", "nosearch", "nowrite", "noread", "again",
		"absent", "-", "new\nline", "\\", "\xff\xfe", "ew", name_255,
		utf8_255, "sticky/new", "missing",
	};

	for (size_t i = 0; i < CONF_COUNT(made); i++)
		conf_remove(made[i]);
}

/* What one operation did to one path: its result and the tree's names. */
static bool try_one(size_t op, const char *path)
{
	bool changed;
	char *end = strrchr(path, '/');
	size_t len = strlen(path);

	if (len > 60)
		conf_on("%s %zu bytes", operations[op].name, len);
	else
		conf_on("%s %s", operations[op].name, path);
	changed = operations[op].fn(path);
	if (len < 255 && (!end || end[1]))
		conf_stat(path);
	conf_stat("again");
	conf_stat("absent");
	return changed;
}

static void do_on_every_path(size_t from, size_t to)
{
	make_paths();
	make_fixture();
	for (size_t op = from; op < to && op < CONF_COUNT(operations); op++)
	for (size_t i = 0; i < CONF_COUNT(paths); i++) {
		/* Root could remove it, and not make it again alike. */
		if (!geteuid() && strstr(paths[i], "theirs"))
			continue;
		if (try_one(op, paths[i])) {
			remove_fixture();
			make_fixture();
		}
	}
	remove_fixture();
}

static void creates_on_every_path(void)
{
	do_on_every_path(0, 8);
}

static void links_and_removes_on_every_path(void)
{
	do_on_every_path(8, 16);
}

static void tells_and_changes_on_every_path(void)
{
	do_on_every_path(16, 99);
}

static void makes_symlinks_of_every_target(void)
{
	static const char *const targets[] = {
		"", "x", "/", "..", "a/b/c", "\xff", "new\nline", " ", "//",
		target_4095, path_4096,
	};
	char buf[PATH_MAX];

	make_paths();
	for (size_t i = 0; i < CONF_COUNT(targets); i++) {
		conf_on("target of %zu bytes, %.10s", strlen(targets[i]),
			targets[i]);
		if (DO(symlink(targets[i], "link")))
			continue;
		conf_stat("link");
		memset(buf, 0, sizeof(buf));
		DO(readlink("link", buf, sizeof(buf)));
		conf_say("same %d", !strcmp(buf, targets[i]));
		DO(readlink("link", buf, 1));
		DO(unlink("link"));
	}
}

static void follows_forty_symlinks(void)
{
	char name[16], next[16];

	conf_file("link0", 0644, "end");
	for (int i = 1; i < 45; i++) {
		snprintf(name, sizeof(name), "link%d", i);
		snprintf(next, sizeof(next), "link%d", i - 1);
		MUST(symlink(next, name));
		conf_on("%s", name);
		DO(access(name, R_OK));
		DO(access(name, R_OK));
	}
}

static void keeps_busy_directories(void)
{
	conf_dir("mounted", 0755);
	conf_dir("parent", 0755);
	conf_dir("parent/mounted", 0755);
	conf_file("file", 0644, "");
	MUST(unshare(CLONE_NEWNS));
	MUST(mount("conf", "mounted", "tmpfs", 0, NULL));
	MUST(mount("conf", "parent/mounted", "tmpfs", 0, NULL));
	DO(rmdir("mounted"));
	DO(unlink("mounted"));
	DO(rename("mounted", "other"));
	DO(rename("parent", "other"));
	DO(rename("other", "parent"));
	DO(rmdir("parent/mounted"));
	DO(rename("file", "mounted"));
	DO(rename("file", "mounted/file"));
	DO(link("file", "mounted/file"));
	DO(renameat2(AT_FDCWD, "mounted", AT_FDCWD, "parent", 2));
	MUST(umount("mounted"));
	DO(rmdir("mounted"));
	MUST(umount("parent/mounted"));
}

static void crosses_no_file_systems(void)
{
	conf_file("file", 0644, "");
	conf_dir("dir", 0755);
	DO(link("file", "/proc/file"));
	DO(rename("file", "/proc/file"));
	DO(rename("/proc/version", "version"));
	DO(link("/proc/version", "version"));
	DO(rename("dir", "/proc/dir"));
	DO(rename("dir", "/proc/self"));
}

static void counts_links(void)
{
	char name[16];

	conf_file("file", 0644, "content");
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "link%d", i);
		DO(link("file", name));
		conf_stat("file");
	}
	conf_mark("file");
	DO(link("file", "more"));
	conf_moved("link", "file");
	conf_mark("file");
	DO(unlink("more"));
	conf_moved("unlink", "file");
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "link%d", i);
		DO(unlink(name));
		conf_stat("file");
	}
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "dir%d", i);
		DO(mkdir(name, 0755));
		conf_stat(".");
	}
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "dir%d", i);
		DO(rmdir(name));
		conf_stat(".");
	}
}

static void stays_in_removed_directories(void)
{
	int fd;

	conf_dir("dir", 0755);
	conf_file("file", 0644, "");
	fd = (int)MUST(open("dir", O_RDONLY | O_DIRECTORY));
	DO(rmdir("dir"));
	conf_fstat("dir", fd);
	FD(openat(fd, "new", O_CREAT | O_WRONLY, 0644));
	DO(mkdirat(fd, "new", 0755));
	DO(symlinkat("x", fd, "new"));
	DO(mknodat(fd, "new", S_IFIFO | 0644, 0));
	DO(linkat(AT_FDCWD, "file", fd, "new", 0));
	DO(renameat(AT_FDCWD, "file", fd, "new"));
	DO(unlinkat(fd, "new", 0));
	DO(faccessat(fd, ".", R_OK, 0));
	DO(fchmod(fd, 0700));
	DO(fsync(fd));
	conf_fstat("dir", fd);
	close(fd);
}

static void moves_times(void)
{
	conf_dir("dir", 0755);
	conf_dir("dir/old", 0755);
	conf_file("dir/file", 0644, "");
	conf_mark("dir");
	DO(mkdir("dir/sub", 0755));
	conf_moved("mkdir", "dir");
	conf_mark("dir");
	DO(rmdir("dir/sub"));
	conf_moved("rmdir", "dir");
	conf_mark("dir");
	DO(symlink("x", "dir/link"));
	conf_moved("symlink", "dir");
	conf_mark("dir");
	DO(mknod("dir/fifo", S_IFIFO | 0644, 0));
	conf_moved("mknod", "dir");
	conf_mark("dir");
	DO(link("dir/file", "dir/hard"));
	conf_moved("link", "dir");
	conf_mark("dir");
	DO(unlink("dir/hard"));
	conf_moved("unlink", "dir");
	conf_mark("dir");
	DO(mkdir("dir/old/sub", 0755));
	conf_moved("mkdir below", "dir");
	conf_mark("dir");
	DO(mkdir("dir/old", 0755));
	DO(unlink("dir/none"));
	conf_moved("failures", "dir");
	conf_mark("dir/link");
	close(FD(open("dir/link", O_PATH)));
	conf_moved("open", "dir/link");
}

static const struct conf_case cases[] = {
	CONF_PREPARED(creates_on_every_path, CONF_BOTH, prepare_sticky),
	CONF_PREPARED(links_and_removes_on_every_path, CONF_BOTH,
		      prepare_sticky),
	CONF_PREPARED(tells_and_changes_on_every_path, CONF_BOTH,
		      prepare_sticky),
	CONF_CASE(makes_symlinks_of_every_target, CONF_BOTH),
	CONF_CASE(follows_forty_symlinks, CONF_ROOT),
	CONF_CASE(keeps_busy_directories, CONF_ROOT),
	CONF_CASE(crosses_no_file_systems, CONF_BOTH),
	CONF_CASE(counts_links, CONF_BOTH),
	CONF_CASE(stays_in_removed_directories, CONF_BOTH),
	CONF_CASE(moves_times, CONF_BOTH),
};
CONF_AREA(names, cases);
