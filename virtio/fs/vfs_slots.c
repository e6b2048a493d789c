/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_slots.h"

#include "common/bytes.h"
#include "lxutil/lx.h"

#include <stdlib.h>
#include <string.h>

/* The state of a slot that has no number left. */
#define RETIRED ((uint64_t)UINT32_MAX << 32)

struct vfs_slot *vfs_slots_at(struct vfs_slots *slots, uint32_t index)
{
	char *chunk = atomic_load_explicit(
		&slots->chunk[(index - 1) / VFS_SLOTS_CHUNK],
		memory_order_acquire);

	return (struct vfs_slot *)(chunk + (index - 1) % VFS_SLOTS_CHUNK *
						   slots->object_size);
}

static uint32_t generation_of(uint64_t state)
{
	return (uint32_t)(state >> 32);
}

void vfs_slots_init(struct vfs_slots *slots, size_t object_size, uint32_t max,
		    vfs_slots_release *release, void *owner)
{
	memset(slots, 0, sizeof(*slots));
	slots->object_size = object_size;
	slots->max = MIN(max, VFS_SLOTS_MAX);
	slots->release = release;
	slots->owner = owner;
	marks_init(&slots->marks);
	pthread_mutex_init(&slots->lock, NULL);
}

void vfs_slots_done(struct vfs_slots *slots)
{
	for (size_t i = 0; i < VFS_SLOTS_CHUNKS; i++)
		free(atomic_load(&slots->chunk[i]));
	pthread_mutex_destroy(&slots->lock);
}

/* One slot more than there are.  The lock is held. */
static int grow(struct vfs_slots *slots, struct vfs_slot **ret_slot)
{
	uint32_t used = atomic_load(&slots->used);
	struct vfs_slot *slot;

	if (used == slots->max)
		return -LX_ENFILE;
	if (used % VFS_SLOTS_CHUNK == 0) {
		char *chunk = calloc(VFS_SLOTS_CHUNK, slots->object_size);

		if (!chunk)
			return -LX_ENOMEM;
		atomic_store_explicit(&slots->chunk[used / VFS_SLOTS_CHUNK],
				      chunk, memory_order_release);
	}
	slot = vfs_slots_at(slots, used + 1);
	slot->index = used + 1;
	atomic_store_explicit(&slots->used, used + 1, memory_order_release);
	*ret_slot = slot;
	return 0;
}

/* The slot, which was free, holds a new object. */
static void take(struct vfs_slots *slots, struct vfs_slot *slot)
{
	memset(slot + 1, 0, slots->object_size - sizeof(*slot));
	atomic_fetch_add(&slots->live, 1);
}

int vfs_slots_new(struct vfs_slots *slots, struct vfs_slot **ret_slot)
{
	struct vfs_slot *slot;
	int err = 0;

	pthread_mutex_lock(&slots->lock);
	if (slots->first_free) {
		slot = vfs_slots_at(slots, slots->first_free);
		slots->first_free = slot->next_free;
	} else {
		err = grow(slots, &slot);
	}
	pthread_mutex_unlock(&slots->lock);
	if (err)
		return err;
	take(slots, slot);
	*ret_slot = slot;
	return 0;
}

void vfs_slots_free(struct vfs_slots *slots, struct vfs_slot *slot)
{
	uint64_t next = generation_of(atomic_load(&slot->state)) + 1ull;

	atomic_fetch_sub(&slots->live, 1);
	if (next > UINT32_MAX) {
		atomic_store(&slot->state, RETIRED);
		return;
	}
	atomic_store(&slot->state, next << 32);
	pthread_mutex_lock(&slots->lock);
	slot->next_free = slots->first_free;
	slots->first_free = slot->index;
	pthread_mutex_unlock(&slots->lock);
}

void vfs_slot_publish(struct vfs_slot *slot, uint32_t references)
{
	atomic_fetch_add_explicit(&slot->state, references,
				  memory_order_release);
}

