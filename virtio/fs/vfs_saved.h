/* SPDX-License-Identifier: MIT */
/*
 * vfs_saved.h - the records of a saved server, in the order in which they come.
 * Private to vfs_save.c and vfs_restore.c.
 *
 * A node is told by where it was found last: a name in another node that the
 * guest knows and that comes before it, or (parent 0) a path from the root of
 * its share; by a file handle; and by what it is.  None of it is trusted.
 *
 *   vfss   u32 shares, u8 own root
 *   shar   each: blob name, blob file name, u8 read-only, u64 ino, u64 btime of
 *          its root directory
 *   slot.. of the nodes (vfs_slots.h)
 *   node   each but node 1: u64 id, u64 lookups (0: forgotten), u32 share,
 *          u32 type, u64 ino, u64 btime, u8 on the root's file system,
 *          u8 named, u64 parent, blob name or path,
 *          u32 handle type, blob handle (empty: none)
 *   slot.. of the handles
 *   file   each: u64 handle, u64 node, u8 kind, u32 flags (LX_O_*), u8 flock
 *          (enum vfs_flock)
 *   lock   each owner: u64 node, u64 owner, u64 handle, u32 pid, and ranges:
 *          u64 start, u64 end, u32 type
 */
#ifndef VIRTIO_FS_VFS_SAVED_H
#define VIRTIO_FS_VFS_SAVED_H

#include "common/save.h"

#define VFS_TAG_SERVER SAVE_TAG('v', 'f', 's', 's')
#define VFS_TAG_SHARE SAVE_TAG('s', 'h', 'a', 'r')
#define VFS_TAG_NODE SAVE_TAG('n', 'o', 'd', 'e')
#define VFS_TAG_FILE SAVE_TAG('f', 'i', 'l', 'e')
#define VFS_TAG_LOCK SAVE_TAG('l', 'o', 'c', 'k')

#endif
