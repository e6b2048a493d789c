/* SPDX-License-Identifier: MIT */
/*
 * lx_saved.c - what another process is told to find a node again.
 *
 * A path from the root is no more than names, which the other one looks up.  A
 * file handle is another matter: whoever may open handles opens by them
 * whatever there is on the file system, and handles can be made up.  So what a
 * handle opens is a node only once it is proven to lie below the root:
 *
 *  - the kernel tells a path of it, and that path, walked from the root without
 *    leaving it, leads to this inode (".." of a directory would lead to the
 *    root also from what the host has hidden by a mount);
 *  - if it has no names, so no path that could be walked: the root is the root
 *    of its mount, on which the kernel sees it as connected, by directories
 *    that it was in, to the mount's root.  What is elsewhere on the file system
 *    has no path on this mount.
 *
 * An inode that is not in the kernel's memory and is no directory has no path,
 * and cannot be found by its handle.
 */
#include "lxutil/linux/lx_node.h"

#include "common/bytes.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>
#include <unistd.h>

_Static_assert(LX_HANDLE_MAX >= MAX_HANDLE_SZ, "any handle fits");

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x2000
#endif

/* What the kernel says of a file without a path, but for the root's name. */
#define NOWHERE " (deleted)"

/* ---- paths ------------------------------------------------------------- */

/* What the kernel calls the inode of fd: a path of this process, mostly. */
static int name_of(const struct lx_volume *vol, int fd,
		   char ret_path[LX_PATH_MAX])
{
	ssize_t len = readlinkat(vol->proc_fd, lx_fd_name(fd).s, ret_path,
				 LX_PATH_MAX);

	if (len < 0)
		return lx_error();
	if (len == LX_PATH_MAX)
		return -LX_ENAMETOOLONG;
	ret_path[len] = '\0';
	return 0;
}

/* The same from the root on. */
static int path_of(const struct lx_volume *vol, int fd,
		   char ret_path[LX_PATH_MAX])
{
	char root[LX_PATH_MAX], path[LX_PATH_MAX];
	size_t len;
	int err;

	err = name_of(vol, vol->root_fd, root);
	if (!err)
		err = name_of(vol, fd, path);
	if (err)
		return err;
	len = strcmp(root, "/") ? strlen(root) : 0;
	if (strncmp(path, root, len) || (path[len] && path[len] != '/'))
		return -LX_ENOENT;
	strcpy(ret_path, path[len] ? path + len + 1 : "");
	return 0;
}

int lx_node_path(struct lx_volume *vol, struct lx_node *node,
		 char ret_path[LX_PATH_MAX])
{
	int fd = lx_node_fd_get(vol, node);
	int err = fd < 0 ? fd : path_of(vol, fd, ret_path);

	lx_node_fd_put(vol, node, fd);
	return err;
}

int lx_stat_path(struct lx_volume *vol, const char *path,
		 struct lx_stat *ret_st)
{
	int fd, err;

	do {
		fd = lx_open_below(vol->root_fd, *path ? path : ".");
	} while (fd < 0 && lx_fds_make_room(vol));
	if (fd < 0)
		return lx_error();
	err = lx_fd_stat(fd, ret_st);
	close(fd);
	return err;
}

/* ---- handles ----------------------------------------------------------- */

union handle {
	struct file_handle head;
	char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
};

static int handle_of(int fd, union handle *ret_handle)
{
	int mount;

	ret_handle->head.handle_bytes = MAX_HANDLE_SZ;
	return name_to_handle_at(fd, "", &ret_handle->head, &mount,
				 AT_EMPTY_PATH) ? lx_error() : 0;
}

static bool has_handles(const struct lx_volume *vol)
{
	return vol->mount && vol->mount->fd >= 0;
}

int lx_node_handle(struct lx_volume *vol, struct lx_node *node,
		   struct lx_handle *ret_handle)
{
	union handle handle;
	struct lx_stat st;
	int fd, err;

