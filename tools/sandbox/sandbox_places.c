/* SPDX-License-Identifier: MIT */
#include "tools/sandbox/sandbox_places.h"

#include "tools/sandbox/sandbox_fail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PROC_FD "/proc/self/fd"
/* A server of files executes none, and opens no device. */
#define SAFE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* ---- finding them ------------------------------------------------------ */

/* Is `path` the directory `dir`, or below it?  Neither has symbolic links. */
static bool is_in(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (len == 1)
		return true;            /* "/" */
	return !strncmp(path, dir, len) && (!path[len] || path[len] == '/');
}

static int by_path(const void *a, const void *b)
{
	const struct sandbox_place *x = a, *y = b;

	return strcmp(x->real, y->real);
}

static char *absolute(const char *cwd, const char *path)
{
	char *text;

	if (*path == '/')
		return strdup(path);
	errno = ENOENT;
	if (!*cwd || asprintf(&text, "%s/%s", cwd, path) < 0)
		return NULL;
	return text;
}

static int find(const char *cwd, const struct sandbox_share *share,
		struct sandbox_place *place)
{
	struct stat st;

	place->tree_fd = -1;
	place->read_only = share->read_only;
	place->path = absolute(cwd, share->path);
	if (place->path)
		place->real = realpath(place->path, NULL);
	if (!place->real || stat(place->real, &st))
		return -errno;
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return -ENOTDIR;
	place->is_file = S_ISREG(st.st_mode);
	place->dev = st.st_dev;
	place->ino = st.st_ino;
	return 0;
}

int sandbox_places_find(const struct sandbox_share *shares, size_t count,
			struct sandbox_places *ret_places, char *err,
			size_t err_size)
{
	struct sandbox_places *p = ret_places;
	int ret;

	*p = (struct sandbox_places){ .proc_fd = -1 };
	p->place = calloc(count + 1, sizeof(*p->place));
	if (!p->place)
		return sandbox_fail(err, err_size, SANDBOX_HELP_REPORT,
				    "remember the shares");
	/* It may be gone; a relative path is, too, then. */
	if (!getcwd(p->cwd, sizeof(p->cwd)))
		p->cwd[0] = 0;
	for (size_t i = 0; i < count; i++) {
		p->count++;
		ret = find(p->cwd, &shares[i], &p->place[i]);
		if (ret) {
			snprintf(err, err_size, "root '%s': %s",
				 shares[i].path, strerror(-ret));
			return ret;
		}
		p->has_root |= !strcmp(p->place[i].real, "/");
	}
	qsort(p->place, count, sizeof(*p->place), by_path);
	return 0;
}

void sandbox_places_free(struct sandbox_places *places)
{
	for (size_t i = 0; i < places->count; i++) {
		struct sandbox_place *place = &places->place[i];

		if (place->tree_fd >= 0)
			close(place->tree_fd);
		free(place->real);
		free(place->path);
	}
	if (places->proc_fd >= 0)
		close(places->proc_fd);
	free(places->place);
	*places = (struct sandbox_places){ .proc_fd = -1 };
}

/* ---- taking them ------------------------------------------------------- */

