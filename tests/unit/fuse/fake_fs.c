/* SPDX-License-Identifier: MIT */
#include "tests/unit/fuse/fake_fs.h"

__attribute__((format(printf, 2, 3)))
static int note(struct fake_fs *fs, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fs->len += (size_t)vsnprintf(fs->calls + fs->len,
				     sizeof(fs->calls) - fs->len, format, ap);
	va_end(ap);
	assert_true(fs->len < sizeof(fs->calls));
	return (int)fs->rc;
}

#define NODE ((int)req->node)

static void keep(struct fake_fs *fs, const void *bytes, size_t len)
{
	free(fs->data);
	fs->data = malloc(len ? len : 1);
	assert_non_null(fs->data);
	memcpy(fs->data, bytes, len);
	fs->dst_size = len;
}

static void make_entry(struct fuse_entry_out *e)
{
	static const struct fuse_entry_out zero;

	assert_memory_equal(e, &zero, sizeof(zero));
	e->nodeid = 0x1122;
	e->attr.ino = 0x3344;
	e->attr.flags = 0x5566;
}

static int entry(struct fake_fs *fs, struct fuse_entry_out *e)
{
	make_entry(e);
	return (int)fs->rc;
}

/* Likewise for what was created, and what else came with the request. */
static int created(struct fake_fs *fs, const struct fuse_request *req,
		   struct fuse_entry_out *e)
{
	if (req->umask)
		note(fs, "umask %o;", req->umask);
	if (req->has_group)
		note(fs, "group %u;", req->group);
	if (req->secctx_name) {
		note(fs, "secctx %s;", req->secctx_name);
		keep(fs, req->secctx, req->secctx_len);
	}
	return entry(fs, e);
}

static int attr(struct fake_fs *fs, struct fuse_attr_out *a)
{
	a->attr_valid = 0x77;
	a->attr.flags = 0x88;
	return (int)fs->rc;
}

static ssize_t fill(struct fake_fs *fs, struct iov_tail *dst)
{
	static const char text[] = "abcdefghijklmnopqrstuvwxyz";

	fs->dst_size = iov_tail_size(dst);
	for (size_t i = 0; i < fs->fill; i++)
		if (!iov_tail_write(dst, &text[i % 26], 1))
			break;
	return fs->rc;
}

static int fake_init(void *p, struct fuse_init_info *info)
{
	struct fake_fs *fs = p;

	fs->info = *info;
	info->flags |= fs->add;
	info->flags &= ~fs->remove;
	if (fs->max_write)
		info->max_write = fs->max_write;
	return note(fs, "init 7.%u;", info->minor);
}

static void fake_destroy(void *p)
{
	note(p, "destroy;");
}

static int fake_lookup(void *p, const struct fuse_request *req,
		       const char *name, struct fuse_entry_out *e)
{
	note(p, "lookup %d %s;", NODE, name);
	return entry(p, e);
}

static void fake_forget(void *p, uint64_t node, uint64_t count)
{
	note(p, "forget %llu %llu;", (unsigned long long)node,
	     (unsigned long long)count);
}

static int fake_getattr(void *p, const struct fuse_request *req,
			const struct fuse_getattr_in *in,
			struct fuse_attr_out *a)
{
	note(p, "getattr %d %u %d;", NODE, in->getattr_flags, (int)in->fh);
	return attr(p, a);
}

static int fake_setattr(void *p, const struct fuse_request *req,
			const struct fuse_setattr_in *in,
			struct fuse_attr_out *a)
{
	note(p, "setattr %d %u %u;", NODE, in->valid, in->gid);
	return attr(p, a);
}

static ssize_t fake_readlink(void *p, const struct fuse_request *req,
			     struct iov_tail *dst)
{
	note(p, "readlink %d;", NODE);
	return fill(p, dst);
}

static int fake_symlink(void *p, const struct fuse_request *req,
			const char *name, const char *target,
			struct fuse_entry_out *e)
{
	note(p, "symlink %d %s %s;", NODE, name,
	     strlen(target) < 99 ? target : "(long)");
	keep(p, target, strlen(target));
	return created(p, req, e);
}

static int fake_mknod(void *p, const struct fuse_request *req,
		      const struct fuse_mknod_in *in, const char *name,
		      struct fuse_entry_out *e)
{
	note(p, "mknod %d %s %o %u %o;", NODE, name, in->mode, in->rdev,
	     in->umask);
	return created(p, req, e);
}

static int fake_mkdir(void *p, const struct fuse_request *req,
		      const struct fuse_mkdir_in *in, const char *name,
		      struct fuse_entry_out *e)
{
	note(p, "mkdir %d %s %o %o;", NODE, name, in->mode, in->umask);
	return created(p, req, e);
}

static int fake_unlink(void *p, const struct fuse_request *req,
		       const char *name)
{
	return note(p, "unlink %d %s;", NODE, name);
}

static int fake_rmdir(void *p, const struct fuse_request *req,
		      const char *name)
{
	return note(p, "rmdir %d %s;", NODE, name);
}

