/* SPDX-License-Identifier: MIT */
/*
 * sandbox_caps.h - sets of capabilities, one bit (1 << CAP_...) each; private
 * to tools/sandbox.
 */
#ifndef SANDBOX_CAPS_H
#define SANDBOX_CAPS_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SANDBOX_CAP(cap) (UINT64_C(1) << (cap))

/* What a server of files needs: to act as a guest's users and its root. */
#define SANDBOX_CAPS_FILES                                                   \
	(SANDBOX_CAP(CAP_CHOWN) | SANDBOX_CAP(CAP_DAC_OVERRIDE) |            \
	 SANDBOX_CAP(CAP_FOWNER) | SANDBOX_CAP(CAP_FSETID) |                 \
	 SANDBOX_CAP(CAP_SETGID) | SANDBOX_CAP(CAP_SETUID) |                 \
	 SANDBOX_CAP(CAP_MKNOD) | SANDBOX_CAP(CAP_SETFCAP))

/*
 * Read +NAME or -NAME, separated by colons ("+sys_admin:-chown"; with or
 * without "cap_", in upper or lower case), into the two sets.  False: err holds
 * one line for a person, and the sets are untouched.
 */
bool sandbox_caps_parse(const char *text, uint64_t *add, uint64_t *drop,
			char *err, size_t err_size);

/* The thread's permitted set. */
uint64_t sandbox_caps_get(void);

/*
 * Cut all of the thread's sets down to `keep`, and forbid gaining any by
 * execve(2).  The bounding set stays where CAP_SETPCAP is missing.  0, or
 * -errno and one line in err.
 */
int sandbox_caps_keep(uint64_t keep, char *err, size_t err_size);

#endif
