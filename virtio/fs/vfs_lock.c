/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_lock.h"

#include "common/bytes.h"
#include "virtio/fs/vfs_limits.h"
#include "virtio/fs/vfs_private.h"

#include <stdlib.h>

#define OFFSET_MAX (UINT64_MAX >> 1)    /* "to the end", and beyond */

struct vfs_lock_owner {
	uint64_t node, owner;
	struct lx_file *file;
	/* Of the last lock: */
	_Atomic uint64_t handle;
	_Atomic uint32_t pid;           /* the guest's */
	/* Guarded by the table's lock: */
	unsigned references;            /* the table's and the users' */
	struct vfs_lock_owner *next;    /* in its bucket */
};

/* ---- the table --------------------------------------------------------- */

void vfs_locks_init(struct vfs_locks *locks)
{
	*locks = (struct vfs_locks){ .count = 0 };
	pthread_mutex_init(&locks->lock, NULL);
}

void vfs_locks_done(struct vfs_locks *locks)
{
	vfs_locks_clear(locks);
	pthread_mutex_destroy(&locks->lock);
}

size_t vfs_locks_count(struct vfs_locks *locks)
{
	return atomic_load(&locks->count);
}

/* All owners of a node are in one bucket. */
static struct vfs_lock_owner **bucket_of(struct vfs_locks *locks,
					 uint64_t node)
{
	return &locks->bucket[node % VFS_LOCK_BUCKETS];
}

/* The link that leads to the owner, or the one at its bucket's end. */
static struct vfs_lock_owner **link_of(struct vfs_locks *locks, uint64_t node,
				       uint64_t owner)
{
	struct vfs_lock_owner **link = bucket_of(locks, node);

	while (*link && ((*link)->node != node || (*link)->owner != owner))
		link = &(*link)->next;
	return link;
}

/* Take the owner at a link out of the table; its reference is the caller's. */
static struct vfs_lock_owner *cut(struct vfs_locks *locks,
				  struct vfs_lock_owner **link)
{
	struct vfs_lock_owner *o = *link;

	*link = o->next;
	o->next = NULL;
	atomic_fetch_sub(&locks->count, 1);
	return o;
}

/* The owner, to be put back after use; NULL: he has no locks. */
static struct vfs_lock_owner *get(struct vfs_locks *locks, uint64_t node,
				  uint64_t owner)
{
	struct vfs_lock_owner *o;

	pthread_mutex_lock(&locks->lock);
	o = *link_of(locks, node, owner);
	if (o)
		o->references++;
	pthread_mutex_unlock(&locks->lock);
	return o;
}

static void put(struct vfs_locks *locks, struct vfs_lock_owner *o)
{
	bool last;

	pthread_mutex_lock(&locks->lock);
	last = !--o->references;
	pthread_mutex_unlock(&locks->lock);
	if (last) {
		lx_file_close(o->file);
		free(o);
	}
}

void vfs_locks_drop(struct vfs_locks *locks, uint64_t node, uint64_t owner)
{
	struct vfs_lock_owner **link, *o = NULL;

	if (!vfs_locks_count(locks))
		return;
	pthread_mutex_lock(&locks->lock);
	link = link_of(locks, node, owner);
	if (*link)
		o = cut(locks, link);
	pthread_mutex_unlock(&locks->lock);
	if (o)
		put(locks, o);
}

void vfs_locks_release(struct vfs_locks *locks, uint64_t node, uint64_t handle)
{
	struct vfs_lock_owner **link, *o, *gone = NULL;

	if (!vfs_locks_count(locks))
		return;
	pthread_mutex_lock(&locks->lock);
	link = bucket_of(locks, node);
	while (*link) {
		if ((*link)->node != node ||
		    atomic_load(&(*link)->handle) != handle) {
			link = &(*link)->next;
			continue;
		}
		o = cut(locks, link);
		o->next = gone;
		gone = o;
	}
	pthread_mutex_unlock(&locks->lock);
	while (gone) {
		o = gone;
		gone = o->next;
		put(locks, o);
	}
}

