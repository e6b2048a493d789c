/* SPDX-License-Identifier: MIT */
/*
 * flags.c - ioctl(2): the attributes that chattr(1) sets, and that others are
 * refused as they should be.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Those that a program may choose; file systems add some of their own. */
#define CHOSEN \
	(FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL | \
	 FS_SYNC_FL | FS_DIRSYNC_FL)

static void say_flags(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK), flags = 0;

	if (fd < 0)
		conf_say("open %s: %s", path, conf_errname(errno));
	else if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
		conf_say("flags of %s: %s", path, conf_errname(errno));
	else
		conf_say("flags of %s: %#x", path, flags & CHOSEN);
	close(fd);
}

/* What the file system has set itself has to stay. */
static void set_flags(const char *path, int chosen)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK), flags = 0;

	ioctl(fd, FS_IOC_GETFLAGS, &flags);
	flags = (flags & ~CHOSEN) | chosen;
	conf_say("setting %#x of %s", chosen, path);
	DO(ioctl(fd, FS_IOC_SETFLAGS, &flags));
	close(fd);
	say_flags(path);
}

static void sets_each_flag(void)
{
	static const int flags[] = {
		FS_NODUMP_FL, FS_NOATIME_FL, FS_SYNC_FL, FS_DIRSYNC_FL,
		FS_NODUMP_FL | FS_NOATIME_FL, 0, FS_IMMUTABLE_FL, 0,
		FS_APPEND_FL, 0,
	};

	conf_file("file", 0644, "content");
	conf_dir("dir", 0755);
	for (size_t i = 0; i < CONF_COUNT(flags); i++) {
		set_flags("file", flags[i]);
		set_flags("dir", flags[i]);
		conf_stat("file");
	}
	conf_mark("file");
	set_flags("file", FS_NODUMP_FL);
	conf_moved("SETFLAGS", "file");
	set_flags("file", 0);
}

/* All that would change a file or what is in a directory. */
static void change_all(void)
{
	int fd;

	close(FD(open("file", O_WRONLY)));
	close(FD(open("file", O_WRONLY | O_APPEND)));
	close(FD(open("file", O_WRONLY | O_TRUNC)));
	close(FD(open("file", O_WRONLY | O_APPEND | O_TRUNC)));
	DO(truncate("file", 3));
	DO(chmod("file", 0600));
	DO(chown("file", 5, 5));
	DO(utimensat(AT_FDCWD, "file", NULL, 0));
	DO(utimensat(AT_FDCWD, "file",
		     (struct timespec[2]){ { 1, 0 }, { 2, 0 } }, 0));
	DO(setxattr("file", "user.x", "v", 1, 0));
	DO(link("file", "linked"));
	DO(rename("file", "renamed"));
	DO(unlink("file"));
	fd = open("file", O_WRONLY | O_APPEND);
	if (fd >= 0) {
		DO(write(fd, "more", 4));
		DO(pwrite(fd, "more", 4, 0));
		DO(ftruncate(fd, 1));
		close(fd);
	}
	conf_stat("file");
	conf_content("file");
	close(FD(open("dir/new", O_WRONLY | O_CREAT, 0644)));
	DO(mkdir("dir/sub", 0755));
	DO(unlink("dir/old"));
	DO(rename("dir/old", "old"));
	DO(rename("dir", "moved"));
	DO(rmdir("dir"));
	DO(chmod("dir", 0700));
	conf_list("dir");
}

static void immutable_files_stay(void)
{
	conf_file("file", 0644, "content");
	conf_dir("dir", 0755);
	conf_file("dir/old", 0644, "");
	set_flags("file", FS_IMMUTABLE_FL);
	set_flags("dir", FS_IMMUTABLE_FL);
	change_all();
	set_flags("file", 0);
	set_flags("dir", 0);
}

static void append_only_files_grow(void)
{
	conf_file("file", 0644, "content");
	conf_dir("dir", 0755);
	conf_file("dir/old", 0644, "");
	set_flags("file", FS_APPEND_FL);
	set_flags("dir", FS_APPEND_FL);
	change_all();
	set_flags("file", 0);
	set_flags("dir", 0);
}

static void open_files_become_immutable(void)
{
	int fd;

	conf_file("file", 0644, "content");
	fd = (int)MUST(open("file", O_RDWR));
	set_flags("file", FS_IMMUTABLE_FL);
	DO(pwrite(fd, "x", 1, 0));
	DO(fchmod(fd, 0600));
	set_flags("file", 0);
	DO(ftruncate(fd, 2));
	close(fd);
}

