/* SPDX-License-Identifier: MIT */
/*
 * xattr.c - extended attributes: each namespace, flag, size and file type.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define VALUE_MAX 70000
#define LIST_MAX 100

static char value[VALUE_MAX], got[VALUE_MAX];

static void make_types(void)
{
	conf_file("file", 0644, "content");
	conf_dir("dir", 0755);
	MUST(symlink("file", "link"));
	MUST(symlink("absent", "dangling"));
	MUST(mkfifo("fifo", 0644));
	if (!geteuid())
		MUST(mknod("null", S_IFCHR | 0666, 0x103));
	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (char)(i * 7 + 1);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All that listxattr() gives, whose order is each file system's. */
static void say_list(const char *path)
{
	char list[4096], line[4096] = "", *names[LIST_MAX];
	ssize_t len = llistxattr(path, list, sizeof(list));
	size_t count = 0;

	if (len < 0) {
		conf_say("list %s: %s", path, conf_errname(errno));
		return;
	}
	for (char *name = list; name < list + len && count < LIST_MAX;
	     name += strlen(name) + 1)
		names[count++] = name;
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; i < count; i++) {
		strcat(line, " ");
		strcat(line, names[i]);
	}
	conf_say("list %s:%s", path, line);
}

static void takes_every_namespace_on_every_type(void)
{
	static const char *const names[] = {
		"user.a", "user.", "user", "trusted.a", "security.a",
		"security.capability", "system.a", "system.", "other.a", "a",
		"", ".", "user.\xff", "user.with space", "USER.a", "btrfs.a",
	};
	static const char *const types[] = { "file", "dir", "link", "fifo",
					     "null", "dangling", "missing" };

	make_types();
	for (size_t t = 0; t < CONF_COUNT(types); t++)
	for (size_t n = 0; n < CONF_COUNT(names); n++) {
		conf_on("%s '%s'", types[t], names[n]);
		DO(lsetxattr(types[t], names[n], "value", 5, 0));
		DO(lgetxattr(types[t], names[n], got, sizeof(got)));
		say_list(types[t]);
		DO(lremovexattr(types[t], names[n]));
		DO(lremovexattr(types[t], names[n]));
	}
}

static void takes_names_of_every_length(void)
{
	static const size_t lengths[] = { 6, 100, 250, 254, 255, 256, 300 };
	char name[400];

	make_types();
	for (size_t i = 0; i < CONF_COUNT(lengths); i++) {
		memset(name, 'n', sizeof(name));
		memcpy(name, "user.", 5);
		name[lengths[i]] = '\0';
		conf_on("%zu", lengths[i]);
		DO(setxattr("file", name, "v", 1, 0));
		DO(getxattr("file", name, got, sizeof(got)));
		DO(listxattr("file", NULL, 0));
		DO(removexattr("file", name));
	}
}

static void takes_values_of_every_size(void)
{
	static const size_t sizes[] = {
		0, 1, 7, 100, 1000, 3000, 4000, 4096, 10000, 32768, 65535,
		65536, 65537, 69999,
	};

	make_types();
	for (size_t i = 0; i < CONF_COUNT(sizes); i++) {
		long long n;

		conf_on("%zu", sizes[i]);
		DO(setxattr("file", "user.v", value, sizes[i], 0));
		DO(getxattr("file", "user.v", NULL, 0));
		n = DO(getxattr("file", "user.v", got, sizeof(got)));
		if (n > 0)
			conf_say("same %d", !memcmp(got, value, (size_t)n));
		DO(getxattr("file", "user.v", got, sizes[i]));
		DO(getxattr("file", "user.v", got, sizes[i] ? sizes[i] - 1 : 1));
		conf_stat("file");
	}
	conf_on("%s", "");
	DO(removexattr("file", "user.v"));
	conf_stat("file");
}

static void obeys_the_flags(void)
{
	static const int flags[] = {
		0, XATTR_CREATE, XATTR_REPLACE, XATTR_CREATE | XATTR_REPLACE,
		4, -1,
	};

	make_types();
	for (size_t i = 0; i < CONF_COUNT(flags); i++) {
		conf_on("flags %d", flags[i]);
		DO(setxattr("file", "user.f", "new", 3, flags[i]));
		DO(setxattr("file", "user.f", "again", 5, flags[i]));
		DO(getxattr("file", "user.f", got, sizeof(got)));
		DO(removexattr("file", "user.f"));
		DO(lsetxattr("link", "user.f", "new", 3, flags[i]));
	}
}

