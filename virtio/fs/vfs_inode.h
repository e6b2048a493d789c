/* SPDX-License-Identifier: MIT */
/*
 * vfs_inode.h - the node table: node id -> inode, and identity -> inode.
 *
 * An inode of the host is one node however many names lead to it: it is found
 * again by its identity (vfs_identity.h), within the share that it was reached
 * by.  Its number can come to mean another file while it is in the table, but
 * no older one (see lx_stat_name()).
 *
 * An inode is in the table while the guest has lookups of it to forget (and for
 * some time after that: vfs_forgotten.h); and it lives on, out of the table's
 * reach, while requests use it (references).  How
 * many lookups there are is the guest's word: a count saturates at both ends.
 * Node 1 is the root, which is never forgotten.
 *
 * Node ids come from vfs_slots: none is used twice, not even after a remount,
 * so that the generation in a reply is always 0.
 *
 * Locks: that of an inode's shard (vfs_identity.h) guards its lookup count and
 * state, too.  Taken before that of vfs_slots, never held over a call into
 * lxutil.
 */
#ifndef VIRTIO_FS_VFS_INODE_H
#define VIRTIO_FS_VFS_INODE_H

#include "common/log.h"
#include "lxutil/lx_volume.h"
#include "virtio/fs/vfs_identity.h"
#include "virtio/fs/vfs_slots.h"

enum vfs_inode_state {
	VFS_INODE_KNOWN,                /* the guest has lookups */
	VFS_INODE_LEAVING,              /* no more; not yet on the list */
	VFS_INODE_FORGOTTEN,            /* on the list */
	VFS_INODE_GONE                  /* no longer in the table */
};

/* There may be a million. */
struct vfs_inode {
	struct vfs_slot slot;
	struct lx_node *node;
	struct vfs_identity key;
	/* Protected by the shard's lock: */
	union {
		uint64_t lookups;
		struct {                /* forgotten: see vfs_forgotten.h */
			uint32_t older, newer;
		};
	};
	struct vfs_inode *next;         /* in its bucket */
	_Atomic uint8_t state;          /* enum vfs_inode_state */
};

_Static_assert(sizeof(struct vfs_inode) <= 88, "small");

struct vfs_inodes;

/*
 * An empty table of at most max (up to VFS_NODES_MAX) inodes that the guest
 * knows; what is added first is node 1.  log is borrowed.  0 or -LX_ENOMEM.
 */
int vfs_inodes_new(const struct log *log, uint32_t max,
		   struct vfs_inodes **ret_inodes);
/* Leave node 1, which is then never found, to somebody else. */
int vfs_inodes_skip_root(struct vfs_inodes *inodes);
/* No inode may be in use.  NULL is allowed. */
void vfs_inodes_free(struct vfs_inodes *inodes);

/* Forget every inode but the root. */
void vfs_inodes_clear(struct vfs_inodes *inodes);

size_t vfs_inodes_count(struct vfs_inodes *inodes);
bool vfs_inodes_full(struct vfs_inodes *inodes);

/* The inode of a node id, to be put back after use; NULL: stale.  No lock. */
struct vfs_inode *vfs_inode_get(struct vfs_inodes *inodes, uint64_t id);
/* The same, also if it is forgotten; its node then may be -LX_ESTALE. */
struct vfs_inode *vfs_inode_recall(struct vfs_inodes *inodes, uint64_t id);
void vfs_inode_put(struct vfs_inodes *inodes, struct vfs_inode *inode);

/*
 * To visit all: the first inode at or after *index (from 0 on), to be put back
 * after use, or NULL; *index is moved behind it.
 */
struct vfs_inode *vfs_inodes_next(struct vfs_inodes *inodes, uint32_t *index);

uint64_t vfs_inode_id(const struct vfs_inode *inode);

/*
 * Count a lookup of the inode with this identity, and tell its node id; false:
 * it is not in the table.
 */
bool vfs_inodes_find(struct vfs_inodes *inodes, struct vfs_share *share,
		     const struct lx_stat *st, uint64_t *ret_id);
/* The inode, if it is there, without a lookup; to be put back after use. */
struct vfs_inode *vfs_inodes_peek(struct vfs_inodes *inodes,
				  struct vfs_share *share,
				  const struct lx_stat *st);
/*
 * As vfs_inodes_find(), but put it in the table first if it is not there.
 * node, whose attributes are st, is taken in any case.  0, -LX_ENFILE or
 * -LX_ENOMEM.
 */
int vfs_inodes_add(struct vfs_inodes *inodes, struct vfs_share *share,
		   struct lx_node *node, const struct lx_stat *st,
		   uint64_t *ret_id);

/* The table's numbers, to save and restore them; and, by these, all inodes. */
struct vfs_slots *vfs_inodes_slots(struct vfs_inodes *inodes);
/*
 * Put a node, which is taken in any case, back under its id with so many
 * lookups (0: forgotten).  -LX_EEXIST: its inode is in the table;
 * -LX_EINVAL: the id makes no sense; -LX_ENFILE, -LX_ENOMEM.
 */
int vfs_inodes_place(struct vfs_inodes *inodes, struct vfs_share *share,
		     struct lx_node *node, const struct lx_stat *st,
		     uint64_t id, uint64_t lookups);

/*
 * Drop lookups of a node; too many, and stale ids, are logged and ignored.
 * keep: for vfs_inode_recall(), where that is possible.
 */
void vfs_inodes_forget(struct vfs_inodes *inodes, uint64_t id, uint64_t count,
		       bool keep);

#endif