/* A copy of what is mounted at path, and below it, that is mounted nowhere. */
static int copy_tree(const char *path, unsigned flags)
{
	return open_tree(AT_FDCWD, path,
			 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
}

static int set_flags(int fd, unsigned flags, uint64_t attributes)
{
	struct mount_attr attr = { .attr_set = attributes };

	return mount_setattr(fd, "", AT_EMPTY_PATH | flags, &attr,
			     sizeof(attr));
}

/* The place that this one is in, or itself. */
static struct sandbox_place *outermost(struct sandbox_places *places, size_t i)
{
	size_t j = 0;

	while (!is_in(places->place[i].real, places->place[j].real))
		j++;
	return &places->place[j];
}

static int take(struct sandbox_place *place, bool read_only)
{
	const uint64_t attributes = SAFE | (read_only ? MOUNT_ATTR_RDONLY : 0);

	place->tree_fd = copy_tree(place->real, AT_RECURSIVE);
	if (place->tree_fd < 0)
		return -1;
	return set_flags(place->tree_fd, AT_RECURSIVE, attributes);
}

int sandbox_places_take(struct sandbox_places *places, char *err,
			size_t err_size)
{
	/* From the host to here, and never back. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL))
		return sandbox_fail(err, err_size, SANDBOX_HELP_MODE,
				    "part from the host's mounts");
	if (places->has_root)
		return 0;
	for (size_t i = 0; i < places->count; i++) {
		struct sandbox_place *place = &places->place[i];
		bool read_only = true;

		if (outermost(places, i) != place)
			continue;
		for (size_t j = i; j < places->count; j++) {
			if (outermost(places, j) == place)
				read_only &= places->place[j].read_only;
		}
		if (take(place, read_only))
			return sandbox_fail(err, err_size, SANDBOX_HELP_MODE,
					    "copy the mounts at '%s'",
					    place->real);
	}
	places->proc_fd = copy_tree(PROC_FD, 0);
	if (places->proc_fd < 0 ||
	    set_flags(places->proc_fd, 0, SAFE))
		return sandbox_fail(err, err_size,
				    "/proc must be mounted, or --sandbox none",
				    "copy " PROC_FD);
	return 0;
}

/* ---- the new root ------------------------------------------------------ */

static int new_tmpfs(void)
{
	int fs = fsopen("tmpfs", FSOPEN_CLOEXEC), fd = -1;

	if (fs < 0)
		return -1;
	if (!fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0755", 0) &&
	    !fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		fd = fsmount(fs, FSMOUNT_CLOEXEC, SAFE);
	close(fs);
	return fd;
}

static int place_at(int fd, const char *path)
{
	return move_mount(fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
}

/* The old root comes to lie upon the new one, and is taken away. */
static int change_root(void)
{
	int fd = new_tmpfs(), ret;

	if (fd < 0)
		return -1;
	ret = place_at(fd, "/") || fchdir(fd) ||
	      syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) ||
	      chdir("/");
	close(fd);
	return ret ? -1 : 0;
}

static int make_dir(const char *path)
{
	return mkdir(path, 0755) && errno != EEXIST ? -1 : 0;
}

/* All that path leads through; those that are there already are right. */
static int make_parents(const char *path)
{
	char *copy = strdup(path), *slash = copy;
	int ret = copy ? 0 : -1;

	while (!ret && (slash = strchr(slash + 1, '/'))) {
		*slash = 0;
		ret = make_dir(copy);
		*slash = '/';
	}
	free(copy);
	return ret;
}

static int make_dirs(const char *path)
{
	return make_parents(path) ? -1 : make_dir(path);
}

/* Something to mount upon. */
static int make_target(const struct sandbox_place *place)
{
	int fd;

	if (!place->is_file)
		return make_dirs(place->real);
	if (make_parents(place->real))
		return -1;
	fd = open(place->real, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static bool is_there(const struct sandbox_place *place)
{
	struct stat st;

	return !stat(place->path, &st) && st.st_dev == place->dev &&
	       st.st_ino == place->ino;
}

/* The path by which it was named leads there as well. */
static int make_link(const struct sandbox_place *place)
{
	char *path, *end;
	int ret;

	if (is_there(place))
		return 0;
	path = strdup(place->path);
	if (!path)
		return -1;
	for (end = path + strlen(path); end > path + 1 && end[-1] == '/';)
		*--end = 0;
	ret = make_parents(path) || symlink(place->real, path) ? -1 : 0;
	free(path);
	errno = ret ? errno : ENOENT;
	return is_there(place) ? 0 : -1;
}

static int fill(struct sandbox_places *places, char *err, size_t err_size)
{
	if (make_dirs(PROC_FD) || place_at(places->proc_fd, PROC_FD))
		return sandbox_fail(err, err_size, SANDBOX_HELP_MODE,
				    "mount " PROC_FD);
	for (size_t i = 0; i < places->count; i++) {
		struct sandbox_place *place = &places->place[i];

		if (place->tree_fd >= 0 &&
		    (make_target(place) ||
		     place_at(place->tree_fd, place->real)))
			return sandbox_fail(err, err_size, SANDBOX_HELP_MODE,
					    "mount '%s'", place->real);
	}
	if (*places->cwd && make_dirs(places->cwd))
		return sandbox_fail(err, err_size, SANDBOX_HELP_MODE,
				    "make '%s'", places->cwd);
	for (size_t i = 0; i < places->count; i++) {
		if (make_link(&places->place[i]))
			return sandbox_fail(err, err_size,
					    "name it by its real path",
					    "find '%s' again",
					    places->place[i].path);
	}
	return 0;
}

int sandbox_places_enter(struct sandbox_places *places, char *err,
			 size_t err_size)
{
	struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
	int ret;

	if (places->has_root)
		return 0;
	if (change_root())
		return sandbox_fail(err, err_size, SANDBOX_HELP_MODE,
				    "change to a root of its own");
	ret = fill(places, err, err_size);
	if (ret)
		return ret;
	if (mount_setattr(AT_FDCWD, "/", 0, &read_only, sizeof(read_only)) ||
	    chdir(*places->cwd ? places->cwd : "/"))
		return sandbox_fail(err, err_size, SANDBOX_HELP_MODE,
				    "make the new root read-only");
	return 0;
}
