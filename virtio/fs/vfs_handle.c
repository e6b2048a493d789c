/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_handle.h"

#include "common/bytes.h"
#include "common/limits.h"

static struct vfs_handle *handle_of(struct vfs_slot *slot)
{
	return container_of(slot, struct vfs_handle, slot);
}

static void release(void *owner, struct vfs_slot *slot)
{
	struct vfs_handle *handle = handle_of(slot);

	lx_file_close(handle->file);
	vfs_handle_cancel(owner, handle);
}

void vfs_handles_init(struct vfs_handles *handles, uint32_t max)
{
	vfs_slots_init(&handles->slots, sizeof(struct vfs_handle), max,
		       release, handles);
	atomic_init(&handles->dirs, 0);
}

void vfs_handles_done(struct vfs_handles *handles)
{
	vfs_handles_clear(handles);
	vfs_slots_done(&handles->slots);
}

size_t vfs_handles_count(struct vfs_handles *handles)
{
	return atomic_load(&handles->slots.live);
}

/* Count one more, if it is a directory. */
static int count(struct vfs_handles *handles, enum vfs_handle_kind kind)
{
	if (kind != VFS_HANDLE_DIR ||
	    atomic_fetch_add(&handles->dirs, 1) < VFS_DIRS_MAX)
		return 0;
	atomic_fetch_sub(&handles->dirs, 1);
	return -LX_ENFILE;
}

static void uncount(struct vfs_handles *handles, enum vfs_handle_kind kind)
{
	if (kind == VFS_HANDLE_DIR)
		atomic_fetch_sub(&handles->dirs, 1);
}

/* A slot of the next number, or (place) of this one. */
static int reserve(struct vfs_handles *handles, enum vfs_handle_kind kind,
		   bool place, uint64_t id, struct vfs_handle **ret_handle)
{
	struct vfs_slot *slot;
	int err;

	err = count(handles, kind);
	if (err)
		return err;
	err = place ? vfs_slots_place(&handles->slots, id, &slot) :
		      vfs_slots_new(&handles->slots, &slot);
	if (err) {
		uncount(handles, kind);
		return err;
	}
	*ret_handle = handle_of(slot);
	(*ret_handle)->kind = kind;
	pthread_mutex_init(&(*ret_handle)->lock, NULL);
	return 0;
}

int vfs_handle_reserve(struct vfs_handles *handles, enum vfs_handle_kind kind,
		       struct vfs_handle **ret_handle)
{
	return reserve(handles, kind, false, 0, ret_handle);
}

int vfs_handle_place(struct vfs_handles *handles, enum vfs_handle_kind kind,
		     uint64_t id, struct vfs_handle **ret_handle)
{
	return reserve(handles, kind, true, id, ret_handle);
}

void vfs_handle_cancel(struct vfs_handles *handles, struct vfs_handle *handle)
{
	uncount(handles, handle->kind);
	pthread_mutex_destroy(&handle->lock);
	vfs_slots_free(&handles->slots, &handle->slot);
}

uint64_t vfs_handle_open(struct vfs_handle *handle, struct vfs_share *share,
			 struct lx_file *file, uint64_t node)
{
	uint64_t id = vfs_slot_id(&handle->slot);

	handle->share = share;
	handle->file = file;
	handle->node = node;
	atomic_store(&handle->open, true);
	vfs_slot_publish(&handle->slot, 1);
	return id;
}

int vfs_handle_get(struct vfs_handles *handles, uint64_t id, uint64_t node,
		   enum vfs_handle_kind kind, struct vfs_handle **ret_handle)
{
	struct vfs_slot *slot = vfs_slots_get(&handles->slots, id);
	struct vfs_handle *handle;
	int err = 0;

	if (!slot)
		return -LX_EBADF;
	handle = handle_of(slot);
	if (handle->node != node || !atomic_load(&handle->open))
		err = -LX_EBADF;
	else if (kind != VFS_HANDLE_ANY && kind != handle->kind)
		err = kind == VFS_HANDLE_DIR ? -LX_ENOTDIR : -LX_EISDIR;
	if (err) {
		vfs_handle_put(handles, handle);
		return err;
	}
	*ret_handle = handle;
	return 0;
}

void vfs_handle_put(struct vfs_handles *handles, struct vfs_handle *handle)
{
	vfs_slots_put(&handles->slots, &handle->slot);
}

/* ---- flock ------------------------------------------------------------- */

static const enum vfs_flock flock_of[] = {
	[LX_F_RDLCK] = VFS_FLOCK_SHARED,
	[LX_F_WRLCK] = VFS_FLOCK_EXCLUSIVE,
	[LX_F_UNLCK] = VFS_FLOCK_NONE,
};

static const uint32_t type_of[] = {
	[VFS_FLOCK_NONE] = LX_F_UNLCK,
	[VFS_FLOCK_SHARED] = LX_F_RDLCK,
	[VFS_FLOCK_EXCLUSIVE] = LX_F_WRLCK,
};

int vfs_handle_flock(struct vfs_handle *handle, uint32_t type)
{
	int err;

	pthread_mutex_lock(&handle->lock);
	err = lx_flock(handle->file, type);
	if (!err) {
		handle->flock = flock_of[type];
		handle->retake = false;
	}
	pthread_mutex_unlock(&handle->lock);
	return err;
}

int vfs_handle_restore_flock(struct vfs_handle *handle, enum vfs_flock flock)
{
	int err = vfs_handle_flock(handle, type_of[flock]);

	if (err == -LX_EAGAIN) {
		pthread_mutex_lock(&handle->lock);
		handle->flock = flock;
		handle->retake = true;
		pthread_mutex_unlock(&handle->lock);
	}
	return err;
}

bool vfs_handle_retake(struct vfs_handles *handles, uint64_t id,
		       uint64_t node)
{
	struct vfs_handle *handle;
	bool again;

	if (vfs_handle_get(handles, id, node, VFS_HANDLE_FILE, &handle))
		return true;            /* it was closed */
	pthread_mutex_lock(&handle->lock);
	if (handle->retake)
		handle->retake = lx_flock(handle->file,
					  type_of[handle->flock]) == -LX_EAGAIN;
	again = handle->retake;
	pthread_mutex_unlock(&handle->lock);
	vfs_handle_put(handles, handle);
	return !again;
}

/* ---- closing ----------------------------------------------------------- */

/* Drop the table's reference, once; false: somebody else has. */
static bool close_handle(struct vfs_handles *handles,
			 struct vfs_handle *handle)
{
	if (!atomic_exchange(&handle->open, false))
		return false;
	vfs_handle_put(handles, handle);
	return true;
}

int vfs_handle_release(struct vfs_handles *handles, uint64_t id, uint64_t node,
		       enum vfs_handle_kind kind)
{
	struct vfs_handle *handle;
	bool closed;
	int err;

	err = vfs_handle_get(handles, id, node, kind, &handle);
	if (err)
		return err;
	closed = close_handle(handles, handle);
	vfs_handle_put(handles, handle);
	return closed ? 0 : -LX_EBADF;
}

void vfs_handles_clear(struct vfs_handles *handles)
{
	struct vfs_slot *slot;
	uint32_t index = 0;

	while ((slot = vfs_slots_next(&handles->slots, &index))) {
		close_handle(handles, handle_of(slot));
		vfs_handle_put(handles, handle_of(slot));
	}
}
