/* SPDX-License-Identifier: MIT */
/*
 * sandbox_fail.h - how a step of the sandbox fails: one line for a person that
 * names the step, the reason and what may help; private to tools/sandbox.
 */
#ifndef SANDBOX_FAIL_H
#define SANDBOX_FAIL_H

#include <stddef.h>

/*
 * "cannot STEP: ERRNO; HELP" into err.  Returns -errno, which is not 0.
 */
__attribute__((format(printf, 4, 5)))
int sandbox_fail(char *err, size_t err_size, const char *help,
		 const char *step, ...);

/* Helps where a step belongs to the mode, and where nothing is known to. */
#define SANDBOX_HELP_MODE "--sandbox none does without"
#define SANDBOX_HELP_REPORT "this should not happen; please report it"

#endif
