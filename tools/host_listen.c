/* SPDX-License-Identifier: MIT */
#include "tools/host_listen.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4

/* Does somebody listen there?  A full queue says so as well. */
static bool is_live(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool live;

	if (fd < 0)
		return true;
	live = !connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) ||
	       errno == EAGAIN;
	close(fd);
	return live;
}

/* Something is in the way; remove it if it is a socket that is left over. */
static int clear_path(const struct sockaddr_un *addr, char *err,
		      size_t err_size)
{
	struct stat st;
	int ret;

	if (lstat(addr->sun_path, &st)) {
		ret = -errno;
		snprintf(err, err_size, "cannot look at '%s': %s",
			 addr->sun_path, strerror(-ret));
		return ret;
	}
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(err, err_size, "'%s' exists and is not a socket",
			 addr->sun_path);
		return -EEXIST;
	}
	if (is_live(addr)) {
		snprintf(err, err_size,
			 "socket '%s' is in use by another program",
			 addr->sun_path);
		return -EADDRINUSE;
	}
	if (!unlink(addr->sun_path))
		return 0;
	ret = -errno;
	snprintf(err, err_size, "cannot remove the left-over socket '%s': %s",
		 addr->sun_path, strerror(-ret));
	return ret;
}

static int set_access(const char *path, const struct host_access *access)
{
	if (access->group != (gid_t)-1 &&
	    lchown(path, (uid_t)-1, access->group))
		return -1;
	return chmod(path, access->mode);
}

/* Nobody can connect before it listens, whatever its mode was till then. */
static int bind_and_listen(int fd, const struct sockaddr_un *addr,
			   const struct host_access *access, char *err,
			   size_t err_size)
{
	const struct sockaddr *sa = (const struct sockaddr *)addr;
	int ret = bind(fd, sa, sizeof(*addr));
	int error;

	if (ret && errno == EADDRINUSE) {
		ret = clear_path(addr, err, err_size);
		if (ret)
			return ret;
		ret = bind(fd, sa, sizeof(*addr));
	}
	if (!ret && !(access && set_access(addr->sun_path, access)) &&
	    !listen(fd, BACKLOG))
		return 0;
	error = -errno;
	snprintf(err, err_size, "cannot make the socket '%s': %s",
		 addr->sun_path, strerror(-error));
	if (!ret)
		unlink(addr->sun_path);
	return error;
}

int host_listen(const char *path, const struct host_access *access, char *err,
		size_t err_size, int *ret_fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, ret;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		snprintf(err, err_size,
			 "socket path '%s' is too long: %zu bytes, at most %zu",
			 path, strlen(path), sizeof(addr.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		ret = -errno;
		snprintf(err, err_size, "cannot make a socket: %s",
			 strerror(-ret));
		return ret;
	}
	ret = bind_and_listen(fd, &addr, access, err, err_size);
	if (ret)
		close(fd);
	else
		*ret_fd = fd;
	return ret;
}
