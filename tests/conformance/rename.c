/* SPDX-License-Identifier: MIT */
/*
 * rename.c - renameat2(2): every kind of thing over every other with every
 * flag, into its own subtree, hard links, open files, sticky directories.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const things[] = {
	"file", "other", "hard", "empty", "empty2", "full", "full/in",
	"full/sub", "full/sub/deep", "link", "dirlink", "dangling", "fifo",
	"missing", "missing/x", "file/x", ".", "full/.", "full/..", "..",
	"dir/", "empty/", "file/", "missing/", "dirlink/",
};

static const unsigned flag_sets[] = {
	0, RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT,
	RENAME_NOREPLACE | RENAME_EXCHANGE, RENAME_EXCHANGE | RENAME_WHITEOUT,
	RENAME_NOREPLACE | RENAME_WHITEOUT, 8, 0x80000000,
};

static void make_things(void)
{
	conf_file("file", 0644, "file");
	conf_file("other", 0600, "other");
	MUST(link("file", "hard"));
	conf_dir("empty", 0755);
	conf_dir("empty2", 0700);
	conf_dir("full", 0755);
	conf_file("full/in", 0644, "inside");
	conf_dir("full/sub", 0755);
	conf_dir("full/sub/deep", 0755);
	MUST(symlink("file", "link"));
	MUST(symlink("empty", "dirlink"));
	MUST(symlink("absent", "dangling"));
	MUST(mkfifo("fifo", 0644));
}

static void remove_things(void)
{
	for (size_t i = 0; i < CONF_COUNT(things); i++)
		if (!strpbrk(things[i], "/."))
			conf_remove(things[i]);
}

static bool has_plain_name(const char *name)
{
	return name[strlen(name) - 1] != '/' && name[strlen(name) - 1] != '.';
}

static void rename_one(const char *from, const char *to, unsigned flags)
{
	conf_on("%s to %s flags %#x", from, to, flags);
	if (DO(renameat2(AT_FDCWD, from, AT_FDCWD, to, flags)))
		return;
	if (has_plain_name(from))
		conf_stat(from);
	if (has_plain_name(to))
		conf_stat(to);
	conf_stat("full");
	conf_stat("hard");
	conf_stat(".");
	remove_things();
	make_things();
}

static void rename_all(unsigned flags)
{
	make_things();
	for (size_t i = 0; i < CONF_COUNT(things); i++)
		for (size_t j = 0; j < CONF_COUNT(things); j++)
			rename_one(things[i], things[j], flags);
}

static void replaces_what_it_may(void)
{
	rename_all(0);
}

static void replaces_nothing_when_asked(void)
{
	rename_all(RENAME_NOREPLACE);
}

static void exchanges_anything(void)
{
	rename_all(RENAME_EXCHANGE);
}

static void leaves_a_whiteout(void)
{
	rename_all(RENAME_WHITEOUT);
}

static void refuses_other_flags(void)
{
	make_things();
	for (size_t i = 4; i < CONF_COUNT(flag_sets); i++) {
		rename_one("file", "missing", flag_sets[i]);
		rename_one("file", "other", flag_sets[i]);
		rename_one("missing", "file", flag_sets[i]);
		rename_one("empty", "missing", flag_sets[i]);
	}
}

static void moves_times(void)
{
	static const struct {
		const char *from, *to;
		unsigned flags;
	} moves[] = {
		{ "file", "renamed", 0 },
		{ "renamed", "full/file", 0 },
		{ "full/file", "other", 0 },
		{ "full/sub", "empty/sub", 0 },
		{ "empty2", "link", RENAME_EXCHANGE },
		{ "empty", "full/in", RENAME_EXCHANGE },
		{ "hard", "hard", 0 },
	};

	make_things();
	for (size_t i = 0; i < CONF_COUNT(moves); i++)
	for (int which = 0; which < 4; which++) {
		const char *watched[] = { ".", "full", moves[i].from,
					  moves[i].to };
		struct stat st;

		conf_on("%s to %s, %s", moves[i].from, moves[i].to,
			watched[which]);
		/* The place that the inode is in afterwards. */
		if (lstat(watched[which], &st))
			continue;
		conf_mark(watched[which]);
		DO(renameat2(AT_FDCWD, moves[i].from, AT_FDCWD, moves[i].to,
			     moves[i].flags));
		conf_moved("it", which == 2 ? moves[i].to :
			   which == 3 && moves[i].flags ? moves[i].from :
			   watched[which]);
		if (which < 3)
			renameat2(AT_FDCWD, moves[i].to, AT_FDCWD,
				  moves[i].from, moves[i].flags);
	}
}

