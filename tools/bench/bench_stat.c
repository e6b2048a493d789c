/* SPDX-License-Identifier: MIT */
#include "tools/bench/bench_stat.h"

#include "common/bytes.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- latencies --------------------------------------------------------- */

static unsigned bucket_of(uint64_t ns)
{
	unsigned log;

	if (ns < 32)
		return (unsigned)ns;
	log = 63 - (unsigned)__builtin_clzll(ns);
	return MIN((log - 4) * 32 + (unsigned)(ns >> (log - 5) & 31),
		   (unsigned)BENCH_BUCKETS - 1);
}

static uint64_t value_of(unsigned bucket)
{
	unsigned log = bucket / 32 + 4;

	if (bucket < 32)
		return bucket;
	return (1ull << log) + ((uint64_t)(bucket % 32) << (log - 5));
}

void bench_latency_add(struct bench_latency *lat, uint64_t ns)
{
	lat->bucket[bucket_of(ns)]++;
	lat->count++;
}

void bench_latency_merge(struct bench_latency *lat,
			 const struct bench_latency *more)
{
	lat->count += more->count;
	for (unsigned i = 0; i < BENCH_BUCKETS; i++)
		lat->bucket[i] += more->bucket[i];
}

uint64_t bench_latency_percentile(const struct bench_latency *lat,
				  double percent)
{
	double left = (double)lat->count * percent / 100;

	for (unsigned i = 0; i < BENCH_BUCKETS; i++) {
		left -= lat->bucket[i];
		if (lat->bucket[i] && left <= 0)
			return value_of(i);
	}
	return 0;
}

/* ---- time -------------------------------------------------------------- */

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t))
		return 0;
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t bench_now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t bench_thread_cpu(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* ---- a process and its descendants ------------------------------------- */

/* Sum up `get` over `pid` and its descendants. */
/* NOLINTNEXTLINE(misc-no-recursion): few processes, few levels */
static uint64_t sum(pid_t pid, uint64_t (*get)(pid_t pid))
{
	uint64_t total = get(pid);
	char path[64];
	FILE *file;
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid,
		 (int)pid);
	file = fopen(path, "re");
	if (!file)
		return total;
	/* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
	while (fscanf(file, "%d", &child) == 1)
		total += sum(child, get);
	fclose(file);
	return total;
}

static uint64_t one_cpu(pid_t pid)
{
	clockid_t clock;

	return clock_getcpuclockid(pid, &clock) ? 0 : clock_ns(clock);
}

static uint64_t one_memory(pid_t pid)
{
	char path[64], line[128];
	uint64_t kib = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		/* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
		if (sscanf(line, "RssAnon: %lu", &kib) == 1)
			break;
	fclose(file);
	return kib * 1024;
}

uint64_t bench_process_cpu(pid_t pid)
{
	return pid ? sum(pid, one_cpu) : clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

size_t bench_process_memory(pid_t pid)
{
	return pid ? (size_t)sum(pid, one_memory) : 0;
}
