/* SPDX-License-Identifier: MIT */
/*
 * vfs_range.c - operations on ranges of open files: FALLOCATE, LSEEK,
 * COPY_FILE_RANGE.
 */
#include "common/bytes.h"
#include "common/limits.h"
#include "virtio/fs/vfs_private.h"

/*
 * May setuid and setgid bits stay?  WRITE, OPEN and SETATTR say what becomes
 * of them; FALLOCATE and COPY_FILE_RANGE do not, and the guest leaves it to
 * the server all the same (FUSE_HANDLE_KILLPRIV_V2).  So they go, but for
 * root, who is taken to have CAP_FSETID, as where files are created.  (With
 * FUSE_ALLOW_IDMAP nobody is known to be root here.)
 */
static bool kill_priv(const struct vfs_server *s,
		      const struct vfs_share *share,
		      const struct fuse_request *req)
{
	bool kill = s->flags & FUSE_HANDLE_KILLPRIV_V2 && req->uid != 0;

	if (kill)
		vfs_act_for(share, req);
	return kill;
}

int vfs_fallocate(void *fs, const struct fuse_request *req,
		  const struct fuse_fallocate_in *in)
{
	struct vfs_server *s = fs;
	struct vfs_handle *handle;
	int err;

	err = vfs_handle_get(&s->handles, in->fh, req->node, VFS_HANDLE_FILE,
			     &handle);
	if (err)
		return err;
	if (lx_volume_read_only(handle->share->vol))
		err = -LX_EROFS;
	if (!err)
		err = vfs_drop_capability_of(s, handle);
	if (!err)
		err = lx_fallocate(handle->file, in->mode, in->offset,
				   in->length,
				   kill_priv(s, handle->share, req));
	vfs_handle_put(&s->handles, handle);
	return vfs_note(s, "FALLOCATE", err);
}

int vfs_lseek(void *fs, const struct fuse_request *req,
	      const struct fuse_lseek_in *in, uint64_t *ret_offset)
{
	struct vfs_server *s = fs;
	struct vfs_handle *handle;
	int err;

	err = vfs_handle_get(&s->handles, in->fh, req->node, VFS_HANDLE_FILE,
			     &handle);
	if (err)
		return err;
	err = lx_lseek(handle->file, in->offset, in->whence, ret_offset);
	vfs_handle_put(&s->handles, handle);
	return err;
}

int64_t vfs_copy_file_range(void *fs, const struct fuse_request *req,
			    const struct fuse_copy_file_range_in *in)
{
	struct vfs_server *s = fs;
	struct vfs_handle *from, *to;
	int64_t n;
	int err;

	if (in->flags)
		return -LX_EINVAL;
	err = vfs_handle_get(&s->handles, in->fh_in, req->node, VFS_HANDLE_FILE,
			     &from);
	if (err)
		return err;
	err = vfs_handle_get(&s->handles, in->fh_out, in->nodeid_out,
			     VFS_HANDLE_FILE, &to);
	if (err) {
		vfs_handle_put(&s->handles, from);
		return err;
	}
	n = lx_volume_read_only(to->share->vol) ? -LX_EROFS : 0;
	if (!n)
		n = vfs_drop_capability_of(s, to);
	if (!n)
		n = lx_copy_range(from->file, in->off_in, to->file,
				  in->off_out, MIN(in->len, VFS_COPY_MAX),
				  kill_priv(s, to->share, req));
	vfs_handle_put(&s->handles, to);
	vfs_handle_put(&s->handles, from);
	return n;
}
