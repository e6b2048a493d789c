/* SPDX-License-Identifier: MIT */
/*
 * vfs_idmap.h - which user (or group) of the guest is which of the host.
 *
 * A map is written as rules, virtiofsd's --translate-uid and --translate-gid:
 *
 *     guest:GUEST:HOST:COUNT         COUNT guest ids from GUEST on are the host
 *                                    ids from HOST on
 *     host:HOST:GUEST:COUNT          the reverse, for what the guest is shown
 *     map:GUEST:HOST:COUNT           both of these
 *     squash-guest:GUEST:HOST:COUNT  they all are the one host id HOST
 *     squash-host:HOST:GUEST:COUNT   they all are shown as GUEST
 *     forbid-guest:GUEST:COUNT       they own nothing: -LX_EPERM
 *
 * The two directions are independent, and within one no two rules may say
 * something about the same id.  An id that no rule speaks of is the same on
 * both sides.  4294967295 is (uid_t)-1, "no id": no rule can hold it.
 *
 * A map is constant once its rules are added, and then for any thread.  NULL
 * is the map without rules, and costs one compare.
 */
#ifndef VIRTIO_FS_VFS_IDMAP_H
#define VIRTIO_FS_VFS_IDMAP_H

#include <stddef.h>
#include <stdint.h>

struct vfs_idmap;

/*
 * Add rules, which have white space between them, to *map; a NULL *map is made
 * first.  0, -LX_EINVAL or -LX_ENOMEM, and then one line for a person in error
 * (of error_size bytes); the map may then only be freed.
 */
int vfs_idmap_add(struct vfs_idmap **map, const char *rules, char *error,
		  size_t error_size);
/* NULL is allowed. */
void vfs_idmap_free(struct vfs_idmap *map);

/* The guest's id on the host; -LX_EPERM: a rule forbids it. */
int vfs_idmap_to_host(const struct vfs_idmap *map, uint32_t id,
		      uint32_t *ret_id);
/* What the guest shall see. */
uint32_t vfs_idmap_to_guest(const struct vfs_idmap *map, uint32_t id);

#endif
