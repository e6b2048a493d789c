/* SPDX-License-Identifier: MIT */
/*
 * Ranges of a file: what the host's kernel checks (signs, overflows, what the
 * file system can do) is passed to it as it comes, since its answers are the
 * ones that a program on the host would get.
 */
#include "lxutil/linux/lx_node.h"

#include "common/bytes.h"
#include "lxutil/linux/lx_cred.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <sys/types.h>
#include <unistd.h>

#define FALLOC_MODES \
	(LX_FALLOC_FL_KEEP_SIZE | LX_FALLOC_FL_PUNCH_HOLE | \
	 LX_FALLOC_FL_COLLAPSE_RANGE | LX_FALLOC_FL_ZERO_RANGE | \
	 LX_FALLOC_FL_INSERT_RANGE | LX_FALLOC_FL_UNSHARE_RANGE)

_Static_assert(LX_FALLOC_FL_KEEP_SIZE == FALLOC_FL_KEEP_SIZE &&
	       LX_FALLOC_FL_PUNCH_HOLE == FALLOC_FL_PUNCH_HOLE &&
	       LX_FALLOC_FL_COLLAPSE_RANGE == FALLOC_FL_COLLAPSE_RANGE &&
	       LX_FALLOC_FL_ZERO_RANGE == FALLOC_FL_ZERO_RANGE &&
	       LX_FALLOC_FL_INSERT_RANGE == FALLOC_FL_INSERT_RANGE &&
	       LX_FALLOC_FL_UNSHARE_RANGE == FALLOC_FL_UNSHARE_RANGE,
	       "fallocate() modes");

int lx_fallocate(struct lx_file *file, uint32_t mode, uint64_t offset,
		 uint64_t len, bool kill_priv)
{
	int err;

	if (mode & ~FALLOC_MODES)
		return -LX_EOPNOTSUPP;
	err = lx_cred_fsetid(!kill_priv);
	if (err)
		return err;
	do {
		err = fallocate(file->fd, (int)mode, (off_t)offset,
				(off_t)len) ? lx_error() : 0;
	} while (err == -LX_EINTR);
	return err;
}

int lx_lseek(struct lx_file *file, uint64_t offset, uint32_t whence,
	     uint64_t *ret_offset)
{
	static const int host[] = {
		[LX_SEEK_SET] = SEEK_SET,
		[LX_SEEK_END] = SEEK_END,
		[LX_SEEK_DATA] = SEEK_DATA,
		[LX_SEEK_HOLE] = SEEK_HOLE,
	};
	off_t pos;

	/* An open directory's position is lx_readdir()'s. */
	if (file->dir || whence >= ARRAY_LEN(host) || whence == LX_SEEK_CUR)
		return -LX_EINVAL;
	pos = lseek(file->fd, (off_t)offset, host[whence]);
	if (pos < 0)
		return lx_error();
	*ret_offset = (uint64_t)pos;
	return 0;
}

int64_t lx_copy_range(struct lx_file *from, uint64_t from_offset,
		      struct lx_file *to, uint64_t to_offset, uint64_t len,
		      bool kill_priv)
{
	off_t from_pos = (off_t)from_offset, to_pos = (off_t)to_offset;
	ssize_t n;
	int err;

	if (from_offset > INT64_MAX || to_offset > INT64_MAX)
		return -LX_EINVAL;
	err = lx_cred_fsetid(!kill_priv);
	if (err)
		return err;
	do {
		n = copy_file_range(from->fd, &from_pos, to->fd, &to_pos,
				    (size_t)MIN(len, (uint64_t)SSIZE_MAX), 0);
		err = n < 0 ? lx_error() : 0;
	} while (err == -LX_EINTR);
	return err ? err : n;
}
