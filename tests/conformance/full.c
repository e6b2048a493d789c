/* SPDX-License-Identifier: MIT */
/*
 * full.c - file systems that are full, of data or of files, and users who have
 * had their quota.  Each case has a file system of its own, in "small".
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
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

/* Likewise, the inodes of two. */
static void wait_for_two_files(void)
{
	struct statvfs st;

	do {
		usleep(1000);
		MUST(statvfs(".", &st));
	} while (st.f_ffree < 2);
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
	wait_for_two_files();
	DO(mkdir("dir", 0755));
	say_free();
}

/* With the privilege that quotas do not hold for, as servers have it not. */
static void without_privilege(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct sets[2];

	MUST(syscall(SYS_capget, &head, sets));
	sets[0].effective &= ~(1u << CAP_SYS_RESOURCE);
	MUST(syscall(SYS_capset, &head, sets));
}

static void use_up_quota(void)
{
	char name[32];
	int fd, from, i = 0;

	conf_file("from", 0644, "some data");
	fill("file");
	fd = FD(open("file", O_RDWR));
	DO(pwrite(fd, "overwritten", 11, 100));
	DO(fallocate(fd, 0, 0, 1 << 20));
	DO(fallocate(fd, FALLOC_FL_KEEP_SIZE, 1 << 20, 1 << 20));
	DO(ftruncate(fd, 1 << 20));
	DO(pwrite(fd, "far", 3, 1 << 19));
	from = FD(open("from", O_RDONLY));
	DO(copy_file_range(from, NULL, fd, &(off_t){ 1 << 19 }, 9, 0));
	close(from);
	conf_fstat("file", fd);
	DO(ftruncate(fd, 8192));
	close(fd);
	fill("again");
	DO(unlink("file"));
	DO(unlink("again"));
	do {
		snprintf(name, sizeof(name), "file%d", i++);
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
		close(fd);
	} while (fd >= 0 && i < 100);
	conf_say("after %d files", i);
	close(FD(open("new", O_WRONLY | O_CREAT, 0644)));
	close(FD(open(".", O_WRONLY | O_TMPFILE, 0644)));
	DO(mkdir("new", 0755));
	DO(symlink("x", "new"));
	DO(mknod("new", S_IFIFO | 0644, 0));
	DO(link("from", "new"));
	DO(rename("new", "renamed"));
	DO(unlink("file0"));
	DO(mkdir("dir", 0755));
	conf_list(".");
}

static void quotas_hold(void)
{
	MUST(chdir("small"));
	conf_as(CONF_AS_USER, use_up_quota);
}

/* Data and files count for the one whose they are. */
static void quotas_are_the_owners(void)
{
	MUST(chdir("small"));
	without_privilege();
	conf_file("file", 0666, "mine");
	DO(chown("file", CONF_UID, CONF_GID));
	fill("file");
	DO(chown("file", CONF_OTHER, CONF_OTHER));
	conf_file("second", 0666, "");
	DO(chown("second", CONF_OTHER, CONF_OTHER));
	fill("second");
	DO(chown("second", CONF_UID, CONF_GID));
	fill("second");
	DO(chown("file", CONF_UID, CONF_GID));
	conf_stat("file");
	DO(chown("file", 0, 0));
	fill("file");
}

/* ---- what is found out later -------------------------------------------- */

/* A bit more than there is room for; some step has to say so. */
static void write_too_much(const char *name, bool sync, int flags)
{
	int fd = FD(open(name, O_WRONLY | O_CREAT | flags, 0644)), err = 0;
	struct statvfs st;
	size_t left;

	MUST(statvfs(".", &st));
	left = st.f_bfree * st.f_frsize + 8192;
	memset(data, 'd', sizeof(data));
	while (left > 0 && !err) {
		ssize_t n = write(fd, data, left < CHUNK ? left : CHUNK);

		if (n < 0)
			err = errno;
		else
			left -= (size_t)n;
	}
	if (sync && !err && fsync(fd))
		err = errno;
	if (close(fd) && !err)
		err = errno;
	conf_say("%s: %s", name, conf_errname(err));
}

static void full_ones_say_so_at_last(void)
{
	static const struct {
		const char *name;
		bool sync;
		int flags;
	} ways[] = {
		{ "closed", false, 0 }, { "synced", true, 0 },
		{ "written through", false, O_SYNC },
		{ "appended", true, O_APPEND },
	};

	MUST(chdir("small"));
	for (size_t i = 0; i < CONF_COUNT(ways); i++) {
		write_too_much(ways[i].name, ways[i].sync, ways[i].flags);
		DO(unlink(ways[i].name));
		wait_for_room();
	}
	conf_file("file", 0644, "there is room again");
	conf_content("file");
}

