/* SPDX-License-Identifier: MIT */
/*
 * bench_count.h - how many system calls a server makes for a transaction.
 *
 * The share is driven by a process of its own, one request at a time, and the
 * threads that serve it are traced (ptrace), which makes them slow: nothing
 * else is measured meanwhile.
 */
#ifndef BENCH_COUNT_H
#define BENCH_COUNT_H

#include "tools/bench/bench_session.h"

struct bench_work;

struct bench_calls {
	double all;                     /* for one transaction */
	double file;                    /* without waits, kicks and such */
};

/*
 * Count them for each of `works` workloads (no plain target).  Ends the
 * program if tracing is not allowed.
 */
void bench_count(const struct bench_target *target,
		 const struct bench_tree *tree, const struct bench_load *load,
		 const struct bench_work *const *work, unsigned works,
		 struct bench_calls *ret_calls);

#endif
