/* SPDX-License-Identifier: MIT */
/*
 * vfs_statx.c - STATX: attributes with the time of birth and what chattr(1)
 * sets.
 *
 * All that the host tells is answered, whatever the mask asks for: it costs
 * nothing, and statx(2) allows it.
 */
#include "virtio/fs/vfs_private.h"

/* Attributes of the file; those of its mount are not the guest's. */
#define ATTRIBUTES \
	(LX_STATX_ATTR_COMPRESSED | LX_STATX_ATTR_IMMUTABLE | \
	 LX_STATX_ATTR_APPEND | LX_STATX_ATTR_NODUMP | \
	 LX_STATX_ATTR_ENCRYPTED | LX_STATX_ATTR_VERITY)

static struct fuse_sx_time time_out(const struct lx_time *t)
{
	return (struct fuse_sx_time){ .tv_sec = t->sec, .tv_nsec = t->nsec };
}

static void fill(const struct vfs_share *share, const struct lx_stat *st,
		 struct fuse_statx *stx)
{
	*stx = (struct fuse_statx){
		.mask = LX_STATX_BASIC_STATS,
		.blksize = st->blksize,
		.attributes = st->attributes & ATTRIBUTES,
		.attributes_mask = st->attributes_mask & ATTRIBUTES,
		.nlink = st->nlink,
		.uid = vfs_idmap_to_guest(share->options.uid_map, st->uid),
		.gid = vfs_idmap_to_guest(share->options.gid_map, st->gid),
		.mode = (uint16_t)st->mode,
		.ino = st->ino ^ share->ino_mask,
		.size = st->size,
		.blocks = st->blocks,
		.atime = time_out(&st->atime),
		.ctime = time_out(&st->ctime),
		.mtime = time_out(&st->mtime),
		.rdev_major = st->rdev_major,
		.rdev_minor = st->rdev_minor,
	};
	if (st->has_btime) {
		stx->mask |= LX_STATX_BTIME;
		stx->btime = time_out(&st->btime);
	}
}

void vfs_fill_statx_out(const struct vfs_share *share, const struct lx_stat *st,
			struct fuse_statx_out *ret_stx)
{
	const struct lx_time *timeout = vfs_attr_timeout(share, st);

	ret_stx->attr_valid = (uint64_t)timeout->sec;
	ret_stx->attr_valid_nsec = timeout->nsec;
	fill(share, st, &ret_stx->stat);
}

int vfs_statx(void *fs, const struct fuse_request *req,
	      const struct fuse_statx_in *in, struct fuse_statx_out *ret_stx)
{
	const struct vfs_share *share;
	struct lx_stat st;
	int err;

	err = vfs_stat(fs, req->node, in->getattr_flags, in->fh, &share, &st);
	if (!err)
		vfs_fill_statx_out(share, &st, ret_stx);
	return err;
}
