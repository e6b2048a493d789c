/* SPDX-License-Identifier: MIT */
/*
 * lx_io.c - reading and writing.
 *
 * Some file systems do not know RWF_NOWAIT, for reading or for writing.  That
 * is remembered for the file, and for those that are opened later, as most are
 * on the same file system; what has become of the last try counts.  Nor is it
 * of use for files whose every read or write waits: with O_DIRECT it waits for
 * the disk all the same.
 */
#include "common/bytes.h"
#include "lxutil/linux/lx_cred.h"
#include "lxutil/linux/lx_node.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/uio.h>

_Static_assert(sizeof(struct iov) == sizeof(struct iovec) &&
	       offsetof(struct iov, base) == offsetof(struct iovec, iov_base) &&
	       offsetof(struct iov, len) == offsetof(struct iovec, iov_len),
	       "struct iov is struct iovec");

enum { READS = 1, WRITES = 2 };         /* in `blind` */

/*
 * Does the file system begin transfers past the page cache without waiting for
 * anybody?  Where it has to be asked by a server or over a network, to begin
 * may wait as long as the whole.
 */
static bool is_asynchronous(int fd)
{
	struct statfs st;

	if (fstatfs(fd, &st))
		return false;
	switch ((uint32_t)st.f_type) {
	case BTRFS_SUPER_MAGIC:
	case EXT4_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
		return true;
	default:
		return false;
	}
}

void lx_io_init(struct lx_file *file, int flags)
{
	unsigned blind = atomic_load_explicit(&file->vol->blind,
					      memory_order_relaxed);

	if (flags & O_DIRECT)
		blind |= READS | WRITES;
	if (flags & (O_DSYNC | O_SYNC | O_APPEND))
		blind |= WRITES;
	atomic_init(&file->blind, blind);
	file->direct = 0;
	if (flags & O_DIRECT && is_asynchronous(file->fd))
		file->direct = flags & (O_DSYNC | O_SYNC | O_APPEND) ?
				       READS : READS | WRITES;
}

bool lx_io_goes_on(const struct lx_file *file, bool write)
{
	unsigned kind = write ? WRITES : READS;

	return file->direct & kind ||
	       !(atomic_load_explicit(&file->blind, memory_order_relaxed) &
		 kind);
}

typedef ssize_t (*vector_io)(int fd, const struct iovec *iov, int count,
			     off_t offset);

/*
 * One call unless there are more pieces than the kernel takes at once.  Ends
 * at the first short count; an error counts only where nothing was moved.
 */
static ssize_t transfer(struct lx_file *file, const struct iov *iov,
			size_t count, uint64_t offset, vector_io io)
{
	ssize_t total = 0;

	if (offset > INT64_MAX)
		return -LX_EINVAL;
	do {
		size_t pieces = MIN(count, IOV_MAX), want = 0;
		ssize_t n;

		do {
			n = io(file->fd, (const struct iovec *)iov,
			       (int)pieces, (off_t)offset + total);
		} while (n < 0 && errno == EINTR);
		if (n < 0)
			return total ? total : lx_error();
		total += n;
		count -= pieces;
		for (size_t i = 0; count && i < pieces; i++)
			want += iov[i].len;
		if (count && (size_t)n < want)
			break;
		iov += pieces;
	} while (count);
	return total;
}

/* ---- without waiting --------------------------------------------------- */

static ssize_t read_now(int fd, const struct iovec *iov, int count,
			off_t offset)
{
	return preadv2(fd, iov, count, offset, RWF_NOWAIT);
}

static ssize_t write_now(int fd, const struct iovec *iov, int count,
			 off_t offset)
{
	return pwritev2(fd, iov, count, offset, RWF_NOWAIT);
}

/* Only what changes is written: many threads read it. */
static void remember(_Atomic unsigned *blind, unsigned kind, bool is)
{
	unsigned now = atomic_load_explicit(blind, memory_order_relaxed);

	if (is != !!(now & kind))
		atomic_store_explicit(blind, now ^ kind, memory_order_relaxed);
}

static size_t size_of(const struct iov *iov, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += iov[i].len;
	return size;
}

/* -LX_EOPNOTSUPP: the file is blind. */
static ssize_t try_now(struct lx_file *file, const struct iov *iov,
		       size_t count, uint64_t offset, unsigned kind)
{
	ssize_t n;

	if (atomic_load_explicit(&file->blind, memory_order_relaxed) & kind ||
	    count > IOV_MAX)
		return -LX_EOPNOTSUPP;
	n = transfer(file, iov, count, offset,
		     kind == READS ? read_now : write_now);
	remember(&file->blind, kind, n == -LX_EOPNOTSUPP);
	remember(&file->vol->blind, kind, n == -LX_EOPNOTSUPP);
	/* Whether there is more to read, the next call tells. */
	if (n < 0 || kind == READS || (size_t)n == size_of(iov, count))
		return n;
	return -LX_EAGAIN;
}

/* ---- reading and writing ----------------------------------------------- */

ssize_t lx_read(struct lx_file *file, const struct iov *iov, size_t count,
		uint64_t offset, uint32_t flags)
{
	ssize_t n;

	if (flags & LX_NOWAIT) {
		n = try_now(file, iov, count, offset, READS);
		if (n != -LX_EOPNOTSUPP)
			return n;
		if (flags & LX_NOWAIT_SURE)
			return -LX_EAGAIN;
	}
	return transfer(file, iov, count, offset, preadv);
}

static ssize_t append(int fd, const struct iovec *iov, int count, off_t offset)
{
	return pwritev2(fd, iov, count, offset, RWF_APPEND);
}

ssize_t lx_write(struct lx_file *file, const struct iov *iov, size_t count,
		 uint64_t offset, uint32_t flags)
{
	ssize_t n = -LX_EOPNOTSUPP;
	int err = lx_cred_fsetid(!(flags & LX_WRITE_KILL_PRIV));

	if (err)
		return err;
	/* What was appended could not be done anew. */
	if (flags & LX_NOWAIT && !(flags & LX_WRITE_APPEND))
		n = try_now(file, iov, count, offset, WRITES);
	if (n != -LX_EOPNOTSUPP)
		return n;
	if (flags & LX_NOWAIT_SURE)
		return -LX_EAGAIN;
	return transfer(file, iov, count, offset,
			flags & LX_WRITE_APPEND ? append : pwritev);
}
