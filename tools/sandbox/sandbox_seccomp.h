/* SPDX-License-Identifier: MIT */
/*
 * sandbox_seccomp.h - the system calls that a server of files makes, and no
 * others.  sandbox_enter() and sandbox_close() do this among other things; by
 * itself it is for virtiofs-mount, under which tests see whether the list is
 * complete.
 */
#ifndef SANDBOX_SECCOMP_H
#define SANDBOX_SECCOMP_H

#include "tools/sandbox/sandbox.h"

/*
 * From here on all threads may do what the table in sandbox_seccomp.c says, and
 * the `count` calls (SYS_...) in `more`; `action` is what comes of the rest.
 * When it is called again, what is allowed both times may be done.  0, or
 * -errno and one line in err.
 */
int sandbox_seccomp(enum sandbox_seccomp action, const int *more, size_t count,
		    char *err, size_t err_size);

#endif
