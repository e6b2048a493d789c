/* SPDX-License-Identifier: MIT */
/*
 * caps.c - people with a single capability, root without one, with another
 * user for files (setfsuid(2)), and in user namespaces.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static const struct {
	const char *name;
	int number;
} capabilities[] = {
	{ "chown", CAP_CHOWN }, { "dac_override", CAP_DAC_OVERRIDE },
	{ "dac_read_search", CAP_DAC_READ_SEARCH }, { "fowner", CAP_FOWNER },
	{ "fsetid", CAP_FSETID }, { "mknod", CAP_MKNOD },
	{ "setfcap", CAP_SETFCAP }, { "sys_admin", CAP_SYS_ADMIN },
};

static void set_capabilities(uint64_t set)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)set, .permitted = (uint32_t)set },
		{ .effective = (uint32_t)(set >> 32),
		  .permitted = (uint32_t)(set >> 32) },
	};

	MUST(syscall(SYS_capset, &head, data));
}

/* ---- what they try ------------------------------------------------------ */

/* As root, each time as new: closed to others, and root's. */
static void make_things(void)
{
	conf_dir("dir", 0755);
	conf_file("dir/file", 0600, "content");
	conf_file("dir/program", 06755, "content");
	conf_file("dir/open", 06777, "content");
	conf_dir("dir/closed", 0700);
	conf_file("dir/closed/file", 0644, "inside");
	conf_dir("dir/sticky", 01777);
	conf_file("dir/sticky/file", 0644, "theirs");
	conf_dir("dir/group", 02777);
	MUST(chown("dir/group", 5, 5));
	MUST(chmod("dir/group", 02777));
	conf_file("dir/mine", 0644, "content");
	MUST(chown("dir/mine", CONF_UID, 5));
}

static void try_data(void)
{
	char buf[8];
	int fd = FD(open("dir/file", O_RDWR));

	DO(read(fd, buf, 4));
	DO(write(fd, "x", 1));
	close(fd);
	close(FD(open("dir/file", O_RDONLY)));
	close(FD(open("dir/closed", O_RDONLY)));
	close(FD(open("dir/open", O_RDONLY | O_NOATIME)));
	DO(truncate("dir/file", 3));
	fd = FD(open("dir/open", O_RDWR));
	DO(write(fd, "x", 1));
	conf_stat("dir/open");
	close(fd);
	DO(access("dir/file", R_OK));
	DO(access("dir/file", W_OK));
	DO(access("dir/file", X_OK));
}

static void try_names(void)
{
	close(FD(open("dir/new", O_WRONLY | O_CREAT, 0644)));
	conf_stat("dir/new");
	DO(mkdir("dir/newdir", 0755));
	conf_stat("dir/newdir");
	DO(symlink("x", "dir/newlink"));
	conf_stat("dir/newlink");
	DO(mknod("dir/newfifo", S_IFIFO | 0644, 0));
	DO(mknod("dir/newdev", S_IFCHR | 0644, 0x103));
	conf_stat("dir/newdev");
	DO(link("dir/file", "dir/newhard"));
	DO(link("dir/program", "dir/newhard2"));
	DO(rename("dir/newlink", "dir/moved"));
	DO(access("dir/closed/file", R_OK));
	close(FD(open("dir/closed/new", O_WRONLY | O_CREAT, 0644)));
	DO(unlink("dir/closed/file"));
	DO(unlink("dir/sticky/file"));
	close(FD(open("dir/group/file", O_WRONLY | O_CREAT, 02755)));
	conf_stat("dir/group/file");
	DO(mkdir("dir/group/dir", 02755));
	conf_stat("dir/group/dir");
}

static void try_attributes(void)
{
	char buf[64];

	DO(chmod("dir/file", 0640));
	DO(chmod("dir/mine", 02755));
	conf_stat("dir/mine");
	DO(utimensat(AT_FDCWD, "dir/file", NULL, 0));
	DO(utimensat(AT_FDCWD, "dir/file",
		     (struct timespec[2]){ { 1, 0 }, { 2, 0 } }, 0));
	DO(chown("dir/program", CONF_UID, CONF_GID));
	conf_stat("dir/program");
	DO(chown("dir/program", 7, 7));
	conf_stat("dir/program");
	DO(chown("dir/mine", (uid_t)-1, CONF_GROUP));
	conf_stat("dir/mine");
	DO(setxattr("dir/file", "user.x", "v", 1, 0));
	DO(getxattr("dir/file", "user.x", buf, sizeof(buf)));
	DO(setxattr("dir/file", "trusted.x", "v", 1, 0));
	DO(setxattr("dir/file", "security.x", "v", 1, 0));
	DO(getxattr("dir/file", "trusted.x", buf, sizeof(buf)));
	conf_stat("dir/file");
}

