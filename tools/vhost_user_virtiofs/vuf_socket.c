/* SPDX-License-Identifier: MIT */
#include "tools/vhost_user_virtiofs/vuf_socket.h"

#include "tools/host_listen.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_PATIENCE_MS 1000
#define LOCK_STEP_MS 50

/* ---- the lock ----------------------------------------------------------- */

/* Is what was opened still at its path?  Another may have removed it. */
static bool is_at(int fd, const char *path)
{
	struct stat by_fd, by_path;

	return !fstat(fd, &by_fd) && !stat(path, &by_path) &&
	       by_fd.st_dev == by_path.st_dev && by_fd.st_ino == by_path.st_ino;
}

static int write_pid(int fd)
{
	g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());
	size_t len = strlen(text);

	if (ftruncate(fd, 0))
		return -errno;
	return write(fd, text, len) == (ssize_t)len ? 0 : -EIO;
}

/*
 * One that was killed holds its lock until its requests are done, and is no
 * reason to refuse the next.  0, or -errno: -EAGAIN when it is not dying.
 */
static int wait_for_lock(int fd)
{
	for (int ms = 0; flock(fd, LOCK_EX | LOCK_NB); ms += LOCK_STEP_MS) {
		if (errno != EAGAIN || ms >= LOCK_PATIENCE_MS)
			return -errno;
		g_usleep(LOCK_STEP_MS * 1000);
	}
	return 0;
}

/* The locked descriptor, or -errno. */
static int lock(const char *path)
{
	for (;;) {
		int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			      0600);
		int ret;

		if (fd < 0)
			return -errno;
		ret = wait_for_lock(fd);
		if (!ret && is_at(fd, path)) {
			ret = write_pid(fd);
			if (!ret)
				return fd;
		}
		close(fd);
		if (ret)
			return ret;
	}
}

static int take_lock(struct vuf_socket *s, char *err, size_t err_size)
{
	int ret = lock(s->lock_path);

	if (ret >= 0) {
		s->lock_fd = ret;
		return 0;
	}
	if (ret == -EAGAIN)
		snprintf(err, err_size,
			 "socket '%s' is in use by another program", s->path);
	else
		snprintf(err, err_size, "cannot lock '%s': %s", s->lock_path,
			 strerror(-ret));
	return ret;
}

/* ---- the socket --------------------------------------------------------- */

static int find_group(const char *name, gid_t *ret_gid, char *err,
		      size_t err_size)
{
	struct group *group;

	errno = 0;
	/* cppcheck-suppress getgrnamCalled ; there is one thread yet */
	group = getgrnam(name);
	if (!group) {
		snprintf(err, err_size, "there is no group '%s'", name);
		return errno ? -errno : -ENOENT;
	}
	*ret_gid = group->gr_gid;
	return 0;
}

int vuf_socket_open(const char *path, const char *group, char *err,
		    size_t err_size, struct vuf_socket *ret_socket)
{
	struct host_access access = { 0700, (gid_t)-1 };
	struct vuf_socket s = { .lock_fd = -1 };
	int ret;

	if (group) {
		access.mode = 0770;
		ret = find_group(group, &access.group, err, err_size);
		if (ret)
			return ret;
	}
	s.path = g_strdup(path);
	s.lock_path = g_strdup_printf("%s.pid", path);
	ret = take_lock(&s, err, err_size);
	if (!ret)
		ret = host_listen(path, &access, err, err_size, &s.fd);
	if (!ret) {
		*ret_socket = s;
		return 0;
	}
	if (s.lock_fd >= 0) {
		unlink(s.lock_path);
		close(s.lock_fd);
	}
	g_free(s.lock_path);
	g_free(s.path);
	return ret;
}

int vuf_socket_inherit(const char *number, char *err, size_t err_size,
		       struct vuf_socket *ret_socket)
{
	int listening = 0;
	socklen_t size = sizeof(listening);
	guint64 fd;

	if (!g_ascii_string_to_unsigned(number, 10, 3, G_MAXINT, &fd, NULL)) {
		snprintf(err, err_size,
			 "--fd=%s: expected a descriptor's number, from 3 on",
			 number);
		return -EINVAL;
	}
	if (getsockopt((int)fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) ||
	    !listening) {
		snprintf(err, err_size,
			 "--fd=%s: expected a listening socket", number);
		return -EINVAL;
	}
	fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	*ret_socket = (struct vuf_socket){
		.fd = (int)fd,
		.lock_fd = -1,
		.path = g_strdup_printf("descriptor %s", number),
	};
	return 0;
}

void vuf_socket_close(struct vuf_socket *s)
{
	close(s->fd);
	if (s->lock_fd >= 0) {
		unlink(s->path);
		unlink(s->lock_path);
		close(s->lock_fd);
	}
	g_free(s->path);
	g_free(s->lock_path);
}
