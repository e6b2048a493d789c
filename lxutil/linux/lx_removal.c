/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_removal.h"

#include "lxutil/linux/lx_node.h"

#include <time.h>

#define TICK_NS 1000000
/* A file system that takes longer for an unlink holds up no look-ups. */
#define TICKS_MAX 1000

bool lx_removal_begin(struct lx_volume *vol)
{
	struct lx_removals *removals = &vol->removals;

	atomic_fetch_add(&removals->untold, 1);
	if (!atomic_load(&removals->tell))
		return false;
	atomic_fetch_sub(&removals->untold, 1);
	return true;
}

void lx_removal_end(struct lx_volume *vol, bool told)
{
	if (!told)
		atomic_fetch_sub(&vol->removals.untold, 1);
}

void lx_removal_tell(struct lx_volume *vol)
{
	const struct timespec tick = { .tv_nsec = TICK_NS };
	struct lx_removals *removals = &vol->removals;

	if (atomic_load(&removals->tell))
		return;
	atomic_store(&removals->tell, true);
	for (int i = 0; i < TICKS_MAX && atomic_load(&removals->untold); i++)
		nanosleep(&tick, NULL);
}

int lx_node_hold(struct lx_volume *vol, struct lx_node *node)
{
	int fd = lx_node_fd_get(vol, node);

	return fd < 0 ? fd : 0;
}

void lx_node_release(struct lx_volume *vol, struct lx_node *node)
{
	lx_node_fd_put(vol, node, 0);
}
