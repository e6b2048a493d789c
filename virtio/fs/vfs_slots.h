/* SPDX-License-Identifier: MIT */
/*
 * vfs_slots.h - numbers that a guest holds -> objects of the server.
 *
 * A number is (generation << 32 | index).  Index 1 is the first slot, so the
 * first number is 1 and 0 is none.  When a slot is freed, its generation
 * grows, so a number that the guest kept never means another object; a slot
 * whose generations are used up is not used any more.
 *
 * An object is there while somebody has a reference: one for its place in the
 * table and one for each user.  A user's is mostly a mark (marks.h), so that
 * threads which use the same object write to nothing that they share; the
 * others are counted.  Generation and count share one atomic word, and the
 * memory of slots is freed with the table only.  So vfs_slots_get() takes no
 * lock: the reference is good if the generation is right and somebody is
 * counted.
 *
 * When nobody is counted any more, the object is dying: nobody finds it.  Who
 * makes it so, and each who then takes back a mark, looks for marks that are
 * left; where there are none, it is released, by one of those.
 *
 * Lock: `lock` is a leaf; it guards the list of free slots.
 */
#ifndef VIRTIO_FS_VFS_SLOTS_H
#define VIRTIO_FS_VFS_SLOTS_H

#include "common/marks.h"
#include "common/save.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VFS_SLOTS_CHUNK 1024u           /* slots that are allocated at a time */
#define VFS_SLOTS_CHUNKS 1088u
#define VFS_SLOTS_MAX (VFS_SLOTS_CHUNK * VFS_SLOTS_CHUNKS)

#define VFS_SLOT_DYING (UINT64_C(1) << 31)
#define VFS_SLOT_COUNT (VFS_SLOT_DYING - 1)     /* references counted */

/* next_free of a free slot, where vfs_slots_place() may put something. */
#define VFS_SLOT_HOLE UINT32_MAX

struct vfs_slot;

/*
 * Nobody refers to the object any more: let go of what it holds, and then
 * vfs_slots_free() it.
 */
typedef void vfs_slots_release(void *owner, struct vfs_slot *slot);

/* The first member of an object. */
struct vfs_slot {
	_Atomic uint64_t state;         /* generation << 32 | VFS_SLOT_* */
	uint32_t index;
	uint32_t next_free;             /* an index, or 0; or VFS_SLOT_HOLE */
};

struct vfs_slots {
	size_t object_size;
	uint32_t max;
	_Atomic uint32_t used;          /* slots that exist */
	_Atomic uint32_t live;          /* those that hold an object */
	uint32_t first_free;            /* an index, or 0 */
	pthread_mutex_t lock;
	vfs_slots_release *release;
	void *owner;
	struct marks marks;
	_Atomic(char *) chunk[VFS_SLOTS_CHUNKS];
};

/* An empty table of at most max (up to VFS_SLOTS_MAX) objects. */
void vfs_slots_init(struct vfs_slots *slots, size_t object_size, uint32_t max,
		    vfs_slots_release *release, void *owner);
/* No object may be left. */
void vfs_slots_done(struct vfs_slots *slots);

/*
 * A slot for a new object, which is zeroed but for the slot, and which nobody
 * finds before vfs_slot_publish().  0, -LX_ENFILE (full) or -LX_ENOMEM.
 */
int vfs_slots_new(struct vfs_slots *slots, struct vfs_slot **ret_slot);
/* Give an object that nobody refers to back; its number becomes stale. */
void vfs_slots_free(struct vfs_slots *slots, struct vfs_slot *slot);

/*
 * As records of saved state: which numbers come next.  The objects, which are
 * their owner's to save, are put back under the numbers that they had, while
 * nobody else uses the table: vfs_slots_restore(), then vfs_slots_place() for
 * each, then (whatever failed) vfs_slots_close().  What is in the table by then
 * stays there.  Returns 0, or the reader's error.
 */
void vfs_slots_save(struct vfs_slots *slots, struct save_writer *w);
int vfs_slots_restore(struct vfs_slots *slots, struct save_reader *r);
/*
 * A slot for a new object with this number, as vfs_slots_new().  -LX_EINVAL:
 * it is none that was given out last, or its slot is in use.
 */
int vfs_slots_place(struct vfs_slots *slots, uint64_t id,
		    struct vfs_slot **ret_slot);
void vfs_slots_close(struct vfs_slots *slots);

/* The object can be found from now on; it begins with that many references. */
void vfs_slot_publish(struct vfs_slot *slot, uint32_t references);
/* The number; only for those who have a reference or the slot as new. */
uint64_t vfs_slot_id(const struct vfs_slot *slot);

/* The object of that number with one more reference, or NULL.  No lock. */
struct vfs_slot *vfs_slots_get(struct vfs_slots *slots, uint64_t id);
/* One more, which is counted, for who knows that another one is. */
void vfs_slot_ref(struct vfs_slot *slot);
/* The slot of an index that some object has or had. */
struct vfs_slot *vfs_slots_at(struct vfs_slots *slots, uint32_t index);
/*
 * Drop a reference, on the thread that got it, or one that is counted.  May
 * release the object.
 */
void vfs_slots_put(struct vfs_slots *slots, struct vfs_slot *slot);

/*
 * To visit all: the first object at or after *index (from 0 on) with one more
 * reference, or NULL; *index is moved behind it.
 */
struct vfs_slot *vfs_slots_next(struct vfs_slots *slots, uint32_t *index);

#endif
