/* SPDX-License-Identifier: MIT */
/*
 * vfs_io.c - open files.
 *
 * Data goes between the file and the guest's memory in one system call, with
 * neither a copy nor an allocation.
 */
#include "common/limits.h"
#include "virtio/fs/vfs_private.h"
#include "virtio/fs/vfs_ring.h"

/* ---- opening ----------------------------------------------------------- */

/*
 * What counts of a guest's open(2) flags.  O_DIRECT is a promise about the
 * guest's cache, and the host's alignment rules are not the guest's, so it
 * goes no further by default; nor does O_NOATIME.
 *
 * A guest that buffers writes reads what is around them, also of files that
 * were opened for writing only.  O_APPEND may come and go while a file is open
 * (F_SETFL), so each WRITE says it.
 */
uint32_t vfs_open_flags(const struct vfs_server *s,
			const struct vfs_share *share, uint32_t flags)
{
	uint32_t count = LX_O_ACCMODE | LX_O_TRUNC | LX_O_NONBLOCK |
			 LX_O_DSYNC | LX_O_SYNC;

	if (share->options.direct_io)
		count |= LX_O_DIRECT;
	if (share->options.preserve_noatime)
		count |= LX_O_NOATIME;
	flags &= count;
	if (s->flags & FUSE_WRITEBACK_CACHE &&
	    (flags & LX_O_ACCMODE) == LX_O_WRONLY)
		flags ^= LX_O_WRONLY | LX_O_RDWR;
	return flags;
}

int vfs_open_node(struct vfs_server *s, struct vfs_share *share,
		  struct lx_node *node, uint32_t flags, uint32_t open_flags,
		  struct lx_file **ret_file, uint32_t *ret_open_flags)
{
	uint32_t f = vfs_open_flags(s, share, flags);
	uint32_t fopen = share->open_flags;
	int err;

	if (open_flags & FUSE_OPEN_KILL_SUIDGID)
		f |= LX_O_KILL_PRIV;
	err = f & LX_O_TRUNC ? vfs_drop_capability(share, node) : 0;
	if (err)
		return err;
	err = lx_open(share->vol, node, f, ret_file);
	/*
	 * One that can be appended to only (chattr +a).  The guest must not
	 * gather what is written, as whole pages would be appended.
	 */
	if (err == -LX_EPERM && flags & LX_O_APPEND) {
		err = lx_open(share->vol, node, f | LX_O_APPEND, ret_file);
		fopen |= FOPEN_DIRECT_IO;
	}
	/* One that can be written only; the guest will have to do without. */
	if (err == -LX_EACCES && s->flags & FUSE_WRITEBACK_CACHE &&
	    (flags & LX_O_ACCMODE) == LX_O_WRONLY)
		err = lx_open(share->vol, node, f ^ (LX_O_RDWR | LX_O_WRONLY),
			      ret_file);
	if (!err)
		*ret_open_flags = fopen;
	return err;
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
	if (in->open_flags & FUSE_OPEN_KILL_SUIDGID)
		vfs_act_for(inode->key.share, req);
	err = vfs_handle_reserve(&s->handles, VFS_HANDLE_FILE, &handle);
	if (!err) {
		err = vfs_open_node(s, inode->key.share, inode->node, in->flags,
				    in->open_flags, &file,
				    &ret_open->open_flags);
		if (err)
			vfs_handle_cancel(&s->handles, handle);
	}
	if (!err)
		ret_open->fh = vfs_handle_open(handle, inode->key.share, file,
					       req->node);
	vfs_inode_put(s->inodes, inode);
	return vfs_note(s, "OPEN", err);
}

/* Locks go now, even where another request still uses the file. */
int vfs_release(void *fs, const struct fuse_request *req,
		const struct fuse_release_in *in)
{
	struct vfs_server *s = fs;
	struct vfs_handle *handle;
	int err;

	err = vfs_handle_get(&s->handles, in->fh, req->node, VFS_HANDLE_FILE,
			     &handle);
	if (err)
		return err;
	if (in->release_flags & FUSE_RELEASE_FLOCK_UNLOCK)
		vfs_handle_flock(handle, LX_F_UNLCK);
	vfs_handle_put(&s->handles, handle);
	vfs_locks_release(&s->locks, req->node, in->fh);
	return vfs_handle_release(&s->handles, in->fh, req->node,
				  VFS_HANDLE_FILE);
}

/* ---- READ, WRITE ------------------------------------------------------- */

typedef ssize_t (*io_fn)(struct lx_file *file, const struct iov *iov,
			 size_t count, uint64_t offset, uint32_t flags);

