/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_identity.h"

#include "virtio/fs/vfs_inode.h"

#include <stdlib.h>

#define FIRST_BUCKETS 64u               /* of a shard; a power of two */

/* ---- identities -------------------------------------------------------- */

struct vfs_identity vfs_identity_of(struct vfs_share *share,
				    const struct lx_stat *st)
{
	return (struct vfs_identity){
		.share = share,
		.dev = st->dev,
		.ino = st->ino,
		.mount = (uint32_t)st->mount,
		.btime = vfs_btime(st),
		.type = st->mode & LX_S_IFMT,
	};
}

bool vfs_identity_same(const struct vfs_identity *a,
		       const struct vfs_identity *b)
{
	return a->ino == b->ino && a->dev == b->dev && a->mount == b->mount &&
	       a->btime == b->btime && a->type == b->type &&
	       a->share == b->share;
}

/* ---- shards and buckets ------------------------------------------------ */

/*
 * The table's address is in it, so that a guest cannot work out which files to
 * create for them to share a bucket.  A time of birth may change, so it is not.
 */
static uint64_t hash(const struct vfs_identities *ids,
		     const struct vfs_identity *key)
{
	uint64_t h = (uintptr_t)ids;

	h = (h ^ key->ino) * 0x9e3779b97f4a7c15u;
	h = (h ^ h >> 32 ^ key->dev) * 0xbf58476d1ce4e5b9u;
	h = (h ^ h >> 32 ^ key->mount) * 0x94d049bb133111ebu;
	h ^= (uintptr_t)key->share;
	return h ^ h >> 32;
}

static struct vfs_identity_shard *shard_of(struct vfs_identities *ids,
					   uint64_t h)
{
	return &ids->shard[h % VFS_IDENTITY_SHARDS];
}

static struct vfs_inode **bucket_of(struct vfs_identities *ids, uint64_t h)
{
	struct vfs_identity_shard *shard = shard_of(ids, h);

	return &shard->bucket[h / VFS_IDENTITY_SHARDS & (shard->buckets - 1)];
}

/* The link that leads to the inode, or the one at its bucket's end. */
static struct vfs_inode **link_of(struct vfs_identities *ids,
				  const struct vfs_identity *key)
{
	struct vfs_inode **link = bucket_of(ids, hash(ids, key));

	while (*link && !vfs_identity_same(&(*link)->key, key))
		link = &(*link)->next;
	return link;
}

static struct vfs_inode **new_buckets(size_t count)
{
	return calloc(count, sizeof(struct vfs_inode *));
}

/* Double the buckets when they are full.  Without memory, chains grow. */
static void make_room(struct vfs_identities *ids,
		      struct vfs_identity_shard *shard)
{
	struct vfs_identity_shard old = *shard;
	struct vfs_inode **bucket;

	if (shard->count < shard->buckets)
		return;
	bucket = new_buckets(shard->buckets * 2);
	if (!bucket)
		return;
	shard->bucket = bucket;
	shard->buckets *= 2;
	for (size_t i = 0; i < old.buckets; i++) {
		struct vfs_inode *inode, *next;

		for (inode = old.bucket[i]; inode; inode = next) {
			next = inode->next;
			inode->next = NULL;
			*link_of(ids, &inode->key) = inode;
		}
	}
	free(old.bucket);
}

pthread_mutex_t *vfs_identities_lock(struct vfs_identities *ids,
				     const struct vfs_identity *key)
{
	return &shard_of(ids, hash(ids, key))->lock;
}

/* ---- use --------------------------------------------------------------- */

struct vfs_inode *vfs_identities_find(struct vfs_identities *ids,
				      const struct vfs_identity *key)
{
	return *link_of(ids, key);
}

struct vfs_inode *vfs_identities_twin(struct vfs_identities *ids,
				      const struct vfs_identity *key)
{
	struct vfs_inode *inode = *bucket_of(ids, hash(ids, key));
	struct vfs_identity twin = *key;

	for (; inode; inode = inode->next) {
		twin.btime = inode->key.btime;
		if (vfs_identity_same(&inode->key, &twin) &&
		    inode->state == VFS_INODE_KNOWN)
			break;
	}
	return inode;
}

void vfs_identities_add(struct vfs_identities *ids, struct vfs_inode *inode)
{
	struct vfs_identity_shard *shard =
		shard_of(ids, hash(ids, &inode->key));

	make_room(ids, shard);
	*link_of(ids, &inode->key) = inode;
	shard->count++;
}

void vfs_identities_remove(struct vfs_identities *ids, struct vfs_inode *inode)
{
	*link_of(ids, &inode->key) = inode->next;
	shard_of(ids, hash(ids, &inode->key))->count--;
}

/* ---- life -------------------------------------------------------------- */

int vfs_identities_init(struct vfs_identities *ids)
{
	int err = 0;

	for (unsigned i = 0; i < VFS_IDENTITY_SHARDS; i++) {
		struct vfs_identity_shard *shard = &ids->shard[i];

		pthread_mutex_init(&shard->lock, NULL);
		shard->count = 0;
		shard->buckets = FIRST_BUCKETS;
		shard->bucket = new_buckets(FIRST_BUCKETS);
		if (!shard->bucket)
			err = -LX_ENOMEM;
	}
	return err;
}

void vfs_identities_done(struct vfs_identities *ids)
{
	for (unsigned i = 0; i < VFS_IDENTITY_SHARDS; i++) {
		free(ids->shard[i].bucket);
		pthread_mutex_destroy(&ids->shard[i].lock);
	}
}
