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
	if (vol->read_only)
		return -LX_EROFS;
	lx_cred_fsetid(!(flags & LX_XATTR_KILL_SGID));
	return setxattr(lx_fd_path(node->fd).s, name, value, size,
			(int)(flags & ~LX_XATTR_KILL_SGID)) ? lx_error() : 0;
}

ssize_t lx_getxattr(struct lx_volume *vol, struct lx_node *node,
		    const char *name, void *value, size_t size)
{
	ssize_t n = getxattr(lx_fd_path(node->fd).s, name, value, size);

	(void)vol;
	return n < 0 ? lx_error() : n;
}

ssize_t lx_listxattr(struct lx_volume *vol, struct lx_node *node, char *list,
		     size_t size)
{
	ssize_t n = listxattr(lx_fd_path(node->fd).s, list, size);

	(void)vol;
	return n < 0 ? lx_error() : n;
}

int lx_removexattr(struct lx_volume *vol, struct lx_node *node,
		   const char *name)
{
	if (vol->read_only)
		return -LX_EROFS;
	return removexattr(lx_fd_path(node->fd).s, name) ? lx_error() : 0;
}
