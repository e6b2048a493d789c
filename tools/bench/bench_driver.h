/* SPDX-License-Identifier: MIT */
/*
 * bench_driver.h - keep a number of requests in flight on each queue.
 *
 * A thread drives one queue.  It has `depth` slots, and each slot runs one
 * transaction after the other: a short sequence of FUSE requests that a
 * workload defines, such as OPEN, READ, RELEASE.  When a reply comes, the
 * workload's step function sends the slot's next request, or says that the
 * transaction is done.  The thread sleeps when all of its slots wait.
 */
#ifndef BENCH_DRIVER_H
#define BENCH_DRIVER_H

#include "tools/bench/bench_device.h"
#include "tools/bench/bench_stat.h"

#include <linux/fuse.h>
#include <stdbool.h>

#define BENCH_DEPTH_MAX 64
#define BENCH_DATA_MAX (1024u * 1024)

struct bench_thread;
struct bench_work;
struct bench_session;

struct bench_slot {
	struct bench_thread *thread;
	/* Guest memory of this slot. */
	unsigned char *request, *reply, *data;
	struct vring_desc *table;
	/* The last reply. */
	int error;                      /* 0 or -errno, as FUSE has it */
	size_t reply_len;               /* bytes behind the header */
	/* The workload's. */
	unsigned step;
	unsigned number;                /* of the slot, over all threads */
	unsigned pick;                  /* a file, say */
	uint64_t random;
	uint64_t node[2];
	uint64_t fh, offset;
	uint64_t units;                 /* that this transaction counts for */
	/* The driver's. */
	uint64_t begun;
	bool idle, no_reply;
};

/* One FUSE request. */
struct bench_request {
	uint32_t opcode;
	uint64_t node;
	const void *arg;                /* copied, as are names */
	size_t arg_len;
	const char *name, *name2;
	uint32_t data_out;              /* bytes of slot->data to be read */
	uint32_t reply_len;             /* of the answer, without header */
	uint32_t data_in;               /* bytes of slot->data to be written */
	bool no_reply;
};

/* What a run measured. */
struct bench_figures {
	uint64_t ops;
	uint64_t bytes;
	uint64_t wall;                  /* ns, as all times */
	uint64_t cpu;                   /* of the server */
	struct bench_latency latency;
};

/* The last reply's argument, of a size that the workload asked for. */
static inline const void *bench_slot_reply(const struct bench_slot *slot)
{
	return slot->reply + sizeof(struct fuse_out_header);
}

/* A pseudo-random number below `n`. */
uint32_t bench_slot_random(struct bench_slot *slot, uint32_t n);

/* Send it; the workload's step is called when the reply is there. */
void bench_slot_send(struct bench_slot *slot, const struct bench_request *req);
/* The transaction is done. */
void bench_slot_done(struct bench_slot *slot);

/*
 * What step functions work with: the session, the workload.
 */
struct bench_session *bench_slot_session(const struct bench_slot *slot);
const struct bench_work *bench_slot_work(const struct bench_slot *slot);

/* Guest memory that `threads` threads with `depth` slots need. */
size_t bench_driver_bytes(unsigned threads, unsigned depth);

struct bench_driver;

/* The session's device has its rings, and memory for this. */
struct bench_driver *bench_driver_new(struct bench_session *session,
				      unsigned threads, unsigned depth,
				      uint32_t segment);
void bench_driver_free(struct bench_driver *driver);

/*
 * Run `work` for `ms` milliseconds, or, if that is 0, for `ops` transactions,
 * with `threads` queues and `depth` slots each: not more than the driver has.
 */
void bench_driver_run(struct bench_driver *driver,
		      const struct bench_work *work, unsigned threads,
		      unsigned depth, unsigned ms, uint64_t ops,
		      struct bench_figures *ret_figures);

#endif