	if (!has_handles(vol))
		return -LX_EOPNOTSUPP;
	fd = lx_node_fd_get(vol, node);
	err = fd < 0 ? fd : lx_fd_stat(fd, &st);
	if (!err && st.mount != vol->mount_id)
		err = -LX_EOPNOTSUPP;
	if (!err)
		err = handle_of(fd, &handle);
	lx_node_fd_put(vol, node, fd);
	if (err)
		return err;
	ret_handle->type = (uint32_t)handle.head.handle_type;
	ret_handle->len = handle.head.handle_bytes;
	memcpy(ret_handle->bytes, handle.head.f_handle, ret_handle->len);
	return 0;
}

/* Is it of the one kind that this file system gives out? */
static int check_handle(const struct lx_volume *vol,
			const struct lx_handle *saved, union handle *ret_handle)
{
	struct file_handle *head = &ret_handle->head;
	int err = handle_of(vol->root_fd, ret_handle);

	if (err || saved->type != (uint32_t)head->handle_type ||
	    saved->len > MAX_HANDLE_SZ)
		return -LX_ESTALE;
	head->handle_bytes = (unsigned)saved->len;
	memcpy(head->f_handle, saved->bytes, saved->len);
	return 0;
}

/* Does a path lead from the root to the inode with these attributes? */
static bool leads_to(struct lx_volume *vol, const char *path,
		     const struct lx_stat *st)
{
	struct lx_stat found;

	/* NOLINTNEXTLINE(clang-analyzer-core.*): success sets it */
	return !lx_stat_path(vol, path, &found) && found.ino == st->ino &&
	       found.dev == st->dev && found.mount == st->mount;
}

/* Is the root the root of its mount, and this path one of that mount? */
static bool is_connected(const struct lx_volume *vol, const char *path,
			 const struct lx_stat *st)
{
	struct lx_stat root;

	return *path && strcmp(path, NOWHERE) && st->mount &&
	       !lx_fd_stat(vol->root_fd, &root) && root.mount == st->mount &&
	       root.attributes & STATX_ATTR_MOUNT_ROOT;
}

/* 0: what has this descriptor and attributes is below the root. */
static int check_proof(struct lx_volume *vol, int fd, const struct lx_stat *st)
{
	char path[LX_PATH_MAX];

	if (path_of(vol, fd, path))
		return -LX_ESTALE;
	if (st->nlink)
		return leads_to(vol, path, st) ? 0 : -LX_ESTALE;
	return is_connected(vol, path, st) ? 0 : -LX_ESTALE;
}

static int open_proven(struct lx_volume *vol, const struct lx_handle *saved,
		       uint32_t type)
{
	union handle handle;
	struct lx_stat st;
	int fd, err;

	err = check_handle(vol, saved, &handle);
	if (err)
		return err;
	fd = lx_handle_open(vol, vol->mount, &handle.head);
	if (fd < 0)
		return fd;
	err = lx_fd_stat(fd, &st);
	if (!err && (st.mode & LX_S_IFMT) != type)
		err = -LX_ESTALE;
	if (!err)
		err = check_proof(vol, fd, &st);
	if (!err)
		return fd;
	close(fd);
	return err;
}

int lx_open_saved(struct lx_volume *vol, const struct lx_handle *saved,
		  uint32_t type, struct lx_node **ret_node,
		  struct lx_stat *ret_st)
{
	int err;

	if (!has_handles(vol))
		return -LX_ESTALE;
	err = lx_fds_reserve(vol);
	if (err)
		return err;
	return lx_node_new(vol, open_proven(vol, saved, type), NULL, NULL,
			   ret_node, ret_st);
}

/* ---- open files -------------------------------------------------------- */

uint32_t lx_file_flags(const struct lx_file *file)
{
	int flags = fcntl(file->fd, F_GETFL);

	return flags < 0 ? LX_O_RDONLY : lx_open_flags_from_host(flags);
}
