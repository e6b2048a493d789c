/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_retake.h"

#include "common/bytes.h"
#include "virtio/fs/vfs_private.h"
#include "virtio/virtio_thread.h"

#include <stdlib.h>
#include <time.h>

void vfs_retake_init(struct vfs_retake *retake)
{
	pthread_condattr_t attr;

	*retake = (struct vfs_retake){ .count = 0 };
	pthread_mutex_init(&retake->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&retake->changed, &attr);
	pthread_condattr_destroy(&attr);
}

void vfs_retake_done(struct vfs_retake *retake)
{
	vfs_retake_stop(retake);
	pthread_cond_destroy(&retake->changed);
	pthread_mutex_destroy(&retake->mutex);
}

int vfs_retake_add(struct vfs_retake *retake, struct vfs_retake_lock lock)
{
	size_t room = retake->room ? retake->room * 2 : 16;
	struct vfs_retake_lock *grown;

	if (retake->count == retake->room) {
		grown = realloc(retake->lock, room * sizeof(*grown));
		if (!grown)
			return -LX_ENOMEM;
		retake->lock = grown;
		retake->room = room;
	}
	retake->lock[retake->count++] = lock;
	return 0;
}

static bool try_one(struct vfs_server *s, const struct vfs_retake_lock *lock)
{
	return lock->owner_is_handle ?
		       vfs_handle_retake(&s->handles, lock->owner, lock->node) :
		       vfs_locks_retake(&s->locks, lock->node, lock->owner);
}

/* Try those that are left.  Only the thread makes them fewer. */
static void try_all(struct vfs_server *s)
{
	struct vfs_retake *retake = &s->retake;

	for (size_t i = retake->count; i; i--) {
		if (!try_one(s, &retake->lock[i - 1]))
			continue;
		pthread_mutex_lock(&retake->mutex);
		retake->lock[i - 1] = retake->lock[--retake->count];
		pthread_mutex_unlock(&retake->mutex);
	}
}

bool vfs_retake_blocks_flock(struct vfs_server *s, uint64_t node, uint64_t fh)
{
	struct vfs_retake *retake = &s->retake;
	bool blocks = false;

	if (!retake->running)
		return false;
	pthread_mutex_lock(&retake->mutex);
	for (size_t i = 0; i < retake->count && !blocks; i++) {
		const struct vfs_retake_lock *lock = &retake->lock[i];

		blocks = lock->owner_is_handle && lock->node == node &&
			 lock->owner != fh && !try_one(s, lock);
	}
	pthread_mutex_unlock(&retake->mutex);
	return blocks;
}

/* False: it is to stop. */
static bool sleep_for(struct vfs_retake *retake, long ms)
{
	struct timespec then;
	bool stop;

	clock_gettime(CLOCK_MONOTONIC, &then);
	then.tv_nsec += ms * 1000000;
	then.tv_sec += then.tv_nsec / 1000000000;
	then.tv_nsec %= 1000000000;
	pthread_mutex_lock(&retake->mutex);
	while (!retake->stop &&
	       !pthread_cond_timedwait(&retake->changed, &retake->mutex, &then))
		;
	stop = retake->stop;
	pthread_mutex_unlock(&retake->mutex);
	return !stop;
}

static void *keep_trying(void *arg)
{
	struct vfs_server *s = arg;
	long ms = VFS_RETAKE_MIN_MS, waited = 0;

	while (s->retake.count && waited < VFS_RETAKE_GIVE_UP_MS) {
		if (!sleep_for(&s->retake, ms))
			return NULL;
		try_all(s);
		waited += ms;
		/* In vain for longer, more seldom. */
		ms = MAX(MIN(waited / 10, VFS_RETAKE_MAX_MS),
			 VFS_RETAKE_MIN_MS);
	}
	if (s->retake.count)
		log_warn(s->log, LOG_VIRTIOFS,
			 "the locks of %zu restored owners are others' on the host",
			 s->retake.count);
	return NULL;
}

int vfs_retake_start(struct vfs_server *s)
{
	int ret;

	if (!s->retake.count)
		return 0;
	s->retake.stop = false;
	ret = virtio_thread_start(&s->retake.thread, "virtiofs", "l",
				  keep_trying, s);
	s->retake.running = !ret;
	return ret ? -LX_ENOMEM : 0;
}

void vfs_retake_stop(struct vfs_retake *retake)
{
	if (retake->running) {
		pthread_mutex_lock(&retake->mutex);
		retake->stop = true;
		pthread_cond_signal(&retake->changed);
		pthread_mutex_unlock(&retake->mutex);
		pthread_join(retake->thread, NULL);
	}
	free(retake->lock);
	retake->lock = NULL;
	retake->count = retake->room = 0;
	retake->running = false;
}
