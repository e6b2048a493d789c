/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_inode.h"

#include "common/bytes.h"
#include "common/limits.h"
#include "fuse/fuse_proto.h"
#include "virtio/fs/vfs_forgotten.h"
#include "virtio/fs/vfs_identity.h"
#include "virtio/fs/vfs_share.h"

#include <inttypes.h>
#include <stdlib.h>

struct vfs_inodes {
	const struct log *log;
	uint32_t max;                   /* of those that are known */
	struct vfs_slots slots;
	struct vfs_forgotten forgotten;
	struct vfs_identities identities;
};

_Static_assert(VFS_NODES_MAX + VFS_FORGOTTEN_MAX <= VFS_SLOTS_MAX, "slots");

static struct vfs_inode *inode_of(struct vfs_slot *slot)
{
	return slot ? container_of(slot, struct vfs_inode, slot) : NULL;
}

/* ---- found by identity ------------------------------------------------- */

static pthread_mutex_t *lock_of(struct vfs_inodes *inodes,
				const struct vfs_identity *key)
{
	return vfs_identities_lock(&inodes->identities, key);
}

/*
 * Count a lookup if the inode is there; *ret_recalled is set, and holds it, if
 * it was forgotten.  The lock is held.
 */
static bool find_locked(struct vfs_inodes *inodes,
			const struct vfs_identity *key, uint64_t *ret_id,
			struct vfs_inode **ret_recalled)
{
	struct vfs_inode *inode = vfs_identities_find(&inodes->identities, key);

	if (!inode)
		return false;
	if (inode->state == VFS_INODE_FORGOTTEN) {
		vfs_forgotten_remove(&inodes->forgotten, inode);
		inode->lookups = 0;
	}
	if (inode->lookups < UINT64_MAX)
		inode->lookups++;
	if (inode->state != VFS_INODE_KNOWN) {
		inode->state = VFS_INODE_KNOWN;
		vfs_slot_ref(&inode->slot);
		*ret_recalled = inode;
	}
	*ret_id = vfs_inode_id(inode);
	return true;
}

/* Out of the table, whose reference is then the caller's.  The lock is held. */
static void cut_locked(struct vfs_inodes *inodes, struct vfs_inode *inode)
{
	vfs_identities_remove(&inodes->identities, inode);
	inode->lookups = 0;
	inode->state = VFS_INODE_GONE;
}

/*
 * One that was forgotten has no descriptor that would keep its number from
 * being used again.  Is it still there?  If not, it goes.
 */
static bool check_recalled(struct vfs_inodes *inodes, struct vfs_inode *inode)
{
	pthread_mutex_t *lock = lock_of(inodes, &inode->key);
	bool there = !lx_node_hold(inode->key.share->vol, inode->node);
	bool cut = false;

	if (there) {
		lx_node_release(inode->key.share->vol, inode->node);
	} else {
		pthread_mutex_lock(lock);
		cut = inode->state == VFS_INODE_KNOWN;
		if (cut)
			cut_locked(inodes, inode);
		pthread_mutex_unlock(lock);
	}
	if (cut)
		vfs_inode_put(inodes, inode);
	vfs_inode_put(inodes, inode);
	return there;
}

/*
 * Is the inode of this key in the table with its former time of birth?  One
 * with another is another inode, unless its own time changed: an overlayfs does
 * that to a file when it is first written.
 */
static bool renew(struct vfs_inodes *inodes, const struct vfs_identity *key)
{
	pthread_mutex_t *lock = lock_of(inodes, key);
	struct vfs_identity now;
	struct vfs_inode *twin;
	struct lx_stat st;
	bool renewed = false;

	pthread_mutex_lock(lock);
	twin = vfs_identities_twin(&inodes->identities, key);
	if (twin)
		vfs_slot_ref(&twin->slot);
	pthread_mutex_unlock(lock);
	if (!twin)
		return false;
	if (twin->node && !lx_getattr(key->share->vol, twin->node, &st)) {
		now = vfs_identity_of(key->share, &st);
		renewed = vfs_identity_same(&now, key);
	}
	pthread_mutex_lock(lock);
	/* Unless somebody else has put another one there. */
	if (renewed && !vfs_identities_find(&inodes->identities, key))
		twin->key.btime = key->btime;
	pthread_mutex_unlock(lock);
	vfs_inode_put(inodes, twin);
	return renewed;
}

