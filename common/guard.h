/* SPDX-License-Identifier: MIT */
/*
 * guard.h - memory that is a file of somebody else's.
 *
 * Who has a file that we have mapped can cut it, and may do so at any time.  To
 * touch what is gone then is a SIGBUS, which ends the process.  In a program
 * that calls guard_catch() it does not: the mapping becomes zeros that nobody
 * else sees, and the guard of its owner is told, whose connection ends by that.
 * The kernel's own accesses for us (readv() and so on) fail with EFAULT.
 *
 * A signal handler is a program's business.  A plugin has none, and its memory
 * is its host's.
 *
 * A guard is to be told of by one who touches guarded memory, so it, and its
 * socket, must outlive the last of its mappings.
 */
#ifndef COMMON_GUARD_H
#define COMMON_GUARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Of what one peer has sent. */
struct guard {
	int sock;                       /* is shut down, then */
	atomic_bool lost;               /* some memory is gone */
};

/*
 * Handle SIGBUS: others than those of guarded memory do what they did before.
 * Threads that block it end the process.  Again, it does nothing.
 */
void guard_catch(void);

/*
 * Guard a whole mapping, from before it is used first until nobody uses it any
 * more.  Any thread.  0 or -ENOMEM.
 */
int guard_add(struct guard *guard, void *map, size_t size);
void guard_remove(const void *map);

#endif
