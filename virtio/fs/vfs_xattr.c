/* SPDX-License-Identifier: MIT */
/*
 * vfs_xattr.c - extended attributes.
 *
 * Values and lists pass through a buffer of our own, which is never larger
 * than Linux allows them to be, whatever size the guest asks for.
 */
#include "common/bytes.h"
#include "virtio/fs/vfs_private.h"

#include <stdlib.h>
#include <string.h>

/* ---- what there is ----------------------------------------------------- */

/*
 * Without posix_acl the guest does not look at ACLs when it decides who may do
 * what.  So it shall not get the impression that it could set one.
 */
static bool is_hidden(const struct vfs_server *s, const char *name)
{
	return !(s->flags & FUSE_POSIX_ACL) &&
	       (!strcmp(name, "system.posix_acl_access") ||
		!strcmp(name, "system.posix_acl_default"));
}

/* Before every use of a name (or, with NULL, of the list). */
static int check(const struct vfs_server *s, const char *name)
{
	if (!s->options.xattr)
		return -LX_ENOSYS;      /* so Linux does not ask again */
	return name && is_hidden(s, name) ? -LX_EOPNOTSUPP : 0;
}

/* Take names out of a list; returns its new length. */
static ssize_t hide(const struct vfs_server *s, char *list, ssize_t len)
{
	char *to = list;
	size_t size;

	for (const char *p = list; p < list + len; p += size) {
		size = strnlen(p, (size_t)(list + len - p)) + 1;
		if (is_hidden(s, p))
			continue;
		memmove(to, p, size);
		to += size;
	}
	return to - list;
}

/* ---- GETXATTR, LISTXATTR ----------------------------------------------- */

ssize_t vfs_getxattr(void *fs, const struct fuse_request *req,
		     const char *name, struct iov_tail *dst)
{
	size_t size = MIN(iov_tail_size(dst), (size_t)LX_XATTR_SIZE_MAX);
	struct vfs_server *s = fs;
	struct vfs_inode *inode;
	char *buf = NULL;
	ssize_t len;

	len = check(s, name);
	if (len)
		return len;
	inode = vfs_inode_get(s->inodes, req->node);
	if (!inode)
		return -LX_ESTALE;
	if (size)
		buf = malloc(size);
	if (size && !buf)
		len = -LX_ENOMEM;
	else
		len = lx_getxattr(s->vol, inode->node, name, buf, size);
	if (len > 0 && size && !iov_tail_write(dst, buf, (size_t)len))
		len = -LX_ERANGE;
	free(buf);
	vfs_inode_put(s->inodes, inode);
	return len;
}

/* As names may have to go, the list is read even when only its size counts. */
ssize_t vfs_listxattr(void *fs, const struct fuse_request *req,
		      struct iov_tail *dst)
{
	struct vfs_server *s = fs;
	struct vfs_inode *inode;
	ssize_t len;
	char *list;

	len = check(s, NULL);
	if (len)
		return len;
	inode = vfs_inode_get(s->inodes, req->node);
	if (!inode)
		return -LX_ESTALE;
	list = malloc(LX_XATTR_LIST_MAX + 1);
	if (list)
		len = lx_listxattr(s->vol, inode->node, list,
				   LX_XATTR_LIST_MAX);
	else
		len = -LX_ENOMEM;
	if (len > 0) {
		list[len] = '\0';
		len = hide(s, list, len);
	}
	if (len > 0 && iov_tail_size(dst) &&
	    !iov_tail_write(dst, list, (size_t)len))
		len = -LX_ERANGE;
	free(list);
	vfs_inode_put(s->inodes, inode);
	return len;
}

/* ---- SETXATTR, REMOVEXATTR --------------------------------------------- */

int vfs_setxattr(void *fs, const struct fuse_request *req,
		 const struct fuse_setxattr_in *in, const char *name,
		 const void *value)
{
	struct vfs_server *s = fs;
	uint32_t flags = in->flags & ~LX_XATTR_KILL_SGID;
	struct vfs_inode *inode;
	int err;

	if (in->setxattr_flags & FUSE_SETXATTR_ACL_KILL_SGID)
		flags |= LX_XATTR_KILL_SGID;
	err = check(s, name);
	if (err)
		return err;
	inode = vfs_inode_get(s->inodes, req->node);
	if (!inode)
		return -LX_ESTALE;
	err = lx_setxattr(s->vol, inode->node, name, value, in->size, flags);
	vfs_inode_put(s->inodes, inode);
	return err;
}

int vfs_removexattr(void *fs, const struct fuse_request *req, const char *name)
{
	struct vfs_server *s = fs;
	struct vfs_inode *inode;
	int err;

	err = check(s, name);
	if (err)
		return err;
	inode = vfs_inode_get(s->inodes, req->node);
	if (!inode)
		return -LX_ESTALE;
	err = lx_removexattr(s->vol, inode->node, name);
	vfs_inode_put(s->inodes, inode);
	return err;
}
