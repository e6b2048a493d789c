/* SPDX-License-Identifier: MIT */
/*
 * vfs_io.c - open files.
 *
 * Data goes between the file and the guest's memory in one system call, with
 * neither a copy nor an allocation.
 */
#include "virtio/fs/vfs_limits.h"
#include "virtio/fs/vfs_private.h"

/*
 * What counts of a guest's open(2) flags.  Without O_DIRECT: it is a promise
 * about the guest's cache, and the host's alignment rules are not the guest's.
 */
uint32_t vfs_open_flags(uint32_t flags)
{
	return flags & (LX_O_ACCMODE | LX_O_TRUNC | LX_O_APPEND |
			LX_O_NONBLOCK | LX_O_DSYNC | LX_O_SYNC | LX_O_NOATIME);
}

int vfs_open(void *fs, const struct fuse_request *req,
	     const struct fuse_open_in *in, struct fuse_open_out *ret_open)
{
	struct vfs_server *s = fs;
	struct vfs_inode *inode = vfs_inode_get(s->inodes, req->node);
	struct vfs_handle *handle;
	struct lx_file *file;
	int err;

	if (!inode)
		return -LX_ESTALE;
	err = vfs_handle_reserve(&s->handles, VFS_HANDLE_FILE, &handle);
	if (!err) {
		err = lx_open(s->vol, inode->node, vfs_open_flags(in->flags),
			      &file);
		if (err)
			vfs_handle_cancel(&s->handles, handle);
	}
	vfs_inode_put(s->inodes, inode);
	if (err)
		return vfs_note(s, "OPEN", err);
	ret_open->fh = vfs_handle_open(handle, file, req->node);
	ret_open->open_flags = s->open_flags;
	return 0;
}

int vfs_release(void *fs, const struct fuse_request *req,
		const struct fuse_release_in *in)
{
	struct vfs_server *s = fs;

	return vfs_handle_release(&s->handles, in->fh, req->node,
				  VFS_HANDLE_FILE);
}

/* lx_read() or lx_write(). */
typedef ssize_t (*io_fn)(struct lx_file *file, const struct iov *iov,
			 size_t count, uint64_t offset);

/* Move data between the file and all of mem, until the file comes up short. */
static ssize_t transfer(io_fn io, struct lx_file *file, struct iov_tail *mem,
			uint64_t offset)
{
	struct iov piece[VFS_IO_PIECES];
	size_t count, len;
	ssize_t total = 0, n;

	do {
		count = iov_tail_slice(mem, SIZE_MAX, piece, VFS_IO_PIECES,
				       &len);
		n = io(file, piece, count, offset + (uint64_t)total);
		if (n < 0)
			return total ? total : n;
		total += n;
		iov_tail_skip(mem, (size_t)n);
	} while (count == VFS_IO_PIECES && (size_t)n == len);
	return total;
}

ssize_t vfs_read(void *fs, const struct fuse_request *req,
		 const struct fuse_read_in *in, struct iov_tail *dst)
{
	struct vfs_server *s = fs;
	struct vfs_handle *handle;
	ssize_t n;
	int err;

	err = vfs_handle_get(&s->handles, in->fh, req->node, VFS_HANDLE_FILE,
			     &handle);
	if (err)
		return err;
	n = transfer(lx_read, handle->file, dst, in->offset);
	vfs_handle_put(&s->handles, handle);
	return n;
}

ssize_t vfs_write(void *fs, const struct fuse_request *req,
		  const struct fuse_write_in *in, struct iov_tail *src)
{
	struct vfs_server *s = fs;
	struct vfs_handle *handle;
	ssize_t n;
	int err;

	if (lx_volume_read_only(s->vol))
		return -LX_EROFS;
	err = vfs_handle_get(&s->handles, in->fh, req->node, VFS_HANDLE_FILE,
			     &handle);
	if (err)
		return err;
	n = transfer(lx_write, handle->file, src, in->offset);
	vfs_handle_put(&s->handles, handle);
	return n;
}

int vfs_flush(void *fs, const struct fuse_request *req,
	      const struct fuse_flush_in *in)
{
	struct vfs_server *s = fs;
	struct vfs_handle *handle;
	int err;

	err = vfs_handle_get(&s->handles, in->fh, req->node, VFS_HANDLE_FILE,
			     &handle);
	if (err)
		return err;
	err = lx_flush(handle->file);
	vfs_handle_put(&s->handles, handle);
	return vfs_note(s, "FLUSH", err);
}

int vfs_fsync(void *fs, const struct fuse_request *req,
	      const struct fuse_fsync_in *in)
{
	struct vfs_server *s = fs;
	struct vfs_handle *handle;
	int err;

	err = vfs_handle_get(&s->handles, in->fh, req->node, VFS_HANDLE_FILE,
			     &handle);
	if (err)
		return err;
	err = lx_fsync(handle->file, in->fsync_flags & FUSE_FSYNC_FDATASYNC);
	vfs_handle_put(&s->handles, handle);
	return vfs_note(s, "FSYNC", err);
}
