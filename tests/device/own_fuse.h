/* SPDX-License-Identifier: MIT */
/*
 * own_fuse.h - a file system on /dev/fuse whose server is the test, in a
 * namespace of its own.
 */
#ifndef TESTS_DEVICE_OWN_FUSE_H
#define TESTS_DEVICE_OWN_FUSE_H

#include "fuse/fuse_proto.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define OWN_FUSE_REPLY_MAX 1000

static inline void own_fuse_map(const char *path, unsigned id)
{
	FILE *map = fopen(path, "we");

	if (!map)
		return;
	fprintf(map, "0 %u 1\n", id);
	fclose(map);
}

/* Mounts are our own from now on; before there are threads. */
static inline bool own_fuse_unshare(void)
{
	unsigned uid = getuid(), gid = getgid();

	if (!uid)
		return !unshare(CLONE_NEWNS) &&
		       !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return false;
	own_fuse_map("/proc/self/uid_map", uid);
	own_fuse_map("/proc/self/gid_map", gid);
	return true;
}

/* Mount it at this directory.  The /dev/fuse to answer by, or -1. */
static inline int own_fuse_mount(const char *path)
{
	char options[128];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -1;
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd);
	if (!mount("own", path, "fuse", MS_NOSUID | MS_NODEV, options))
		return fd;
	close(fd);
	return -1;
}

struct own_fuse {
	int fd;                         /* /dev/fuse */
	pthread_t thread;               /* its server's */
};

/* Make this directory; false: it cannot be mounted there.  serve() answers. */
static inline bool own_fuse_begin(struct own_fuse *own, const char *path,
				  void *(*serve)(void *))
{
	assert_int_equal(mkdir(path, 0755), 0);
	own->fd = own_fuse_mount(path);
	if (own->fd < 0)
		return false;
	assert_int_equal(pthread_create(&own->thread, NULL, serve, NULL), 0);
	return true;
}

/* Somebody may still have it in use; serve() ends. */
static inline void own_fuse_end(struct own_fuse *own, const char *path)
{
	assert_int_equal(umount2(path, MNT_FORCE | MNT_DETACH), 0);
	pthread_join(own->thread, NULL);
	close(own->fd);
}

/* Of at most OWN_FUSE_REPLY_MAX bytes. */
static inline void own_fuse_reply(int fd, const struct fuse_in_header *in,
				  int error, const void *body, size_t len)
{
	char buf[sizeof(struct fuse_out_header) + OWN_FUSE_REPLY_MAX];
	const struct fuse_out_header out = {
		.len = (uint32_t)(sizeof(out) + len),
		.error = error,
		.unique = in->unique,
	};

	memcpy(buf, &out, sizeof(out));
	if (len)
		memcpy(buf + sizeof(out), body, len);
	(void)!write(fd, buf, sizeof(out) + len);
}

#endif
