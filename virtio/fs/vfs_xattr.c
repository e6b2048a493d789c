/* SPDX-License-Identifier: MIT */
/*
 * vfs_xattr.c - extended attributes.
 *
 * Values and lists pass through a buffer of our own, which is never larger
 * than Linux allows them to be, whatever size the guest asks for.
 *
 * The guest's names are what the checks are about; xattrmap makes those of the
 * host of them last.  Values are the guest's but for ACLs and capabilities,
 * whose users and groups are the host's on the host.
 */
#include "common/bytes.h"
#include "virtio/fs/vfs_acl.h"
#include "virtio/fs/vfs_cap.h"
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
	return !(s->flags & FUSE_POSIX_ACL) && vfs_acl_is_name(name);
}

/*
 * The error of a share without attributes.  After ENOSYS Linux does not ask
 * again, for any share of this mount.
 */
static int no_xattrs(const struct vfs_server *s)
{
	for (size_t i = 0; i < s->share_count; i++)
		if (s->shares[i].options.xattr)
			return -LX_EOPNOTSUPP;
	return -LX_ENOSYS;
}

/* Before every use of a name: what the host calls it. */
static int to_host(const struct vfs_server *s, const struct vfs_share *share,
		   const char *name, char ret_name[LX_XATTR_NAME_MAX + 1])
{
	if (!share->options.xattr)
		return no_xattrs(s);
	if (is_hidden(s, name))
		return -LX_EOPNOTSUPP;
	return vfs_xattrmap_to_host(share->options.xattrmap, name, ret_name);
}

/* Does the value of this name have ids in it that differ? */
static bool has_ids(const struct vfs_share *share, const char *name)
{
	return (share->options.uid_map || share->options.gid_map) &&
	       vfs_acl_is_name(name);
}