static int fake_rename(void *p, const struct fuse_request *req,
		       const char *name, uint64_t new_dir,
		       const char *new_name, uint32_t flags)
{
	return note(p, "rename %d %s %d %s %u;", NODE, name, (int)new_dir,
		    new_name, flags);
}

static int fake_link(void *p, const struct fuse_request *req, uint64_t node,
		     const char *name, struct fuse_entry_out *e)
{
	note(p, "link %d %d %s;", NODE, (int)node, name);
	return entry(p, e);
}

static int fake_open(void *p, const struct fuse_request *req,
		     const struct fuse_open_in *in, struct fuse_open_out *o)
{
	o->fh = 0x99;
	return note(p, "open %d %u %u;", NODE, in->flags, in->open_flags);
}

static int fake_create(void *p, const struct fuse_request *req,
		       const struct fuse_create_in *in, const char *name,
		       struct fuse_entry_out *e, struct fuse_open_out *o)
{
	o->fh = 0x99;
	note(p, "create %d %s %u %o %o;", NODE, name, in->flags, in->mode,
	     in->umask);
	return created(p, req, e);
}

static ssize_t fake_read(void *p, const struct fuse_request *req,
			 const struct fuse_read_in *in, struct iov_tail *dst)
{
	note(p, "read %d %d %d %u;", NODE, (int)in->fh, (int)in->offset,
	     in->size);
	return fill(p, dst);
}

static ssize_t fake_write(void *p, const struct fuse_request *req,
			  const struct fuse_write_in *in,
			  struct iov_tail *src)
{
	struct fake_fs *fs = p;
	size_t size = iov_tail_size(src);
	uint8_t *copy = malloc(size + 1);

	note(fs, "write %d %d %d %u;", NODE, (int)in->fh, (int)in->offset,
	     in->size);
	assert_non_null(copy);
	assert_true(iov_tail_read(src, copy, size));
	keep(fs, copy, size);
	free(copy);
	return fs->rc;
}

static int fake_flush(void *p, const struct fuse_request *req,
		      const struct fuse_flush_in *in)
{
	return note(p, "flush %d %d;", NODE, (int)in->fh);
}

static int fake_release(void *p, const struct fuse_request *req,
			const struct fuse_release_in *in)
{
	return note(p, "release %d %d %u;", NODE, (int)in->fh, in->flags);
}

static int fake_fsync(void *p, const struct fuse_request *req,
		      const struct fuse_fsync_in *in)
{
	return note(p, "fsync %d %d %u;", NODE, (int)in->fh, in->fsync_flags);
}

static int fake_statfs(void *p, const struct fuse_request *req,
		       struct fuse_kstatfs *st)
{
	st->frsize = 0xabc;
	return note(p, "statfs %d;", NODE);
}

static int fake_access(void *p, const struct fuse_request *req,
		       const struct fuse_access_in *in)
{
	return note(p, "access %d %u;", NODE, in->mask);
}

static int fake_opendir(void *p, const struct fuse_request *req,
			const struct fuse_open_in *in,
			struct fuse_open_out *o)
{
	o->fh = 0x9a;
	return note(p, "opendir %d %u;", NODE, in->flags);
}

/* As many entries "f" as fit. */
static int fake_readdir(void *p, const struct fuse_request *req,
			const struct fuse_read_in *in, bool plus,
			struct fuse_dirents *dirents)
{
	struct fake_fs *fs = p;
	struct fuse_entry_out e = { 0 };
	uint64_t next = in->offset;

	make_entry(&e);
	fs->dst_size = dirents->left;
	while (fuse_dirents_add(dirents, 5, ++next, 8, "f", 1, &e))
		;
	return note(fs, "readdir%s %d %d;", plus ? "plus" : "", NODE,
		    (int)in->offset);
}

static int fake_releasedir(void *p, const struct fuse_request *req,
			   const struct fuse_release_in *in)
{
	return note(p, "releasedir %d %d;", NODE, (int)in->fh);
}

static int fake_fsyncdir(void *p, const struct fuse_request *req,
			 const struct fuse_fsync_in *in)
{
	return note(p, "fsyncdir %d %d;", NODE, (int)in->fh);
}

static int fake_setxattr(void *p, const struct fuse_request *req,
			 const struct fuse_setxattr_in *in, const char *name,
			 const void *value)
{
	keep(p, value, in->size);
	return note(p, "setxattr %d %s %u %u %u;", NODE, name, in->size,
		    in->flags, in->setxattr_flags);
}

static ssize_t fake_getxattr(void *p, const struct fuse_request *req,
			     const char *name, struct iov_tail *dst)
{
	note(p, "getxattr %d %s;", NODE, name);
	return fill(p, dst);
}

static ssize_t fake_listxattr(void *p, const struct fuse_request *req,
			      struct iov_tail *dst)
{
	note(p, "listxattr %d;", NODE);
	return fill(p, dst);
}

