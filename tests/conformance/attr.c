/* SPDX-License-Identifier: MIT */
/*
 * attr.c - chmod(2), chown(2) and utimensat(2) with every special value, on
 * every type, as the owner and as others.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const types[] = { "file", "dir", "fifo", "link", "null" };

static void make_types(void)
{
	conf_file("file", 0644, "content");
	conf_dir("dir", 0755);
	MUST(mkfifo("fifo", 0644));
	MUST(symlink("file", "link"));
	if (!geteuid())
		MUST(mknod("null", S_IFCHR | 0666, 0x103));
}

/* ---- modes ------------------------------------------------------------- */

static void chmod_all(void)
{
	for (size_t t = 0; t < CONF_COUNT(types); t++)
	for (mode_t mode = 0; mode <= 07777; mode += 0333) {
		conf_on("%s %04o", types[t], mode);
		DO(chmod(types[t], mode));
		conf_stat(types[t]);
	}
	for (mode_t mode = 0; mode <= 07777; mode += 01000) {
		conf_on("%04o", mode);
		DO(chmod("dir", mode | 0700));
		conf_stat("dir");
		DO(chmod("file", mode | 0100));
		conf_stat("file");
		DO(chmod("file", mode));
		conf_stat("file");
	}
}

static void sets_modes(void)
{
	make_types();
	chmod_all();
}

static void sets_modes_by_descriptor(void)
{
	int fd, dir, path;

	make_types();
	fd = (int)MUST(open("file", O_RDONLY));
	dir = (int)MUST(open("dir", O_RDONLY));
	path = (int)MUST(open("file", O_PATH));
	DO(fchmod(fd, 0604));
	conf_stat("file");
	DO(fchmod(dir, 01711));
	conf_stat("dir");
	DO(fchmod(fd, ~0u));
	conf_stat("file");
	DO(fchmodat(AT_FDCWD, "link", 0640, 0));
	conf_stat("file");
	DO(fchmodat(AT_FDCWD, "link", 0600, AT_SYMLINK_NOFOLLOW));
	conf_stat("link");
#ifdef SYS_fchmodat2
	DO(syscall(SYS_fchmodat2, AT_FDCWD, "link", 0600, AT_SYMLINK_NOFOLLOW));
	DO(syscall(SYS_fchmodat2, path, "", 0611, AT_EMPTY_PATH));
	conf_stat("file");
#endif
	DO(unlink("file"));
	DO(fchmod(fd, 0200));
	conf_fstat("unlinked", fd);
	close(fd);
	close(dir);
	close(path);
}

static void others_set_no_modes(void)
{
	make_types();
	MUST(chmod(".", 0777));
	for (enum conf_who who = CONF_AS_USER; who <= CONF_AS_MEMBER; who++) {
		conf_on("%s", conf_who_name(who));
		conf_say("as");
		conf_as(who, chmod_all);
	}
}

/* A mode's S_ISGID is the owner's to give only in a group of his. */
static void prepare_groups(void)
{
	static const gid_t groups[] = { CONF_GID, CONF_GROUP, 5 };
	char name[16];

	for (size_t i = 0; i < CONF_COUNT(groups); i++) {
		snprintf(name, sizeof(name), "file%u", groups[i]);
		conf_file(name, 0644, "");
		MUST(chown(name, CONF_UID, groups[i]));
		snprintf(name, sizeof(name), "dir%u", groups[i]);
		conf_dir(name, 0755);
		MUST(chown(name, CONF_UID, groups[i]));
	}
}

static void gives_setgid_in_own_groups(void)
{
	static const char *const names[] = {
		"file1000", "file2000", "file5", "dir1000", "dir2000", "dir5",
	};

	for (size_t i = 0; i < CONF_COUNT(names); i++)
	for (mode_t bits = 0; bits <= 07000; bits += 01000) {
		conf_on("%s %04o", names[i], bits);
		DO(chmod(names[i], bits | 0755));
		conf_stat(names[i]);
		DO(chmod(names[i], bits | 0644));
		conf_stat(names[i]);
	}
}

/* ---- owners ------------------------------------------------------------ */

