/* SPDX-License-Identifier: MIT */
/*
 * nofile.h - how many descriptors a program that serves files may have: each
 * inode that the other side knows, and each file that it has open, may hold
 * one.  A usual soft limit of 1024 would be used up by one look at a larger
 * tree.
 *
 * RLIMIT_NOFILE is the whole process', so these are for programs, never for the
 * plugin.  0 or -errno, errno being set.
 */
#ifndef TOOLS_NOFILE_H
#define TOOLS_NOFILE_H

#include <stdint.h>

/* n, soft and hard; 0 leaves both as they are. */
int nofile_set(uint64_t n);

/*
 * 1000000, or the most that the system allows, where the process may raise its
 * hard limit; else the hard limit.
 */
int nofile_raise(void);

#endif
