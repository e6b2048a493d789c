/* SPDX-License-Identifier: MIT */
/*
 * vfs_xattrmap.h - under which names the host keeps the guest's extended
 * attributes, and which of them a guest may use at all.
 *
 * A map is written as rules, those of virtiofsd's --xattrmap, with or without
 * white space between them:
 *
 *     :TYPE:SCOPE:KEY:PREPEND:       :map:KEY:PREPEND:
 *
 * The first character of a rule, a punctuation mark, is its separator.  SCOPE
 * is client (names that the guest uses, matched against KEY), server (names
 * that the host lists, matched against PREPEND) or all; an empty KEY or PREPEND
 * matches every name.  The first rule that matches counts.  TYPE is
 *
 *     prefix       put PREPEND before the guest's name, take it from the host's
 *     ok           leave the name as it is
 *     bad          -LX_EPERM; not in lists
 *     unsupported  -LX_EOPNOTSUPP; not in lists
 *     map          the last rule: prefix, and nobody gets around it: names of
 *                  the host that begin with KEY, and of the guest that begin
 *                  with PREPEND, are bad; others are ok.  With an empty KEY,
 *                  everything is prefixed.
 *
 * A name that no rule matches is bad.
 *
 * A map is constant.  NULL is the map that leaves every name as it is.
 */
#ifndef VIRTIO_FS_VFS_XATTRMAP_H
#define VIRTIO_FS_VFS_XATTRMAP_H

#include "lxutil/lx.h"

struct vfs_xattrmap;

/*
 * 0, -LX_EINVAL or -LX_ENOMEM, and then one line for a person in error (of
 * error_size bytes).
 */
int vfs_xattrmap_new(const char *rules, char *error, size_t error_size,
		     struct vfs_xattrmap **ret_map);
/* NULL is allowed. */
void vfs_xattrmap_free(struct vfs_xattrmap *map);

/*
 * The host's name for the guest's.  -LX_EPERM: bad, which getxattr(2) calls
 * -LX_ENODATA; -LX_EOPNOTSUPP: unsupported; -LX_ERANGE: it would be too long.
 */
int vfs_xattrmap_to_host(const struct vfs_xattrmap *map, const char *name,
			 char ret_name[LX_XATTR_NAME_MAX + 1]);

/*
 * Make a list of names as listxattr(2) gives it, len bytes, that of the guest,
 * in place.  Returns its new length, which is not greater.
 */
size_t vfs_xattrmap_list(const struct vfs_xattrmap *map, char *list,
			 size_t len);

/*
 * The host's name for security.capability if that is another: Linux then does
 * not drop it when the file changes, and the server must (CVE-2021-20263).
 * NULL: there is nothing to do.
 */
const char *vfs_xattrmap_capability_name(const struct vfs_xattrmap *map);

#endif