static bool find(struct vfs_inodes *inodes, const struct vfs_identity *key,
		 uint64_t *ret_id)
{
	pthread_mutex_t *lock = lock_of(inodes, key);
	struct vfs_inode *recalled = NULL;
	bool found;

	pthread_mutex_lock(lock);
	found = find_locked(inodes, key, ret_id, &recalled);
	pthread_mutex_unlock(lock);
	if (!found && renew(inodes, key)) {
		pthread_mutex_lock(lock);
		found = find_locked(inodes, key, ret_id, &recalled);
		pthread_mutex_unlock(lock);
	}
	return recalled ? check_recalled(inodes, recalled) : found;
}

bool vfs_inodes_find(struct vfs_inodes *inodes, struct vfs_share *share,
		     const struct lx_stat *st, uint64_t *ret_id)
{
	struct vfs_identity key = vfs_identity_of(share, st);

	return find(inodes, &key, ret_id);
}

struct vfs_inode *vfs_inodes_peek(struct vfs_inodes *inodes,
				  struct vfs_share *share,
				  const struct lx_stat *st)
{
	struct vfs_identity key = vfs_identity_of(share, st);
	pthread_mutex_t *lock = lock_of(inodes, &key);
	struct vfs_inode *inode;
	uint64_t id = 0;

	pthread_mutex_lock(lock);
	inode = vfs_identities_find(&inodes->identities, &key);
	if (inode)
		id = vfs_inode_id(inode);
	pthread_mutex_unlock(lock);
	return vfs_inode_get(inodes, id);
}

/*
 * Put an inode into the table, under this number or (0) the next.  The lock is
 * held.
 */
static int insert_locked(struct vfs_inodes *inodes,
			 const struct vfs_identity *key, struct lx_node *node,
			 uint64_t id, uint64_t lookups, uint64_t *ret_id)
{
	struct vfs_inode *inode;
	struct vfs_slot *slot;
	int err;

	if (vfs_inodes_full(inodes))
		return -LX_ENFILE;
	err = id ? vfs_slots_place(&inodes->slots, id, &slot) :
		   vfs_slots_new(&inodes->slots, &slot);
	if (err)
		return err;
	inode = inode_of(slot);
	inode->node = node;
	inode->key = *key;
	inode->lookups = lookups;
	vfs_identities_add(&inodes->identities, inode);
	*ret_id = vfs_inode_id(inode);
	vfs_slot_publish(slot, 1);
	return 0;
}

int vfs_inodes_add(struct vfs_inodes *inodes, struct vfs_share *share,
		   struct lx_node *node, const struct lx_stat *st,
		   uint64_t *ret_id)
{
	struct vfs_identity key = vfs_identity_of(share, st);
	pthread_mutex_t *lock = lock_of(inodes, &key);
	struct vfs_inode *recalled = NULL;
	bool found = find(inodes, &key, ret_id);
	int err = 0;

	if (!found) {
		pthread_mutex_lock(lock);
		/* Another thread may have been quicker. */
		found = find_locked(inodes, &key, ret_id, &recalled);
		if (!found)
			err = insert_locked(inodes, &key, node, 0, 1,
					    ret_id);
		pthread_mutex_unlock(lock);
	}
	if (recalled)
		vfs_inode_put(inodes, recalled);
	if (found || err)
		lx_node_close(share->vol, node);
	else
		log_trace(inodes->log, LOG_VIRTIOFS,
			  "node %" PRIu64 " is inode %" PRIu64 " of device %#"
			  PRIx64 ", mount %" PRIu32 ", type %#o",
			  *ret_id, key.ino, key.dev, key.mount, key.type);
	if (err)
		log_limited(inodes->log, LOG_VIRTIOFS, LOG_WARN,
			    "no room for one more node beside %zu: %s",
			    vfs_inodes_count(inodes), lx_errname(err));
	return err;
}

/* ---- references and lookups -------------------------------------------- */

struct vfs_inode *vfs_inode_recall(struct vfs_inodes *inodes, uint64_t id)
{
	return inode_of(vfs_slots_get(&inodes->slots, id));
}

