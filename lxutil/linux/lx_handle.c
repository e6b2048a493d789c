/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_handle.h"

#include "lxutil/linux/lx_node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TRIES 10

struct file_handle *lx_handle_new(int fd)
{
	union {
		struct file_handle head;
		char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} buf;
	struct file_handle *handle;
	int mount_id;
	size_t size;

	buf.head.handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(fd, "", &buf.head, &mount_id, AT_EMPTY_PATH))
		return NULL;
	size = sizeof(*handle) + buf.head.handle_bytes;
	handle = malloc(size);
	if (handle)
		memcpy(handle, &buf, size);
	return handle;
}

/*
 * ENOMEM is also what ext4 says of an inode that is gone while its number is
 * being given to a new one; a moment later that is ESTALE.
 */
static bool try_again(unsigned *tries)
{
	static const struct timespec moment = { 0, 50000 };

	if (errno != ENOMEM || ++*tries > TRIES)
		return false;
	nanosleep(&moment, NULL);
	return true;
}

int lx_handle_open(struct lx_volume *vol, const struct lx_mount *mount,
		   const struct file_handle *handle)
{
	unsigned tries = 0;
	int fd;

	do {
		fd = open_by_handle_at(mount->fd, (struct file_handle *)handle,
				       O_PATH | O_NOFOLLOW | O_CLOEXEC);
	} while (fd < 0 && (lx_fds_make_room(vol) || try_again(&tries)));
	return fd < 0 ? lx_error() : fd;
}

/* ---- mounts ------------------------------------------------------------ */

/* Can the directory that mount->fd is be opened by its handle? */
static bool try_handle(struct lx_volume *vol, const struct lx_mount *mount)
{
	struct file_handle *handle = lx_handle_new(mount->fd);
	int fd;

	if (!handle)
		return false;
	fd = lx_handle_open(vol, mount, handle);
	free(handle);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* The mount of the directory fd, counting one node. */
static int mount_new(struct lx_volume *vol, int fd, uint64_t id,
		     struct lx_mount **ret_mount)
{
	struct lx_mount *mount;
	int err = lx_fds_reserve(vol);

	if (err)
		return err;
	mount = malloc(sizeof(*mount));
	if (!mount) {
		lx_fds_release(vol);
		return -LX_ENOMEM;
	}
	/* Not of O_PATH: the kernel does not take one. */
	*mount = (struct lx_mount){
		.id = id,
		.fd = lx_reopen(vol, fd, O_RDONLY | O_DIRECTORY),
		.nodes = 1,
	};
	if (mount->fd >= 0 && !try_handle(vol, mount)) {
		close(mount->fd);
		mount->fd = -1;
	}
	if (mount->fd < 0) {
		mount->fd = -1;
		lx_fds_release(vol);
		log_debug(vol->log, LOG_LXUTIL,
			  "mount %llu: no file handles, names instead",
			  (unsigned long long)id);
	}
	*ret_mount = mount;
	return 0;
}

static void mount_free(struct lx_volume *vol, struct lx_mount *mount)
{
	if (mount->fd >= 0) {
		close(mount->fd);
		lx_fds_release(vol);
	}
	free(mount);
}

/* The mount, counting one node more, or NULL.  The lock is held. */
static struct lx_mount *find_locked(struct lx_mounts *mounts, uint64_t id)
{
	struct lx_mount *mount = mounts->first;

	while (mount && mount->id != id)
		mount = mount->next;
	if (mount)
		mount->nodes++;
	return mount;
}

static int find_or_add(struct lx_volume *vol, int fd, const struct lx_stat *st,
		       struct lx_mount **ret_mount)
{
	struct lx_mount *mount, *found;
	int err;

	pthread_mutex_lock(&vol->mounts.lock);
	mount = find_locked(&vol->mounts, st->mount);
	pthread_mutex_unlock(&vol->mounts.lock);
	if (mount || !LX_S_ISDIR(st->mode)) {
		*ret_mount = mount;
		return 0;
	}
	err = mount_new(vol, fd, st->mount, &mount);
	if (err)
		return err;
	pthread_mutex_lock(&vol->mounts.lock);
	found = find_locked(&vol->mounts, st->mount);
	if (!found) {
		mount->next = vol->mounts.first;
		vol->mounts.first = mount;
	}
	pthread_mutex_unlock(&vol->mounts.lock);
	if (found)
		mount_free(vol, mount);
	*ret_mount = found ? found : mount;
	return 0;
}

int lx_mount_get(struct lx_volume *vol, int fd, const struct lx_stat *st,
		 struct lx_mount **ret_mount)
{
	struct lx_mount *mount = NULL;
	int err = 0;

	if (vol->handles != LX_HANDLES_NEVER && st->mount && st->has_btime)
		err = find_or_add(vol, fd, st, &mount);
	if (err)
		return err;
	if (vol->handles == LX_HANDLES_MANDATORY &&
	    (!mount || mount->fd < 0)) {
		lx_mount_put(vol, mount);
		return -LX_EOPNOTSUPP;
	}
	*ret_mount = mount;
	return 0;
}

bool lx_mount_opens(struct lx_mount *mount, int fd, const struct lx_stat *st)
{
	int tested = atomic_load(&mount->files);
	struct file_handle *handle;

	if (mount->fd < 0)
		return false;
	if (LX_S_ISDIR(st->mode) || tested != LX_UNTESTED)
		return LX_S_ISDIR(st->mode) || tested == LX_WORKS;
	handle = lx_handle_new(fd);
	if (!handle)
		return false;
	fd = open_by_handle_at(mount->fd, handle,
			       O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0) {
		atomic_store(&mount->files, LX_WORKS);
		close(fd);
	} else if (errno != EMFILE && errno != ENFILE && errno != ESTALE) {
		atomic_store(&mount->files, LX_FAILS);
	}
	free(handle);
	/* If it could not be told, the next one tells. */
	return atomic_load(&mount->files) != LX_FAILS;
}

void lx_mount_put(struct lx_volume *vol, struct lx_mount *mount)
{
	struct lx_mount **link = &vol->mounts.first;
	bool gone;

	if (!mount)
		return;
	pthread_mutex_lock(&vol->mounts.lock);
	gone = --mount->nodes == 0;
	if (gone) {
		while (*link != mount)
			link = &(*link)->next;
		*link = mount->next;
	}
	pthread_mutex_unlock(&vol->mounts.lock);
	if (gone)
		mount_free(vol, mount);
}
