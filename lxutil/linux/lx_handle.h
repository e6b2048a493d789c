/* SPDX-License-Identifier: MIT */
/*
 * lx_handle.h - file handles, and the mounts by which they are opened; private
 * to lxutil/linux.
 *
 * A handle (name_to_handle_at(2)) names an inode and a generation of it, so it
 * finds the inode whatever its names are, and never another one.  To open it
 * takes a descriptor on the same mount, and CAP_DAC_READ_SEARCH.
 *
 * A volume meets a mount with its first node there, mostly the directory that
 * is the mount's root, which is opened to be that descriptor, and tried.  It
 * stays open as long as there are nodes of the mount, so that the host can
 * unmount what the guest has forgotten.  A file that is a mount by itself
 * cannot serve, hence it has no handle; nor has any node of a mount without
 * handles, which does with a name (lx_hint.h).
 *
 * A node whose time of birth is not known keeps its descriptor: see
 * lx_stat_name().
 */
#ifndef LXUTIL_LINUX_LX_HANDLE_H
#define LXUTIL_LINUX_LX_HANDLE_H

#include "lxutil/lx_volume.h"

#include <fcntl.h>
#include <pthread.h>

enum lx_tested { LX_UNTESTED, LX_WORKS, LX_FAILS };

struct lx_mount {
	uint64_t id;
	int fd;                         /* -1: handles are of no use */
	_Atomic int files;              /* enum lx_tested: not directories */
	size_t nodes;                   /* protected by the table's lock */
	struct lx_mount *next;
};

struct lx_mounts {
	pthread_mutex_t lock;           /* a leaf */
	struct lx_mount *first;
};

/* The handle of fd's inode, to be freed, or NULL. */
struct file_handle *lx_handle_new(int fd);

/* A descriptor (O_PATH) for a handle, or -LX_E...; mount->fd is not -1. */
int lx_handle_open(struct lx_volume *vol, const struct lx_mount *mount,
		   const struct file_handle *handle);

/*
 * The mount of a new node with that descriptor and attributes, counting one
 * more node; NULL where the node cannot have a handle.  -LX_EOPNOTSUPP:
 * there is none, and the volume demands handles.
 */
int lx_mount_get(struct lx_volume *vol, int fd, const struct lx_stat *st,
		 struct lx_mount **ret_mount);
/*
 * Do its handles open what has this descriptor and these attributes?  A
 * privilege within a user namespace may open directories only.
 */
bool lx_mount_opens(struct lx_mount *mount, int fd, const struct lx_stat *st);
/* NULL is allowed. */
void lx_mount_put(struct lx_volume *vol, struct lx_mount *mount);

#endif