/* Does it have a root's id that does, and perhaps another size then? */
static bool has_root(const struct vfs_share *share, const char *name)
{
	return share->options.uid_map && vfs_cap_is_name(name);
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

/* An ACL as the host has it, in place. */
static ssize_t acl_to_guest(const struct vfs_share *share, char *acl,
			    ssize_t len)
{
	const struct vfs_options *o = &share->options;
	int err =
		vfs_acl_to_guest(o->uid_map, o->gid_map, acl, (size_t)len, acl);

	return err ? err : len;
}

/* Also when only its size is asked for. */
static ssize_t get_capability(const struct vfs_share *share,
			      struct lx_node *node, const char *host_name,
			      struct iov_tail *dst)
{
	uint8_t cap[VFS_CAP_MAX];
	ssize_t len = lx_getxattr(share->vol, node, host_name, cap,
				  sizeof(cap));

	/* Longer than any: a value that is none. */
	if (len == -LX_ERANGE)
		return -LX_EINVAL;
	if (len > 0)
		len = vfs_cap_to_guest(share->options.uid_map, cap,
				       (size_t)len, cap);
	if (len > 0 && iov_tail_size(dst) &&
	    !iov_tail_write(dst, cap, (size_t)len))
		return -LX_ERANGE;
	return len;
}

static ssize_t get(const struct vfs_server *s, struct vfs_inode *inode,
		   const char *name, struct iov_tail *dst)
{
	size_t size = MIN(iov_tail_size(dst), (size_t)LX_XATTR_SIZE_MAX);
	const struct vfs_share *share = inode->key.share;
	char host_name[LX_XATTR_NAME_MAX + 1];
	char *buf = NULL;
	ssize_t len;

	len = to_host(s, share, name, host_name);
	if (len)
		return len == -LX_EPERM ? -LX_ENODATA : len;
	if (has_root(share, name))
		return get_capability(share, inode->node, host_name, dst);
	if (size)
		buf = malloc(size);
	if (size && !buf)
		return -LX_ENOMEM;
	len = lx_getxattr(share->vol, inode->node, host_name, buf, size);
	if (len > 0 && size && has_ids(share, name))
		len = acl_to_guest(share, buf, len);
	if (len > 0 && size && !iov_tail_write(dst, buf, (size_t)len))
		len = -LX_ERANGE;
	free(buf);
	return len;
}

ssize_t vfs_getxattr(void *fs, const struct fuse_request *req, const char *name,
		     struct iov_tail *dst)
{
	struct vfs_server *s = fs;
	struct vfs_inode *inode = vfs_inode_get(s->inodes, req->node);
	ssize_t len;

	if (!inode)
		return -LX_ESTALE;
	len = get(s, inode, name, dst);
	vfs_inode_put(s->inodes, inode);
	return len;
}

/* As names may have to go, the list is read even when only its size counts. */
static ssize_t list_names(const struct vfs_server *s, struct vfs_inode *inode,
			  struct iov_tail *dst)
{
	const struct vfs_share *share = inode->key.share;
	ssize_t len;
	char *list;

	if (!share->options.xattr)
		return no_xattrs(s);
	list = malloc(LX_XATTR_LIST_MAX + 1);
	if (!list)
		return -LX_ENOMEM;
	len = lx_listxattr(share->vol, inode->node, list, LX_XATTR_LIST_MAX);
	if (len > 0) {
		list[len] = '\0';
		len = (ssize_t)vfs_xattrmap_list(share->options.xattrmap, list,
						 (size_t)len);
		list[len] = '\0';
		len = hide(s, list, len);
	}
	if (len > 0 && iov_tail_size(dst) &&
	    !iov_tail_write(dst, list, (size_t)len))
		len = -LX_ERANGE;
	free(list);
	return len;
}

ssize_t vfs_listxattr(void *fs, const struct fuse_request *req,
		      struct iov_tail *dst)
{
	struct vfs_server *s = fs;
	struct vfs_inode *inode = vfs_inode_get(s->inodes, req->node);
	ssize_t len;

	if (!inode)
		return -LX_ESTALE;
	len = list_names(s, inode, dst);
	vfs_inode_put(s->inodes, inode);
	return len;
}

/* ---- SETXATTR, REMOVEXATTR --------------------------------------------- */

/* Set an ACL, which is translated in a copy; flags are LX_XATTR_*. */
static int set_acl(const struct vfs_share *share, struct lx_node *node,
		   const char *host_name, const void *acl, size_t size,
		   uint32_t flags)
{
	const struct vfs_options *o = &share->options;
	void *copy = malloc(size + 1);
	int err;

	if (!copy)
		return -LX_ENOMEM;
	err = vfs_acl_to_host(o->uid_map, o->gid_map, acl, size, copy);
	if (!err)
		err = lx_setxattr(share->vol, node, host_name, copy, size,
				  flags);
	free(copy);
	return err;
}

static int set_capability(const struct vfs_share *share, struct lx_node *node,
			  const char *host_name, const void *value,
			  size_t size, uint32_t flags)
{
	uint8_t cap[VFS_CAP_MAX];
	ssize_t len = vfs_cap_to_host(share->options.uid_map, value, size,
				      cap);

	if (len < 0)
		return (int)len;
	return lx_setxattr(share->vol, node, host_name, cap, (size_t)len,
			   flags);
}

int vfs_set_xattr(const struct vfs_server *s, const struct vfs_share *share,
		  struct lx_node *node, const char *name, const void *value,
		  size_t size, uint32_t flags)
{
	char host_name[LX_XATTR_NAME_MAX + 1];
	int err = to_host(s, share, name, host_name);

	if (err)
		return err;
	if (has_ids(share, name))
		return set_acl(share, node, host_name, value, size, flags);
	if (has_root(share, name))
		return set_capability(share, node, host_name, value, size,
				      flags);
	return lx_setxattr(share->vol, node, host_name, value, size, flags);
}

int vfs_setxattr(void *fs, const struct fuse_request *req,
		 const struct fuse_setxattr_in *in, const char *name,
		 const void *value)
{
	struct vfs_server *s = fs;
	struct vfs_inode *inode = vfs_inode_get(s->inodes, req->node);
	uint32_t flags = in->flags & ~LX_XATTR_KILL_SGID;
	int err;

	if (!inode)
		return vfs_no_inode(s, req->node);
	if (in->setxattr_flags & FUSE_SETXATTR_ACL_KILL_SGID) {
		vfs_act_for(inode->key.share, req);
		flags |= LX_XATTR_KILL_SGID;
	}
	err = vfs_set_xattr(s, inode->key.share, inode->node, name, value,
			    in->size, flags);
	vfs_inode_put(s->inodes, inode);
	return err;
}

int vfs_removexattr(void *fs, const struct fuse_request *req, const char *name)
{
	char host_name[LX_XATTR_NAME_MAX + 1];
	struct vfs_server *s = fs;
	struct vfs_inode *inode = vfs_inode_get(s->inodes, req->node);
	int err;

	if (!inode)
		return vfs_no_inode(s, req->node);
	err = to_host(s, inode->key.share, name, host_name);
	if (!err)
		err = lx_removexattr(vfs_vol(inode), inode->node, host_name);
	vfs_inode_put(s->inodes, inode);
	return err;
}

/* ---- security.capability ----------------------------------------------- */

int vfs_drop_capability(const struct vfs_share *share, struct lx_node *node)
{
	const char *name =
		vfs_xattrmap_capability_name(share->options.xattrmap);
	ssize_t len;
	int err;

	if (!name)
		return 0;
	/* Most files have none; asking is cheaper, and never refused. */
	len = lx_getxattr(share->vol, node, name, NULL, 0);
	if (len == -LX_ENODATA || len == -LX_EOPNOTSUPP)
		return 0;
	err = lx_removexattr(share->vol, node, name);
	return err == -LX_ENODATA ? 0 : err;
}

int vfs_drop_capability_of(struct vfs_server *s,
			   const struct vfs_handle *handle)
{
	const struct vfs_share *share = handle->share;
	struct vfs_inode *inode;
	int err;

	if (!vfs_xattrmap_capability_name(share->options.xattrmap))
		return 0;
	inode = vfs_inode_get(s->inodes, handle->node);
	if (!inode)
		return -LX_ESTALE;
	err = vfs_drop_capability(share, inode->node);
	vfs_inode_put(s->inodes, inode);
	return err;
}
