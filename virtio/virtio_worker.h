/* SPDX-License-Identifier: MIT */
/*
 * virtio_worker.h - the thread that serves one queue.
 *
 * It sleeps on the queue's event, and on the driver's where the owner has one.
 * Woken, it asks its owner whether the queue
 * may be served (begin), handles requests until there are none or it is asked
 * to pause, and says that it is done (end); so between end and begin nothing
 * touches the queue but its owner.
 *
 * Before it sleeps it looks at the queue for a while where that pays, and where
 * requests are unanswered it naps (virtio_poll.h).  The driver need not notify
 * it meanwhile.
 *
 * It is inside guest memory while it serves requests, looking after each
 * whether that has changed, and never while it sleeps or calls begin, interrupt
 * or end.
 *
 * The driver is told of a request at once when no other is available then.
 * While there are others, it is told of several together, by one store and one
 * interrupt, so that neither side wakes the other for each: when as many are
 * done as are left, so that both sides have something to do.  A request waits
 * for no more than VIRTIO_BATCH_NS to be told, and one that takes longer than
 * that shows that the next may, too: after it, VIRTIO_CAREFUL requests are told
 * at once.
 *
 * Requests that wait (VIRTIO_CHAIN_WAITS) are parked and tried again in
 * rounds, each once a round, in the order of coming.  A round takes turns with
 * what the driver makes available, so that neither holds up the other.  Between
 * rounds it sleeps for at most as long as the device wants, which is short
 * again when a request begins to wait or one is answered.  With
 * VIRTIO_F_IN_ORDER nothing else is taken from the queue while one waits.
 *
 * A request that would block (VIRTIO_CHAIN_BLOCKS) is detached and goes to a
 * helper (virtio_job.h), unless nobody would gain: when nothing else is
 * available, parked, detached, nor done and not told of.  Nor is it where
 * requests are used in order, nor one in memory that cannot be mapped, whose
 * buffer is large.
 *
 * A request that goes on by itself (VIRTIO_CHAIN_GOES_ON) is detached as well.
 * The device begins those that are available in one go: when nothing else is to
 * be done, or VIRTIO_PUT_OFF_MAX are put off.  Where it could not go through
 * with one, a helper does.
 *
 * The queue is not let go, by end, before all that were detached have been
 * given back.
 */
#ifndef VIRTIO_VIRTIO_WORKER_H
#define VIRTIO_VIRTIO_WORKER_H

#include "common/event.h"
#include "virtio/virtio_helpers.h"
#include "virtio/virtio_job.h"
#include "virtio/virtio_poll.h"
#include "virtio/virtio_queue.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define VIRTIO_BATCH_NS 50000
#define VIRTIO_CAREFUL 32
#define VIRTIO_PUT_OFF_MAX 8

struct virtio_worker;

/* What a worker asks of its owner, on its own thread. */
struct virtio_worker_ops {
	void (*thread_init)(void *owner, struct virtio_worker *worker);
	void (*thread_done)(void *owner, struct virtio_worker *worker);
	/* Woken: may the queue be served now? */
	bool (*begin)(void *owner, struct virtio_worker *worker);
	/* After a begin that returned true: the queue is left alone now. */
	void (*end)(void *owner, struct virtio_worker *worker);
	/* As in struct virtio_device_ops; on helpers' threads as well. */
	ssize_t (*request)(void *owner, struct virtio_worker *worker,
			   struct virtio_chain *chain);
	/* Likewise. */
	void (*progress)(void *owner, struct virtio_worker *worker,
			 bool sleeps);
	bool (*progressed)(void *owner, struct virtio_worker *worker);
	/* Buffers were used and the driver wants to know. */
	void (*interrupt)(void *owner, struct virtio_worker *worker);
	/* The queue broke (worker->queue.error); before end. */
	void (*broken)(void *owner, struct virtio_worker *worker);
};

struct virtio_worker {
	unsigned index;                 /* which queue */
	struct virtio_queue queue;
	struct event event;
	bool unanswered;                /* set by the owner: it may nap */

	/* Private. */
	const struct virtio_worker_ops *ops;
	void *owner;
	struct virtio_helpers *helpers;
	struct virtio_jobs jobs;
	struct virtio_job *job;         /* the one at work */
	struct virtio_poll poll;
	bool given_up;                  /* the queue is broken, as was told */
	bool naps;                      /* the driver does not notify it now */
	unsigned put_off;               /* go on by themselves when begun */
	/* Of the requests that the driver was not told of yet. */
	unsigned untold;
	unsigned portion;               /* so many were told of last */
	uint64_t first_untold_ns;       /* when the first was done, or 0 */
	uint64_t last_ns;               /* the last look at the clock, or 0 */
	unsigned since, look_after;     /* requests since; until the next */
	unsigned careful;               /* so many more are told at once */
	/* Of the requests that are parked. */
	unsigned round_left;            /* to be tried in this round */
	bool round_answered;            /* one of this round has been */
	bool retried;                   /* one, just now */
	int wait_ms;                    /* how long after this round... */
	uint64_t next_round_ms;         /* ...which is then; monotonic */

	pthread_t thread;
	bool running;                   /* there is a thread */
	atomic_bool stop;
	atomic_bool pause;
};

/*
 * ops, owner, mem and helpers are borrowed until virtio_worker_done().  poll_us
 * is how long it may look at the queue before it sleeps, or 0.  0 or -errno.
 */
int virtio_worker_init(struct virtio_worker *worker, unsigned index,
		       const struct virtio_worker_ops *ops, void *owner,
		       struct gmem *mem, struct virtio_helpers *helpers,
		       unsigned poll_us);
/* It must not run. */
void virtio_worker_done(struct virtio_worker *worker);

/*
 * Start the thread, named "name/index", with all signals blocked; it looks at
 * its queue at once.  0 or -errno.
 */
int virtio_worker_start(struct virtio_worker *worker, const char *name);
/* It shall end after the requests in flight; does not wait. */
void virtio_worker_ask_stop(struct virtio_worker *worker);
/* Wait until it has ended.  Nothing if it was never started. */
void virtio_worker_join(struct virtio_worker *worker);

/* Wake it: there may be work, or the owner has news.  From any thread. */
void virtio_worker_wake(struct virtio_worker *worker);

/* Handle a job of a worker that was detached, on this thread, and end it. */
void virtio_worker_run_job(struct virtio_job *job);

/*
 * It shall call end after the requests in flight; stays so until it is taken
 * back.  From any thread; does not wait.
 */
void virtio_worker_pause(struct virtio_worker *worker, bool pause);

#endif
