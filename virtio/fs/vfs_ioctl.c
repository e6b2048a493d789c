/* SPDX-License-Identifier: MIT */
/*
 * vfs_ioctl.c - ioctls about a file's own attributes (lsattr, project ids,
 * verity); which there are is lxutil's business.
 */
#include "common/bytes.h"
#include "common/limits.h"
#include "virtio/fs/vfs_private.h"

#include <stdlib.h>

ssize_t vfs_ioctl(void *fs, const struct fuse_request *req,
		  const struct fuse_ioctl_in *in, const void *data,
		  struct iov_tail *dst)
{
	size_t size = MIN(iov_tail_size(dst), (size_t)VFS_IOCTL_MAX);
	struct vfs_server *s = fs;
	struct vfs_handle *handle;
	ssize_t len = -LX_ENOMEM;
	void *out;
	int err;

	err = vfs_handle_get(&s->handles, in->fh, req->node, VFS_HANDLE_ANY,
			     &handle);
	if (err)
		return err;
	out = calloc(1, size ? size : 1);
	if (out)
		len = lx_ioctl(handle->file, in->cmd, data, in->in_size, out,
			       size);
	if (len > 0 && !iov_tail_write(dst, out, (size_t)len))
		len = -LX_EINVAL;
	free(out);
	vfs_handle_put(&s->handles, handle);
	return len;
}