static void open_files_live_on(void)
{
	char buf[8] = "";
	int old, over;

	make_things();
	old = FD(open("file", O_RDWR));
	over = FD(open("other", O_RDWR));
	DO(rename("file", "other"));
	conf_fstat("renamed", old);
	conf_fstat("replaced", over);
	DO(pread(over, buf, 5, 0));
	conf_say("replaced holds %s", buf);
	DO(pwrite(old, "FI", 2, 0));
	DO(pwrite(over, "gone", 4, 0));
	conf_content("other");
	conf_content("hard");
	DO(rename("other", "full/in"));
	DO(pwrite(old, "again", 5, 2));
	conf_content("full/in");
	conf_content("hard");
	close(old);
	close(over);
}

static void open_directories_live_on(void)
{
	int fd, in, empty;

	make_things();
	fd = FD(open("full", O_RDONLY | O_DIRECTORY));
	empty = FD(open("empty", O_RDONLY | O_DIRECTORY));
	DO(rename("full", "empty"));
	in = FD(openat(fd, "new", O_WRONLY | O_CREAT, 0644));
	DO(faccessat(fd, "../file", F_OK, 0));
	DO(mkdirat(empty, "new", 0755));
	conf_fstat("replaced", empty);
	conf_list("empty");
	DO(renameat(fd, "sub", AT_FDCWD, "sub"));
	DO(renameat(fd, "new", AT_FDCWD, "new"));
	DO(write(in, "x", 1));
	conf_content("new");
	conf_list("empty");
	close(in);
	close(fd);
	close(empty);
}

static void prepare_owners(void)
{
	static const char *const dirs[] = { "plain", "sticky", "mine" };
	char name[64];

	conf_dir("plain", 0777);
	conf_dir("sticky", 01777);
	conf_dir("mine", 01777);
	MUST(chown("mine", CONF_UID, CONF_GID));
	for (size_t i = 0; i < CONF_COUNT(dirs); i++)
	for (int who = 0; who < 3; who++) {
		uid_t uid = who == 0 ? CONF_UID : who == 1 ? CONF_OTHER : 0;

		snprintf(name, sizeof(name), "%s/file%d", dirs[i], who);
		conf_file(name, 0644, name);
		MUST(chown(name, uid, uid));
		snprintf(name, sizeof(name), "%s/dir%d", dirs[i], who);
		conf_dir(name, 0755);
		MUST(chown(name, uid, uid));
	}
}

/* Who may rename, replace and remove what in directories of all kinds. */
static void obey_owners(void)
{
	static const char *const dirs[] = { "plain", "sticky", "mine" };
	char from[64], to[64];

	for (size_t i = 0; i < CONF_COUNT(dirs); i++)
	for (size_t j = 0; j < CONF_COUNT(dirs); j++)
	for (int who = 0; who < 9; who++) {
		snprintf(from, sizeof(from), "%s/file%d", dirs[i], who / 3);
		snprintf(to, sizeof(to), "%s/file%d", dirs[j], who % 3);
		conf_on("%s %s", from, to);
		if (!DO(renameat2(AT_FDCWD, from, AT_FDCWD, to,
				  RENAME_EXCHANGE)))
			DO(renameat2(AT_FDCWD, from, AT_FDCWD, to,
				     RENAME_EXCHANGE));
		snprintf(from, sizeof(from), "%s/dir%d", dirs[i], who / 3);
		snprintf(to, sizeof(to), "%s/new", dirs[j]);
		if (!DO(rename(from, to)))
			DO(rename(to, from));
		DO(rmdir(from));
		snprintf(from, sizeof(from), "%s/file%d", dirs[i], who / 3);
		DO(unlink(from));
	}
}

static void obeys_owners_and_sticky_bits(void)
{
	for (enum conf_who who = CONF_AS_USER; who <= CONF_AS_MEMBER; who++) {
		conf_on("%s", conf_who_name(who));
		conf_say("as");
		conf_as(who, obey_owners);
	}
}

static const struct conf_case cases[] = {
	CONF_CASE(replaces_what_it_may, CONF_BOTH),
	CONF_CASE(replaces_nothing_when_asked, CONF_BOTH),
	CONF_CASE(exchanges_anything, CONF_BOTH),
	CONF_CASE(leaves_a_whiteout, CONF_BOTH),
	CONF_CASE(refuses_other_flags, CONF_BOTH),
	CONF_CASE(moves_times, CONF_BOTH),
	CONF_CASE(open_files_live_on, CONF_BOTH),
	CONF_CASE(open_directories_live_on, CONF_BOTH),
	CONF_PREPARED(obeys_owners_and_sticky_bits, CONF_ROOT, prepare_owners),
};
CONF_AREA(rename, cases);
