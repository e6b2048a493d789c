/* SPDX-License-Identifier: MIT */
/*
 * dir.c - directory streams: large ones, positions, what changes while they
 * are read, types and inode numbers of entries.
 */
#include "tests/conformance/conf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MANY 10000
#define SOME 300

static void make_many(unsigned count)
{
	char name[32];

	conf_dir("dir", 0777);
	for (unsigned i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "dir/entry-%05u", i);
		if (i % 10)
			MUST(mknod(name, S_IFREG | 0644, 0));
		else
			MUST(mkdir(name, 0755));
	}
}

static void prepare_many(void)
{
	make_many(MANY);
}

static void prepare_some(void)
{
	make_many(SOME);
}

/* How often each entry was seen; the rest counts as unknown. */
struct seen {
	unsigned total, dots, twice, unknown, wrong_type;
	uint8_t count[MANY + 1];
};

static void see(struct seen *seen, const struct dirent *entry)
{
	unsigned i;

	seen->total++;
	if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) {
		seen->dots++;
		seen->wrong_type += entry->d_type != DT_DIR;
		return;
	}
	if (sscanf(entry->d_name, "entry-%05u", &i) != 1 || i > MANY) {
		seen->unknown++;
		return;
	}
	seen->twice += seen->count[i]++ > 0;
	seen->wrong_type += entry->d_type != (i % 10 ? DT_REG : DT_DIR);
}

static void say_seen(const struct seen *seen)
{
	unsigned different = 0;

	for (unsigned i = 0; i <= MANY; i++)
		different += seen->count[i] > 0;
	conf_say("%u entries, %u dots, %u different, %u twice, %u unknown, %u of another type",
		 seen->total, seen->dots, different, seen->twice,
		 seen->unknown, seen->wrong_type);
}

static void read_all(DIR *dir, struct seen *seen)
{
	struct dirent *entry;

	memset(seen, 0, sizeof(*seen));
	errno = 0;
	while ((entry = readdir(dir)))
		see(seen, entry);
	if (errno)
		conf_say("readdir: %s", conf_errname(errno));
	say_seen(seen);
}

static DIR *open_dir(void)
{
	DIR *dir = opendir("dir");

	MUST(dir ? 0 : -1);
	return dir;
}

static void reads_ten_thousand_entries(void)
{
	static struct seen seen;
	DIR *dir = open_dir();

	read_all(dir, &seen);
	rewinddir(dir);
	read_all(dir, &seen);
	closedir(dir);
	conf_stat("dir");
}

static void goes_back_to_every_position(void)
{
	static struct {
		long at;
		char name[32];
	} place[SOME + 2];
	static struct seen seen;
	DIR *dir = open_dir();
	unsigned count = 0, wrong = 0;
	struct dirent *entry;

	for (;;) {
		long at = telldir(dir);

		entry = readdir(dir);
		if (!entry || count == CONF_COUNT(place))
			break;
		place[count].at = at;
		strcpy(place[count].name, entry->d_name);
		count++;
	}
	for (unsigned i = 0; i < count; i++) {
		unsigned j = i * 7 % count;

		seekdir(dir, place[j].at);
		entry = readdir(dir);
		wrong += !entry || strcmp(entry->d_name, place[j].name);
	}
	conf_say("%u positions, %u wrong", count, wrong);
	seekdir(dir, place[count / 2].at);
	read_all(dir, &seen);
	conf_say("position 0 is the start: %d", place[0].at == 0);
	closedir(dir);
}

static void sees_new_files_after_rewinding(void)
{
	static struct seen seen;
	DIR *dir = open_dir();

	read_all(dir, &seen);
	conf_file("dir/entry-09999", 0644, "");
	DO(mkdir("dir/other", 0755));
	DO(unlink("dir/entry-00001"));
	rewinddir(dir);
	read_all(dir, &seen);
	closedir(dir);
	conf_list("dir");
}

static void survives_removal_while_it_reads(void)
{
	static struct seen seen;
	DIR *dir = open_dir();
	struct dirent *entry;
	unsigned failed = 0;

	while ((entry = readdir(dir))) {
		see(&seen, entry);
		if (entry->d_name[0] != '.')
			failed += unlinkat(dirfd(dir), entry->d_name,
					   entry->d_type == DT_DIR ?
					   AT_REMOVEDIR : 0) != 0;
	}
	say_seen(&seen);
	conf_say("%u not removed", failed);
	closedir(dir);
	conf_list("dir");
	DO(rmdir("dir"));
}