uint64_t vfs_slot_id(const struct vfs_slot *slot)
{
	uint64_t state = atomic_load_explicit(&slot->state,
					      memory_order_relaxed);

	return (uint64_t)generation_of(state) << 32 | slot->index;
}

/* Is there an object of that generation, not dying? */
static bool is_there(uint64_t state, uint32_t generation)
{
	return generation_of(state) == generation && state & VFS_SLOT_COUNT;
}

/* Count one more reference to the object of that generation, if it is there. */
static bool count(struct vfs_slot *slot, uint64_t state, uint32_t generation)
{
	do {
		if (!is_there(state, generation))
			return false;
	} while (!atomic_compare_exchange_weak(&slot->state, &state,
					       state + 1));
	return true;
}

static void uncount(struct vfs_slot *slot)
{
	uint64_t state = atomic_load(&slot->state), next;

	do {
		next = state - 1;
		if (!(next & VFS_SLOT_COUNT))
			next |= VFS_SLOT_DYING;
	} while (!atomic_compare_exchange_weak(&slot->state, &state, next));
}

/* A mark was taken back or a reference uncounted.  Was it the last? */
static void check_last(struct vfs_slots *slots, struct vfs_slot *slot)
{
	uint64_t state = atomic_load(&slot->state);

	if ((uint32_t)state != VFS_SLOT_DYING || marks_any(&slots->marks, slot))
		return;
	/* Somebody else may have come to the same end. */
	if (atomic_compare_exchange_strong(&slot->state, &state,
					   state & ~VFS_SLOT_DYING))
		slots->release(slots->owner, slot);
}

struct vfs_slot *vfs_slots_get(struct vfs_slots *slots, uint64_t id)
{
	uint32_t index = (uint32_t)id, generation = generation_of(id);
	struct vfs_slot *slot;

	if (!index || index > atomic_load_explicit(&slots->used,
						   memory_order_acquire))
		return NULL;
	slot = vfs_slots_at(slots, index);
	if (!is_there(atomic_load(&slot->state), generation))
		return NULL;
	if (!marks_set(&slots->marks, slot))
		return count(slot, atomic_load(&slot->state), generation) ?
			       slot : NULL;
	if (is_there(atomic_load(&slot->state), generation))
		return slot;
	/* It may have become another object, and that one be dying. */
	marks_clear(&slots->marks, slot);
	check_last(slots, slot);
	return NULL;
}

void vfs_slot_ref(struct vfs_slot *slot)
{
	atomic_fetch_add_explicit(&slot->state, 1, memory_order_relaxed);
}

void vfs_slots_put(struct vfs_slots *slots, struct vfs_slot *slot)
{
	if (!marks_clear(&slots->marks, slot))
		uncount(slot);
	check_last(slots, slot);
}

struct vfs_slot *vfs_slots_next(struct vfs_slots *slots, uint32_t *index)
{
	while (*index < atomic_load(&slots->used)) {
		struct vfs_slot *slot = vfs_slots_at(slots, ++*index);
		uint64_t state = atomic_load(&slot->state);

		if (count(slot, state, generation_of(state)))
			return slot;
	}
	return NULL;
}

/* ---- saved state ------------------------------------------------------- */

#define TAG_SLOTS SAVE_TAG('s', 'l', 'o', 't')
#define TAG_GENERATIONS SAVE_TAG('g', 'e', 'n', 's')
#define GENERATIONS_MAX (SAVE_RECORD_MAX / 4)   /* in a record */

/* Of the number that comes next: what is in use has had its own. */
static uint32_t next_generation(const struct vfs_slot *slot)
{
	uint64_t state = atomic_load(&slot->state);
	uint32_t generation = generation_of(state);

	return (uint32_t)state && generation < UINT32_MAX ? generation + 1 :
							    generation;
}