static const uid_t uids[] = { (uid_t)-1, 0, CONF_UID, CONF_OTHER, 0x7fffffff };
static const gid_t gids[] = { (gid_t)-1, 0, CONF_GID, CONF_GROUP, 5 };
static const mode_t start_modes[] = { 0644, 06755, 02644, 04755, 06711, 07777 };

/* As root, put back what chown_one() may have changed: as it was made. */
static void chown_all(void)
{
	static const char *const names[] = { "file", "dir", "link", "fifo" };

	for (size_t n = 0; n < CONF_COUNT(names); n++)
	for (size_t m = 0; m < CONF_COUNT(start_modes); m++)
	for (size_t u = 0; u < CONF_COUNT(uids); u++)
	for (size_t g = 0; g < CONF_COUNT(gids); g++) {
		if ((n && m > 2) || (!u && !g))
			continue;
		conf_on("%s %04o to %d:%d", names[n], start_modes[m],
			(int)uids[u], (int)gids[g]);
		if (strcmp(names[n], "link"))
			DO(chmod(names[n], start_modes[m]));
		DO(lchown(names[n], uids[u], gids[g]));
		conf_stat(names[n]);
		if (geteuid())
			continue;
		MUST(lchown(names[n], CONF_UID, CONF_GID));
	}
}

static void gives_files_to_others(void)
{
	make_types();
	chown_all();
}

static void nobody_else_gives_files(void)
{
	make_types();
	for (size_t i = 0; i < CONF_COUNT(types); i++)
		MUST(lchown(types[i], CONF_UID, CONF_GID));
	for (enum conf_who who = CONF_AS_MEMBER; who >= CONF_AS_USER; who--) {
		conf_on("%s", conf_who_name(who));
		conf_say("as");
		conf_as(who, chown_all);
	}
}

static void gives_files_by_descriptor(void)
{
	int fd;

	make_types();
	fd = (int)MUST(open("file", O_RDWR));
	DO(fchown(fd, getuid(), getgid()));
	DO(chown("link", (uid_t)-1, getgid()));
	DO(fchownat(fd, "", (uid_t)-1, getgid(), AT_EMPTY_PATH));
	DO(unlink("file"));
	DO(fchown(fd, getuid(), getuid() ? CONF_GROUP : 5));
	conf_fstat("unlinked", fd);
	close(fd);
}

/* A chown() that names neither owner nor group. */
static void gives_files_to_nobody(void)
{
	make_types();
	for (size_t m = 0; m < CONF_COUNT(start_modes); m++) {
		DO(chmod("file", start_modes[m]));
		conf_mark("file");
		DO(chown("file", (uid_t)-1, (gid_t)-1));
		conf_moved("chown to nobody", "file");
		conf_stat("file");
	}
	conf_remove("file");
	DO(chown("dir", (uid_t)-1, (gid_t)-1));
	DO(chown("missing", (uid_t)-1, (gid_t)-1));
}

static void moves_times(void)
{
	make_types();
	conf_mark("file");
	DO(chmod("file", 0644));
	conf_moved("chmod to the same", "file");
	conf_mark("file");
	DO(chown("file", getuid(), getgid()));
	conf_moved("chown to the same", "file");
	conf_mark("link");
	DO(lchown("link", getuid(), getgid()));
	conf_moved("lchown", "link");
	conf_mark("file");
	DO(lchown("link", getuid(), getgid()));
	conf_moved("lchown of a link to", "file");
	conf_mark("dir");
	DO(chmod("dir", 0700));
	conf_moved("chmod", "dir");
}

/* ---- times ------------------------------------------------------------- */

static const struct timespec some_times[] = {
	{ 0, 0 }, { 1, 1 }, { 1234567890, 123456789 }, { -1, 0 },
	{ -2, 999999999 }, { 0, 999999999 }, { 0, 1000000000 }, { 0, -1 },
	{ 0x7fffffff, 0 }, { 0x80000000ll, 0 }, { -0x80000000ll, 0 },
	{ -0x80000001ll, 0 }, { 0xffffffffll, 1 }, { 0x37fffffffll, 0 },
	{ 0x380000000ll, 0 }, { 0x7fffffffffll, 0 },
	{ 0x7fffffffffffffffll, 0 }, { (-0x7fffffffffffffffll - 1), 0 },
};