/* The inode, if the guest knows it; otherwise the reference is put back. */
static struct vfs_inode *if_known(struct vfs_inodes *inodes,
				  struct vfs_inode *inode)
{
	if (!inode || inode->state == VFS_INODE_KNOWN)
		return inode;
	vfs_inode_put(inodes, inode);
	return NULL;
}

struct vfs_inode *vfs_inode_get(struct vfs_inodes *inodes, uint64_t id)
{
	return if_known(inodes, vfs_inode_recall(inodes, id));
}

void vfs_inode_put(struct vfs_inodes *inodes, struct vfs_inode *inode)
{
	vfs_slots_put(&inodes->slots, &inode->slot);
}

static void release(void *owner, struct vfs_slot *slot)
{
	struct vfs_inode *inode = inode_of(slot);
	struct vfs_inodes *inodes = owner;

	lx_node_close(inode->key.share->vol, inode->node);
	vfs_slots_free(&inodes->slots, slot);
}

struct vfs_inode *vfs_inodes_next(struct vfs_inodes *inodes, uint32_t *index)
{
	struct vfs_inode *inode;

	do {
		inode = inode_of(vfs_slots_next(&inodes->slots, index));
	} while (inode && !(inode = if_known(inodes, inode)));
	return inode;
}

uint64_t vfs_inode_id(const struct vfs_inode *inode)
{
	return vfs_slot_id(&inode->slot);
}

/* Drop an inode that is on the list. */
static void drop_forgotten(struct vfs_inodes *inodes, struct vfs_inode *inode)
{
	pthread_mutex_t *lock = lock_of(inodes, &inode->key);
	bool gone;

	pthread_mutex_lock(lock);
	gone = inode->state == VFS_INODE_FORGOTTEN;
	if (gone) {
		vfs_forgotten_remove(&inodes->forgotten, inode);
		cut_locked(inodes, inode);
	}
	pthread_mutex_unlock(lock);
	if (gone)
		vfs_inode_put(inodes, inode);
}

/* Put an inode that is leaving on the list, if it can come back. */
static void keep_forgotten(struct vfs_inodes *inodes, struct vfs_inode *inode)
{
	pthread_mutex_t *lock = lock_of(inodes, &inode->key);
	bool back, gone = false;

	back = inode->node &&
	       lx_node_park(inode->key.share->vol, inode->node);
	pthread_mutex_lock(lock);
	/* Unless somebody has looked it up meanwhile. */
	if (inode->state == VFS_INODE_LEAVING) {
		gone = !back;
		if (gone) {
			cut_locked(inodes, inode);
		} else {
			vfs_forgotten_add(&inodes->forgotten, inode);
			inode->state = VFS_INODE_FORGOTTEN;
		}
	}
	pthread_mutex_unlock(lock);
	if (gone)
		vfs_inode_put(inodes, inode);
	while ((inode = vfs_forgotten_excess(&inodes->forgotten))) {
		drop_forgotten(inodes, inode);
		vfs_inode_put(inodes, inode);
	}
}

/*
 * Drop `count` lookups, and with the last one the table's reference, unless
 * the inode is kept.  Returns how many there were.
 */
static uint64_t drop_lookups(struct vfs_inodes *inodes,
			     struct vfs_inode *inode, uint64_t count, bool keep)
{
	pthread_mutex_t *lock = lock_of(inodes, &inode->key);
	uint64_t had = 0;
	bool last;

	pthread_mutex_lock(lock);
	if (inode->state == VFS_INODE_KNOWN) {
		had = inode->lookups;
		inode->lookups -= MIN(count, had);
	}
	last = had && !inode->lookups;
	if (last && keep)
		inode->state = VFS_INODE_LEAVING;
	else if (last)
		cut_locked(inodes, inode);
	pthread_mutex_unlock(lock);
	if (!last)
		return had;
	log_trace(inodes->log, LOG_VIRTIOFS, "node %" PRIu64 " is forgotten",
		  vfs_inode_id(inode));
	if (keep)
		keep_forgotten(inodes, inode);
	else
		vfs_inode_put(inodes, inode);
	return had;
}

