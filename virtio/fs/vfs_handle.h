/* SPDX-License-Identifier: MIT */
/*
 * vfs_handle.h - the handle table: the numbers by which a guest refers to
 * open files and directories.
 *
 * A handle belongs to the node that it was opened by, and is for file or for
 * directory operations; a request that does not fit gets an error.  A handle
 * that is released while other requests use it is closed after the last one.
 *
 * Lock: a handle's own, which serialises reading a directory, and flock(2) of
 * a file.  It is held over lxutil calls and taken before all others of the
 * server.
 */
#ifndef VIRTIO_FS_VFS_HANDLE_H
#define VIRTIO_FS_VFS_HANDLE_H

#include "lxutil/lx_volume.h"
#include "virtio/fs/vfs_slots.h"

enum vfs_handle_kind {
	VFS_HANDLE_FILE,
	VFS_HANDLE_DIR,
	VFS_HANDLE_ANY                  /* to vfs_handle_get() only */
};

/* What flock(2) has given the guest. */
enum vfs_flock {
	VFS_FLOCK_NONE,
	VFS_FLOCK_SHARED,
	VFS_FLOCK_EXCLUSIVE
};

struct vfs_share;

struct vfs_handle {
	struct vfs_slot slot;
	struct vfs_share *share;
	struct lx_file *file;
	uint64_t node;                  /* the node id */
	enum vfs_handle_kind kind;
	_Atomic bool open;              /* until it is released */
	pthread_mutex_t lock;           /* directories: READDIR; files: flock */
	enum vfs_flock flock;           /* protected by it */
	bool retake;                    /* likewise: not granted yet */
};

struct vfs_handles {
	struct vfs_slots slots;
	atomic_uint dirs;               /* how many are for directories */
};

/* At most max (up to VFS_HANDLES_MAX) at a time. */
void vfs_handles_init(struct vfs_handles *handles, uint32_t max);
/* No handle may be in use. */
void vfs_handles_done(struct vfs_handles *handles);

/* Close all. */
void vfs_handles_clear(struct vfs_handles *handles);

size_t vfs_handles_count(struct vfs_handles *handles);

/*
 * A handle is made in two steps, so that nothing is opened or created when
 * there is no room: reserve one, then open or cancel it.  0, -LX_ENFILE or
 * -LX_ENOMEM.
 */
int vfs_handle_reserve(struct vfs_handles *handles, enum vfs_handle_kind kind,
		       struct vfs_handle **ret_handle);
/* The same for a saved number (see vfs_slots_place()); also -LX_EINVAL. */
int vfs_handle_place(struct vfs_handles *handles, enum vfs_handle_kind kind,
		     uint64_t id, struct vfs_handle **ret_handle);
void vfs_handle_cancel(struct vfs_handles *handles, struct vfs_handle *handle);
/*
 * Takes file; returns the number for the guest.  share and file are NULL for a
 * directory that is nowhere on the host.
 */
uint64_t vfs_handle_open(struct vfs_handle *handle, struct vfs_share *share,
			 struct lx_file *file, uint64_t node);

/*
 * The handle of a number, to be put back after use.  -LX_EBADF: there is none,
 * or not of this node; -LX_EISDIR or -LX_ENOTDIR: it is of the other kind.
 */
int vfs_handle_get(struct vfs_handles *handles, uint64_t id, uint64_t node,
		   enum vfs_handle_kind kind, struct vfs_handle **ret_handle);
void vfs_handle_put(struct vfs_handles *handles, struct vfs_handle *handle);

/* flock(2) by a handle of a file; type is LX_F_*. */
int vfs_handle_flock(struct vfs_handle *handle, uint32_t type);
/*
 * The guest has this flock already: try to take it.  -LX_EAGAIN: it is for
 * vfs_handle_retake() to try again; another error: it is lost.
 */
int vfs_handle_restore_flock(struct vfs_handle *handle, enum vfs_flock flock);
/* False: others still hold it. */
bool vfs_handle_retake(struct vfs_handles *handles, uint64_t id,
		       uint64_t node);

/* Close it.  Errors as vfs_handle_get(). */
int vfs_handle_release(struct vfs_handles *handles, uint64_t id, uint64_t node,
		       enum vfs_handle_kind kind);

#endif
