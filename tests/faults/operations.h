/* SPDX-License-Identifier: MIT */
/*
 * operations.h - one of every kind of request, as a guest sends it to a world.
 */
#ifndef TESTS_FAULTS_OPERATIONS_H
#define TESTS_FAULTS_OPERATIONS_H

#include "tests/faults/world.h"

enum {
	/*
	 * It makes a name, which has to be taken back where something fails
	 * afterwards.
	 */
	OP_MAKES = 1,
	OP_TELLS = 2,                   /* what has become of a file */
	OP_PARTS = 4,                   /* it may be done in part */
	OP_COUNTS = 8,                  /* and then tells how much was done */
	/* What may not be opened in one way is opened in another: EBADF. */
	OP_OPENS_OTHERWISE = 16
};

struct operation {
	const char *name;
	/*
	 * A count, 0 or an error of the reply.  What a good reply says is
	 * world_see()n, and what it gives is kept in the world.
	 */
	ssize_t (*run)(struct world *w);
	int flags;
};

struct operations {
	const struct operation *list;
	size_t count;
};

extern const struct operations operations_on_names;
extern const struct operations operations_on_attributes;
extern const struct operations operations_on_files;

#endif