void vfs_inodes_forget(struct vfs_inodes *inodes, uint64_t id, uint64_t count,
		       bool keep)
{
	struct vfs_inode *inode;
	uint64_t had;

	if (id == FUSE_ROOT_ID)
		return;
	inode = vfs_inode_get(inodes, id);
	if (!inode) {
		log_limited(inodes->log, LOG_VIRTIOFS, LOG_DEBUG,
			    "FORGET of node %" PRIu64 ", which is not known",
			    id);
		return;
	}
	had = drop_lookups(inodes, inode, count, keep);
	if (count > had)
		log_limited(inodes->log, LOG_VIRTIOFS, LOG_WARN,
			    "FORGET of %" PRIu64 " lookups of node %" PRIu64
			    ", which has %" PRIu64, count, id, had);
	vfs_inode_put(inodes, inode);
}

/* ---- saved state ------------------------------------------------------- */

struct vfs_slots *vfs_inodes_slots(struct vfs_inodes *inodes)
{
	return &inodes->slots;
}

int vfs_inodes_place(struct vfs_inodes *inodes, struct vfs_share *share,
		     struct lx_node *node, const struct lx_stat *st,
		     uint64_t id, uint64_t lookups)
{
	struct vfs_identity key = vfs_identity_of(share, st);
	pthread_mutex_t *lock = lock_of(inodes, &key);
	int err = id ? -LX_EEXIST : -LX_EINVAL;

	pthread_mutex_lock(lock);
	if (id && !vfs_identities_find(&inodes->identities, &key))
		err = insert_locked(inodes, &key, node, id,
				    MAX(lookups, 1u), &id);
	pthread_mutex_unlock(lock);
	if (err)
		lx_node_close(share->vol, node);
	else if (!lookups)
		vfs_inodes_forget(inodes, id, 1, true);
	return err;
}

/* ---- life -------------------------------------------------------------- */

void vfs_inodes_clear(struct vfs_inodes *inodes)
{
	struct vfs_slot *slot;
	uint32_t index = FUSE_ROOT_ID;  /* start behind the root */

	while ((slot = vfs_slots_next(&inodes->slots, &index))) {
		drop_lookups(inodes, inode_of(slot), UINT64_MAX, false);
		drop_forgotten(inodes, inode_of(slot));
		vfs_inode_put(inodes, inode_of(slot));
	}
}

size_t vfs_inodes_count(struct vfs_inodes *inodes)
{
	return atomic_load(&inodes->slots.live) -
	       atomic_load(&inodes->forgotten.count);
}

bool vfs_inodes_full(struct vfs_inodes *inodes)
{
	return vfs_inodes_count(inodes) >= inodes->max;
}

int vfs_inodes_new(const struct log *log, uint32_t max,
		   struct vfs_inodes **ret_inodes)
{
	struct vfs_inodes *inodes = calloc(1, sizeof(*inodes));
	uint32_t forgotten = MIN(max, VFS_FORGOTTEN_MAX);
	int err;

	if (!inodes)
		return -LX_ENOMEM;
	inodes->log = log;
	inodes->max = max;
	vfs_slots_init(&inodes->slots, sizeof(struct vfs_inode),
		       max + forgotten, release, inodes);
	vfs_forgotten_init(&inodes->forgotten, &inodes->slots, forgotten);
	err = vfs_identities_init(&inodes->identities);
	if (err) {
		vfs_inodes_free(inodes);
		return err;
	}
	*ret_inodes = inodes;
	return 0;
}

int vfs_inodes_skip_root(struct vfs_inodes *inodes)
{
	struct vfs_slot *slot;

	return vfs_slots_new(&inodes->slots, &slot);    /* never published */
}

void vfs_inodes_free(struct vfs_inodes *inodes)
{
	struct vfs_inode *root;

	if (!inodes)
		return;
	vfs_inodes_clear(inodes);
	root = vfs_inode_get(inodes, FUSE_ROOT_ID);
	if (root) {
		drop_lookups(inodes, root, UINT64_MAX, false);
		vfs_inode_put(inodes, root);
	}
	vfs_identities_done(&inodes->identities);
	vfs_forgotten_done(&inodes->forgotten);
	vfs_slots_done(&inodes->slots);
	free(inodes);
}