/* The inode number of an entry is that of the file. */
static void entries_have_the_inode_number(void)
{
	DIR *dir = open_dir();
	unsigned count = 0, wrong = 0;
	struct dirent *entry;
	struct stat st;

	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, "..") ||
		    fstatat(dirfd(dir), entry->d_name, &st,
			    AT_SYMLINK_NOFOLLOW))
			continue;
		count++;
		wrong += st.st_ino != entry->d_ino;
	}
	conf_say("%u entries, %u with another number", count, wrong);
	closedir(dir);
}

static void knows_every_type(void)
{
	conf_file("file", 0644, "");
	conf_dir("dir", 0755);
	MUST(symlink("x", "link"));
	MUST(mkfifo("fifo", 0644));
	MUST(mknod("socket", S_IFSOCK | 0644, 0));
	if (!geteuid()) {
		MUST(mknod("char", S_IFCHR | 0644, 0x103));
		MUST(mknod("block", S_IFBLK | 0644, 0x700));
	}
	conf_list(".");
	conf_list("dir");
	conf_list("file");
	conf_list("link");
	conf_list("missing");
	DO(rename("file", "dir/file"));
	conf_list(".");
	conf_list("dir");
}

static void refuses_what_is_no_directory(void)
{
	static const size_t sizes[] = { 0, 1, 16, 23, 24, 48, 4096 };
	char buf[4096];
	int fd;

	conf_file("file", 0644, "");
	fd = FD(open("file", O_RDONLY));
	DO(syscall(SYS_getdents64, fd, buf, sizeof(buf)));
	close(fd);
	/* Too little room for one entry, or for some. */
	for (size_t i = 0; i < CONF_COUNT(sizes); i++) {
		conf_on("%zu bytes", sizes[i]);
		fd = FD(open("dir", O_RDONLY));
		conf_say("getdents %s",
			 syscall(SYS_getdents64, fd, buf, sizes[i]) < 0 ?
			 conf_errname(errno) : "fine");
		close(fd);
	}
	conf_on("%s", "");
	fd = FD(open("dir", O_PATH));
	DO(syscall(SYS_getdents64, fd, buf, sizeof(buf)));
	close(fd);
	fd = FD(open("dir", O_RDONLY));
	DO(lseek(fd, 0, SEEK_SET));
	DO(lseek(fd, -1, SEEK_SET));
	DO(lseek(fd, 0, SEEK_CUR));
	close(fd);
}

static void reads_removed_directories(void)
{
	static struct seen seen;
	DIR *dir;

	conf_dir("gone", 0755);
	dir = opendir("gone");
	MUST(dir ? 0 : -1);
	DO(rmdir("gone"));
	conf_say("read: %s", readdir(dir) ? "an entry" : "nothing");
	rewinddir(dir);
	conf_say("again: %s", readdir(dir) ? "an entry" : "nothing");
	closedir(dir);
	dir = open_dir();
	DO(rename("dir", "moved"));
	read_all(dir, &seen);
	closedir(dir);
}

static void needs_permission_to_read(void)
{
	static const mode_t modes[] = { 0, 0100, 0300, 0400, 0500, 0700 };

	for (size_t i = 0; i < CONF_COUNT(modes); i++) {
		conf_on("%04o", modes[i]);
		MUST(chmod("dir", modes[i]));
		close(FD(open("dir", O_RDONLY)));
		close(FD(open("dir/entry-00001", O_RDONLY)));
		DO(access("dir", R_OK));
		DO(access("dir", X_OK));
		DO(chdir("dir"));
		if (!access("../dir", X_OK))
			MUST(chdir(".."));
	}
	MUST(chmod("dir", 0755));
}

static void prepare_for_user(void)
{
	make_many(3);
	MUST(chown("dir", CONF_UID, CONF_GID));
}

static const struct conf_case cases[] = {
	CONF_PREPARED(reads_ten_thousand_entries, CONF_ROOT, prepare_many),
	CONF_PREPARED(goes_back_to_every_position, CONF_ROOT, prepare_some),
	CONF_PREPARED(sees_new_files_after_rewinding, CONF_BOTH, prepare_some),
	CONF_PREPARED(survives_removal_while_it_reads, CONF_ROOT,
		      prepare_some),
	CONF_PREPARED(entries_have_the_inode_number, CONF_BOTH, prepare_some),
	CONF_CASE(knows_every_type, CONF_BOTH),
	CONF_PREPARED(refuses_what_is_no_directory, CONF_BOTH, prepare_some),
	CONF_PREPARED(reads_removed_directories, CONF_BOTH, prepare_some),
	CONF_PREPARED(needs_permission_to_read, CONF_USER, prepare_for_user),
};
CONF_AREA(dir, cases);