/*
 * The owner has unlocked all.  Another thread of his that is about to lock
 * again keeps him in the table.
 */
static void drop_if_idle(struct vfs_locks *locks, struct vfs_lock_owner *o)
{
	struct vfs_lock_owner **link;
	bool idle;

	pthread_mutex_lock(&locks->lock);
	link = link_of(locks, o->node, o->owner);
	idle = *link == o && o->references == 2;
	if (idle)
		cut(locks, link);
	pthread_mutex_unlock(&locks->lock);
	if (idle)
		put(locks, o);
}

void vfs_locks_clear(struct vfs_locks *locks)
{
	for (size_t i = 0; i < VFS_LOCK_BUCKETS; i++) {
		struct vfs_lock_owner *o;

		do {
			pthread_mutex_lock(&locks->lock);
			o = locks->bucket[i];
			if (o)
				cut(locks, &locks->bucket[i]);
			pthread_mutex_unlock(&locks->lock);
			if (o)
				put(locks, o);
		} while (o);
	}
}

/*
 * Put a new owner with this file into the table, unless he is there already;
 * file is taken in any case.
 */
static int add(struct vfs_locks *locks, uint64_t node,
	       const struct fuse_lk_in *in, struct lx_file *file,
	       struct vfs_lock_owner **ret_owner)
{
	struct vfs_lock_owner *new = calloc(1, sizeof(*new));
	struct vfs_lock_owner **link, *o;
	int err = new ? 0 : -LX_ENOMEM;

	pthread_mutex_lock(&locks->lock);
	link = link_of(locks, node, in->owner);
	o = *link;
	if (!o && !err && vfs_locks_count(locks) >= VFS_LOCK_OWNERS_MAX)
		err = -LX_ENOLCK;
	if (!o && !err) {
		*new = (struct vfs_lock_owner){
			.node = node, .owner = in->owner, .file = file,
			.handle = in->fh, .pid = in->lk.pid, .references = 1,
		};
		*link = o = new;
		atomic_fetch_add(&locks->count, 1);
		file = NULL;
		new = NULL;
	}
	if (o)
		o->references++;
	pthread_mutex_unlock(&locks->lock);
	lx_file_close(file);
	free(new);
	if (!o)
		return err;
	*ret_owner = o;
	return 0;
}

static int get_or_add(struct vfs_server *s, uint64_t node,
		      const struct fuse_lk_in *in,
		      struct vfs_lock_owner **ret_owner)
{
	struct vfs_inode *inode;
	struct lx_file *file;
	int err;

	*ret_owner = get(&s->locks, node, in->owner);
	if (*ret_owner) {
		atomic_store(&(*ret_owner)->handle, in->fh);
		atomic_store(&(*ret_owner)->pid, in->lk.pid);
		return 0;
	}
	if (vfs_locks_count(&s->locks) >= VFS_LOCK_OWNERS_MAX)
		return -LX_ENOLCK;
	inode = vfs_inode_get(s->inodes, node);
	if (!inode)
		return -LX_ESTALE;
	err = lx_open_for_locks(vfs_vol(inode), inode->node, &file);
	vfs_inode_put(s->inodes, inode);
	return err ? err : add(&s->locks, node, in, file, ret_owner);
}

/* ---- SETLK, SETLKW ----------------------------------------------------- */

static int lock_of(const struct fuse_file_lock *in, struct lx_lock *ret_lock)
{
	if (in->start > in->end || in->end > OFFSET_MAX ||
	    in->type > LX_F_UNLCK)
		return -LX_EINVAL;
	*ret_lock = (struct lx_lock){
		.start = in->start,
		.end = in->end,
		.type = in->type,
		.pid = in->pid,
	};
	return 0;
}

