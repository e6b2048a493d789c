/* SPDX-License-Identifier: MIT */
#include "fuse/fuse_pace.h"

#include "common/bytes.h"
#include "fuse/fuse_proto.h"

#include <time.h>
#ifdef __linux__
#include <sys/resource.h>
#endif

#define WEIGHT 8u                       /* the last one's: 1 / WEIGHT */
#define UNKNOWN UINT64_MAX              /* how often: the host does not tell */

static uint32_t limit(uint32_t opcode)
{
	return opcode == FUSE_READ || opcode == FUSE_WRITE ?
		       FUSE_PACE_DATA_US : FUSE_PACE_OTHER_US;
}

void fuse_pace_init(struct fuse_pace *pace)
{
	for (uint32_t i = 0; i < FUSE_PACE_OPCODES; i++)
		atomic_init(&pace->us[i], 2 * limit(i));
}

bool fuse_pace_slow(const struct fuse_pace *pace, uint32_t opcode)
{
	return opcode < FUSE_PACE_OPCODES &&
	       atomic_load_explicit(&pace->us[opcode], memory_order_relaxed) >
		       limit(opcode);
}

void fuse_pace_took(struct fuse_pace *pace, uint32_t opcode, uint64_t us)
{
	uint64_t average;

	if (opcode >= FUSE_PACE_OPCODES)
		return;
	average = atomic_load_explicit(&pace->us[opcode], memory_order_relaxed);
	average = (average * (WEIGHT - 1) + MIN(us, UINT32_MAX)) / WEIGHT;
	atomic_store_explicit(&pace->us[opcode], (uint32_t)average,
			      memory_order_relaxed);
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/*
 * How often the thread has given the processor up, which one does to wait; that
 * it was taken from it does not count.
 */
static uint64_t sleeps(void)
{
	uint64_t n = UNKNOWN;
#ifdef __linux__
	struct rusage usage;

	if (!getrusage(RUSAGE_THREAD, &usage))
		n = (uint64_t)usage.ru_nvcsw;
#endif
	return n;
}

struct fuse_pace_start fuse_pace_begin(void)
{
	return (struct fuse_pace_start){ now_us(), sleeps() };
}

uint64_t fuse_pace_end(const struct fuse_pace_start *start)
{
	if (start->sleeps != UNKNOWN && start->sleeps == sleeps())
		return 0;
	return now_us() - start->us;
}
