/* SPDX-License-Identifier: MIT */
/*
 * bench_report.h - what came out: medians over the rounds and ratios to one of
 * the targets, as a table, as JSON and as a picture.
 *
 * Targets take turns within a round, so a ratio is taken in each round and the
 * median of those is reported: a machine whose speed drifts disturbs it least.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "tools/bench/bench_count.h"
#include "tools/bench/bench_driver.h"
#include "tools/bench/bench_work.h"

#include <stdio.h>

/* One cell: a workload on a target. */
struct bench_cell {
	bool absent;                    /* the target has no such thing */
	struct bench_figures *round;    /* report->rounds of them */
	bool counted;
	struct bench_calls calls;
};

struct bench_report {
	const struct bench_target *target;
	unsigned targets, base;         /* base: what ratios are to */
	const struct bench_work *const *work;
	unsigned works, rounds;
	struct bench_load load;
	struct bench_cell *cell;        /* works x targets */
	size_t *memory;                 /* of each target's server, bytes */
};

/* Medians of one cell. */
struct bench_summary {
	double ops;                     /* a second */
	double mib;                     /* a second */
	double cpu;                     /* us of the server for each */
	double p50, p99, p999;          /* microseconds */
	double ops_ratio, cpu_ratio;    /* to the base; 0: none */
};

void bench_report_init(struct bench_report *report);
void bench_report_done(struct bench_report *report);

struct bench_cell *bench_report_cell(const struct bench_report *report,
				     unsigned work, unsigned target);
void bench_report_summary(const struct bench_report *report, unsigned work,
			  unsigned target, struct bench_summary *ret);

void bench_report_table(const struct bench_report *report, FILE *out);
/* Both end the program if the file cannot be written. */
void bench_report_json(const struct bench_report *report, const char *path);
void bench_report_svg(const struct bench_report *report, const char *path);

#endif
