/* SPDX-License-Identifier: MIT */
/*
 * idmap.c - idmapped mounts (mount_setattr(2)): a part of the tree mounted
 * again, with other numbers for its users and groups.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void write_map(pid_t pid, const char *which, const char *text)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s_map", pid, which);
	fd = (int)MUST(open(path, O_WRONLY | O_CLOEXEC));
	MUST(write(fd, text, strlen(text)));
	close(fd);
}

/* A user namespace of this map, or -1 where that is forbidden. */
static int make_namespace(const char *map)
{
	char path[64], byte;
	int ready[2], fd = -1;
	pid_t pid;

	MUST(pipe2(ready, O_CLOEXEC));
	pid = (pid_t)MUST(fork());
	if (!pid) {
		if (!unshare(CLONE_NEWUSER))
			MUST(write(ready[1], "x", 1));
		else
			_exit(0);
		pause();
	}
	close(ready[1]);
	if (MUST(read(ready[0], &byte, 1))) {
		write_map(pid, "uid", map);
		write_map(pid, "gid", map);
		snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
		fd = (int)MUST(open(path, O_RDONLY | O_CLOEXEC));
	}
	kill(pid, SIGKILL);
	MUST(waitpid(pid, NULL, 0));
	close(ready[0]);
	return fd;
}

/* Mount "under" at "over" with the map; false where there are no namespaces. */
static bool mount_mapped(const char *map)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	int tree, users = make_namespace(map);

	if (users < 0)
		return false;
	MUST(unshare(CLONE_NEWNS));
	tree = (int)MUST(syscall(SYS_open_tree, AT_FDCWD, "under",
				 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
	attr.userns_fd = (uint64_t)users;
	MUST(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr,
		     sizeof(attr)));
	MUST(syscall(SYS_move_mount, tree, "", AT_FDCWD, "over",
		     MOVE_MOUNT_F_EMPTY_PATH));
	close(tree);
	close(users);
	return true;
}

static void both_stat(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "under/%s", name);
	conf_stat(path);
	snprintf(path, sizeof(path), "over/%s", name);
	conf_stat(path);
}

static void make_under(void)
{
	conf_dir("over", 0755);
	conf_dir("under", 0777);
	conf_file("under/file", 0640, "content");
	MUST(chown("under/file", CONF_UID, CONF_GID));
	conf_file("under/root", 06755, "content");
	conf_dir("under/group", 02777);
	MUST(chown("under/group", CONF_UID, CONF_GROUP));
	MUST(chmod("under/group", 02777));
}

static void use_it(void)
{
	char buf[8];
	int fd;

	both_stat("file");
	both_stat("root");
	fd = FD(open("over/new", O_RDWR | O_CREAT, 0644));
	DO(write(fd, "x", 1));
	conf_fstat("new", fd);
	close(fd);
	both_stat("new");
	DO(mkdir("over/dir", 0755));
	both_stat("dir");
	DO(symlink("x", "over/link"));
	both_stat("link");
	DO(mknod("over/fifo", S_IFIFO | 0644, 0));
	both_stat("fifo");
	close(FD(open("over/group/file", O_WRONLY | O_CREAT, 02755)));
	both_stat("group/file");
	close(FD(open("over", O_TMPFILE | O_RDWR, 0600)));
	fd = FD(open("over/file", O_RDONLY));
	DO(read(fd, buf, 4));
	close(fd);
	close(FD(open("over/file", O_WRONLY)));
	DO(chmod("over/file", 0600));
	DO(chown("over/file", getuid(), getgid()));
	both_stat("file");
	DO(chown("over/new", 3, 4));
	both_stat("new");
	DO(truncate("over/root", 3));
	both_stat("root");
	DO(rename("over/new", "over/moved"));
	DO(renameat2(AT_FDCWD, "over/moved", AT_FDCWD, "over/left", 4));
	both_stat("left");
	DO(link("over/file", "over/hard"));
	DO(rename("over/dir", "under/dir2"));
	DO(rmdir("over/dir"));
	DO(unlink("over/hard"));
}

/* 1000 on disk is 0 here, and so on. */
static void shifts_everybody(void)
{
	make_under();
	if (!mount_mapped("1000 0 1000"))
		return;
	conf_on("root");
	use_it();
	conf_on("user");
	conf_as(CONF_AS_USER, use_it);
	conf_on("member");
	conf_as(CONF_AS_MEMBER, use_it);
	conf_on("%s", "");
	DO(umount("over"));
}

static void maps_one_user(void)
{
	make_under();
	MUST(chmod("under", 0755));
	MUST(chown("under", CONF_UID, CONF_GID));
	if (!mount_mapped("1000 1001 1"))
		return;
	conf_on("root");
	use_it();
	conf_on("other");
	conf_as(CONF_AS_OTHER, use_it);
	conf_on("user");
	conf_as(CONF_AS_USER, use_it);
	conf_on("%s", "");
	DO(umount("over"));
}

/* FUSE may be mounted so since Linux 6.12, and tmpfs since 6.3. */
#define IDMAPPED(function) \
	{ .name = #function, .flags = CONF_ROOT, .run = function, \
	  .options = "*,linux-!(@(5.*|6.[0-9].*|6.1[01].*))" }

static const struct conf_case cases[] = {
	IDMAPPED(shifts_everybody),
	IDMAPPED(maps_one_user),
};
CONF_AREA(idmap, cases);
