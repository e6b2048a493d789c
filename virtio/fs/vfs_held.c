/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_held.h"

#include "common/bytes.h"

#include <stdlib.h>

void vfs_held_clear(struct vfs_held *held)
{
	free(held->range);
	*held = (struct vfs_held){ .count = 0 };
}

void vfs_held_take(struct vfs_held *held, struct vfs_held *next)
{
	vfs_held_clear(held);
	*held = *next;
}

static void put(struct vfs_held *held, uint64_t start, uint64_t end,
		uint32_t type)
{
	held->range[held->count++] =
		(struct vfs_held_range){ start, end, type };
}

static bool overlap(const struct vfs_held_range *r, uint64_t start,
		    uint64_t end)
{
	return r->start <= end && r->end >= start;
}

/*
 * What is left of the ranges when the new one takes its place.  It grows by
 * those of its own type that it touches; of others at most two parts are left,
 * and these of one range.
 */
static void replace(const struct vfs_held *held, struct vfs_held_range *new,
		    struct vfs_held *next)
{
	for (uint32_t i = 0; i < held->count; i++) {
		const struct vfs_held_range *r = &held->range[i];

		if (r->type == new->type && r->start <= new->end + 1 &&
		    r->end + 1 >= new->start) {
			new->start = MIN(r->start, new->start);
			new->end = MAX(r->end, new->end);
			continue;
		}
		if (!overlap(r, new->start, new->end)) {
			put(next, r->start, r->end, r->type);
			continue;
		}
		if (r->start < new->start)
			put(next, r->start, new->start - 1, r->type);
		if (r->end > new->end)
			put(next, new->end + 1, r->end, r->type);
	}
}

int vfs_held_next(const struct vfs_held *held, const struct lx_lock *lock,
		  struct vfs_held *ret_next)
{
	struct vfs_held_range new = { lock->start, lock->end, lock->type };
	bool unlock = lock->type == LX_F_UNLCK;
	bool all = !lock->start && lock->end >= INT64_MAX;
	struct vfs_held next = { .count = 0 };

	if (!unlock || (held->count && !all)) {
		next.range = malloc((held->count + 2) * sizeof(*next.range));
		if (!next.range)
			return -LX_ENOMEM;
		replace(held, &new, &next);
	}
	if (!unlock)
		put(&next, new.start, new.end, new.type);
	*ret_next = next;
	return 0;
}

bool vfs_held_blocks(const struct vfs_held *held, const struct lx_lock *lock)
{
	for (uint32_t i = 0; i < held->count; i++) {
		const struct vfs_held_range *r = &held->range[i];

		if (overlap(r, lock->start, lock->end) &&
		    (r->type == LX_F_WRLCK || lock->type == LX_F_WRLCK))
			return true;
	}
	return false;
}

bool vfs_held_has(const struct vfs_held *held, const struct lx_lock *lock)
{
	for (uint32_t i = 0; i < held->count; i++) {
		const struct vfs_held_range *r = &held->range[i];

		if (overlap(r, lock->start, lock->end) &&
		    r->type == lock->type)
			return true;
	}
	return false;
}
