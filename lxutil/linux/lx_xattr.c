/* SPDX-License-Identifier: MIT */
/*
 * Linux has no xattr call for an O_PATH descriptor (before 6.13), so they go
 * by the path of its entry in /proc/self/fd.  The magic link is followed, and
 * no further: it may lead to a symlink, which then is what is meant.
 */
#include "lxutil/linux/lx_cred.h"
#include "lxutil/linux/lx_node.h"

#include <sys/xattr.h>

_Static_assert(LX_XATTR_CREATE == XATTR_CREATE &&
	       LX_XATTR_REPLACE == XATTR_REPLACE, "setxattr() flags");

int lx_setxattr(struct lx_volume *vol, struct lx_node *node, const char *name,
		const void *value, size_t size, uint32_t flags)
{
	int fd, err;

	if (vol->read_only)
		return -LX_EROFS;
	fd = lx_node_fd_get(vol, node);
	if (fd < 0)
		return fd;
	err = lx_cred_fsetid(!(flags & LX_XATTR_KILL_SGID));
	if (!err && setxattr(lx_fd_path(fd).s, name, value, size,
			     (int)(flags & ~LX_XATTR_KILL_SGID)))
		err = lx_error();
	lx_node_fd_put(vol, node, fd);
	return err;
}

ssize_t lx_getxattr(struct lx_volume *vol, struct lx_node *node,
		    const char *name, void *value, size_t size)
{
	int fd = lx_node_fd_get(vol, node);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = getxattr(lx_fd_path(fd).s, name, value, size);
	if (n < 0)
		n = lx_error();
	lx_node_fd_put(vol, node, fd);
	return n;
}

ssize_t lx_listxattr(struct lx_volume *vol, struct lx_node *node, char *list,
		     size_t size)
{
	int fd = lx_node_fd_get(vol, node);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = listxattr(lx_fd_path(fd).s, list, size);
	if (n < 0)
		n = lx_error();
	lx_node_fd_put(vol, node, fd);
	return n;
}

int lx_removexattr(struct lx_volume *vol, struct lx_node *node,
		   const char *name)
{
	int fd, err;

	if (vol->read_only)
		return -LX_EROFS;
	fd = lx_node_fd_get(vol, node);
	if (fd < 0)
		return fd;
	err = removexattr(lx_fd_path(fd).s, name) ? lx_error() : 0;
	lx_node_fd_put(vol, node, fd);
	return err;
}
