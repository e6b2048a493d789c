/* SPDX-License-Identifier: MIT */
/*
 * bench_work.h - the workloads: what one transaction is, once as FUSE
 * requests and once as the system calls that a plain program would make.
 */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include "tools/bench/bench_driver.h"
#include "tools/bench/bench_tree.h"

/* A plain program's thread. */
struct bench_plain {
	const struct bench_tree *tree;
	const struct bench_work *work;
	unsigned number;                /* of the thread */
	uint64_t random;
	uint64_t offset;
	uint64_t units;                 /* as a slot's */
	int big;
	unsigned char *data;            /* BENCH_DATA_MAX, aligned to a page */
};

struct bench_work {
	const char *name;
	const char *what;               /* a transaction, for people */
	uint64_t bytes;                 /* of file data in a transaction */
	/* slot->step counts the replies of this transaction so far. */
	void (*step)(struct bench_slot *slot);
	/* One transaction; NULL: system calls have no such thing. */
	void (*plain)(struct bench_plain *plain);
};

/* All of them, in the order of the report; ends with a NULL name. */
extern const struct bench_work bench_works[];
/* NULL: there is none of this name. */
const struct bench_work *bench_work_find(const char *name);

/* Run it as system calls by `threads` threads for `ms` milliseconds. */
void bench_plain_run(const struct bench_tree *tree,
		     const struct bench_work *work, unsigned threads,
		     unsigned ms, struct bench_figures *ret_figures);

/* The steps and plain calls, by what they are about. */
void bench_null_step(struct bench_slot *slot);
void bench_getattr_step(struct bench_slot *slot);
void bench_getattr_plain(struct bench_plain *plain);
void bench_lookup_step(struct bench_slot *slot);
void bench_lookup_plain(struct bench_plain *plain);
void bench_walk_step(struct bench_slot *slot);
void bench_walk_plain(struct bench_plain *plain);
void bench_readdir_step(struct bench_slot *slot);
void bench_readdir_plain(struct bench_plain *plain);
void bench_open_step(struct bench_slot *slot);
void bench_open_plain(struct bench_plain *plain);
void bench_create_step(struct bench_slot *slot);
void bench_create_plain(struct bench_plain *plain);
void bench_mkdir_step(struct bench_slot *slot);
void bench_mkdir_plain(struct bench_plain *plain);
void bench_rename_step(struct bench_slot *slot);
void bench_rename_plain(struct bench_plain *plain);
void bench_random_read_step(struct bench_slot *slot);
void bench_random_read_plain(struct bench_plain *plain);
void bench_random_write_step(struct bench_slot *slot);
void bench_random_write_plain(struct bench_plain *plain);
void bench_read_step(struct bench_slot *slot);
void bench_read_plain(struct bench_plain *plain);
void bench_write_step(struct bench_slot *slot);
void bench_write_plain(struct bench_plain *plain);
void bench_mixed_step(struct bench_slot *slot);
void bench_mixed_plain(struct bench_plain *plain);

#endif
