/* SPDX-License-Identifier: MIT */
/*
 * world.h - what an operation is tried in: a tree of the host, a server of it
 * in one of several states, and what a guest that has mounted it knows.
 *
 * Worlds of one state are alike, so that what is seen of one can be compared
 * with what is seen of another.
 */
#ifndef TESTS_FAULTS_WORLD_H
#define TESTS_FAULTS_WORLD_H

#include "tests/unit/virtio_fs/share.h"

enum world_state {
	WORLD_WARM,                     /* every inode has a descriptor */
	WORLD_COLD,                     /* none: they come by file handles */
	WORLD_NAMES,                    /* or by their names */
	WORLD_MAPS,                     /* ids and attributes are mapped */
	WORLD_WRITEBACK,                /* the guest buffers what it writes */
	WORLD_FOLDERS,                  /* below a root of our own */
	WORLD_STATES
};
extern const char *const world_names[WORLD_STATES];

struct world {
	struct share *s;
	struct client *c;
	uint64_t top;                   /* the directory of the rest: */
	uint64_t dir, other;            /* d and e */
	uint64_t file, sub, link;       /* d/file, d/sub, d/link */
	uint64_t fh, dh;                /* of file (read-write) and dir */
	uint64_t fh2;                   /* of file too */
	uint64_t known[64];             /* a node for each lookup */
	size_t count;
	/* What an operation has opened, or 0. */
	uint64_t new_node, new_fh;
	uint32_t new_release;           /* the opcode that closes it */
	char seen[4096];                /* what replies said */
};

/*
 * Before the first: in memory rather than on a disk, if there are attributes
 * (since Linux 6.6).
 */
void world_place(void);

/* Ends the test program where it cannot be made. */
struct world *world_new(enum world_state state);
/*
 * The end: the guest gives back what it has got.  False: the server has more,
 * or this process has descriptors open that it had not.
 */
bool world_end(struct world *w);

/* A lookup of the node was told. */
void world_know(struct world *w, uint64_t node);
/* Add to what is seen. */
void world_see(struct world *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The attributes, or the bytes (if any), of a reply. */
void world_see_attr(struct world *w, const struct fuse_attr *attr);
ssize_t world_see_bytes(struct world *w, ssize_t len);
/* The same with a lookup, unless err; which is returned. */
int world_see_entry(struct world *w, int err, const struct fuse_entry_out *e);
/* The world will close this handle by this opcode, unless err. */
int world_keep(struct world *w, int err, uint32_t release, uint64_t node,
	       uint64_t fh);

#endif
