/* SPDX-License-Identifier: MIT */
/*
 * conf_tree.c - whole trees: what is in one, and how to be rid of it.
 */
#include "tests/conformance/conf_run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#define XATTRS_MAX 65536
#define XATTR_NAMES_MAX 1000
/* A directory of more is not told name by name. */
#define ENTRIES_MAX 2000

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In order of their names; the file system's own order is nobody's promise. */
static void say_xattrs(const char *name)
{
	static char list[XATTRS_MAX], value[XATTRS_MAX];
	char *path = NULL, *names[XATTR_NAMES_MAX];
	size_t count = 0;
	ssize_t len, n;

	/* Relative to the current directory; a symlink is not followed. */
	if (asprintf(&path, "./%s", name) < 0)
		return;
	len = llistxattr(path, list, sizeof(list));
	for (char *x = list; x < list + len && count < XATTR_NAMES_MAX;
	     x += strlen(x) + 1)
		names[count++] = x;
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; i < count; i++) {
		uint32_t digest = 2166136261u;

		n = lgetxattr(path, names[i], value, sizeof(value));
		for (ssize_t j = 0; j < n; j++)
			digest = (digest ^ (uint8_t)value[j]) * 16777619u;
		conf_say("xattr %s %s: %zd bytes %08x", name, names[i], n,
			 digest);
	}
	free(path);
}

static void say_identity(const char *name, const struct stat *st)
{
	conf_say("identity %s: ino %llu mtime %lld.%09ld", name,
		 (unsigned long long)st->st_ino,
		 (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	conf_say("ctime %s: %lld.%09ld", name,
		 (long long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
}

static void say_link(const char *name)
{
	char target[PATH_MAX + 1] = "";

	if (readlink(name, target, sizeof(target) - 1) < 0)
		snprintf(target, sizeof(target), "%s", conf_errname(errno));
	conf_say("target %s: %s", name, target);
}

static void say_entry(const char *name, unsigned flags)
{
	struct stat st;
	int fd, back;

	conf_stat(name);
	if (lstat(name, &st))
		return;
	if (flags & CONF_TREE_IDENTITY)
		say_identity(name, &st);
	say_xattrs(name);
	if (S_ISLNK(st.st_mode))
		say_link(name);
	if (S_ISREG(st.st_mode))
		conf_content(name);
	if (!S_ISDIR(st.st_mode))
		return;
	back = open(".", O_PATH | O_CLOEXEC);
	fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && back >= 0) {
		conf_say("enter %s", name);
		conf_tree_say(fd, flags);
		conf_say("leave %s", name);
		if (fchdir(back))
			conf_say("cannot go back from %s", name);
	}
	close(fd);
	close(back);
}

void conf_tree_say(int dir_fd, unsigned flags)
{
	struct dirent **entries;
	int count;

	if (fchdir(dir_fd)) {
		conf_say("fchdir: %s", conf_errname(errno));
		return;
	}
	count = scandir(".", &entries, NULL, alphasort);
	conf_say("%d entries", count);
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		if (strcmp(name, ".") && strcmp(name, "..") &&
		    count <= ENTRIES_MAX)
			say_entry(name, flags);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

/* ---- removal ----------------------------------------------------------- */

/* Immutable and append-only files cannot be removed. */
static void clear_flags(int fd)
{
	int flags = 0;

	if (!ioctl(fd, FS_IOC_GETFLAGS, &flags) &&
	    flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) {
		flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
		if (ioctl(fd, FS_IOC_SETFLAGS, &flags))
			perror("FS_IOC_SETFLAGS");
	}
}

static void remove_at(int dir_fd, const char *name)
{
	struct dirent *entry;
	struct stat st;
	DIR *dir;
	int fd;

	if (!unlinkat(dir_fd, name, 0) ||
	    fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	if (!S_ISDIR(st.st_mode)) {
		fd = openat(dir_fd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
		if (fd >= 0) {
			clear_flags(fd);
			close(fd);
		}
		unlinkat(dir_fd, name, 0);
		return;
	}
	fchmodat(dir_fd, name, 0700, 0);
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (fd >= 0)
		clear_flags(fd);
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			remove_at(fd, entry->d_name);
	if (dir)
		closedir(dir);
	unlinkat(dir_fd, name, AT_REMOVEDIR);
}

void conf_tree_remove(const char *path)
{
	remove_at(AT_FDCWD, path);
}