static int fake_removexattr(void *p, const struct fuse_request *req,
			    const char *name)
{
	return note(p, "removexattr %d %s;", NODE, name);
}

/* ---- ranges, locks, and other attributes ------------------------------- */

static int fake_fallocate(void *p, const struct fuse_request *req,
			  const struct fuse_fallocate_in *in)
{
	return note(p, "fallocate %d %d %d %d %u;", NODE, (int)in->fh,
		    (int)in->offset, (int)in->length, in->mode);
}

static int fake_lseek(void *p, const struct fuse_request *req,
		      const struct fuse_lseek_in *in, uint64_t *offset)
{
	*offset = 0x123456789abcull;
	return note(p, "lseek %d %d %d %u;", NODE, (int)in->fh,
		    (int)in->offset, in->whence);
}

static int64_t fake_copy_file_range(void *p, const struct fuse_request *req,
				    const struct fuse_copy_file_range_in *in)
{
	struct fake_fs *fs = p;

	note(fs, "copy %d %d %d to %d %d %d, %#llx %u;", NODE, (int)in->fh_in,
	     (int)in->off_in, (int)in->nodeid_out, (int)in->fh_out,
	     (int)in->off_out, (unsigned long long)in->len,
	     (unsigned)in->flags);
	return fs->rc;
}

static int fake_syncfs(void *p, const struct fuse_request *req)
{
	return note(p, "syncfs %d;", NODE);
}

static int fake_tmpfile(void *p, const struct fuse_request *req,
			const struct fuse_create_in *in,
			struct fuse_entry_out *e, struct fuse_open_out *o)
{
	o->fh = 0x9b;
	note(p, "tmpfile %d %u %o;", NODE, in->flags, in->mode);
	return created(p, req, e);
}

static int fake_statx(void *p, const struct fuse_request *req,
		      const struct fuse_statx_in *in,
		      struct fuse_statx_out *out)
{
	out->attr_valid = 0x79;
	out->stat.dev_minor = 0x7a;
	return note(p, "statx %d %u %d %u %u;", NODE, in->getattr_flags,
		    (int)in->fh, in->sx_flags, in->sx_mask);
}

static ssize_t fake_ioctl(void *p, const struct fuse_request *req,
			  const struct fuse_ioctl_in *in, const void *data,
			  struct iov_tail *dst)
{
	note(p, "ioctl %d %d %u %u %u;", NODE, (int)in->fh, in->cmd,
	     in->in_size, in->out_size);
	keep(p, data, in->in_size);
	return fill(p, dst);
}

static int fake_getlk(void *p, const struct fuse_request *req,
		      const struct fuse_lk_in *in,
		      struct fuse_file_lock *lock)
{
	lock->end = 0x7b;
	lock->pid = 0x7c;
	return note(p, "getlk %d %d %d %d-%d %u;", NODE, (int)in->fh,
		    (int)in->owner, (int)in->lk.start, (int)in->lk.end,
		    in->lk.type);
}

static int fake_setlk(void *p, const struct fuse_request *req,
		      const struct fuse_lk_in *in)
{
	return note(p, "setlk %d %d %d %d-%d %u %u;", NODE, (int)in->fh,
		    (int)in->owner, (int)in->lk.start, (int)in->lk.end,
		    in->lk.type, in->lk_flags);
}

static void fake_setlkw_dropped(void *p, const struct fuse_request *req)
{
	note(p, "dropped %d %d;", NODE, (int)req->unique);
}

const struct fuse_ops fake_fs_ops = {
	.init = fake_init,
	.destroy = fake_destroy,
	.lookup = fake_lookup,
	.forget = fake_forget,
	.getattr = fake_getattr,
	.setattr = fake_setattr,
	.readlink = fake_readlink,
	.symlink = fake_symlink,
	.mknod = fake_mknod,
	.mkdir = fake_mkdir,
	.unlink = fake_unlink,
	.rmdir = fake_rmdir,
	.rename = fake_rename,
	.link = fake_link,
	.open = fake_open,
	.create = fake_create,
	.read = fake_read,
	.write = fake_write,
	.flush = fake_flush,
	.release = fake_release,
	.fsync = fake_fsync,
	.statfs = fake_statfs,
	.access = fake_access,
	.opendir = fake_opendir,
	.readdir = fake_readdir,
	.releasedir = fake_releasedir,
	.fsyncdir = fake_fsyncdir,
	.setxattr = fake_setxattr,
	.getxattr = fake_getxattr,
	.listxattr = fake_listxattr,
	.removexattr = fake_removexattr,
	.fallocate = fake_fallocate,
	.lseek = fake_lseek,
	.copy_file_range = fake_copy_file_range,
	.syncfs = fake_syncfs,
	.tmpfile = fake_tmpfile,
	.statx = fake_statx,
	.ioctl = fake_ioctl,
	.getlk = fake_getlk,
	.setlk = fake_setlk,
	.setlkw_dropped = fake_setlkw_dropped,
};
