/* SPDX-License-Identifier: MIT */
/*
 * lx_async.h - reads and writes that go on by themselves: a thread begins many
 * of them by one system call, and gets them back as they end.  It never waits
 * for one, and no other thread does.  Not every host, nor every file, has that.
 *
 * What was added begins with lx_async_begin().  What has ended is taken by
 * lx_async_next(), in the order of ending.  Before the thread sleeps it arms
 * the thing, asks once more, and then waits for the event, which the host
 * signals.
 *
 * Used by one thread at a time, but for the reserve.
 */
#ifndef LXUTIL_LX_ASYNC_H
#define LXUTIL_LX_ASYNC_H

#include "common/event.h"
#include "lxutil/lx_volume.h"

struct lx_async;
struct lx_reserve;

/* So many transfers go on at a time, at most. */
#define LX_ASYNC_MAX 64u

/* One transfer.  It and all that it points to stays until it has ended. */
struct lx_io {
	struct lx_file *file;
	const struct iov *iov;
	size_t count;
	uint64_t offset;
	bool write;
	/*
	 * What came of it: as by one preadv(2) or pwritev(2), so it may be
	 * short of what there is.  -LX_EAGAIN: nothing, try it otherwise.
	 */
	ssize_t n;
};

/*
 * Make `count` (> 0) of them, or as many as can be had, as long as the process
 * may: later it may have lost the right to.  0; or why there is not one:
 * -LX_EOPNOTSUPP where the host has none, else most often -LX_EPERM or
 * -LX_ENOMEM.
 */
int lx_reserve_new(unsigned count, struct lx_reserve **ret_reserve);
/* All are back.  NULL is allowed. */
void lx_reserve_free(struct lx_reserve *reserve);

/*
 * Take one from the reserve.  It signals the event, which is borrowed.
 * -LX_ENFILE: all are taken; or why the event cannot hear of it.
 */
int lx_async_new(struct lx_reserve *reserve, struct event *event,
		 struct lx_async **ret_async);
/* Give it back; no transfer is under way.  NULL is allowed. */
void lx_async_free(struct lx_async *async);

/*
 * Add a transfer; there are less than LX_ASYNC_MAX.  False: not with that file,
 * or not in so many pieces.
 */
bool lx_async_add(struct lx_async *async, struct lx_io *io);

/*
 * Begin all that were added.  Where the host has no memory for that now, some
 * are left for the next call.
 */
void lx_async_begin(struct lx_async *async);

/* One that has ended, or NULL. */
struct lx_io *lx_async_next(struct lx_async *async);

/*
 * Is there one to take, or one that lx_async_begin() has left?  Costs little.
 */
bool lx_async_ready(const struct lx_async *async);

/* The event is signalled from now on when one ends, or not any more. */
void lx_async_arm(struct lx_async *async, bool on);

#endif
