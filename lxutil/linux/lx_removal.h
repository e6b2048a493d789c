/* SPDX-License-Identifier: MIT */
/*
 * lx_removal.h - when names that go must be told of; private to lxutil/linux.
 *
 * While every node has its descriptor, nobody needs to know which node a name
 * leads to that is removed.  Once a volume gives up descriptors, or its nodes
 * have hints (lx_hint.h), somebody does: `tell` is set, for good.  Removals
 * that have begun before are counted, and the first eviction waits for them.
 */
#ifndef LXUTIL_LINUX_LX_REMOVAL_H
#define LXUTIL_LINUX_LX_REMOVAL_H

#include "lxutil/lx_volume.h"

#include <stdatomic.h>

struct lx_removals {
	_Atomic bool tell;
	_Atomic unsigned untold;        /* under way */
};

/* From now on names must be told. */
void lx_removal_tell(struct lx_volume *vol);

#endif
