/* SPDX-License-Identifier: MIT */
/*
 * vfs_acl.h - POSIX access control lists, whose users and groups are to be
 * translated between guest and host.
 *
 * The value of system.posix_acl_access and system.posix_acl_default is, as in
 * <linux/posix_acl_xattr.h>, little-endian:
 *
 *     u32 version (2), then for each entry: u16 tag, u16 perm, u32 id
 *
 * where the id counts for the tags ACL_USER and ACL_GROUP.
 */
#ifndef VIRTIO_FS_VFS_ACL_H
#define VIRTIO_FS_VFS_ACL_H

#include "virtio/fs/vfs_idmap.h"

#include <stdbool.h>

/* system.posix_acl_access and system.posix_acl_default. */
extern const char *const vfs_acl_names[2];

/* Is this the name of an attribute that is an ACL? */
bool vfs_acl_is_name(const char *name);

/*
 * Translate the `size` bytes at acl, private to the caller, into as many at
 * ret_acl, which may be acl itself.  No bytes are no ACL, and stay none.
 * -LX_EINVAL: no ACL; -LX_EOPNOTSUPP: another version, as Linux says it;
 * -LX_EPERM: it has an id that the guest may not use.
 */
int vfs_acl_to_host(const struct vfs_idmap *uids, const struct vfs_idmap *gids,
		    const void *acl, size_t size, void *ret_acl);
int vfs_acl_to_guest(const struct vfs_idmap *uids,
		     const struct vfs_idmap *gids, const void *acl,
		     size_t size, void *ret_acl);

#endif