void vfs_slots_save(struct vfs_slots *slots, struct save_writer *w)
{
	uint32_t used = atomic_load(&slots->used);

	save_begin(w, TAG_SLOTS);
	save_u32(w, used);
	save_end(w);
	for (uint32_t i = 1; i <= used;) {
		uint32_t end = MIN(used, i + GENERATIONS_MAX - 1);

		save_begin(w, TAG_GENERATIONS);
		for (; i <= end; i++)
			save_u32(w, next_generation(vfs_slots_at(slots, i)));
		save_end(w);
	}
}

/* What is free waits for what may be placed there. */
static void open_holes(struct vfs_slots *slots)
{
	uint32_t index = slots->first_free;

	while (index) {
		struct vfs_slot *slot = vfs_slots_at(slots, index);

		index = slot->next_free;
		slot->next_free = VFS_SLOT_HOLE;
	}
	slots->first_free = 0;
	/* So do those whose numbers were used up, maybe by an earlier image. */
	for (index = atomic_load(&slots->used); index; index--) {
		struct vfs_slot *slot = vfs_slots_at(slots, index);

		if (atomic_load(&slot->state) == RETIRED)
			slot->next_free = VFS_SLOT_HOLE;
	}
}

/* The slot `index`, made if it is the next to exist, gets its generation. */
static int restore_slot(struct vfs_slots *slots, uint32_t index,
			uint32_t generation)
{
	struct vfs_slot *slot;
	int err;

	if (index > atomic_load(&slots->used)) {
		err = grow(slots, &slot);
		if (err)
			return err;
		slot->next_free = VFS_SLOT_HOLE;
	}
	slot = vfs_slots_at(slots, index);
	if (slot->next_free == VFS_SLOT_HOLE)
		atomic_store(&slot->state, (uint64_t)generation << 32);
	return 0;
}

int vfs_slots_restore(struct vfs_slots *slots, struct save_reader *r)
{
	uint32_t index = 0, used;
	int err = 0;

	open_holes(slots);
	save_take(r, TAG_SLOTS);
	used = save_get_u32(r);
	if (save_done(r))
		return r->error;
	if (used > slots->max)
		return save_refuse(r, -LX_EINVAL,
				   "a table of %u numbers, %u are allowed",
				   used, slots->max);
	while (index < used && !save_take(r, TAG_GENERATIONS)) {
		do {
			uint32_t generation = save_get_u32(r);

			if (!r->error)
				err = restore_slot(slots, ++index, generation);
			if (err)
				save_refuse(r, err, "no memory for %u numbers",
					    used);
		} while (save_left(r) && index < used);
		save_done(r);
	}
	return r->error;
}

int vfs_slots_place(struct vfs_slots *slots, uint64_t id,
		    struct vfs_slot **ret_slot)
{
	uint32_t index = (uint32_t)id, generation = generation_of(id), next;
	struct vfs_slot *slot;

	if (!index || index > atomic_load(&slots->used))
		return -LX_EINVAL;
	slot = vfs_slots_at(slots, index);
	next = generation_of(atomic_load(&slot->state));
	/* The last number of a slot has none after it. */
	if (slot->next_free != VFS_SLOT_HOLE ||
	    (generation >= next && next < UINT32_MAX))
		return -LX_EINVAL;
	slot->next_free = 0;
	atomic_store(&slot->state, (uint64_t)generation << 32);
	take(slots, slot);
	*ret_slot = slot;
	return 0;
}

/* From the last on, so that the first is used first. */
void vfs_slots_close(struct vfs_slots *slots)
{
	for (uint32_t index = atomic_load(&slots->used); index; index--) {
		struct vfs_slot *slot = vfs_slots_at(slots, index);

		if (slot->next_free != VFS_SLOT_HOLE)
			continue;
		slot->next_free = 0;
		if (atomic_load(&slot->state) == RETIRED)
			continue;
		slot->next_free = slots->first_free;
		slots->first_free = index;
	}
}
