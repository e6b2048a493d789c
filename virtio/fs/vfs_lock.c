/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_lock.h"

#include "common/bytes.h"
#include "common/limits.h"
#include "virtio/fs/vfs_private.h"

#include <stdlib.h>
#include <time.h>

#define OFFSET_MAX (UINT64_MAX >> 1)    /* "to the end", and beyond */

/* ---- the table --------------------------------------------------------- */

void vfs_locks_init(struct vfs_locks *locks, size_t max)
{
	*locks = (struct vfs_locks){ .max = max };
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

struct vfs_lock_owner **vfs_locks_bucket(struct vfs_locks *locks,
					 uint64_t node)
{
	return &locks->bucket[node % VFS_LOCK_BUCKETS];
}

/* The link that leads to the owner, or the one at its bucket's end. */
static struct vfs_lock_owner **link_of(struct vfs_locks *locks, uint64_t node,
				       uint64_t owner)
{
	struct vfs_lock_owner **link = vfs_locks_bucket(locks, node);

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
	if (last)
		locks->ranges -= o->held.count;
	pthread_mutex_unlock(&locks->lock);
	if (last) {
		lx_file_close(o->file);
		pthread_mutex_destroy(&o->order);
		vfs_held_clear(&o->held);
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
	link = vfs_locks_bucket(locks, node);
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
 * The owner may have no locks any more, or still none.  Another thread of his
 * that is about to lock keeps him in the table.
 */
static void drop_if_idle(struct vfs_locks *locks, struct vfs_lock_owner *o)
{
	struct vfs_lock_owner **link;
	bool idle;

	pthread_mutex_lock(&locks->lock);
	link = link_of(locks, o->node, o->owner);
	idle = *link == o && o->references == 2 && !o->held.count;
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
	pthread_mutex_lock(&locks->lock);
	vfs_waits_clear(&locks->waits);
	pthread_mutex_unlock(&locks->lock);
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
		pthread_mutex_init(&new->order, NULL);
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

/*
 * What the record of the owner, whose order is held, will be, if all together
 * may have so much; for settle().
 */
static int plan(struct vfs_locks *locks, struct vfs_lock_owner *o,
		const struct lx_lock *lock, struct vfs_held *ret_next)
{
	int err = vfs_held_next(&o->held, lock, ret_next);
	size_t ranges;

	if (err)
		return err;
	pthread_mutex_lock(&locks->lock);
	ranges = locks->ranges - o->held.count + ret_next->count;
	if (ret_next->count > o->held.count && ranges > locks->max)
		err = -LX_ENOLCK;
	else
		locks->ranges = ranges;
	pthread_mutex_unlock(&locks->lock);
	if (err)
		vfs_held_clear(ret_next);
	return err;
}

/* It is so, or (err) it is not. */
static void settle(struct vfs_locks *locks, struct vfs_lock_owner *o,
		   const struct lx_lock *lock, struct vfs_held *next, int err)
{
	pthread_mutex_lock(&locks->lock);
	if (err) {
		locks->ranges = locks->ranges - next->count + o->held.count;
		vfs_held_clear(next);
	} else {
		vfs_held_take(&o->held, next);
		locks->granted += lock->type != LX_F_UNLCK;
	}
	pthread_mutex_unlock(&locks->lock);
}

/* Ask the host, and record what it says. */
static int grant(struct vfs_locks *locks, struct vfs_lock_owner *o,
		 const struct lx_lock *lock)
{
	struct vfs_held next;
	int err;

	pthread_mutex_lock(&o->order);
	err = plan(locks, o, lock, &next);
	if (!err) {
		err = lx_setlk(o->file, lock);
		settle(locks, o, lock, &next, err);
	}
	pthread_mutex_unlock(&o->order);
	return err;
}

/* Has another owner a lock in the way that the host does not know of yet? */
static bool is_promised(struct vfs_locks *locks, uint64_t node, uint64_t owner,
			const struct lx_lock *lock)
{
	struct vfs_lock_owner *o;
	bool found = false;

	if (!vfs_locks_count(locks))
		return false;
	pthread_mutex_lock(&locks->lock);
	for (o = *vfs_locks_bucket(locks, node); o && !found; o = o->next)
		found = o->node == node && o->owner != owner &&
			atomic_load(&o->retake) &&
			vfs_held_blocks(&o->held, lock);
	pthread_mutex_unlock(&locks->lock);
	return found;
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
	else if (is_promised(&s->locks, req->node, in->owner, lock))
		err = -LX_EAGAIN;
	else
		err = get_or_add(s, req->node, in, &o);
	if (err || !o)
		return err;     /* no locks, nothing to unlock */
	err = grant(&s->locks, o, lock);
	/* A file that the host let him open otherwise is not for ever. */
	if ((!err && unlock && !lock->start && lock->end == OFFSET_MAX) ||
	    err == -LX_EBADF)
		drop_if_idle(&s->locks, o);
	put(&s->locks, o);
	return err;
}

/* A SETLKW ends with this, or waits (on), unless it would for ever. */
static int wait_or_end(struct vfs_server *s, const struct fuse_request *req,
		       const struct fuse_lk_in *in, const struct lx_lock *lock,
		       int err)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&s->locks.lock);
	if (err != -LX_EAGAIN)
		vfs_waits_end(&s->locks.waits, req->unique);
	else if (vfs_waits_on(&s->locks, req->unique, req->node, in->owner,
			      lock, (uint64_t)now.tv_sec * 1000 +
					    (uint64_t)now.tv_nsec / 1000000))
		err = -LX_EDEADLK;
	pthread_mutex_unlock(&s->locks.lock);
	return err;
}

void vfs_setlkw_dropped(void *fs, const struct fuse_request *req)
{
	struct vfs_server *s = fs;

	pthread_mutex_lock(&s->locks.lock);
	vfs_waits_end(&s->locks.waits, req->unique);
	pthread_mutex_unlock(&s->locks.lock);
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
	if (!(in->lk_flags & FUSE_LK_FLOCK))
		err = set_record_lock(s, req, in, &lock);
	else if (lock.type != LX_F_UNLCK &&
		 vfs_retake_blocks_flock(s, req->node, in->fh))
		err = -LX_EAGAIN;
	else
		err = vfs_handle_flock(handle, lock.type);
	if (req->opcode == FUSE_SETLKW && !(in->lk_flags & FUSE_LK_FLOCK))
		err = wait_or_end(s, req, in, &lock, err);
	vfs_handle_put(&s->handles, handle);
	return vfs_note(s, "SETLK", err);
}

/* ---- saved state ------------------------------------------------------- */

static struct lx_lock lock_in(const struct vfs_held_range *r)
{
	return (struct lx_lock){
		.start = r->start, .end = r->end, .type = r->type,
	};
}

/* Ask the host for all that the owner has by the record; his order is held. */
static int take_all(struct vfs_lock_owner *o)
{
	int err = 0;

	for (uint32_t i = 0; i < o->held.count && !err; i++) {
		const struct lx_lock lock = lock_in(&o->held.range[i]);

		err = lx_setlk(o->file, &lock);
	}
	return err;
}

int vfs_locks_restore(struct vfs_server *s, uint64_t node,
		      const struct fuse_lk_in *in,
		      const struct vfs_held_range *range, size_t count)
{
	struct vfs_lock_owner *o;
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		if (range[i].start > range[i].end ||
		    range[i].end > OFFSET_MAX || range[i].type >= LX_F_UNLCK)
			err = -LX_EINVAL;
	if (!err)
		err = get_or_add(s, node, in, &o);
	if (err)
		return err;
	pthread_mutex_lock(&o->order);
	for (size_t i = 0; i < count && !err; i++) {
		const struct lx_lock lock = lock_in(&range[i]);
		struct vfs_held next;

		err = plan(&s->locks, o, &lock, &next);
		if (!err)
			settle(&s->locks, o, &lock, &next, 0);
	}
	if (!err)
		err = take_all(o);
	atomic_store(&o->retake, err == -LX_EAGAIN);
	pthread_mutex_unlock(&o->order);
	put(&s->locks, o);
	return err;
}

bool vfs_locks_retake(struct vfs_locks *locks, uint64_t node, uint64_t owner)
{
	struct vfs_lock_owner *o = get(locks, node, owner);
	bool again;

	if (!o)
		return true;            /* he has unlocked it all */
	pthread_mutex_lock(&o->order);
	if (atomic_load(&o->retake))
		atomic_store(&o->retake, take_all(o) == -LX_EAGAIN);
	again = atomic_load(&o->retake);
	pthread_mutex_unlock(&o->order);
	put(locks, o);
	return !again;
}

/* ---- GETLK ------------------------------------------------------------- */

/*
 * The guest's process that holds a lock, which the host cannot tell; 0: none of
 * this guest.
 */
static uint32_t holder(struct vfs_locks *locks, uint64_t node, uint64_t owner,
		       const struct lx_lock *held)
{
	struct vfs_lock_owner *o;
	uint32_t pid = 0;

	pthread_mutex_lock(&locks->lock);
	for (o = *vfs_locks_bucket(locks, node); o && !pid; o = o->next)
		if (o->node == node && o->owner != owner &&
		    vfs_held_has(&o->held, held))
			pid = atomic_load(&o->pid);
	pthread_mutex_unlock(&locks->lock);
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
