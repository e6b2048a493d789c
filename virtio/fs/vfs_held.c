/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_held.h"

#include "common/bytes.h"

#include <stdlib.h>
#include <string.h>

void vfs_held_clear(struct vfs_held *held)
{
	free(held->range);
	*held = (struct vfs_held){ .count = 0 };
}

/* Ranges while they are put together anew. */
struct draft {
	struct vfs_held_range range[VFS_HELD_MAX + 2];
	uint32_t count;
};

static void put(struct draft *d, uint64_t start, uint64_t end, uint32_t type)
{
	d->range[d->count++] = (struct vfs_held_range){ start, end, type };
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
		    struct draft *d)
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
			put(d, r->start, r->end, r->type);
			continue;
		}
		if (r->start < new->start)
			put(d, r->start, new->start - 1, r->type);
		if (r->end > new->end)
			put(d, new->end + 1, r->end, r->type);
	}
}

static bool make_room(struct vfs_held *held, uint32_t count)
{
	uint32_t room = held->room ? held->room : 1;
	struct vfs_held_range *range;

	while (room < count)
		room *= 2;
	if (room == held->room)
		return true;
	range = realloc(held->range, room * sizeof(*range));
	if (!range)
		return false;
	held->range = range;
	held->room = room;
	return true;
}

void vfs_held_set(struct vfs_held *held, const struct lx_lock *lock)
{
	struct vfs_held_range new = { lock->start, lock->end, lock->type };
	bool unlock = lock->type == LX_F_UNLCK;
	struct draft d = { .count = 0 };

	if (unlock && !lock->start && lock->end >= INT64_MAX) {
		vfs_held_clear(held);
		return;
	}
	if (held->unknown)
		return;
	replace(held, &new, &d);
	if (!unlock)
		put(&d, new.start, new.end, new.type);
	if (d.count > VFS_HELD_MAX || !make_room(held, d.count)) {
		vfs_held_clear(held);
		held->unknown = true;
		return;
	}
	memcpy(held->range, d.range, d.count * sizeof(d.range[0]));
	held->count = d.count;
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
