/* SPDX-License-Identifier: MIT */
/*
 * limits.h - how much of the host a guest, a front-end or a client can occupy:
 * every such number of the project, in one place and by layer.
 *
 * What happens beyond stands at each: an error that the guest is told, or a
 * queue that breaks; never an end of the process.  docs/security.md has the
 * table, with the options and the tests.  How many descriptors a share may have
 * is no constant: it is the option rlimit-nofile.
 *
 * Names have the prefix of the layer that keeps to them; the header is here as
 * the layers see no other that they all share.  It includes nothing.
 */
#ifndef COMMON_LIMITS_H
#define COMMON_LIMITS_H

/* ---- guest memory (common) --------------------------------------------- */

#define GMEM_RANGES_MAX 1024            /* -ENOSPC beyond */

/* ---- saved state (common) ---------------------------------------------- */

/* Bytes of one record of an image; -EINVAL beyond. */
#define SAVE_RECORD_MAX 65536u

/* ---- rings (virtio) ---------------------------------------------------- */

#define VIRTIO_QUEUES_MAX 64            /* -EINVAL beyond */
#define VIRTIO_QUEUE_SIZE_MAX 1024      /* descriptors of one queue */
/*
 * Entries of one indirect table; the queue breaks beyond.  Drivers make them
 * longer than the queue (as Linux does), so it is not the queue's size.
 */
#define VIRTIO_INDIRECT_MAX 1024
/* Pieces of one request; the queue breaks beyond. */
#define VIRTIO_PIECES_MAX 2048
/*
 * Bytes of one request in memory that cannot be mapped; the queue breaks
 * beyond.
 */
#define VIRTIO_BOUNCE_MAX ((2u << 20) + (128u << 10))
/*
 * Requests of one queue that are detached (they go on beside its worker), and
 * threads of a device for such; beyond, a request that blocks holds its queue
 * up.
 */
#define VIRTIO_DETACHED_MAX 64
#define VIRTIO_HELPERS_MAX 32

/* ---- names and attributes (lxutil): Linux' own ------------------------- */

#define LX_NAME_MAX 255u                /* bytes in one name, without NUL */
#define LX_PATH_MAX 4096u               /* a symlink's target, NUL included */
#define LX_XATTR_NAME_MAX 255u
#define LX_XATTR_SIZE_MAX 65536u
#define LX_XATTR_LIST_MAX 65536u

/* ---- inodes and directories (lxutil) ----------------------------------- */

/* Closed nodes that are kept for those below them. */
#define LX_ORPHANS_MAX 65536u
/*
 * How many times a path of LX_PATH_MAX bytes an inode may be below the nearest
 * directory that has its descriptor; -LX_ESTALE beyond.
 */
#define LX_WALKS_MAX 4u
#define LX_DIR_BUFFER 32768             /* bytes of an open directory */

/* ---- messages (fuse) --------------------------------------------------- */

/* The longest data of one WRITE that INIT offers: 256 pages. */
#define FUSE_MAX_WRITE (1u << 20)
/*
 * The longest request: headers, arguments, two names or a name and a value.
 * Longer ones are answered with an error; only WRITE and BATCH_FORGET may have
 * FUSE_MAX_WRITE bytes more, which are not copied.
 */
#define FUSE_REQUEST_MAX (65536 + 8192)
/*
 * The longest READ: 256 pages (what max_pages says) of 64 KiB, the largest
 * page of a guest.  It is not FUSE_MAX_WRITE, as a guest takes a READ that is
 * shorter than it asked for as the end of the file.
 */
#define FUSE_MAX_READ (256u * 65536u)
/*
 * The longest READDIR.  A guest asks for more until it gets nothing, so less
 * than it asked for is no harm; and a long one would keep its queue, and a host
 * that wants to stop it, waiting.
 */
#define FUSE_MAX_READDIR (1u << 20)
/*
 * Pieces of data that a request may have when the data has to be cut out of
 * what the guest sent; as many as preadv2() takes.  Linux sends exactly as much
 * as it says, which is then not cut and not limited here.
 */
#define FUSE_PIECES_MAX 1024
/* The longest data of an ioctl: what its number has bits for. */
#define FUSE_IOCTL_MAX 16384u
/* Locks that are waited for; -LX_ENOLCK beyond. */
#define FUSE_WAITS_MAX 1024

/* ---- what a guest has in use (virtio/fs) ------------------------------- */

/* Nodes that a guest may know at a time (max-inodes); -LX_ENFILE beyond. */
#define VFS_NODES_MAX (1u << 20)
/*
 * Nodes that the guest has forgotten and may ask for by a file handle; besides
 * those that it knows.  The oldest goes beyond.
 */
#define VFS_FORGOTTEN_MAX (1u << 16)
/* Files and directories open (max-open-files); -LX_ENFILE beyond. */
#define VFS_HANDLES_MAX (1u << 20)
/* Of these, directories, each of which has a buffer of LX_DIR_BUFFER bytes. */
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
/*
 * Ranges that all of these have locked (max-locks); -LX_ENOLCK beyond.  Each
 * takes memory of the host's kernel, which has no limit of its own.
 */
#define VFS_LOCK_RANGES_MAX 65536u
/* Of these, those of one process and file that can be saved; -LX_E2BIG. */
#define VFS_SAVED_RANGES_MAX 1024u
/* Waits for locks that are known; who waits besides finds no deadlock. */
#define VFS_WAITS_MAX 1024u
/* Bytes that one COPY_FILE_RANGE copies, as it holds a thread meanwhile. */
#define VFS_COPY_MAX (256u << 20)
/* Bytes that one IOCTL passes out: what its number has bits for. */
#define VFS_IOCTL_MAX 16384u

/* ---- front-ends (virtio/vhost_user) ------------------------------------ */

/* Regions at one time; what GET_MAX_MEM_SLOTS tells (QEMU uses 512 at most). */
#define VHOST_USER_MEM_SLOTS_MAX 512

/* ---- clients (tools/vfio_user); the version reply tells them ----------- */

#define VFIO_USER_FDS_MAX 16                    /* in one message */
#define VFIO_USER_XFER_MAX (1024 * 1024)        /* data in one message */
#define VFIO_USER_RANGES_MAX 1024               /* DMA_MAPs at a time */
#define VFIO_USER_CAPS_MAX 65536                /* bytes of JSON */

#endif
