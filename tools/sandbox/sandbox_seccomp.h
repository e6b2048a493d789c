/* SPDX-License-Identifier: MIT */
/*
 * sandbox_seccomp.h - the system calls that a server of files makes, and no
 * others; private to tools/sandbox.
 */
#ifndef SANDBOX_SECCOMP_H
#define SANDBOX_SECCOMP_H

#include "tools/sandbox/sandbox.h"

/*
 * From here on this thread, and those that it starts, may do what the table in
 * sandbox_seccomp.c says; `action` is what comes of the rest.  0, or -errno and
 * one line in err.
 */
int sandbox_seccomp(enum sandbox_seccomp action, char *err, size_t err_size);

#endif