static void sets_times(void)
{
	make_types();
	for (size_t t = 0; t < CONF_COUNT(types); t++)
	for (size_t i = 0; i < CONF_COUNT(some_times); i++) {
		const struct timespec times[2] = {
			some_times[i],
			some_times[CONF_COUNT(some_times) - 1 - i],
		};
		const struct timespec same[2] = {
			some_times[i], some_times[i]
		};

		conf_on("%s %lld.%ld", types[t], (long long)times[0].tv_sec,
			times[0].tv_nsec);
		DO(utimensat(AT_FDCWD, types[t], times, AT_SYMLINK_NOFOLLOW));
		conf_times(types[t]);
		DO(utimensat(AT_FDCWD, types[t], same, AT_SYMLINK_NOFOLLOW));
		conf_times(types[t]);
	}
}

static const struct {
	const char *name;
	struct timespec times[2];
} special_times[] = {
	{ "now now", { { 0, UTIME_NOW }, { 0, UTIME_NOW } } },
	{ "now omit", { { 0, UTIME_NOW }, { 0, UTIME_OMIT } } },
	{ "omit now", { { 0, UTIME_OMIT }, { 0, UTIME_NOW } } },
	{ "omit omit", { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } } },
	{ "set omit", { { 1000, 7 }, { 0, UTIME_OMIT } } },
	{ "omit set", { { 0, UTIME_OMIT }, { 2000, 8 } } },
	{ "set now", { { 3000, 9 }, { 0, UTIME_NOW } } },
	{ "now set", { { 0, UTIME_NOW }, { 4000, 1 } } },
	{ "set set", { { 5000, 2 }, { 6000, 3 } } },
	{ "bad omit", { { 0, 1000000000 }, { 0, UTIME_OMIT } } },
};

static void set_special_times(const char *name)
{
	for (size_t i = 0; i < CONF_COUNT(special_times); i++) {
		conf_mark(name);
		DO(utimensat(AT_FDCWD, name, special_times[i].times, 0));
		conf_moved(special_times[i].name, name);
	}
	conf_mark(name);
	DO(utimensat(AT_FDCWD, name, NULL, 0));
	conf_moved("NULL", name);
}

static void sets_times_to_now_or_not(void)
{
	make_types();
	set_special_times("file");
	set_special_times("dir");
}

static void set_times_of_foreign_files(void)
{
	static const char *const names[] = { "closed", "writable", "readable" };

	for (size_t i = 0; i < CONF_COUNT(names); i++) {
		int fd = open(names[i], O_WRONLY);

		set_special_times(names[i]);
		if (fd >= 0) {
			DO(futimens(fd, NULL));
			DO(futimens(fd, special_times[8].times));
			close(fd);
		}
	}
}

static void others_set_times_to_now_at_most(void)
{
	conf_file("closed", 0600, "");
	conf_file("writable", 0666, "");
	conf_file("readable", 0644, "");
	conf_as(CONF_AS_USER, set_times_of_foreign_files);
}

static const struct conf_case cases[] = {
	CONF_CASE(sets_modes, CONF_BOTH),
	CONF_CASE(sets_modes_by_descriptor, CONF_BOTH),
	CONF_CASE(others_set_no_modes, CONF_ROOT),
	CONF_PREPARED(gives_setgid_in_own_groups, CONF_BOTH, prepare_groups),
	CONF_CASE(gives_files_to_others, CONF_BOTH),
	CONF_CASE(nobody_else_gives_files, CONF_ROOT),
	CONF_CASE(gives_files_by_descriptor, CONF_BOTH),
	CONF_CASE(gives_files_to_nobody, CONF_BOTH),
	CONF_CASE(moves_times, CONF_BOTH),
	CONF_CASE(sets_times, CONF_BOTH),
	CONF_CASE(sets_times_to_now_or_not, CONF_BOTH),
	CONF_CASE(others_set_times_to_now_at_most, CONF_ROOT),
};
CONF_AREA(attr, cases);
