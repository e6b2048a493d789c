/* SPDX-License-Identifier: MIT */
/*
 * virtio_job.h - the requests of one queue that are at work: one that its
 * worker handles, and those that are detached, which go on elsewhere.
 *
 * A job is a request with the place for its pieces and a reader of guest
 * memory.  To detach it, the worker takes another one to go on with; the job's
 * reader enters guest memory beside the worker's, so that the memory stays as
 * long as the request uses it.  Whoever is done with it ends it, on any thread,
 * which wakes the worker; and only the worker gives it back to the driver.
 *
 * Those that go on by themselves, on no thread, are ended by the worker's own.
 *
 * There are VIRTIO_DETACHED_MAX at most.  They are made when first needed, and
 * kept.
 *
 * Used by the worker, but for virtio_job_end().
 */
#ifndef VIRTIO_VIRTIO_JOB_H
#define VIRTIO_VIRTIO_JOB_H

#include "common/event.h"
#include "common/limits.h"
#include "virtio/virtio_request.h"

#include <stdatomic.h>

struct virtio_jobs;

struct virtio_job {
	struct virtio_request request;
	struct virtio_jobs *jobs;
	struct gmem_reader reader;      /* inside while it is detached */
	struct virtio_job *next;        /* of those in one place */
	ssize_t used;                   /* ended: what request() returned */
};

struct virtio_jobs {
	struct gmem *mem;
	struct gmem_reader *reader;             /* the worker's */
	struct event *event;                    /* likewise */
	unsigned made, detached;
	struct virtio_job *spare;
	_Atomic(struct virtio_job *) ended;     /* the last comes first */
	struct virtio_job *job[VIRTIO_DETACHED_MAX + 1];
};

/*
 * mem, reader and event are borrowed until virtio_jobs_done().  A job to begin
 * with, or NULL: no memory.
 */
struct virtio_job *virtio_jobs_init(struct virtio_jobs *jobs, struct gmem *mem,
				    struct gmem_reader *reader,
				    struct event *event);
/* None is detached. */
void virtio_jobs_done(struct virtio_jobs *jobs);

/* Is there one to go on with?  Makes it, if need be. */
bool virtio_jobs_spare(struct virtio_jobs *jobs);
/*
 * The job is detached, and may have been ended already.  There is a spare one,
 * which is returned; the worker is inside guest memory.
 */
struct virtio_job *virtio_job_detach(struct virtio_job *job);

/*
 * The request is done: `used` is what the device's request() returned.  From
 * any thread, once; the job is not the caller's any more.  virtio_chain_end()
 * does the same on the worker's thread, and wakes nobody.
 */
void virtio_job_end(struct virtio_job *job, ssize_t used);

/* Is there something to take?  It costs little to ask. */
static inline bool virtio_jobs_any_ended(struct virtio_jobs *jobs)
{
	return atomic_load_explicit(&jobs->ended, memory_order_relaxed);
}
/* Those that were ended since, the first one first, linked by `next`. */
struct virtio_job *virtio_jobs_ended(struct virtio_jobs *jobs);
/* One of these was given back. */
void virtio_job_done(struct virtio_job *job);

#endif
