/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_ring.h"

#include "common/bytes.h"
#include "common/limits.h"

#include <stdlib.h>

struct vfs_op {
	struct fuse_later later;
	struct vfs_ring *ring;
	struct virtio_chain *chain;
	struct vfs_op *next;            /* of those that are free */
	struct vfs_transfer transfer;
	struct lx_io io;
	size_t left;                    /* bytes, of the io's... */
	ssize_t done;                   /* ...and those before it */
	size_t first;                   /* of the pieces that are left */
	struct iov piece[VFS_IO_PIECES];
};

struct vfs_ring {
	struct lx_reserve *reserve;
	struct event *event;
	const struct log *log;
	struct lx_async *lx;             /* NULL: none, or not yet */
	bool tried;                     /* to take one */
	unsigned used;                  /* of op[]; the others are untouched */
	struct vfs_op *free;
	struct vfs_op op[VIRTIO_DETACHED_MAX];
};

_Static_assert(VIRTIO_DETACHED_MAX <= LX_ASYNC_MAX, "each has its place");

struct vfs_ring *vfs_ring_new(struct lx_reserve *reserve, struct event *event,
			      const struct log *log)
{
	struct vfs_ring *ring = calloc(1, sizeof(*ring));

	if (!ring)
		return NULL;
	ring->reserve = reserve;
	ring->event = event;
	ring->log = log;
	return ring;
}

void vfs_ring_free(struct vfs_ring *ring)
{
	if (!ring)
		return;
	lx_async_free(ring->lx);
	free(ring);
}

/* Is there one?  Takes it, if that was not tried before. */
static bool have_lx(struct vfs_ring *ring)
{
	int err;

	if (ring->tried)
		return ring->lx;
	ring->tried = true;
	err = lx_async_new(ring->reserve, ring->event, &ring->lx);
	if (err)
		log_debug(ring->log, LOG_VIRTIOFS,
			  "no ring for a queue, so what would block there goes to threads: %s",
			  lx_errname(err));
	return !err;
}

/* ---- operations -------------------------------------------------------- */

static void put_op(struct vfs_op *op)
{
	op->next = op->ring->free;
	op->ring->free = op;
}

struct fuse_later *vfs_ring_offer(struct vfs_ring *ring,
				  struct virtio_chain *chain)
{
	if (!ring->free) {
		if (ring->used == ARRAY_LEN(ring->op) ||
		    (ring->tried && !ring->lx))
			return NULL;
		ring->op[ring->used].ring = ring;
		put_op(&ring->op[ring->used++]);
	}
	ring->free->chain = chain;
	return &ring->free->later;
}

/* What is left, by one call. */
static bool add(struct vfs_op *op)
{
	op->io.offset = op->transfer.offset + (uint64_t)op->done;
	return lx_async_add(op->ring->lx, &op->io);
}

bool vfs_ring_go_on(struct fuse_later *later,
		    const struct vfs_transfer *transfer)
{
	struct vfs_op *op = container_of(later, struct vfs_op, later);
	const size_t size = iov_tail_size(&transfer->mem);

	if (!have_lx(op->ring))
		return false;
	op->transfer = *transfer;
	op->done = 0;
	op->first = 0;
	op->io = (struct lx_io){
		.file = transfer->handle->file,
		.iov = op->piece,
		.count = iov_tail_slice(&transfer->mem, size, op->piece,
					ARRAY_LEN(op->piece), &op->left),
		.write = transfer->write,
	};
	if (op->left < size || !add(op))
		return false;
	vfs_slot_ref(&transfer->handle->slot);
	op->ring->free = op->next;
	return true;
}

static void end(struct vfs_op *op, ssize_t n)
{
	struct virtio_chain *chain = op->chain;
	ssize_t used = VIRTIO_CHAIN_BLOCKS;

	vfs_handle_put(op->transfer.handles, op->transfer.handle);
	if (n != -LX_EAGAIN)
		used = fuse_later_end(&op->later, n);
	put_op(op);
	virtio_chain_end(chain, used);
}

/* The pieces begin n bytes, which they have, later. */
static void advance(struct vfs_op *op, size_t n)
{
	while (n >= op->piece[op->first].len) {
		n -= op->piece[op->first++].len;
		op->io.count--;
	}
	op->io.iov = &op->piece[op->first];
	op->piece[op->first].base = (char *)op->piece[op->first].base + n;
	op->piece[op->first].len -= n;
}

/* A call has ended with n.  Is there another one to begin? */
static bool ended(struct vfs_op *op, ssize_t n)
{
	const struct vfs_transfer *t = &op->transfer;

	if (n < 0) {
		end(op, n);
		return false;
	}
	op->done += n;
	op->left -= (size_t)n;
	if (!n || !op->left || !t->whole) {
		end(op, op->left && t->no_less ? -LX_EIO : op->done);
		return false;
	}
	advance(op, (size_t)n);
	if (add(op))
		return true;
	end(op, -LX_EAGAIN);
	return false;
}

void vfs_ring_progress(struct vfs_ring *ring, bool sleeps)
{
	bool more = ring->lx;
	struct lx_io *io;

	if (more)
		lx_async_arm(ring->lx, false);
	while (more) {
		lx_async_begin(ring->lx);
		more = false;
		while ((io = lx_async_next(ring->lx)))
			more |= ended(container_of(io, struct vfs_op, io),
				      io->n);
	}
	if (ring->lx && sleeps)
		lx_async_arm(ring->lx, true);
}

bool vfs_ring_progressed(const struct vfs_ring *ring)
{
	return ring->lx && lx_async_ready(ring->lx);
}
