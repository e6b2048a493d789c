/* SPDX-License-Identifier: MIT */
/*
 * fuse_notify.h - the records of notifications of FUSE 7.45.
 *
 * Part of fuse_proto.h, which is what to include.  A notification is a
 * fuse_out_header with unique 0 and a FUSE_NOTIFY_* code as its error, one of
 * these records, and names, data or node ids.
 */
#ifndef FUSE_FUSE_NOTIFY_H
#define FUSE_FUSE_NOTIFY_H

#include <stdint.h>

struct fuse_notify_poll_wakeup_out {
	uint64_t kh;
};
_Static_assert(sizeof(struct fuse_notify_poll_wakeup_out) == 8, "wire size");

struct fuse_notify_inval_inode_out {
	uint64_t ino;
	int64_t off;
	int64_t len;
};
_Static_assert(sizeof(struct fuse_notify_inval_inode_out) == 24, "wire size");

struct fuse_notify_inval_entry_out {
	uint64_t parent;
	uint32_t namelen;
	uint32_t flags;
};
_Static_assert(sizeof(struct fuse_notify_inval_entry_out) == 16, "wire size");

struct fuse_notify_delete_out {
	uint64_t parent;
	uint64_t child;
	uint32_t namelen;
	uint32_t padding;
};
_Static_assert(sizeof(struct fuse_notify_delete_out) == 24, "wire size");

struct fuse_notify_store_out {
	uint64_t nodeid;
	uint64_t offset;
	uint32_t size;
	uint32_t padding;
};
_Static_assert(sizeof(struct fuse_notify_store_out) == 24, "wire size");

struct fuse_notify_retrieve_out {
	uint64_t notify_unique;
	uint64_t nodeid;
	uint64_t offset;
	uint32_t size;
	uint32_t padding;
};
_Static_assert(sizeof(struct fuse_notify_retrieve_out) == 32, "wire size");

/* The argument of FUSE_NOTIFY_REPLY. */
struct fuse_notify_retrieve_in {
	uint64_t dummy1;
	uint64_t offset;
	uint32_t size;
	uint32_t dummy2;
	uint64_t dummy3;
	uint64_t dummy4;
};
_Static_assert(sizeof(struct fuse_notify_retrieve_in) == 40, "wire size");

struct fuse_notify_prune_out {
	uint32_t count;                 /* of node ids, 8 bytes each */
	uint32_t padding;
	uint64_t spare;
};
_Static_assert(sizeof(struct fuse_notify_prune_out) == 16, "wire size");

#endif
