/* SPDX-License-Identifier: MIT */
/*
 * vfs_identity.h - what an inode of the host is known by, and the table that
 * finds inodes by it.
 *
 * Two files with the same identity are one; a number of the host that comes to
 * mean another file differs in the time of birth.
 *
 * The table is a hash of chains.  It is cut into shards, so that threads which
 * look up different files mostly take different locks; the lock of an inode's
 * shard guards its place in the table and whatever else the table's owner says
 * (vfs_inode.h).  The table holds no references.
 */
#ifndef VIRTIO_FS_VFS_IDENTITY_H
#define VIRTIO_FS_VFS_IDENTITY_H

#include "lxutil/lx_volume.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vfs_inode;
struct vfs_share;

struct vfs_identity {
	struct vfs_share *share;
	uint64_t dev, ino;
	uint64_t btime;                 /* vfs_btime() */
	uint32_t mount;                 /* Linux has no larger ones */
	uint32_t type;                  /* LX_S_IFMT bits */
};

/* In nanoseconds; 0: unknown. */
static inline uint64_t vfs_btime(const struct lx_stat *st)
{
	return st->has_btime ? (uint64_t)st->btime.sec * 1000000000u +
				       st->btime.nsec : 0;
}

/* That of the file with these attributes, reached by this share. */
struct vfs_identity vfs_identity_of(struct vfs_share *share,
				    const struct lx_stat *st);
bool vfs_identity_same(const struct vfs_identity *a,
		       const struct vfs_identity *b);

#define VFS_IDENTITY_SHARDS 16u

struct vfs_identities {
	struct vfs_identity_shard {
		pthread_mutex_t lock;
		struct vfs_inode **bucket;
		size_t buckets;         /* a power of two */
		size_t count;           /* inodes in them */
	} shard[VFS_IDENTITY_SHARDS];
};

/*
 * An empty table, which stays where it is.  0 or -LX_ENOMEM, after which there
 * is vfs_identities_done() to call, too.
 */
int vfs_identities_init(struct vfs_identities *ids);
/* The inodes are not touched. */
void vfs_identities_done(struct vfs_identities *ids);

/* The lock of an identity's shard, for the functions below. */
pthread_mutex_t *vfs_identities_lock(struct vfs_identities *ids,
				     const struct vfs_identity *key);

/* The inode, or NULL. */
struct vfs_inode *vfs_identities_find(struct vfs_identities *ids,
				      const struct vfs_identity *key);
/*
 * One that the guest knows and that differs in nothing but its time of birth,
 * or NULL.
 */
struct vfs_inode *vfs_identities_twin(struct vfs_identities *ids,
				      const struct vfs_identity *key);
/* Put an inode, whose identity is not there yet, into the table. */
void vfs_identities_add(struct vfs_identities *ids, struct vfs_inode *inode);
/* Take one that is there out. */
void vfs_identities_remove(struct vfs_identities *ids,
			   struct vfs_inode *inode);

#endif
