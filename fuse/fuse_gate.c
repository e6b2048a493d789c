/* SPDX-License-Identifier: MIT */
#include "fuse/fuse_gate.h"

#include <time.h>

enum {
	GATE_CLOSED,
	GATE_OPEN,
	GATE_STOPPED
};

void fuse_gate_init(struct fuse_gate *g)
{
	atomic_init(&g->state, GATE_CLOSED);
	pthread_mutex_init(&g->lock, NULL);
	for (int i = 0; i < FUSE_GATE_SLOTS; i++)
		atomic_init(&g->slot[i].users, 0);
	atomic_init(&g->shared.users, 0);
}

void fuse_gate_done(struct fuse_gate *g)
{
	pthread_mutex_destroy(&g->lock);
}

/* Where this thread begins to look for a free slot. */
static unsigned first_slot(void)
{
	static atomic_uint threads;
	static _Thread_local unsigned mine;     /* + 1; 0: not chosen yet */

	if (!mine)
		mine = atomic_fetch_add(&threads, 1) % FUSE_GATE_SLOTS + 1;
	return mine - 1;
}

static struct fuse_gate_slot *claim(struct fuse_gate *g)
{
	unsigned first = first_slot();

	for (unsigned i = 0; i < FUSE_GATE_SLOTS; i++) {
		struct fuse_gate_slot *slot =
			&g->slot[(first + i) % FUSE_GATE_SLOTS];
		unsigned nobody = 0;

		if (atomic_compare_exchange_strong(&slot->users, &nobody, 1))
			return slot;
	}
	atomic_fetch_add(&g->shared.users, 1);
	return &g->shared;
}

struct fuse_gate_slot *fuse_gate_enter(struct fuse_gate *g)
{
	for (;;) {
		struct fuse_gate_slot *slot = claim(g);
		int state = atomic_load(&g->state);

		if (state == GATE_OPEN)
			return slot;
		fuse_gate_leave(g, slot);
		if (state == GATE_CLOSED)
			return NULL;
		/* Wait for whoever holds it stopped, and look again. */
		pthread_mutex_lock(&g->lock);
		pthread_mutex_unlock(&g->lock);
	}
}

void fuse_gate_leave(struct fuse_gate *g, struct fuse_gate_slot *slot)
{
	if (slot == &g->shared)
		atomic_fetch_sub(&slot->users, 1);
	else
		atomic_store_explicit(&slot->users, 0, memory_order_release);
}

static void wait_until_free(struct fuse_gate_slot *slot)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	/* Rare enough that those who leave need not know of it. */
	while (atomic_load(&slot->users))
		nanosleep(&ms, NULL);
}

bool fuse_gate_stop(struct fuse_gate *g)
{
	bool was_open;

	pthread_mutex_lock(&g->lock);
	was_open = atomic_exchange(&g->state, GATE_STOPPED) == GATE_OPEN;
	for (int i = 0; i < FUSE_GATE_SLOTS; i++)
		wait_until_free(&g->slot[i]);
	wait_until_free(&g->shared);
	return was_open;
}

void fuse_gate_start(struct fuse_gate *g, bool open)
{
	atomic_store(&g->state, open ? GATE_OPEN : GATE_CLOSED);
	pthread_mutex_unlock(&g->lock);
}
