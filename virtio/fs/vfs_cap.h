/* SPDX-License-Identifier: MIT */
/*
 * vfs_cap.h - file capabilities, whose root user is to be translated between
 * guest and host.
 *
 * The value of security.capability is, as in <linux/capability.h>, little-
 * endian u32s: revision (in the highest byte) and flags, twice two sets, and in
 * revision 3 the user who is root in the user namespaces where they count.
 * Revision 2 is for user 0.  As Linux does it for mounts that map ids, what is
 * revision 2 on one side is revision 3 on the other where 0 is not 0 there; so
 * what a guest's root gives a file is no privilege for the host's programs.
 */
#ifndef VIRTIO_FS_VFS_CAP_H
#define VIRTIO_FS_VFS_CAP_H

#include "virtio/fs/vfs_idmap.h"

#include <stdbool.h>
#include <sys/types.h>

#define VFS_CAP_MAX 24u                 /* bytes of a value: revision 3's */

bool vfs_cap_is_name(const char *name);

/*
 * Translate the `size` bytes at cap into ret_cap, which may be cap itself if it
 * has room for VFS_CAP_MAX; returns how many they are.  What is neither of the
 * revisions is copied; -LX_EINVAL: it is longer than they are.  -LX_EPERM: the
 * guest may not use its root's id.
 */
ssize_t vfs_cap_to_host(const struct vfs_idmap *uids, const void *cap,
			size_t size, uint8_t ret_cap[VFS_CAP_MAX]);
ssize_t vfs_cap_to_guest(const struct vfs_idmap *uids, const void *cap,
			 size_t size, uint8_t ret_cap[VFS_CAP_MAX]);

#endif