static void try_all(void)
{
	try_data();
	try_attributes();
	try_names();
}

/* Who tries, set by the parent. */
static uid_t try_uid;
static uint64_t try_set;

static void try_with_capabilities(void)
{
	MUST(prctl(PR_SET_KEEPCAPS, 1));
	if (try_uid) {
		MUST(setgroups(0, NULL));
		MUST(setresgid(CONF_GID, CONF_GID, CONF_GID));
		MUST(setresuid(try_uid, try_uid, try_uid));
	}
	set_capabilities(try_set);
	try_all();
}

static void one_capability_is_enough(void)
{
	try_uid = CONF_UID;
	for (size_t i = 0; i < CONF_COUNT(capabilities); i++) {
		conf_on("%s", capabilities[i].name);
		make_things();
		try_set = 1ull << capabilities[i].number;
		conf_as(CONF_AS_ROOT, try_with_capabilities);
		conf_remove("dir");
	}
}

static void root_without_one_is_not_enough(void)
{
	const uint64_t all = (1ull << (CAP_SYS_RESOURCE)) - 1;

	try_uid = 0;
	for (size_t i = 0; i < CONF_COUNT(capabilities); i++) {
		conf_on("without %s", capabilities[i].name);
		make_things();
		MUST(chown("dir/file", 5, 5));
		MUST(chown("dir/closed", 5, 5));
		MUST(chown("dir/sticky", 5, 5));
		MUST(chown("dir/sticky/file", 6, 6));
		try_set = all & ~(1ull << capabilities[i].number);
		conf_as(CONF_AS_ROOT, try_with_capabilities);
		conf_remove("dir");
	}
	conf_on("without any");
	make_things();
	MUST(chown("dir/file", 5, 5));
	try_set = 0;
	conf_as(CONF_AS_ROOT, try_with_capabilities);
	conf_remove("dir");
}

static void try_as_file_user(void)
{
	setfsgid(CONF_GID);
	setfsuid(CONF_UID);
	try_all();
}

static void files_may_have_another_user(void)
{
	make_things();
	MUST(chmod("dir", 0777));
	conf_as(CONF_AS_ROOT, try_as_file_user);
}

/* ---- user namespaces ---------------------------------------------------- */

static void write_text(const char *path, const char *text)
{
	int fd = (int)MUST(open(path, O_WRONLY | O_CLOEXEC));

	MUST(write(fd, text, strlen(text)));
	close(fd);
}

/* Root of a namespace where 0 is CONF_UID, and nobody else has a number. */
static void try_in_namespace(void)
{
	/* Which may be forbidden. */
	if (DO(unshare(CLONE_NEWUSER)))
		return;
	write_text("/proc/self/setgroups", "deny");
	write_text("/proc/self/uid_map", "0 1000 1");
	write_text("/proc/self/gid_map", "0 1000 1");
	conf_stat("dir/file");
	conf_stat("dir/mine");
	try_all();
	DO(chown("dir/mine", 0, 0));
	conf_stat("dir/mine");
	DO(mknod("dir/newdev", S_IFCHR | 0644, 0x103));
}

static void namespaces_have_their_own_root(void)
{
	make_things();
	MUST(chmod("dir", 0777));
	conf_as(CONF_AS_USER, try_in_namespace);
}

static const struct conf_case cases[] = {
	CONF_CASE(one_capability_is_enough, CONF_ROOT),
	CONF_CASE(root_without_one_is_not_enough, CONF_ROOT),
	CONF_CASE(files_may_have_another_user, CONF_ROOT),
	CONF_CASE(namespaces_have_their_own_root, CONF_ROOT),
};
CONF_AREA(caps, cases);