/* Move data between the file and all of mem, until the file comes up short. */
static ssize_t transfer(io_fn io, struct lx_file *file, struct iov_tail *mem,
			uint64_t offset, uint32_t flags)
{
	struct iov piece[VFS_IO_PIECES];
	size_t count, len;
	ssize_t total = 0, n;

	do {
		count = iov_tail_slice(mem, SIZE_MAX, piece, VFS_IO_PIECES,
				       &len);
		n = io(file, piece, count, offset + (uint64_t)total, flags);
		if (n == -LX_EAGAIN && flags & LX_NOWAIT)
			return n;
		if (n < 0)
			return total ? total : n;
		total += n;
		iov_tail_skip(mem, (size_t)n);
	} while (count == VFS_IO_PIECES && (size_t)n == len);
	return total;
}

/* What the guest's page cache writes goes where it was, not to the end. */
static uint32_t write_flags(const struct fuse_write_in *in)
{
	uint32_t flags = 0;

	if (in->write_flags & FUSE_WRITE_KILL_SUIDGID)
		flags |= LX_WRITE_KILL_PRIV;
	if (in->flags & LX_O_APPEND && !(in->write_flags & FUSE_WRITE_CACHE))
		flags |= LX_WRITE_APPEND;
	return flags;
}

/* The same until the end of the file, or an error, which counts. */
static ssize_t transfer_all(io_fn io, struct lx_file *file,
			    struct iov_tail *mem, uint64_t offset,
			    uint32_t flags)
{
	ssize_t total = 0, n;

	do {
		n = transfer(io, file, mem, offset + (uint64_t)total, flags);
		if (n < 0)
			return n;
		total += n;
	} while (n > 0 && iov_tail_size(mem));
	return total;
}

/* Until it is done, waiting or not. */
static ssize_t carry_out(const struct vfs_transfer *t, uint32_t flags)
{
	io_fn io = t->write ? lx_write : lx_read;
	struct iov_tail mem = t->mem;
	ssize_t n;

	if (!t->whole)
		return transfer(io, t->handle->file, &mem, t->offset, flags);
	n = transfer_all(io, t->handle->file, &mem, t->offset, flags);
	return n >= 0 && t->no_less && iov_tail_size(&mem) ? -LX_EIO : n;
}

/*
 * Where it shall not block, what would goes on by itself, or else on another
 * thread.  What does not get far without waiting is done anew, from the start.
 */
static ssize_t move(const struct fuse_request *req,
		    const struct vfs_transfer *t, uint32_t flags)
{
	const uint32_t as_told = LX_WRITE_APPEND | LX_WRITE_KILL_PRIV;
	ssize_t n;

	if (!req->nowait)
		return carry_out(t, flags);
	n = carry_out(t, flags | LX_NOWAIT | (req->slow ? LX_NOWAIT_SURE : 0));
	if (n != -LX_EAGAIN)
		return n;
	if (req->later && !(flags & as_told) && vfs_ring_go_on(req->later, t))
		return FUSE_GOES_ON;
	return FUSE_BLOCKS;
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
	/* What a READ comes short of is, to a guest, beyond the end. */
	n = move(req, &(struct vfs_transfer){
		.handles = &s->handles,
		.handle = handle,
		.mem = *dst,
		.offset = in->offset,
		.whole = true,
	}, 0);
	vfs_handle_put(&s->handles, handle);
	return n;
}

ssize_t vfs_write(void *fs, const struct fuse_request *req,
		  const struct fuse_write_in *in, struct iov_tail *src)
{
	struct vfs_server *s = fs;
	const bool cached = in->write_flags & FUSE_WRITE_CACHE;
	struct vfs_handle *handle;
	ssize_t n;
	int err;

	err = vfs_handle_get(&s->handles, in->fh, req->node, VFS_HANDLE_FILE,
			     &handle);
	if (err)
		return err;
	if (in->write_flags & FUSE_WRITE_KILL_SUIDGID)
		vfs_act_for(handle->share, req);
	n = lx_volume_read_only(handle->share->vol) ? -LX_EROFS : 0;
	if (!n)
		n = vfs_drop_capability_of(s, handle);
	/*
	 * A guest that writes back what it has kept does not look at how much
	 * was written.  So the rest is written too, or what prevents it is
	 * told.
	 */
	if (!n)
		n = move(req, &(struct vfs_transfer){
			.handles = &s->handles,
			.handle = handle,
			.mem = *src,
			.offset = in->offset,
			.write = true,
			.whole = cached,
			.no_less = cached,
		}, write_flags(in));
	vfs_handle_put(&s->handles, handle);
	return n;
}

/* ---- FLUSH, FSYNC ------------------------------------------------------ */

/*
 * Somebody has closed a descriptor of the file: by POSIX, that drops all the
 * record locks that he has on it.
 */
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
	vfs_locks_drop(&s->locks, req->node, in->lock_owner);
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
