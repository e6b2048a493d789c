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

_Static_assert(LX_XATTR_LIST_MAX <= LX_XATTR_SIZE_MAX, "one buffer for both");

/* A value with a name, a list without. */
static ssize_t get(struct vfs_server *s, struct vfs_inode *inode,
		   const char *name, void *buf, size_t size)
{
	return name ? lx_getxattr(s->vol, inode->node, name, buf, size)
		    : lx_listxattr(s->vol, inode->node, buf, size);
}

static ssize_t get_to_guest(struct vfs_server *s,
			    const struct fuse_request *req, const char *name,
			    struct iov_tail *dst)
{
	size_t size = MIN(iov_tail_size(dst), (size_t)LX_XATTR_SIZE_MAX);
	struct vfs_inode *inode = vfs_inode_get(s->inodes, req->node);
	char *buf = NULL;
	ssize_t len;

	if (!inode)
		return -LX_ESTALE;
	if (size)
		buf = malloc(size);
	if (size && !buf)
		len = -LX_ENOMEM;
	else
		len = get(s, inode, name, buf, size);
	if (len > 0 && size && !iov_tail_write(dst, buf, (size_t)len))
		len = -LX_ERANGE;
	free(buf);
	vfs_inode_put(s->inodes, inode);
	return len;
}

ssize_t vfs_getxattr(void *fs, const struct fuse_request *req,
		     const char *name, struct iov_tail *dst)
{
	return get_to_guest(fs, req, name, dst);
}

ssize_t vfs_listxattr(void *fs, const struct fuse_request *req,
		      struct iov_tail *dst)
{
	return get_to_guest(fs, req, NULL, dst);
}

int vfs_setxattr(void *fs, const struct fuse_request *req,
		 const struct fuse_setxattr_in *in, const char *name,
		 const void *value)
{
	struct vfs_server *s = fs;
	struct vfs_inode *inode = vfs_inode_get(s->inodes, req->node);
	int err;

	if (!inode)
		return -LX_ESTALE;
	err = lx_setxattr(s->vol, inode->node, name, value, in->size,
			  in->flags);
	vfs_inode_put(s->inodes, inode);
	return err;
}

int vfs_removexattr(void *fs, const struct fuse_request *req, const char *name)
{
	struct vfs_server *s = fs;
	struct vfs_inode *inode = vfs_inode_get(s->inodes, req->node);
	int err;

	if (!inode)
		return -LX_ESTALE;
	err = lx_removexattr(s->vol, inode->node, name);
	vfs_inode_put(s->inodes, inode);
	return err;
}
