/* SPDX-License-Identifier: MIT */
/*
 * storm.h - somebody on the host who renames, exchanges, replaces, moves out,
 * brings back, removes, makes and mounts what is shared, as fast as he can.
 *
 * He never follows a link himself: all is done by the descriptor of a directory
 * and one name.
 */
#ifndef TESTS_DEVICE_STORM_H
#define TESTS_DEVICE_STORM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct storm {
	/* To be set: */
	int share, away;                /* directories */
	const char *link;               /* where its links lead */
	const char *(*name)(unsigned random);
	bool mounts;                    /* it may bind directories */
	unsigned seed;
	atomic_bool *stop;

	uint64_t steps, good;
};

/* Until *stop; the argument and result of a thread. */
void *storm_run(void *storm);

/* Detach whatever is mounted below that path. */
void storm_unmount_below(const char *path);

#endif
