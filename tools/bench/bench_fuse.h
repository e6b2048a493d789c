/* SPDX-License-Identifier: MIT */
/*
 * bench_fuse.h - the FUSE requests that several workloads send.
 */
#ifndef BENCH_FUSE_H
#define BENCH_FUSE_H

#include "tools/bench/bench_driver.h"

#define BENCH_FORGET_MAX 100            /* nodes in one request */

/* The answer is a struct fuse_entry_out. */
void bench_send_lookup(struct bench_slot *slot, uint64_t parent,
		       const char *name);
/* FORGET of each once. */
void bench_send_forget(struct bench_slot *slot, const uint64_t *node,
		       unsigned count);
/* Data goes to and comes from slot->data; sizes are at most BENCH_DATA_MAX. */
void bench_send_read(struct bench_slot *slot, uint64_t node, uint64_t fh,
		     uint64_t offset, uint32_t size);
void bench_send_write(struct bench_slot *slot, uint64_t node, uint64_t fh,
		      uint64_t offset, uint32_t size);

#endif