static void lists_as_much_as_fits(void)
{
	char name[32];

	make_types();
	say_list("file");
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "user.attribute%02d", i);
		DO(setxattr("file", name, name, strlen(name), 0));
	}
	say_list("file");
	DO(listxattr("file", NULL, 0));
	for (size_t size = 1; size < 500; size += 53) {
		conf_on("%zu", size);
		DO(listxattr("file", got, size));
	}
	conf_on("%s", "");
	for (int i = 0; i < 20; i += 2) {
		snprintf(name, sizeof(name), "user.attribute%02d", i);
		DO(removexattr("file", name));
	}
	say_list("file");
	DO(listxattr("missing", got, sizeof(got)));
}

static void works_by_descriptor(void)
{
	int fd;

	make_types();
	fd = FD(open("file", O_RDONLY));
	DO(fsetxattr(fd, "user.d", "value", 5, 0));
	DO(fgetxattr(fd, "user.d", got, sizeof(got)));
	DO(getxattr("link", "user.d", got, sizeof(got)));
	DO(lgetxattr("link", "user.d", got, sizeof(got)));
	DO(setxattr("dangling", "user.d", "value", 5, 0));
	DO(unlink("file"));
	DO(fgetxattr(fd, "user.d", got, sizeof(got)));
	DO(flistxattr(fd, got, sizeof(got)));
	DO(fremovexattr(fd, "user.d"));
	close(fd);
	fd = FD(open("dir", O_PATH));
	DO(fgetxattr(fd, "user.d", got, sizeof(got)));
	close(fd);
}

static void moves_ctime_only(void)
{
	make_types();
	conf_mark("file");
	DO(setxattr("file", "user.t", "value", 5, 0));
	conf_moved("set", "file");
	conf_mark("file");
	DO(setxattr("file", "user.t", "value", 5, 0));
	conf_moved("set the same", "file");
	conf_mark("file");
	DO(getxattr("file", "user.t", got, sizeof(got)));
	conf_moved("get", "file");
	conf_mark("file");
	DO(setxattr("file", "user.t", "value", 5, XATTR_CREATE));
	conf_moved("failure", "file");
	conf_mark("file");
	DO(removexattr("file", "user.t"));
	conf_moved("remove", "file");
}

static void prepare_foreign(void)
{
	static const mode_t modes[] = { 0600, 0644, 0666, 0622 };
	char name[16];

	for (size_t i = 0; i < CONF_COUNT(modes); i++) {
		snprintf(name, sizeof(name), "file%03o", modes[i]);
		conf_file(name, modes[i], "");
		/* Where the file system has them. */
		setxattr(name, "user.x", "secret", 6, 0);
		MUST(setxattr(name, "trusted.x", "secret", 6, 0));
		MUST(setxattr(name, "security.x", "label", 5, 0));
	}
	conf_dir("sticky", 01777);
}

static void obeys_permission(void)
{
	static const char *const names[] = { "file600", "file644", "file666",
					     "file622", "sticky" };
	static const char *const xattrs[] = { "user.x", "user.new",
					      "trusted.x", "security.x" };

	for (size_t i = 0; i < CONF_COUNT(names); i++) {
		conf_on("%s", names[i]);
		say_list(names[i]);
		for (size_t j = 0; j < CONF_COUNT(xattrs); j++) {
			conf_on("%s %s", names[i], xattrs[j]);
			DO(getxattr(names[i], xattrs[j], got, sizeof(got)));
			DO(setxattr(names[i], xattrs[j], "mine", 4, 0));
			DO(removexattr(names[i], xattrs[j]));
		}
	}
}

static void others_obey_permission(void)
{
	conf_as(CONF_AS_USER, obeys_permission);
}

static const struct conf_case cases[] = {
	CONF_CASE(takes_every_namespace_on_every_type, CONF_BOTH),
	CONF_CASE(takes_names_of_every_length, CONF_BOTH),
	CONF_CASE(takes_values_of_every_size, CONF_BOTH),
	CONF_CASE(obeys_the_flags, CONF_BOTH),
	CONF_CASE(lists_as_much_as_fits, CONF_BOTH),
	CONF_CASE(works_by_descriptor, CONF_BOTH),
	CONF_CASE(moves_ctime_only, CONF_BOTH),
	CONF_PREPARED(others_obey_permission, CONF_ROOT, prepare_foreign),
};
CONF_AREA(xattr, cases);
