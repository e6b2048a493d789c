/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_deadlock.h"

#include "virtio/fs/vfs_lock.h"

#include <stdlib.h>

static size_t find(const struct vfs_waits *waits, uint64_t unique)
{
	size_t i = 0;

	while (i < waits->count && waits->wait[i].unique != unique)
		i++;
	return i;
}

static bool is_stale(const struct vfs_wait *wait, uint64_t now_ms)
{
	return now_ms - wait->seen_ms >= VFS_WAIT_STALE_MS;
}

/* A place for one more, or NULL. */
static struct vfs_wait *add(struct vfs_waits *waits, uint64_t now_ms)
{
	if (!waits->wait)
		waits->wait = calloc(VFS_WAITS_MAX, sizeof(*waits->wait));
	if (!waits->wait)
		return NULL;
	if (waits->count < VFS_WAITS_MAX)
		return &waits->wait[waits->count++];
	for (size_t i = 0; i < VFS_WAITS_MAX; i++)
		if (is_stale(&waits->wait[i], now_ms))
			return &waits->wait[i];
	return NULL;
}

void vfs_waits_end(struct vfs_waits *waits, uint64_t unique)
{
	size_t i = find(waits, unique);

	if (i < waits->count)
		waits->wait[i] = waits->wait[--waits->count];
}

void vfs_waits_clear(struct vfs_waits *waits)
{
	free(waits->wait);
	*waits = (struct vfs_waits){ .count = 0 };
}

/* ---- the search -------------------------------------------------------- */

struct search {
	struct vfs_locks *locks;
	uint64_t owner;                 /* who must not be met again */
	uint64_t now_ms;
	unsigned steps;                 /* left */
	size_t todo;
	const struct vfs_wait *list[VFS_WAITS_MAX];
};

/* The owner stands in the way: whatever he waits for is to be looked at. */
static void push(struct search *s, uint64_t owner)
{
	struct vfs_waits *waits = &s->locks->waits;

	for (size_t i = 0; i < waits->count && s->steps; i++, s->steps--) {
		struct vfs_wait *wait = &waits->wait[i];

		if (wait->owner != owner || wait->mark == waits->mark ||
		    is_stale(wait, s->now_ms))
			continue;
		wait->mark = waits->mark;
		s->list[s->todo++] = wait;
	}
}

/* Is it the first owner that a wait is for?  If not, go on with those. */
static bool meets(struct search *s, const struct vfs_wait *wait)
{
	struct vfs_lock_owner *o = *vfs_locks_bucket(s->locks, wait->node);

	for (; o && s->steps; o = o->next, s->steps--) {
		if (o->node != wait->node || o->owner == wait->owner ||
		    !vfs_held_blocks(&o->held, &wait->lock))
			continue;
		if (o->owner == s->owner)
			return true;
		push(s, o->owner);
	}
	return false;
}

static bool search(struct vfs_locks *locks, struct vfs_wait *first,
		   uint64_t now_ms)
{
	struct search s;                /* its list is filled as it goes */

	s.locks = locks;
	s.owner = first->owner;
	s.now_ms = now_ms;
	s.steps = VFS_DEADLOCK_STEPS;
	s.todo = 1;
	s.list[0] = first;
	first->mark = ++locks->waits.mark;
	while (s.todo && s.steps)
		if (meets(&s, s.list[--s.todo]))
			return true;
	return false;
}

bool vfs_waits_on(struct vfs_locks *locks, uint64_t unique, uint64_t node,
		  uint64_t owner, const struct lx_lock *lock, uint64_t now_ms)
{
	struct vfs_waits *waits = &locks->waits;
	size_t i = find(waits, unique);
	struct vfs_wait *wait = i < waits->count ? &waits->wait[i] : NULL;

	/* Since it was last here, nobody else has got a lock. */
	if (wait && wait->searched == locks->granted) {
		wait->seen_ms = now_ms;
		return false;
	}
	if (!wait)
		wait = add(waits, now_ms);
	if (!wait)
		return false;
	*wait = (struct vfs_wait){
		.unique = unique, .node = node, .owner = owner, .lock = *lock,
		.seen_ms = now_ms, .searched = locks->granted,
	};
	if (!search(locks, wait, now_ms))
		return false;
	vfs_waits_end(waits, unique);
	return true;
}