static int set_record_lock(struct vfs_server *s,
			   const struct fuse_request *req,
			   const struct fuse_lk_in *in,
			   const struct lx_lock *lock)
{
	bool unlock = lock->type == LX_F_UNLCK;
	struct vfs_lock_owner *o;
	int err = 0;

	if (unlock)
		o = get(&s->locks, req->node, in->owner);
	else
		err = get_or_add(s, req->node, in, &o);
	if (err || !o)
		return err;     /* no locks, nothing to unlock */
	err = lx_setlk(o->file, lock);
	if (!err && unlock && !lock->start && lock->end == OFFSET_MAX)
		drop_if_idle(&s->locks, o);
	put(&s->locks, o);
	return err;
}

int vfs_setlk(void *fs, const struct fuse_request *req,
	      const struct fuse_lk_in *in)
{
	struct vfs_server *s = fs;
	struct vfs_handle *handle;
	struct lx_lock lock;
	int err;

	err = lock_of(&in->lk, &lock);
	if (!err)
		err = vfs_handle_get(&s->handles, in->fh, req->node,
				     VFS_HANDLE_FILE, &handle);
	if (err)
		return err;
	if (in->lk_flags & FUSE_LK_FLOCK)
		err = lx_flock(handle->file, lock.type);
	else
		err = set_record_lock(s, req, in, &lock);
	vfs_handle_put(&s->handles, handle);
	return vfs_note(s, "SETLK", err);
}

/* ---- GETLK ------------------------------------------------------------- */

/* Others than `owner` on a node, to be put back after use; how many. */
static size_t others(struct vfs_locks *locks, uint64_t node, uint64_t owner,
		     struct vfs_lock_owner *ret_others[VFS_LOCK_HOLDERS_MAX])
{
	struct vfs_lock_owner *o;
	size_t count = 0;

	pthread_mutex_lock(&locks->lock);
	o = *bucket_of(locks, node);
	for (; o && count < VFS_LOCK_HOLDERS_MAX; o = o->next) {
		if (o->node != node || o->owner == owner)
			continue;
		o->references++;
		ret_others[count++] = o;
	}
	pthread_mutex_unlock(&locks->lock);
	return count;
}

/*
 * The guest's process that holds a lock, which the host cannot tell: it is the
 * owner in whose way nothing is where the lock is.  0: none, or not one alone
 * (a read lock has many holders).
 */
static uint32_t holder(struct vfs_locks *locks, uint64_t node, uint64_t owner,
		       const struct lx_lock *held)
{
	struct lx_lock probe = { held->start, held->end, LX_F_WRLCK, 0 }, found;
	struct vfs_lock_owner *other[VFS_LOCK_HOLDERS_MAX];
	size_t count = others(locks, node, owner, other);
	uint32_t pid = 0;

	for (size_t i = 0; i < count; i++) {
		if (!pid && !lx_getlk(other[i]->file, &probe, &found) &&
		    found.type == LX_F_UNLCK)
			pid = atomic_load(&other[i]->pid);
		put(locks, other[i]);
	}
	return pid;
}

int vfs_getlk(void *fs, const struct fuse_request *req,
	      const struct fuse_lk_in *in, struct fuse_file_lock *ret_lock)
{
	struct vfs_server *s = fs;
	struct vfs_lock_owner *o;
	struct vfs_handle *handle;
	struct lx_lock lock, found;
	int err;

	err = lock_of(&in->lk, &lock);
	if (!err)
		err = vfs_handle_get(&s->handles, in->fh, req->node,
				     VFS_HANDLE_FILE, &handle);
	if (err)
		return err;
	/* Who has no locks asks by the handle, which never has any. */
	o = get(&s->locks, req->node, in->owner);
	err = lx_getlk(o ? o->file : handle->file, &lock, &found);
	if (o)
		put(&s->locks, o);
	vfs_handle_put(&s->handles, handle);
	if (err)
		return vfs_note(s, "GETLK", err);
	ret_lock->type = found.type;
	if (found.type == LX_F_UNLCK)
		return 0;
	ret_lock->start = found.start;
	ret_lock->end = found.end;
	ret_lock->pid = holder(&s->locks, req->node, in->owner, &found);
	return 0;
}
