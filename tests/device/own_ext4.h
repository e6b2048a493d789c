/* SPDX-License-Identifier: MIT */
/*
 * own_ext4.h - a small ext4 in an image, in a namespace of its own: with it the
 * device's transfers are the kernel's (io_uring), and it can be frozen: what
 * would write waits, and cannot even be killed.  So another process thaws it
 * when the test does not.
 */
#ifndef TESTS_DEVICE_OWN_EXT4_H
#define TESTS_DEVICE_OWN_EXT4_H

#include "tests/device/own_fuse.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define OWN_EXT4_FROZEN_MAX_S 60

static int own_ext4_fd = -1;            /* its root */
static char own_ext4_path[] = "/tmp/own-ext4-XXXXXX";

/* False: it was so before, or cannot be. */
static inline bool own_ext4_freeze(bool freeze)
{
	return !ioctl(own_ext4_fd, freeze ? FIFREEZE : FITHAW, 0);
}

/* Ends with this process, or thaws. */
static inline bool own_ext4_watch(void)
{
	int alive[2];
	pid_t pid;

	if (pipe2(alive, O_CLOEXEC))
		return false;
	pid = fork();
	if (!pid) {
		struct pollfd p = { .fd = alive[0] };

		close(alive[1]);
		(void)poll(&p, 1, OWN_EXT4_FROZEN_MAX_S * 1000);
		(void)own_ext4_freeze(false);
		_exit(0);
	}
	close(alive[0]);
	return pid > 0;
}

/* Make and mount it; before there are threads.  False: not here. */
static inline bool own_ext4_mount(void)
{
	static const char script[] =
		"exec >&2 2>/dev/null;"
		"cd %s && mkdir root && truncate -s 8M image &&"
		"mkfs.ext4 -q -b 4096 -O ^has_journal image &&"
		"mount -o loop image root; status=$?;"
		"rm -f image; exit $status";
	char text[sizeof(script) + sizeof(own_ext4_path)];
	char root[sizeof(own_ext4_path) + 5];

	if (getuid() || !own_fuse_unshare() || !mkdtemp(own_ext4_path))
		return false;
	snprintf(text, sizeof(text), script, own_ext4_path);
	snprintf(root, sizeof(root), "%s/root", own_ext4_path);
	if (!system(text))
		own_ext4_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return own_ext4_fd >= 0 && own_ext4_watch() && own_ext4_freeze(true) &&
	       own_ext4_freeze(false);
}

/* The namespace goes with the process, and the mount with it. */
static inline void own_ext4_done(void)
{
	char root[sizeof(own_ext4_path) + 5];

	(void)own_ext4_freeze(false);
	snprintf(root, sizeof(root), "%s/root", own_ext4_path);
	if (own_ext4_fd >= 0)
		(void)umount2(root, MNT_DETACH);
	(void)rmdir(root);
	(void)rmdir(own_ext4_path);
}

/* It, at a directory of the share as well. */
static inline bool own_ext4_bind(const char *path)
{
	char root[sizeof(own_ext4_path) + 5];

	snprintf(root, sizeof(root), "%s/root", own_ext4_path);
	return !mount(root, path, NULL, MS_BIND, NULL);
}

/* ---- what this process has --------------------------------------------- */

/* How many rings of io_uring? */
static inline unsigned own_rings(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;
	unsigned n = 0;

	while (dir && (e = readdir(dir))) {
		char to[64] = "";

		if (readlinkat(dirfd(dir), e->d_name, to, sizeof(to) - 1) > 0)
			n += !strcmp(to, "anon_inode:[io_uring]");
	}
	if (dir)
		closedir(dir);
	return n;
}

/* How many files that were opened with O_DIRECT? */
static inline unsigned own_direct_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;
	unsigned n = 0;

	while (dir && (e = readdir(dir))) {
		int flags = fcntl(atoi(e->d_name), F_GETFL);

		n += flags >= 0 && flags & O_DIRECT;
	}
	if (dir)
		closedir(dir);
	return n;
}

/* How many threads whose name begins so? */
static inline unsigned own_threads(const char *name)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *e;
	unsigned n = 0;

	while (dir && (e = readdir(dir))) {
		char path[300], is[32] = "";
		FILE *comm;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm",
			 e->d_name);
		comm = e->d_name[0] == '.' ? NULL : fopen(path, "re");
		if (comm && fgets(is, sizeof(is), comm))
			n += !strncmp(is, name, strlen(name));
		if (comm)
			fclose(comm);
	}
	if (dir)
		closedir(dir);
	return n;
}

#endif
