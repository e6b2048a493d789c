/* SPDX-License-Identifier: MIT */
/*
 * under.c - what the host does underneath a mount: files and directories that
 * are renamed, removed, replaced or written while the mount has them open.
 */
#include "tests/conformance/conf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void write_on_host(const char *name, const char *content, int flags)
{
	int fd = (int)MUST(openat(conf_host_fd, name, O_WRONLY | flags, 0644));

	MUST(write(fd, content, strlen(content)));
	close(fd);
}

static void say_read(const char *what, int fd)
{
	char buf[64] = "";
	ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);

	conf_say("%s: %zd bytes '%s'", what, n, buf);
}

static void open_files_survive_the_host(void)
{
	int renamed, removed, replaced, linked;

	conf_file("renamed", 0644, "renamed");
	conf_file("removed", 0644, "removed");
	conf_file("replaced", 0644, "replaced");
	conf_file("linked", 0644, "linked");
	renamed = FD(open("renamed", O_RDWR));
	removed = FD(open("removed", O_RDWR));
	replaced = FD(open("replaced", O_RDWR));
	linked = FD(open("linked", O_RDWR));
	MUST(renameat(conf_host_fd, "renamed", conf_host_fd, "elsewhere"));
	MUST(unlinkat(conf_host_fd, "removed", 0));
	write_on_host("new", "another file", O_CREAT | O_EXCL);
	MUST(renameat(conf_host_fd, "new", conf_host_fd, "replaced"));
	MUST(linkat(conf_host_fd, "linked", conf_host_fd, "second", 0));
	conf_settle();
	conf_fstat("renamed", renamed);
	conf_fstat("removed", removed);
	conf_fstat("replaced", replaced);
	conf_fstat("linked", linked);
	say_read("renamed", renamed);
	say_read("removed", removed);
	say_read("replaced", replaced);
	DO(pwrite(renamed, "RE", 2, 0));
	DO(pwrite(removed, "RE", 2, 0));
	DO(pwrite(replaced, "RE", 2, 0));
	DO(ftruncate(removed, 3));
	DO(fchmod(renamed, 0600));
	DO(fchmod(removed, 0600));
	DO(fsync(removed));
	DO(fallocate(removed, 0, 0, 100));
	conf_fstat("removed", removed);
	conf_content("elsewhere");
	conf_content("replaced");
	conf_stat("renamed");
	conf_stat("removed");
	conf_stat("replaced");
	conf_stat("second");
	close(renamed);
	close(removed);
	close(replaced);
	close(linked);
	conf_list(".");
}

static void open_directories_survive_the_host(void)
{
	int renamed, removed, fd;

	conf_dir("renamed", 0755);
	conf_file("renamed/file", 0644, "inside");
	conf_dir("removed", 0755);
	renamed = FD(open("renamed", O_RDONLY | O_DIRECTORY));
	removed = FD(open("removed", O_RDONLY | O_DIRECTORY));
	MUST(renameat(conf_host_fd, "renamed", conf_host_fd, "elsewhere"));
	MUST(unlinkat(conf_host_fd, "removed", AT_REMOVEDIR));
	conf_settle();
	conf_fstat("renamed", renamed);
	conf_fstat("removed", removed);
	fd = FD(openat(renamed, "file", O_RDONLY));
	say_read("file", fd);
	close(fd);
	close(FD(openat(renamed, "new", O_WRONLY | O_CREAT, 0644)));
	close(FD(openat(removed, "new", O_WRONLY | O_CREAT, 0644)));
	DO(mkdirat(removed, "new", 0755));
	DO(mkdirat(renamed, "sub", 0755));
	DO(faccessat(removed, ".", F_OK, 0));
	conf_list("elsewhere");
	conf_list("renamed");
	conf_list("removed");
	close(renamed);
	close(removed);
}

