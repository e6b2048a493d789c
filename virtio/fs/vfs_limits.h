/* SPDX-License-Identifier: MIT */
/*
 * vfs_limits.h - how much of the server a guest can occupy.
 *
 * Descriptors have a limit of their own, see struct lx_volume_options.
 */
#ifndef VIRTIO_FS_VFS_LIMITS_H
#define VIRTIO_FS_VFS_LIMITS_H

/* Nodes that a guest may know at a time; -LX_ENFILE beyond. */
#define VFS_NODES_MAX (1u << 20)
/*
 * Nodes that the guest has forgotten and may ask for by a file handle; besides
 * those that it knows.  The oldest goes beyond.
 */
#define VFS_FORGOTTEN_MAX (1u << 16)
/* Files and directories open at a time; -LX_ENFILE beyond. */
#define VFS_HANDLES_MAX (1u << 20)
/* Of these, directories, each of which has a buffer (LX_DIR_BUFFER). */
#define VFS_DIRS_MAX (1u << 12)
/*
 * Pieces of guest memory in one system call: those of FUSE_MAX_WRITE bytes in
 * 4 KiB pages and some.  Data in more pieces takes more calls.
 */
#define VFS_IO_PIECES 320
/*
 * Processes of the guest that hold record locks, counted once for each file
 * that they lock; -LX_ENOLCK beyond.  Each takes a descriptor of the host.
 */
#define VFS_LOCK_OWNERS_MAX 16384u
/* Bytes that one COPY_FILE_RANGE copies, as it holds a thread meanwhile. */
#define VFS_COPY_MAX (256u << 20)
/* Bytes that one IOCTL passes out: what its number has bits for. */
#define VFS_IOCTL_MAX 16384u

#endif
