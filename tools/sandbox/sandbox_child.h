/* SPDX-License-Identifier: MIT */
/*
 * sandbox_child.h - the way in, and what is said on it; private to
 * tools/sandbox.
 */
#ifndef SANDBOX_CHILD_H
#define SANDBOX_CHILD_H

#include "tools/sandbox/sandbox_places.h"

enum sandbox_what {
	SANDBOX_WANTS_IDS,              /* in a new user namespace */
	SANDBOX_IS_BORN,                /* `pid`: who will serve */
	SANDBOX_IS_IN,
	SANDBOX_HAS_FAILED              /* `error` and `text` */
};

/* To the parent, who answers the first two with a byte. */
struct sandbox_report {
	enum sandbox_what what;
	pid_t pid;
	int error;
	char text[SANDBOX_ERR_MAX];
};

/*
 * Go in, talking over sock, which is closed then.  Returns when it is done, in
 * another process perhaps; where it cannot be done, it does not return.
 */
void sandbox_child_enter(const struct sandbox_options *options,
			 struct sandbox_places *places, int sock);

#endif
