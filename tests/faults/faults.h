/* SPDX-License-Identifier: MIT */
/*
 * faults.h - the host's faults: the n-th call that the code under test makes
 * to the C library fails, or falls short.
 *
 * A test that links this is linked with wrap.ld, by which the linker leads
 * each call of the libraries under test to a double of it here.  So what is
 * tested is what is shipped, and it costs that nothing; check-calls.sh sees to
 * it that no call is forgotten.
 *
 * Faults are of the thread that asks for them, and of no other.
 */
#ifndef TESTS_FAULTS_FAULTS_H
#define TESTS_FAULTS_FAULTS_H

#include <stdbool.h>

enum fault_kind {
	FAULT_CALL,                     /* a system call: an errno */
	FAULT_MEMORY,                   /* malloc() and so on: NULL */
	FAULT_SHORT,                    /* a transfer: the half of it */
	FAULT_THREAD                    /* pthread_create(): an error */
};

struct fault {
	enum fault_kind kind;           /* what counts */
	unsigned nth;                   /* from 1 on; 0: none fails */
	bool on;                        /* and all that follow */
	unsigned again;                 /* and so many calls later; 0: not */
	bool requests;                  /* only what a server does for one */
	int error;                      /* by this; FAULT_SHORT: 0 */
};

/* From now on... */
void faults_begin(const struct fault *fault);
/* ...to now.  How many calls of the kind there were. */
unsigned faults_end(void);
/* The call that failed first since faults_begin(); NULL: none has. */
const char *faults_victim(void);

/* For doubles elsewhere: one more call of the kind; is it to fail? */
bool faults_due(enum fault_kind kind, const char *name);

/*
 * While it is true, time passes between what files are born at and what is
 * asked for, so that no inode is too young to be evicted.
 */
extern bool faults_aged;

#endif
