/* SPDX-License-Identifier: MIT */
/*
 * vfs_dir.c - reading directories.
 *
 * READDIR sends names only and counts no lookup.  READDIRPLUS looks each entry
 * up, after it is known to fit, so that every lookup that is counted is told.
 * No entry makes it fail: one that cannot be looked up is sent without a node
 * (node id 0), and the guest gets the error when it uses the name.
 */
#include "virtio/fs/vfs_private.h"

#include <string.h>

int vfs_opendir(void *fs, const struct fuse_request *req,
		const struct fuse_open_in *in, struct fuse_open_out *ret_open)
{
	struct vfs_server *s = fs;
	struct vfs_inode *inode = vfs_inode_get(s->inodes, req->node);
	struct vfs_handle *handle;
	struct lx_file *file;
	int err;

	(void)in;               /* a directory is only ever read */
	if (!inode)
		return -LX_ESTALE;
	err = vfs_handle_reserve(&s->handles, VFS_HANDLE_DIR, &handle);
	if (!err) {
		err = lx_opendir(vfs_vol(inode), inode->node, &file);
		if (err)
			vfs_handle_cancel(&s->handles, handle);
	}
	if (!err) {
		ret_open->fh = vfs_handle_open(handle, inode->key.share, file,
					       req->node);
		ret_open->open_flags = inode->key.share->opendir_flags;
	}
	vfs_inode_put(s->inodes, inode);
	return vfs_note(s, "OPENDIR", err);
}

int vfs_releasedir(void *fs, const struct fuse_request *req,
		   const struct fuse_release_in *in)
{
	struct vfs_server *s = fs;

	return vfs_handle_release(&s->handles, in->fh, req->node,
				  VFS_HANDLE_DIR);
}

int vfs_fsyncdir(void *fs, const struct fuse_request *req,
		 const struct fuse_fsync_in *in)
{
	struct vfs_server *s = fs;
	struct vfs_handle *handle;
	int err;

	err = vfs_handle_get(&s->handles, in->fh, req->node, VFS_HANDLE_DIR,
			     &handle);
	if (err)
		return err;
	err = lx_fsync(handle->file, in->fsync_flags & FUSE_FSYNC_FDATASYNC);
	vfs_handle_put(&s->handles, handle);
	return vfs_note(s, "FSYNCDIR", err);
}

/* ---- READDIR, READDIRPLUS ---------------------------------------------- */

struct reading {
	struct vfs_server *s;
	struct vfs_inode *dir;
	bool plus;
	struct fuse_dirents *dirents;
	uint64_t next;                  /* after the last entry seen */
	bool seen;                      /* was there one? */
	bool packed;
};

static bool is_dots(const struct lx_dirent *entry)
{
	return !strcmp(entry->name, ".") || !strcmp(entry->name, "..");
}

/* Look an entry up for READDIRPLUS; false: there is none any more. */
static bool look_up(struct reading *r, const struct lx_dirent *entry,
		    struct fuse_entry_out *out)
{
	struct lx_stat st;
	int err = 0;

	memset(out, 0, sizeof(*out));
	if (!is_dots(entry)) {
		err = lx_stat_name(vfs_vol(r->dir), r->dir->node, entry->name,
				   &st);
		if (!err)
			err = vfs_enter(r->s, r->dir, entry->name, &st, out);
	}
	if (!out->nodeid) {
		out->attr.ino = entry->ino;
		out->attr.mode = entry->type << 12;
	}
	return err != -LX_ENOENT;
}

/* Pack one entry; false: it does not fit. */
static bool add_entry(void *ctx, const struct lx_dirent *entry)
{
	struct reading *r = ctx;
	struct lx_dirent e = *entry;
	struct fuse_entry_out out;

	if (!fuse_dirents_fits(r->dirents, e.namelen))
		return false;
	r->seen = true;
	r->next = e.next;
	if (e.namelen > LX_NAME_MAX)
		return true;    /* no guest could use it */
	/* What is above the root is nobody's business. */
	if (vfs_is_top(r->dir) && !strcmp(e.name, ".."))
		e.ino = r->dir->key.ino;
	e.ino ^= r->dir->key.share->ino_mask;
	if (r->plus && !look_up(r, &e, &out))
		return true;
	if (!fuse_dirents_add(r->dirents, e.ino, e.next, e.type, e.name,
			      e.namelen, &out))
		return false;
	r->packed = true;
	return true;
}

/*
 * An empty reply is the end of the directory, so where all entries are left
 * out, go on.
 */
static int read_entries(struct reading *r, struct vfs_handle *handle,
			uint64_t offset)
{
	int err;

	r->next = offset;
	pthread_mutex_lock(&handle->lock);
	do {
		r->seen = false;
		err = lx_readdir(handle->file, r->next, add_entry, r);
	} while (!err && r->seen && !r->packed && !r->dirents->full);
	pthread_mutex_unlock(&handle->lock);
	if (r->packed)
		return 0;       /* an error comes again with the next request */
	/* cppcheck-suppress uninitvar ; the loop has set it */
	return !err && r->dirents->full ? -LX_EINVAL : err;
}

int vfs_readdir(void *fs, const struct fuse_request *req,
		const struct fuse_read_in *in, bool plus,
		struct fuse_dirents *dirents)
{
	struct vfs_server *s = fs;
	struct reading r = { .s = s, .plus = plus, .dirents = dirents };
	struct vfs_handle *handle;
	int err;

	err = vfs_handle_get(&s->handles, in->fh, req->node, VFS_HANDLE_DIR,
			     &handle);
	if (err)
		return err;
	r.dir = vfs_inode_get(s->inodes, req->node);
	if (r.dir) {
		err = read_entries(&r, handle, in->offset);
		vfs_inode_put(s->inodes, r.dir);
	} else {
		err = -LX_ESTALE;
	}
	vfs_handle_put(&s->handles, handle);
	return vfs_note(s, "READDIR", err);
}
