/* SPDX-License-Identifier: MIT */
/*
 * readonly.c - a share with `ro` against a directory that is mounted
 * read-only: nothing changes, and each refusal has the right number.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

static void prepare_tree(void)
{
	conf_file("file", 0666, "content");
	conf_dir("dir", 0777);
	conf_file("dir/in", 0644, "inside");
	conf_dir("empty", 0777);
	MUST(symlink("file", "link"));
	MUST(symlink("absent", "dangling"));
	MUST(mkfifo("fifo", 0666));
	MUST(mknod("null", S_IFCHR | 0666, 0x103));
	/* Where the file system has such attributes. */
	setxattr("file", "user.x", "value", 5, 0);
}

static void reads_as_ever(void)
{
	char buf[16];

	conf_list(".");
	conf_list("dir");
	conf_content("file");
	conf_content("link");
	conf_content("dir/in");
	DO(getxattr("file", "user.x", buf, sizeof(buf)));
	DO(listxattr("file", buf, sizeof(buf)));
	DO(readlink("link", buf, sizeof(buf)));
}

static void opens_for_reading_only(void)
{
	static const char *const names[] = {
		"file", "dir", "link", "dangling", "fifo", "null", "missing",
		"dir/new", ".",
	};
	static const int flags[] = {
		O_RDONLY, O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC,
		O_RDONLY | O_CREAT, O_WRONLY | O_CREAT,
		O_RDONLY | O_CREAT | O_EXCL, O_WRONLY | O_APPEND, O_PATH,
		O_RDWR | O_TMPFILE, 3,
	};

	for (size_t n = 0; n < CONF_COUNT(names); n++)
	for (size_t f = 0; f < CONF_COUNT(flags); f++) {
		conf_on("%s flags %#x", names[n], flags[f]);
		close(FD(open(names[n], flags[f] | O_NONBLOCK, 0644)));
	}
}

static void changes_nothing(void)
{
	static const struct timespec times[2] = { { 1, 0 }, { 2, 0 } };
	int fd;

	DO(mkdir("new", 0755));
	DO(mkdir("dir", 0755));
	DO(mknod("new", S_IFIFO | 0644, 0));
	DO(mknod("fifo", S_IFIFO | 0644, 0));
	DO(symlink("x", "new"));
	DO(symlink("x", "link"));
	DO(link("file", "new"));
	DO(link("file", "link"));
	DO(link("missing", "new"));
	DO(unlink("file"));
	DO(unlink("missing"));
	DO(unlink("dir"));
	DO(rmdir("empty"));
	DO(rmdir("dir"));
	DO(rmdir("missing"));
	DO(rename("file", "new"));
	DO(rename("file", "link"));
	DO(rename("missing", "new"));
	DO(rename("dir", "dir/sub"));
	DO(renameat2(AT_FDCWD, "file", AT_FDCWD, "link", RENAME_EXCHANGE));
	DO(chmod("file", 0600));
	DO(chmod("missing", 0600));
	DO(lchown("link", 1, 1));
	DO(truncate("file", 0));
	DO(truncate("dir", 0));
	DO(utimensat(AT_FDCWD, "file", NULL, 0));
	DO(utimensat(AT_FDCWD, "link", times, AT_SYMLINK_NOFOLLOW));
	DO(setxattr("file", "user.x", "new", 3, 0));
	DO(removexattr("file", "user.x"));
	DO(removexattr("file", "user.y"));
	fd = FD(open("file", O_RDONLY));
	DO(fchmod(fd, 0600));
	DO(futimens(fd, NULL));
	DO(fsync(fd));
	DO(syncfs(fd));
	DO(ioctl(fd, FS_IOC_SETFLAGS, &(int){ 0 }));
	DO(flock(fd, LOCK_EX | LOCK_NB));
	DO(ftruncate(fd, 0));
	close(fd);
}

static void access_says_so(void)
{
	static const char *const names[] = { "file", "dir", "link", "fifo",
					     "null", "missing", "." };
	struct statvfs st;

	for (size_t n = 0; n < CONF_COUNT(names); n++)
	for (int mask = 0; mask <= 7; mask++) {
		conf_on("%s %d", names[n], mask);
		DO(access(names[n], mask));
	}
	conf_on("%s", "");
	DO(statvfs(".", &st));
	conf_say("read-only: %d", (st.f_flag & ST_RDONLY) != 0);
}

#define READ_ONLY(function) \
	CONF_PREPARED(function, CONF_BOTH | CONF_READ_ONLY, prepare_tree)

static const struct conf_case cases[] = {
	READ_ONLY(reads_as_ever),
	READ_ONLY(opens_for_reading_only),
	READ_ONLY(changes_nothing),
	READ_ONLY(access_says_so),
};
CONF_AREA(readonly, cases);
