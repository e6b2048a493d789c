/* SPDX-License-Identifier: MIT */
/*
 * nofile.h - for programs that serve files: each inode that the other side
 * knows, and each file that it has open, holds a descriptor.  A usual soft
 * limit of 1024 would be used up by one look at a larger tree.
 */
#ifndef TOOLS_NOFILE_H
#define TOOLS_NOFILE_H

#include <sys/resource.h>

/* As many descriptors as the system lets us have; else as it was. */
static inline void raise_nofile(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

#endif
