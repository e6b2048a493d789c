/* SPDX-License-Identifier: MIT */
/*
 * sandbox_landlock.h - let the kernel refuse paths outside the shares; private
 * to tools/sandbox.
 *
 * Landlock (landlock(7)) needs no privilege, so it is what confines an ordinary
 * user who cannot have namespaces, and a second wall where there are.  It
 * follows a file up to a share's root, hence it cannot allow a file that was
 * opened by its handle and has no known parent: with file handles only its
 * rules about the network and other processes are of use.
 */
#ifndef SANDBOX_LANDLOCK_H
#define SANDBOX_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Does the kernel's Landlock serve for files?  (The first ABI, of Linux 5.13,
 * does not: it allows no rename from one directory to another.)
 */
bool sandbox_landlock_has_files(void);

/*
 * Confine the thread to what its kernel's Landlock knows: no network, no
 * signals to and no abstract sockets of others, and with `files` nothing but
 * `paths` and what is below, and /proc/self/fd.  What the kernel does not have
 * is left out.  0, or -errno and one line in err.
 */
int sandbox_landlock(bool files, const char *const *paths, size_t count,
		     char *err, size_t err_size);

#endif
