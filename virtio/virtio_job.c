/* SPDX-License-Identifier: MIT */
#include "virtio/virtio_job.h"

#include "common/bytes.h"

#include <stdlib.h>

/* One more than there are, or NULL. */
static struct virtio_job *make(struct virtio_jobs *jobs)
{
	struct virtio_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	if (virtio_request_init(&job->request, jobs->mem, jobs->reader)) {
		free(job);
		return NULL;
	}
	job->jobs = jobs;
	gmem_register(jobs->mem, &job->reader);
	jobs->job[jobs->made++] = job;
	return job;
}

struct virtio_job *virtio_jobs_init(struct virtio_jobs *jobs, struct gmem *mem,
				    struct gmem_reader *reader,
				    struct event *event)
{
	*jobs = (struct virtio_jobs){
		.mem = mem,
		.reader = reader,
		.event = event,
	};
	return make(jobs);
}

void virtio_jobs_done(struct virtio_jobs *jobs)
{
	while (jobs->made) {
		struct virtio_job *job = jobs->job[--jobs->made];

		gmem_unregister(jobs->mem, &job->reader);
		virtio_request_done(&job->request);
		free(job);
	}
}

static void put_spare(struct virtio_job *job)
{
	job->next = job->jobs->spare;
	job->jobs->spare = job;
}

bool virtio_jobs_spare(struct virtio_jobs *jobs)
{
	struct virtio_job *job;

	if (jobs->spare)
		return true;
	if (jobs->made > VIRTIO_DETACHED_MAX)
		return false;
	job = make(jobs);
	if (job)
		put_spare(job);
	return job;
}

struct virtio_job *virtio_job_detach(struct virtio_job *job)
{
	struct virtio_jobs *jobs = job->jobs;
	struct virtio_job *next = jobs->spare;

	gmem_share(jobs->reader, &job->reader);
	virtio_request_hand_on(&job->request, &next->request);
	jobs->spare = next->next;
	jobs->detached++;
	return next;
}

/* Is it the first that the worker will find? */
static bool put_ended(struct virtio_job *job, ssize_t used)
{
	struct virtio_jobs *jobs = job->jobs;
	struct virtio_job *first = atomic_load(&jobs->ended);

	job->used = used;
	do
		job->next = first;
	while (!atomic_compare_exchange_weak(&jobs->ended, &first, job));
	return !first;
}

/* The worker takes all at once, so only the first one has to wake it. */
void virtio_job_end(struct virtio_job *job, ssize_t used)
{
	struct event *event = job->jobs->event;

	if (put_ended(job, used))
		event_signal(event);
}

/* The worker looks next. */
void virtio_chain_end(struct virtio_chain *chain, ssize_t used)
{
	put_ended(container_of(chain, struct virtio_job, request.chain), used);
}

struct virtio_job *virtio_jobs_ended(struct virtio_jobs *jobs)
{
	struct virtio_job *last, *first = NULL;

	last = atomic_exchange(&jobs->ended, NULL);
	while (last) {
		struct virtio_job *before = last->next;

		last->next = first;
		first = last;
		last = before;
	}
	return first;
}

void virtio_job_done(struct virtio_job *job)
{
	gmem_leave(&job->reader);
	job->jobs->detached--;
	put_spare(job);
}