static void what_the_host_writes_is_read(void)
{
	int fd, new;
	DIR *dir;

	conf_file("file", 0644, "before");
	conf_file("grows", 0644, "start");
	conf_file("shrinks", 0644, "long content");
	/* Names that are not there are asked for each time. */
	conf_stat("new");
	fd = FD(open("file", O_RDONLY));
	say_read("file", fd);
	dir = opendir(".");
	write_on_host("new", "new", O_CREAT | O_EXCL);
	write_on_host("file", "AFTER!", 0);
	write_on_host("grows", " and more", O_APPEND);
	MUST(ftruncate(openat(conf_host_fd, "shrinks", O_WRONLY), 4));
	conf_stat("new");
	conf_content("new");
	conf_settle();
	say_read("file", fd);
	conf_content("file");
	conf_content("grows");
	conf_content("shrinks");
	conf_stat("grows");
	conf_stat("shrinks");
	new = FD(open("grows", O_WRONLY | O_APPEND));
	write_on_host("grows", ", host", O_APPEND);
	DO(write(new, ", mount", 7));
	conf_settle();
	conf_content("grows");
	close(new);
	close(fd);
	rewinddir(dir);
	closedir(dir);
	conf_list(".");
}

static void what_the_host_changes_is_seen(void)
{
	conf_file("mode", 0644, "x");
	conf_file("owner", 0644, "x");
	conf_file("times", 0644, "x");
	conf_dir("type", 0755);
	conf_dir("dir", 0755);
	conf_stat("mode");
	conf_stat("owner");
	conf_stat("type");
	MUST(fchmodat(conf_host_fd, "mode", 04711, 0));
	MUST(fchownat(conf_host_fd, "owner", 12, 34, 0));
	MUST(utimensat(conf_host_fd, "times",
		       (struct timespec[2]){ { 1, 2 }, { 3, 4 } }, 0));
	MUST(unlinkat(conf_host_fd, "type", AT_REMOVEDIR));
	MUST(symlinkat("mode", conf_host_fd, "type"));
	MUST(mkdirat(conf_host_fd, "dir/sub", 0755));
	conf_settle();
	conf_stat("mode");
	conf_stat("owner");
	conf_times("times");
	conf_stat("type");
	conf_content("type");
	conf_stat("dir");
	conf_list("dir");
	DO(rmdir("dir"));
	DO(unlink("dir/sub"));
	DO(rename("mode", "dir/mode"));
	MUST(unlinkat(conf_host_fd, "dir/mode", 0));
	DO(rmdir("dir/sub"));
	DO(rmdir("dir"));
}

/* Each operation on a name that the host has taken away meanwhile. */
static void names_go_away_underneath(void)
{
	static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g",
					     "h", "i", "j" };
	struct stat st;

	conf_dir("dir", 0755);
	for (size_t i = 0; i < CONF_COUNT(names); i++) {
		conf_file(names[i], 0644, "x");
		MUST(stat(names[i], &st));
		MUST(unlinkat(conf_host_fd, names[i], 0));
	}
	conf_settle();
	DO(unlink("a"));
	DO(rename("b", "dir/b"));
	FD(open("c", O_RDONLY));
	DO(chmod("d", 0600));
	DO(truncate("e", 0));
	DO(link("f", "dir/f"));
	close(FD(open("g", O_WRONLY | O_CREAT, 0644)));
	DO(mkdir("h", 0755));
	DO(symlink("x", "i"));
	DO(rename("dir", "j"));
	conf_settle();
	conf_list(".");
}

static const struct conf_case cases[] = {
	CONF_CASE(open_files_survive_the_host, CONF_ROOT | CONF_UNDERNEATH),
	CONF_CASE(open_directories_survive_the_host,
		  CONF_ROOT | CONF_UNDERNEATH),
	CONF_CASE(what_the_host_writes_is_read, CONF_ROOT | CONF_UNDERNEATH),
	CONF_CASE(what_the_host_changes_is_seen, CONF_ROOT | CONF_UNDERNEATH),
	CONF_CASE(names_go_away_underneath, CONF_ROOT | CONF_UNDERNEATH),
};
CONF_AREA(under, cases);
