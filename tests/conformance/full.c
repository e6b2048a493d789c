/* SPDX-License-Identifier: MIT */
/*
 * full.c - file systems that are full, of data or of files, and users who have
 * had their quota.  Each case has a file system of its own, in "small".
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CHUNK 65536

static char data[CHUNK];

/* Write until it is full. */
static void fill(const char *name)
{
	int fd = (int)MUST(open(name, O_WRONLY | O_CREAT | O_APPEND, 0644));
	long long total = 0;
	ssize_t n;

	memset(data, 'd', sizeof(data));
	while ((n = write(fd, data, sizeof(data))) > 0)
		total += n;
	conf_say("%s: %lld bytes, then %s", name, total, conf_errname(errno));
	DO(fsync(fd));
	conf_fstat(name, fd);
	DO(write(fd, data, 1));
	DO(write(fd, data, 0));
	close(fd);
	conf_stat(name);
}

/*
 * The room of a file that was removed is free at once, or through FUSE, which
 * tells of its last close a moment after close(2) has returned, soon.
 */
static void wait_for_room(void)
{
	struct statvfs st;

	do {
		usleep(1000);
		MUST(statvfs(".", &st));
	} while (st.f_bfree < st.f_blocks / 2);
}

static void full_ones_take_no_data(void)
{
	int fd, from;

	MUST(chdir("small"));
	conf_file("source", 0644, "some data");
	conf_file("before", 0644, "here before");
	fill("file");
	fd = FD(open("before", O_RDWR));
	DO(pwrite(fd, "changed", 7, 0));
	DO(fsync(fd));
	DO(pwrite(fd, data, CHUNK, 4096));
	DO(fallocate(fd, 0, 0, 4 << 20));
	DO(ftruncate(fd, 4 << 20));
	DO(pwrite(fd, "far", 3, 3 << 20));
	from = FD(open("source", O_RDONLY));
	DO(copy_file_range(from, NULL, fd, &(off_t){ 2 << 20 }, 9, 0));
	close(from);
	DO(ftruncate(fd, 7));
	conf_content("before");
	close(fd);
	close(FD(open("empty", O_WRONLY | O_CREAT, 0644)));
	conf_stat("empty");
	DO(rename("before", "after"));
	DO(link("after", "linked"));
	DO(truncate("file", 8192));
	fill("again");
	DO(unlink("file"));
	DO(unlink("again"));
	wait_for_room();
	fill("once more");
}

static void say_free(void)
{
	struct statvfs st;

	DO(statvfs(".", &st));
	conf_say("%llu blocks and %llu files are free",
		 (unsigned long long)st.f_bfree * st.f_frsize / 4096,
		 (unsigned long long)st.f_ffree);
}

static void full_ones_take_no_files(void)
{
	char name[32];
	int fd, i = 0;

	MUST(chdir("small"));
	say_free();
	conf_file("file", 0644, "");
	do {
		snprintf(name, sizeof(name), "file%d", i++);
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
		close(fd);
	} while (fd >= 0 && i < 1000);
	conf_say("after %d files", i);
	close(FD(open("new", O_WRONLY | O_CREAT, 0644)));
	close(FD(open(".", O_WRONLY | O_TMPFILE, 0644)));
	DO(mkdir("new", 0755));
	DO(symlink("x", "new"));
	DO(mknod("new", S_IFIFO | 0644, 0));
	DO(link("file", "new"));
	DO(rename("file", "renamed"));
	conf_stat("new");
	DO(setxattr("renamed", "user.x", data, 1000, 0));
	say_free();
	DO(unlink("file0"));
	DO(unlink("file1"));
	DO(mkdir("dir", 0755));
	say_free();
}

static void quota_is_the_owners(void)
{
	MUST(chdir("small"));
	fill("file");
	DO(unlink("file"));
	wait_for_room();
	conf_file("file", 0666, "mine");
	DO(truncate("file", 1 << 19));
	DO(fallocate(open("file", O_RDWR), 0, 0, 1 << 19));
	conf_stat("file");
}

/* Buffered writes find out when they are written back. */
#define UNBUFFERED(function, bits) \
	{ .name = #function, .flags = CONF_BOTH | CONF_SMALL | (bits), \
	  .run = function, .options = "!(*writeback*)" }

static const struct conf_case cases[] = {
	UNBUFFERED(full_ones_take_no_data, 0),
	CONF_CASE(full_ones_take_no_files, CONF_BOTH | CONF_SMALL),
	UNBUFFERED(quota_is_the_owners, CONF_QUOTA),
};
CONF_AREA(full, cases);
