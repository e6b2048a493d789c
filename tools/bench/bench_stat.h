/* SPDX-License-Identifier: MIT */
/*
 * bench_stat.h - what is measured: latencies, processor time, memory.
 */
#ifndef BENCH_STAT_H
#define BENCH_STAT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Latencies in buckets whose width grows with the value: 32 a power of two,
 * so a percentile is right to 3 %.
 */
#define BENCH_BUCKETS (32 * 40)

struct bench_latency {
	uint64_t count;
	uint32_t bucket[BENCH_BUCKETS];
};

void bench_latency_add(struct bench_latency *lat, uint64_t ns);
void bench_latency_merge(struct bench_latency *lat,
			 const struct bench_latency *more);
/* The value that `percent` of all are not above, in ns; 0: there is none. */
uint64_t bench_latency_percentile(const struct bench_latency *lat,
				  double percent);

/* A pseudo-random number below `n`; *state is where the series is. */
static inline uint32_t bench_random(uint64_t *state, uint32_t n)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*state >> 32) * n >> 32);
}

/* Monotonic time, and the processor time of the calling thread, in ns. */
uint64_t bench_now(void);
uint64_t bench_thread_cpu(void);

/*
 * The processor time that `pid` and its descendants have used, in ns; pid 0:
 * this process alone.
 */
uint64_t bench_process_cpu(pid_t pid);
/* Their resident memory that is not shared with files or others, in bytes. */
size_t bench_process_memory(pid_t pid);

#endif
