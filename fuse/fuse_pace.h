/* SPDX-License-Identifier: MIT */
/*
 * fuse_pace.h - for how long the requests of one queue block, by opcode.
 *
 * What matters to those who wait behind a request is for how long it sleeps: in
 * that time its thread could serve them.  So a request that ran all the time
 * counts as none, however long it took, and one that slept with all its time.
 * The average forgets: the last one counts by an eighth.  At first, where
 * nothing is known, it is above the limit.
 *
 * Any thread; it is a hint, and two that take times at once may lose one.
 */
#ifndef FUSE_FUSE_PACE_H
#define FUSE_FUSE_PACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define FUSE_PACE_OPCODES 64
/*
 * So long an average request must block for another thread to pay: that costs
 * some microseconds.  More for what may also be waited for in the server,
 * behind another request for the same directory.
 */
#define FUSE_PACE_DATA_US 50            /* READ, WRITE */
#define FUSE_PACE_OTHER_US 500

struct fuse_pace {
	_Atomic uint32_t us[FUSE_PACE_OPCODES];
};

void fuse_pace_init(struct fuse_pace *pace);

/* Do requests with this opcode block for long? */
bool fuse_pace_slow(const struct fuse_pace *pace, uint32_t opcode);

/* A request of this opcode was handled, and blocked for so long. */
void fuse_pace_took(struct fuse_pace *pace, uint32_t opcode, uint64_t us);

/* When a request of this thread began, and how often it had slept before. */
struct fuse_pace_start {
	uint64_t us;
	uint64_t sleeps;
};
struct fuse_pace_start fuse_pace_begin(void);
/* For how long it has blocked since. */
uint64_t fuse_pace_end(const struct fuse_pace_start *start);

#endif
