/* SPDX-License-Identifier: MIT */
/*
 * virtio_helpers.h - threads of a device on which requests run that block.
 *
 * A thread is made when a request needs one and none is idle, up to
 * VIRTIO_HELPERS_MAX, and stays until they are stopped.  No request waits for
 * another: what finds no thread is refused.
 *
 * Lock: a leaf; it guards the threads and what they are to do.
 */
#ifndef VIRTIO_VIRTIO_HELPERS_H
#define VIRTIO_VIRTIO_HELPERS_H

#include "virtio/virtio_job.h"

#include <pthread.h>
#include <stdbool.h>

/* What a helper does, on its own thread. */
struct virtio_helpers_ops {
	/* It begins. */
	void (*thread_init)(void *owner);
	/* Do it, and end the job. */
	void (*run)(void *owner, struct virtio_job *job);
};

struct virtio_helpers {
	const struct virtio_helpers_ops *ops;
	void *owner;
	const char *name;
	pthread_mutex_t lock;
	pthread_cond_t wake;

	/* Protected by lock. */
	struct virtio_job *first, *last;        /* not begun yet */
	unsigned threads, busy;
	bool stop;
	pthread_t thread[VIRTIO_HELPERS_MAX];
};

/* All is borrowed until virtio_helpers_done(); name: of the threads. */
void virtio_helpers_init(struct virtio_helpers *helpers,
			 const struct virtio_helpers_ops *ops, void *owner,
			 const char *name);
/* They are stopped. */
void virtio_helpers_done(struct virtio_helpers *helpers);

/*
 * Run the job on one of them; from any thread.  False: all are busy and there
 * can be no more.
 */
bool virtio_helpers_run(struct virtio_helpers *helpers, struct virtio_job *job);

/*
 * End the threads, after what they do; nobody gives them a job meanwhile.  The
 * next one makes threads anew.
 */
void virtio_helpers_stop(struct virtio_helpers *helpers);

#endif
