/* SPDX-License-Identifier: MIT */
/*
 * sandbox_idmap.h - which ids a user namespace has.
 *
 * A map is some ranges: `count` ids from `inside` on are the ids from
 * `outside` on.  Without any range there is one id, the process' own, which is
 * the same inside as outside.
 *
 * The kernel lets an ordinary user map just his own id.  More are mapped by
 * newuidmap(1) and newgidmap(1), as far as /etc/subuid and /etc/subgid allow.
 */
#ifndef SANDBOX_IDMAP_H
#define SANDBOX_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SANDBOX_RANGES_MAX 64

struct sandbox_range {
	uint32_t inside, outside, count;
};

struct sandbox_idmap {
	size_t count;
	struct sandbox_range range[SANDBOX_RANGES_MAX];
};

/*
 * Add a range written as :INSIDE:OUTSIDE:COUNT: (any other character may take
 * the colon's place).  False: err holds one line for a person.
 */
bool sandbox_idmap_add(struct sandbox_idmap *map, const char *text, char *err,
		       size_t err_size);

/*
 * The id inside that a process with the id `own` outside takes on: 0 where
 * there is one, else its own where that is mapped, else the map's first.
 */
uint32_t sandbox_idmap_self(const struct sandbox_idmap *map, uint32_t own);

/*
 * Give the user namespace of process pid its maps; by the ids of the caller,
 * which is outside.  0, or -errno and one line in err.
 */
int sandbox_idmap_write(pid_t pid, const struct sandbox_idmap *uids,
			const struct sandbox_idmap *gids, char *err,
			size_t err_size);

#endif