static sigjmp_buf on_bus_error;

static void bus_error(int number)
{
	siglongjmp(on_bus_error, number);
}

/* A hole that is written to through a map, page by page. */
static void full_ones_take_no_pages(void)
{
	const size_t size = 2 << 20;
	char *at;
	int fd;

	MUST(chdir("small"));
	fd = FD(open("file", O_RDWR | O_CREAT, 0644));
	DO(ftruncate(fd, (off_t)size));
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	MUST(at == MAP_FAILED ? -1 : 0);
	signal(SIGBUS, bus_error);
	if (sigsetjmp(on_bus_error, 1)) {
		conf_say("full: SIGBUS");
	} else {
		for (size_t i = 0; i < size; i += 4096)
			((volatile char *)at)[i] = 'x';
		conf_say("full: %s", msync(at, size, MS_SYNC) ?
			 conf_errname(errno) : "msync is fine");
	}
	signal(SIGBUS, SIG_DFL);
	munmap(at, size);
	close(fd);
	conf_remove("file");
	wait_for_room();
	conf_file("file", 0644, "there is room again");
}

/* ---- a file system that becomes read-only ------------------------------- */

static void remount(unsigned long flags)
{
	int here = (int)MUST(open(".", O_PATH | O_DIRECTORY));

	MUST(fchdir(conf_host_fd));
	MUST(mount(NULL, "small", NULL, MS_REMOUNT | flags, NULL));
	MUST(fchdir(here));
	close(here);
}

static void change_it(void)
{
	int fd = FD(open("file", O_RDONLY));

	conf_content("file");
	close(FD(open("file", O_WRONLY)));
	close(FD(open("file", O_RDONLY | O_TRUNC)));
	close(FD(open("file", O_RDWR | O_CREAT, 0644)));
	close(FD(open("new", O_RDONLY | O_CREAT, 0644)));
	close(FD(open(".", O_RDWR | O_TMPFILE, 0644)));
	DO(mkdir("new", 0755));
	DO(mknod("new", S_IFIFO | 0644, 0));
	DO(symlink("x", "new"));
	DO(link("file", "new"));
	DO(unlink("file"));
	DO(rmdir("dir"));
	DO(rename("file", "new"));
	DO(truncate("file", 3));
	DO(chmod("file", 0600));
	DO(fchmod(fd, 0600));
	DO(chown("file", 1, 1));
	DO(utimensat(AT_FDCWD, "file", NULL, 0));
	DO(setxattr("file", "user.x", "v", 1, 0));
	DO(removexattr("file", "user.x"));
	DO(fsync(fd));
	conf_stat("file");
	conf_list(".");
	close(fd);
}

static void full_ones_become_read_only(void)
{
	MUST(chdir("small"));
	conf_file("file", 0644, "content");
	conf_dir("dir", 0755);
	remount(MS_RDONLY);
	conf_on("read-only");
	change_it();
	conf_on("%s", "");
	remount(0);
	DO(truncate("file", 3));
	DO(rmdir("dir"));
	conf_content("file");
}

#define SMALL(function, bits) \
	{ .name = #function, .flags = CONF_SMALL | (bits), .run = function }
/* What is not told by the write, but when that is written back. */
#define AT_ONCE(function, bits) \
	{ .name = #function, .flags = CONF_SMALL | (bits), .run = function, \
	  .options = "!(*writeback*)" }

static const struct conf_case cases[] = {
	AT_ONCE(full_ones_take_no_data, CONF_BOTH),
	SMALL(full_ones_take_no_files, CONF_BOTH),
	AT_ONCE(quotas_hold, CONF_ROOT | CONF_QUOTA),
	AT_ONCE(quotas_are_the_owners, CONF_ROOT | CONF_QUOTA),
	SMALL(full_ones_say_so_at_last, CONF_BOTH),
	{ .name = "full_ones_take_no_pages", .flags = CONF_BOTH | CONF_SMALL,
	  .run = full_ones_take_no_pages, .options = CONF_MAPPABLE },
	SMALL(full_ones_become_read_only, CONF_ROOT),
};
CONF_AREA(full, cases);
