/* SPDX-License-Identifier: MIT */
/*
 * vmm_run.h - run the VMM as a child, and be it as far as others can see.
 *
 * The child stays in our process group, so it has the terminal.  Signals that
 * somebody sends us are passed on; those of the terminal reach the child by
 * themselves.  Its exit status becomes ours.
 */
#ifndef VMM_RUN_H
#define VMM_RUN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Block the signals that vmm_run_wait() and vmm_run_until_signal() take, and
 * ignore SIGPIPE.  To be called before there are threads.
 */
void vmm_run_block_signals(void);

/*
 * Can the program attach vfio-user functions?  It is asked by running it.
 * False: err holds one line for a person.
 */
bool vmm_run_check(const char *program, char *err, size_t err_size);

/* Start it.  0, or -errno and err. */
int vmm_run_start(char *const *args, pid_t *ret_pid, char *err,
		  size_t err_size);

/*
 * Until a child ends, the VMM or another one; signals are meanwhile passed on
 * to the VMM, pid.  Returns which, and how as waitpid(2) has it; or pid when
 * there are no children.
 */
pid_t vmm_run_wait(pid_t pid, int *ret_status);

/*
 * Where the VMM is no child of ours: until we are told to end, by any of the
 * signals; or by SIGTERM only, where the others are the VMM's.
 */
void vmm_run_until_signal(void);
void vmm_run_until_term(void);

#endif
