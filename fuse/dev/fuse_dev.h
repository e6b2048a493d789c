/* SPDX-License-Identifier: MIT */
/*
 * fuse_dev.h - the second transport of a fuse_session: Linux' /dev/fuse.
 *
 * The host itself mounts what a guest would: for debugging, and to test the
 * server at native speed.  Several threads serve one mount, each on a clone
 * of the device, so that the kernel's queue is not fought over.  Requests that
 * wait for a lock hold none of them (fuse_dev_wait.h).
 */
#ifndef FUSE_DEV_FUSE_DEV_H
#define FUSE_DEV_FUSE_DEV_H

#include "fuse/fuse_session.h"

#define FUSE_DEV_THREADS_MAX 64

struct fuse_dev;

struct fuse_dev_params {
	const char *source;             /* shown as the mount's device */
	const char *mountpoint;         /* an existing directory */
	bool read_only;
	bool root_is_file;              /* the root is no directory */
	unsigned threads;               /* 1..FUSE_DEV_THREADS_MAX */
	void (*thread_init)(void);      /* first call of each thread, or NULL */
};

/*
 * Mount and serve until the file system is unmounted.  Needs CAP_SYS_ADMIN, or
 * fusermount3.  session and log are borrowed until fuse_dev_free().
 * 0 or a negative errno; *ret_what names the step that failed.
 */
int fuse_dev_mount(const struct fuse_dev_params *params,
		   struct fuse_session *session, const struct log *log,
		   struct fuse_dev **ret_dev, const char **ret_what);

/* Wait for the threads, which end with the mount.  Once. */
void fuse_dev_join(struct fuse_dev *dev);
/* After fuse_dev_join(). */
void fuse_dev_free(struct fuse_dev *dev);

/*
 * Detach the mount from the tree: open files go on until they are closed.
 * Returns 0 or a negative errno.
 */
int fuse_dev_unmount(struct fuse_dev *dev);

#endif
