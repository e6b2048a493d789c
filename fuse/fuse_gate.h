/* SPDX-License-Identifier: MIT */
/*
 * fuse_gate.h - many requests at a time, or one INIT or DESTROY.
 *
 * A reader-writer lock that costs a reader one atomic operation on a cache
 * line that is its own, and no system call.  Who passes the gate claims a
 * slot, by a compare-and-swap that also orders it against the state, and gives
 * it back by a plain store, as nobody else writes a claimed slot.  Threads
 * begin to look for a free one at different places, so that each mostly finds
 * its own.  When all are taken, a shared counter serves.
 *
 * Whoever stops the gate sets the state first and then waits until every slot
 * is free.  A request claims its slot first and then looks at the state.  In
 * the one order of these four one of both sees the other.
 *
 * Lock: `lock` is held from stop to start, so also while the file system's
 * init() or destroy() runs; who passes takes it only while the gate is stopped.
 */
#ifndef FUSE_FUSE_GATE_H
#define FUSE_FUSE_GATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define FUSE_GATE_SLOTS 64

struct fuse_gate_slot {
	atomic_uint users;
	char pad[60];                   /* next one on another cache line */
};

struct fuse_gate {
	atomic_int state;
	pthread_mutex_t lock;
	struct fuse_gate_slot slot[FUSE_GATE_SLOTS];
	struct fuse_gate_slot shared;   /* counts those that found none free */
};

/* A closed gate. */
void fuse_gate_init(struct fuse_gate *g);
void fuse_gate_done(struct fuse_gate *g);

/*
 * Pass; NULL: the gate is closed.  Blocks while it is stopped.  The slot
 * belongs to the caller, for fuse_gate_leave().
 */
struct fuse_gate_slot *fuse_gate_enter(struct fuse_gate *g);
void fuse_gate_leave(struct fuse_gate *g, struct fuse_gate_slot *slot);

/*
 * Stop the gate: wait until nobody is inside, and let nobody pass until
 * fuse_gate_start().  Returns whether it was open.
 */
bool fuse_gate_stop(struct fuse_gate *g);
/* By the thread that stopped it. */
void fuse_gate_start(struct fuse_gate *g, bool open);

#endif
