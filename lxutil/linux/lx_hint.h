/* SPDX-License-Identifier: MIT */
/*
 * lx_hint.h - the way back to an inode that has no file handle: the name by
 * which the guest knew it last; private to lxutil/linux.
 *
 * Such a node remembers the node of a directory and a name in it.  When it is
 * used after its descriptor has gone, it is looked for from the nearest
 * directory above that has one still, down by these names.  They are hints:
 * what is found there counts only if it is the same inode, by mount, device,
 * number, type and time of birth.  Who has no time of birth gets no hint, and
 * keeps its descriptor; so does every node where the kernel has no openat2(2).
 *
 * The guest's own changes of names keep hints true (lx_node_named()).  Those of
 * the host are not known: the node is -LX_ESTALE until it is looked up anew.
 *
 * A hint holds its directory's node, also when that is closed.  A guest could
 * make such nodes without end, so at LX_ORPHANS_MAX there are no new hints.
 */
#ifndef LXUTIL_LINUX_LX_HINT_H
#define LXUTIL_LINUX_LX_HINT_H

#include "common/limits.h"
#include "lxutil/lx_volume.h"

#include <pthread.h>
#include <stdatomic.h>

struct lx_hint {
	struct lx_node *parent;         /* referenced; NULL: no name known */
	uint32_t dev, mount;            /* Linux has no larger ones */
	uint64_t btime;                 /* in nanoseconds */
	char name[];
};

struct lx_hints {
	bool usable;                    /* the kernel has openat2() */
	_Atomic bool any;               /* there is one, or was */
	pthread_mutex_t lock;           /* of what hints say; a leaf */
	_Atomic unsigned orphans;
};

/* Hints are of no use before lx_hints_probe(), which needs the root. */
void lx_hints_init(struct lx_hints *hints);
void lx_hints_done(struct lx_hints *hints);
void lx_hints_probe(struct lx_volume *vol);

/*
 * A descriptor (O_PATH) of what a path leads to from a directory, never out of
 * it and through no link; -1 and errno.
 */
int lx_open_below(int dir_fd, const char *path);

/* A new node's hint; dir is NULL where it has no name (yet). */
void lx_hint_new(struct lx_volume *vol, struct lx_node *node,
		 const struct lx_stat *st, struct lx_node *dir,
		 const char *name);
/* Free it; returns the reference of its directory that it had, or NULL. */
struct lx_node *lx_hint_free(struct lx_hint *hint);

/* Does it say a name? */
bool lx_hint_good(struct lx_volume *vol, const struct lx_node *node);
/*
 * The same, of a node with these attributes now: on an overlayfs, a file that
 * is copied up has the copy's time of birth from then on.
 */
bool lx_hint_renew(struct lx_volume *vol, struct lx_node *node,
		   const struct lx_stat *st);
/* The mount that it was found on, or 0. */
uint64_t lx_hint_mount(struct lx_volume *vol, const struct lx_node *node);
/* Is what has these attributes the inode that it is for? */
bool lx_hint_same(struct lx_volume *vol, const struct lx_node *node,
		  const struct lx_stat *st);

/*
 * A descriptor (O_PATH) of what the hint leads to.  -LX_ESTALE: nothing.
 * walks are left, see LX_WALKS_MAX.
 */
int lx_hint_open(struct lx_volume *vol, struct lx_node *node, unsigned walks);

#endif
