/* SPDX-License-Identifier: MIT */
#include "fuse/fuse_dirent.h"

#include "common/bytes.h"

/* Bytes of an entry with a name of this length, padding included. */
static size_t entry_size(const struct fuse_dirents *d, size_t namelen)
{
	size_t plus = d->plus ? sizeof(struct fuse_entry_out) : 0;

	return plus + FUSE_REC_ALIGN(sizeof(struct fuse_dirent) + namelen);
}

bool fuse_dirents_fits(struct fuse_dirents *d, size_t namelen)
{
	/* The first test keeps the sum below from wrapping. */
	if (namelen > d->left || entry_size(d, namelen) > d->left)
		d->full = true;
	return !d->full;
}

bool fuse_dirents_add(struct fuse_dirents *d, uint64_t ino, uint64_t next,
		      uint32_t type, const char *name, size_t namelen,
		      const struct fuse_entry_out *entry)
{
	const struct fuse_dirent head = {
		.ino = ino,
		.off = next,
		.namelen = (uint32_t)namelen,
		.type = type,
	};
	size_t size = sizeof(head) + namelen;

	if (!fuse_dirents_fits(d, namelen))
		return false;
	if (d->plus)
		iov_tail_write(d->dst, entry, sizeof(*entry));
	iov_tail_write(d->dst, &head, sizeof(head));
	iov_tail_write(d->dst, name, namelen);
	iov_tail_zero(d->dst, FUSE_REC_ALIGN(size) - size);
	d->left -= entry_size(d, namelen);
	if (d->said)
		fuse_said_entry(d->said, name, namelen);
	return true;
}
