/* SPDX-License-Identifier: MIT */
/*
 * lx_fds.h - how many descriptors a volume may hold, and which nodes have one;
 * private to lxutil/linux.
 *
 * What a guest knows and opens must not use up the descriptors of the process,
 * which are its VMM's as well.  So each that a volume holds for a node, a file
 * or a mount is counted: lx_fds_reserve() comes before it is opened.  At the
 * limit a node that has not been used lately gives its descriptor up and goes
 * on as a file handle (lx_handle.h) or as a name (lx_hint.h); the next use
 * opens it again.
 *
 * The nodes that could give theirs up are on a ring, and the hand goes round
 * as in the clock algorithm: who was used since it last came by is spared once.
 * New ones come last and count as unused, so that a walk over many files does
 * not drive out the few that are in use all the time.
 *
 * To use a node's descriptor is to pin it: by a mark (marks.h), so that threads
 * which use the same directory write to nothing that they share; or else by an
 * addition in the word that has the descriptor, too.  It is taken out of the
 * word only while there are no pins.  No lock and no system call, then, as long
 * as the node has one.
 *
 * A node without a name (nlink 0), once it was to leave, is kept, on a ring of
 * its own: nothing but an open file of it can open it again.  It leaves when
 * nobody else can: the host has removed many files that the guest has looked at
 * and does not know it yet, so that nobody will ask for them, while the
 * look-ups that would tell the guest want descriptors.
 * One that was born in this very moment does not leave either, for it must be
 * older than whoever gets its number after it (see lx_stat_name()).
 *
 * The rings' lock is a leaf, held for no system call.
 */
#ifndef LXUTIL_LINUX_LX_FDS_H
#define LXUTIL_LINUX_LX_FDS_H

#include "common/marks.h"
#include "lxutil/lx_volume.h"

#include <pthread.h>

/*
 * Where no limit is given, what RLIMIT_NOFILE leaves when these (but no more
 * than half of it) are left to the rest of the process.
 */
#define LX_FDS_OTHERS 256u
/* One part in so many is not for open files, so that nodes can be used. */
#define LX_FDS_NODES_PART 4u

struct lx_link {
	struct lx_link *prev, *next;
};

struct lx_ring {
	struct lx_link hand;            /* the first is its next */
	size_t length;
};

struct lx_fds {
	unsigned max;
	_Atomic unsigned count;
	_Atomic unsigned files;         /* of them */
	pthread_mutex_t lock;           /* of the rings and nodes' places */
	struct lx_ring ring;
	struct lx_ring kept;
	struct marks pins;              /* of nodes; others are counted */
};

/* Where a node is as to the ring. */
enum lx_place {
	LX_OFF_RING,                    /* it has no descriptor */
	LX_ON_RING,
	LX_LEAVING,                     /* somebody is about to evict it */
	LX_KEPT                         /* it could not come back: on `kept` */
};

/* max_descriptors as in struct lx_volume_options. */
void lx_fds_init(struct lx_fds *fds, unsigned max_descriptors);
void lx_fds_done(struct lx_fds *fds);

/* Count one more, at the cost of another if need be.  0 or -LX_ENFILE. */
int lx_fds_reserve(struct lx_volume *vol);
/* One has been closed, or was not opened after all. */
void lx_fds_release(struct lx_volume *vol);
/* The same for an open file. */
int lx_fds_reserve_file(struct lx_volume *vol);
void lx_fds_release_file(struct lx_volume *vol);

/*
 * After a call that failed by errno: true if it was for want of a descriptor,
 * and one was closed.  Try again then.
 */
bool lx_fds_make_room(struct lx_volume *vol);

/* openat(2) that does; a descriptor or -LX_E... */
int lx_openat(struct lx_volume *vol, int dir_fd, const char *name, int flags);

/*
 * The descriptor of a node, to be given back after use; it stays what it is
 * until then.  -LX_ESTALE: the inode is no more.
 */
int lx_node_fd_get(struct lx_volume *vol, struct lx_node *node);
/* Does nothing where lx_node_fd_get() has failed (fd is negative). */
void lx_node_fd_put(struct lx_volume *vol, struct lx_node *node, int fd);

/* The same with so many walks left: see lx_hint_open(). */
int lx_node_fd_walk(struct lx_volume *vol, struct lx_node *node,
		    unsigned walks);
/* The same, if the node has it now; else -1. */
int lx_node_fd_try(struct lx_volume *vol, struct lx_node *node);

/* A new node, which has its descriptor, and its hint if it gets one. */
void lx_fds_add(struct lx_volume *vol, struct lx_node *node);
/* The node may have got a name again. */
void lx_fds_linked(struct lx_volume *vol, struct lx_node *node);
/*
 * Close the descriptor of a node that nobody refers to.  False: somebody is
 * about to evict it, and will then call lx_node_free().
 */
bool lx_fds_remove(struct lx_volume *vol, struct lx_node *node);

#endif