static void say_attributes(const char *path)
{
	const unsigned known = STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND |
		STATX_ATTR_NODUMP | STATX_ATTR_COMPRESSED |
		STATX_ATTR_ENCRYPTED | STATX_ATTR_MOUNT_ROOT;
	struct statx stx;

	if (DO(statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &stx)))
		return;
	conf_say("attributes of %s: %#llx", path,
		 (unsigned long long)stx.stx_attributes & known);
}

static void statx_tells_of_flags(void)
{
	conf_file("file", 0644, "content");
	conf_dir("dir", 0755);
	say_attributes("file");
	set_flags("file", FS_NODUMP_FL);
	say_attributes("file");
	set_flags("file", FS_IMMUTABLE_FL);
	set_flags("dir", FS_APPEND_FL);
	say_attributes("file");
	say_attributes("dir");
	set_flags("file", 0);
	set_flags("dir", 0);
}

static void has_extended_flags(void)
{
	struct fsxattr fsx;
	int fd;

	conf_file("file", 0644, "content");
	fd = FD(open("file", O_RDONLY));
	memset(&fsx, 0, sizeof(fsx));
	if (DO(ioctl(fd, FS_IOC_FSGETXATTR, &fsx)))
		return;
	conf_say("xflags %#x projid %u", fsx.fsx_xflags, fsx.fsx_projid);
	fsx.fsx_xflags |= FS_XFLAG_NODUMP;
	DO(ioctl(fd, FS_IOC_FSSETXATTR, &fsx));
	DO(ioctl(fd, FS_IOC_FSGETXATTR, &fsx));
	conf_say("xflags %#x projid %u", fsx.fsx_xflags, fsx.fsx_projid);
	say_flags("file");
	fsx.fsx_xflags &= ~FS_XFLAG_NODUMP;
	DO(ioctl(fd, FS_IOC_FSSETXATTR, &fsx));
	close(fd);
}

static void others_set_no_flags(void)
{
	static const int flags[] = { FS_NODUMP_FL, FS_IMMUTABLE_FL,
				     FS_APPEND_FL, 0 };

	for (size_t i = 0; i < CONF_COUNT(flags); i++) {
		set_flags("file", flags[i]);
		set_flags("mine", flags[i]);
	}
}

static void only_owners_set_flags(void)
{
	conf_file("file", 0666, "content");
	conf_file("mine", 0666, "content");
	MUST(chown("mine", CONF_UID, CONF_GID));
	conf_as(CONF_AS_USER, others_set_no_flags);
	set_flags("mine", 0);
}

static void refuses_other_requests(void)
{
	char buf[4096];
	int fd, n = 0;

	memset(buf, 0, sizeof(buf));
	conf_file("file", 0644, "content");
	conf_dir("dir", 0755);
	fd = FD(open("file", O_RDWR));
	DO(ioctl(fd, _IOR('x', 99, int), &n));
	DO(ioctl(fd, _IOW('f', 250, long), &n));
	DO(ioctl(fd, 0x5401, buf));
	MUST(lseek(fd, 2, SEEK_SET));
	DO(ioctl(fd, FIONREAD, &n));
	conf_say("FIONREAD %d", n);
	DO(ioctl(fd, FIGETBSZ, NULL));
	DO(ioctl(fd, FS_IOC_GETFLAGS, NULL));
	close(fd);
	fd = FD(open("dir", O_RDONLY));
	DO(ioctl(fd, _IOR('x', 99, int), &n));
	DO(ioctl(fd, FIONREAD, &n));
	close(fd);
	fd = FD(open("file", O_PATH));
	DO(ioctl(fd, FS_IOC_GETFLAGS, &n));
	close(fd);
}

static const struct conf_case cases[] = {
	CONF_CASE(sets_each_flag, CONF_ROOT),
	CONF_CASE(immutable_files_stay, CONF_ROOT),
	CONF_CASE(append_only_files_grow, CONF_ROOT),
	CONF_CASE(open_files_become_immutable, CONF_ROOT),
	CONF_CASE(statx_tells_of_flags, CONF_ROOT),
	CONF_CASE(has_extended_flags, CONF_ROOT),
	CONF_CASE(only_owners_set_flags, CONF_ROOT),
	CONF_CASE(refuses_other_requests, CONF_BOTH),
};
CONF_AREA(flags, cases);
