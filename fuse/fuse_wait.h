/* SPDX-License-Identifier: MIT */
/*
 * fuse_wait.h - requests that wait for a lock (SETLKW), and what interrupts
 * them.
 *
 * Such a request is not held: its transport dispatches it again and again
 * until the lock is free.  What must be known meanwhile is only that INTERRUPT
 * has named it.  An INTERRUPT may overtake its request, so the last ones that
 * met nobody are remembered; no number is used twice in a mount.
 *
 * A transport may drop a request (a queue was reset) and does not say so: when
 * there is no place left, one that was not heard of for long is taken over.
 */
#ifndef FUSE_FUSE_WAIT_H
#define FUSE_FUSE_WAIT_H

#include "common/limits.h"
#include "common/save.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUSE_WAIT_STALE_MS 10000        /* its transport has dropped it */
#define FUSE_EARLY_INTERRUPTS 64

struct fuse_waits {
	pthread_mutex_t lock;           /* a leaf; guards all that follows */
	size_t count;
	struct {
		uint64_t unique;
		uint64_t seen_ms;       /* when it was last dispatched */
		bool interrupted;
	} wait[FUSE_WAITS_MAX];
	size_t early_next;
	uint64_t early[FUSE_EARLY_INTERRUPTS];
};

void fuse_waits_init(struct fuse_waits *w);
void fuse_waits_done(struct fuse_waits *w);

/*
 * The request cannot be answered yet.  now_ms is of any clock that does not go
 * backwards.  0: it waits (on); -LX_EINTR: it has been interrupted and waits no
 * more; -LX_ENOLCK: too many wait.
 */
int fuse_waits_on(struct fuse_waits *w, uint64_t unique, uint64_t now_ms);
/* The request is answered, whether it waited or not. */
void fuse_waits_end(struct fuse_waits *w, uint64_t unique);

void fuse_waits_interrupt(struct fuse_waits *w, uint64_t unique);

/*
 * As a record of a session's saved state.  From there, everybody is taken to
 * have been heard of just now.
 */
void fuse_waits_save(struct fuse_waits *w, struct save_writer *writer);
int fuse_waits_restore(struct fuse_waits *w, struct save_reader *r,
		       uint64_t now_ms);

/* The mount is gone, and all that it waited for. */
void fuse_waits_clear(struct fuse_waits *w);

#endif
