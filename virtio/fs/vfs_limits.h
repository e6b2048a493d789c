/* SPDX-License-Identifier: MIT */
/*
 * vfs_limits.h - how much of the server a guest can occupy.
 *
 * While a node is held by a descriptor, the process' RLIMIT_NOFILE is reached
 * long before VFS_NODES_MAX; a guest then gets EMFILE until it forgets some.
 */
#ifndef VIRTIO_FS_VFS_LIMITS_H
#define VIRTIO_FS_VFS_LIMITS_H

/* Nodes that a guest may know at a time; -LX_ENFILE beyond. */
#define VFS_NODES_MAX (1u << 20)
/* Files and directories open at a time; -LX_ENFILE beyond. */
#define VFS_HANDLES_MAX (1u << 20)
/* Of these, directories, each of which has a buffer (LX_DIR_BUFFER). */
#define VFS_DIRS_MAX (1u << 12)
/*
 * Pieces of guest memory in one system call: those of FUSE_MAX_WRITE bytes in
 * 4 KiB pages and some.  Data in more pieces takes more calls.
 */
#define VFS_IO_PIECES 320

#endif
