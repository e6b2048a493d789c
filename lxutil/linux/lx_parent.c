/* SPDX-License-Identifier: MIT */
/*
 * lx_parent.c - the way up.
 *
 * ".." is the one name that could lead out of the share: the host may have
 * moved a directory, which the guest still holds, to a place above or beside
 * the root.  So whatever is found that way is followed further up, and given
 * out only if that leads to the root.  Below the root "is" as for every
 * lookup: what holds when it is looked at, one step after the other.
 */
#include "lxutil/linux/lx_node.h"

#include <fcntl.h>
#include <unistd.h>

/* No path that anybody can use is as deep. */
#define DEPTH_MAX 4096

static bool same(const struct lx_stat *a, const struct lx_stat *b)
{
	return a->ino == b->ino && a->dev == b->dev && a->mount == b->mount;
}

/* The parent of the directory fd: a descriptor, and its attributes. */
static int open_parent(int fd, struct lx_stat *ret_st)
{
	int up = openat(fd, "..",
			O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int err;

	if (up < 0)
		return lx_error();
	err = lx_fd_stat(up, ret_st);
	if (err) {
		close(up);
		return err;
	}
	return up;
}

/* Is the directory fd, with attributes st, the root or below it? */
static int check_below(const struct lx_stat *root, int fd,
		       const struct lx_stat *st)
{
	struct lx_stat now = *st, above;
	int at = -1, up, err = -LX_ESTALE;

	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		if (same(&now, root)) {
			err = 0;
			break;
		}
		up = open_parent(at < 0 ? fd : at, &above);
		if (at >= 0)
			close(at);
		at = up;
		if (up < 0) {
			err = up;
			break;
		}
		if (same(&now, &above))
			break;          /* "/", and the root was not met */
		now = above;
	}
	if (at >= 0)
		close(at);
	return err;
}

/* The parent of dir, if it is the root or below it: a descriptor. */
static int find_parent(struct lx_volume *vol, int dir_fd)
{
	struct lx_stat root, st;
	int fd, err;

	err = lx_fd_stat(vol->root_fd, &root);
	if (!err)
		err = lx_fd_stat(dir_fd, &st);
	if (err)
		return err;
	if (same(&st, &root))
		return lx_openat(vol, vol->root_fd, ".",
				 O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = open_parent(dir_fd, &st);
	if (fd < 0)
		return fd;
	err = check_below(&root, fd, &st);
	if (!err)
		return fd;
	close(fd);
	return err;
}

int lx_lookup_parent(struct lx_volume *vol, struct lx_node *dir,
		     struct lx_node **ret_node, struct lx_stat *ret_st)
{
	int dir_fd, fd, err;

	if (!LX_S_ISDIR(lx_node_type(dir)))
		return -LX_ENOTDIR;
	err = lx_fds_reserve(vol);
	if (err)
		return err;
	dir_fd = lx_node_fd_get(vol, dir);
	fd = dir_fd < 0 ? dir_fd : find_parent(vol, dir_fd);
	lx_node_fd_put(vol, dir, dir_fd);
	return lx_node_new(vol, fd, NULL, NULL, ret_node, ret_st);
}
