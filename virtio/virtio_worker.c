/* SPDX-License-Identifier: MIT */
#include "virtio/virtio_worker.h"

#include "common/bytes.h"
#include "virtio/virtio_thread.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#define CLOCK_MAX 8                     /* requests for a look at the clock */
#define LOOKS 8                         /* at a queue, for one at the clock */

int virtio_worker_init(struct virtio_worker *worker, unsigned index,
		       const struct virtio_worker_ops *ops, void *owner,
		       struct gmem *mem, struct virtio_helpers *helpers,
		       unsigned poll_us)
{
	int ret;

	*worker = (struct virtio_worker){
		.index = index,
		.ops = ops,
		.owner = owner,
		.helpers = helpers,
		.wait_ms = VIRTIO_WAIT_MIN_MS,
	};
	virtio_poll_init(&worker->poll, poll_us);
	ret = event_init(&worker->event);
	if (ret)
		return ret;
	virtio_queue_init(&worker->queue, mem);
	worker->job = virtio_jobs_init(&worker->jobs, mem,
				       &worker->queue.reader, &worker->event);
	if (!worker->job) {
		virtio_worker_done(worker);
		return -ENOMEM;
	}
	return 0;
}

void virtio_worker_done(struct virtio_worker *worker)
{
	virtio_jobs_done(&worker->jobs);
	virtio_queue_done(&worker->queue);
	event_done(&worker->event);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- requests that wait ------------------------------------------------ */

static uint64_t now_ms(void)
{
	return now_ns() / 1000000;
}

/* The next round begins so many milliseconds from now, or earlier. */
static void plan_round(struct virtio_worker *w, int ms, bool earlier)
{
	uint64_t then = now_ms() + (uint64_t)ms;

	w->wait_ms = ms;
	w->next_round_ms = earlier ? MIN(w->next_round_ms, then) : then;
}

/* Is a request that is parked to be tried now? */
static bool round_due(struct virtio_worker *w)
{
	unsigned parked = w->queue.parked_count;

	/* A round that a reset has ended was about others. */
	w->round_left = MIN(w->round_left, parked);
	if (!parked || w->round_left)
		return parked;
	if (now_ms() < w->next_round_ms)
		return false;
	w->round_left = parked;
	w->round_answered = false;
	return true;
}

/* One of the round has been tried. */
static void round_step(struct virtio_worker *w, bool answered)
{
	w->round_answered |= answered;
	if (--w->round_left)
		return;
	plan_round(w, w->round_answered ? VIRTIO_WAIT_MIN_MS :
		      MIN(2 * w->wait_ms, VIRTIO_WAIT_MAX_MS), false);
}

/* How long it may sleep when there is nothing available; -1: for ever. */
static int sleep_timeout(const struct virtio_worker *w)
{
	uint64_t now;

	if (w->naps)
		return VIRTIO_NAP_MS;
	if (!w->queue.parked_count)
		return -1;
	now = now_ms();
	return now < w->next_round_ms ? (int)(w->next_round_ms - now) : 0;
}

/* ---- the thread -------------------------------------------------------- */

enum outcome { GIVEN_BACK, PARKED, DETACHED };

/*
 * Is somebody else better off if a request that blocks leaves the thread?  One
 * that is parked is, and one that is done, as long as the driver was not told
 * of it.
 */
static bool may_leave(struct virtio_worker *w)
{
	return !w->queue.in_order &&
	       (w->jobs.detached || w->untold || w->queue.parked_count ||
		virtio_queue_available(&w->queue, 0)) &&
	       !virtio_request_bounces(&w->job->request) &&
	       virtio_jobs_spare(&w->jobs);
}

/* A request is done, and `used` is what request() returned. */
static void give_back(struct virtio_queue *q, struct virtio_request *req,
		      ssize_t used)
{
	if (used < 0 && used != VIRTIO_CHAIN_WAITS)
		(void)virtio_queue_break(q, "a request makes no sense");
	/* q->error tells the rest. */
	(void)virtio_queue_push(q, req, used > 0 ? (uint32_t)used : 0);
}

/*
 * Hand a request over that would block: to a helper, and true, or here if there
 * is none.
 */
static bool may_block(struct virtio_worker *w, struct virtio_job *job)
{
	job->request.chain.may_leave = false;
	if (virtio_helpers_run(w->helpers, job))
		return true;
	job->used = w->ops->request(w->owner, w, &job->request.chain);
	return false;
}

/* Hand the request over. */
static enum outcome handle(struct virtio_worker *w)
{
	struct virtio_request *req = &w->job->request;
	ssize_t used;
	bool left;

	req->chain.timed = w->careful;
	used = w->ops->request(w->owner, w, &req->chain);
	left = used == VIRTIO_CHAIN_GOES_ON;
	w->put_off += left;
	if (used == VIRTIO_CHAIN_BLOCKS && req->chain.may_leave) {
		left = may_block(w, w->job);
		used = left ? used : w->job->used;
	}
	if (left) {
		w->job = virtio_job_detach(w->job);
		return DETACHED;
	}
	if (used == VIRTIO_CHAIN_WAITS && !virtio_queue_park(&w->queue, req))
		return PARKED;
	give_back(&w->queue, req, used);
	return GIVEN_BACK;
}

/* Try one that is parked. */
static void retry_one(struct virtio_worker *w)
{
	if (virtio_queue_resume(&w->queue, &w->job->request) > 0)
		round_step(w, handle(w) == GIVEN_BACK);
}

/* Handle what is available next, if anything is.  False: nothing. */
static bool serve_one(struct virtio_worker *w)
{
	if (virtio_queue_pop(&w->queue, &w->job->request) <= 0)
		return false;
	if (w->unanswered)
		virtio_poll_came(&w->poll,
				 w->job->request.chain.writable_count);
	w->job->request.chain.may_leave = may_leave(w);
	if (handle(w) == PARKED)
		plan_round(w, VIRTIO_WAIT_MIN_MS, w->queue.parked_count > 1);
	return true;
}

/* ---- requests that were detached --------------------------------------- */

void virtio_worker_run_job(struct virtio_job *job)
{
	struct virtio_worker *w = container_of(job->jobs, struct virtio_worker,
					       jobs);

	job->request.chain.timed = true;
	virtio_job_end(job, w->ops->request(w->owner, w, &job->request.chain));
}

static bool any_ended(struct virtio_worker *w)
{
	return virtio_jobs_any_ended(&w->jobs) ||
	       (w->jobs.detached && w->ops->progressed(w->owner, w));
}

/* Begin those that were put off, and give back those that have ended. */
static void collect(struct virtio_worker *w, bool sleeps)
{
	struct virtio_job *job, *next;

	if (!w->jobs.detached)
		return;
	w->put_off = 0;
	w->ops->progress(w->owner, w, sleeps);
	for (job = virtio_jobs_ended(&w->jobs); job; job = next) {
		next = job->next;
		if (job->used == VIRTIO_CHAIN_BLOCKS && may_block(w, job))
			continue;
		give_back(&w->queue, &job->request, job->used);
		virtio_job_done(job);
		w->untold++;
	}
}

/* ---- telling ----------------------------------------------------------- */

/*
 * After how many requests the clock is asked again, when each took so long
 * (0: not known).  To ask takes about as long as a short request.
 */
static unsigned next_look(const struct virtio_worker *w, uint64_t each_ns)
{
	if (w->careful || !each_ns)
		return 1;
	return 1 + (unsigned)MIN(VIRTIO_BATCH_NS / 8 / each_ns, CLOCK_MAX - 1);
}

/*
 * Have as many been done as are left?  Then the driver shall wake up while
 * these are served.  But not for fewer and fewer, when it is slow to do so.
 */
static bool is_portion(struct virtio_worker *w)
{
	if (w->untold < w->portion ||
	    virtio_queue_available(&w->queue, w->untold))
		return false;
	w->portion = w->untold;
	return true;
}

/* One was done: is the driver told now, and not together with the next? */
static bool tell_now(struct virtio_worker *w)
{
	uint64_t before = w->last_ns, now, each;
	bool portion;

	if (!virtio_queue_available(&w->queue, 0)) {
		w->last_ns = w->since = w->portion = 0;
		return true;
	}
	w->untold++;
	portion = is_portion(w);
	if (++w->since < w->look_after && before)
		return portion;
	now = w->last_ns = now_ns();
	each = before ? (now - before) / w->since : 0;
	if (each > VIRTIO_BATCH_NS)
		w->careful = VIRTIO_CAREFUL;
	else if (w->careful)
		w->careful--;
	w->since = 0;
	w->look_after = next_look(w, each);
	/* Of those that came before this look, all came after the last. */
	if (!w->first_untold_ns)
		w->first_untold_ns = w->untold == 1 ? now : before;
	return portion || w->careful ||
	       now - w->first_untold_ns > VIRTIO_BATCH_NS;
}

/* Let the driver see what was done.  True: it wants an interrupt. */
static bool tell(struct virtio_worker *w)
{
	w->untold = 0;
	w->first_untold_ns = 0;
	return virtio_queue_must_interrupt(&w->queue);
}

/* Is it to leave the queue alone? */
static bool called_off(struct virtio_worker *w)
{
	return atomic_load(&w->pause) || atomic_load(&w->stop);
}

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* Look at the queue a few times. */
static bool look(struct virtio_worker *w)
{
	for (unsigned i = 0; i < LOOKS; i++) {
		if (virtio_queue_available(&w->queue, 0) || any_ended(w))
			return true;
		relax();
	}
	return false;
}

/* There is nothing to do: wait a while for more, if that pays. */
static bool poll_queue(struct virtio_worker *w)
{
	uint64_t start, before, now;
	bool found, lost;

	if (!virtio_poll_pays(&w->poll))
		return false;
	start = now = now_ns();
	do {
		before = now;
		found = look(w);
		now = now_ns();
		lost = now - before > VIRTIO_POLL_LOST_NS;
	} while (!found && !lost && now - start < w->poll.window_ns &&
		 !called_off(w));
	virtio_poll_tried(&w->poll, found && !lost);
	return found;
}

/*
 * One request: of those that are parked and of those that are available, in
 * turns.  True: go on; false: there is nothing to do, or the queue broke.  It
 * may stay inside guest memory.
 */
static bool serve_turn(struct virtio_worker *w)
{
	struct virtio_queue *q = &w->queue;
	bool interrupt = false, more = true;
	/* By one that waits, and all are to be used in order. */
	bool held_up = q->in_order && q->parked_count;

	virtio_queue_enter(q);
	if (w->put_off >= VIRTIO_PUT_OFF_MAX || any_ended(w))
		collect(w, false);
	w->retried = (held_up || !w->retried) && round_due(w);
	if (w->retried)
		retry_one(w);
	else
		more = !held_up && serve_one(w);
	if (!more)
		collect(w, false);
	if (!more || tell_now(w))
		interrupt = tell(w);
	/* It is told before somebody waits. */
	if (!more && !interrupt && !held_up)
		more = poll_queue(w);
	w->naps = w->unanswered && !more && !q->parked_count &&
		  virtio_poll_naps(&w->poll);
	if (!more && !w->naps)
		more = (!held_up && !virtio_queue_arm(q)) || w->round_left;
	if (q->error) {
		virtio_queue_give_up(q, &w->job->request);
		interrupt |= tell(w);
	}
	if (interrupt || q->error)
		virtio_queue_leave(q);
	if (interrupt)
		w->ops->interrupt(w->owner, w);
	if (!q->error)
		return more;
	w->given_up = true;
	w->ops->broken(w->owner, w);
	return false;
}

static void sleep_for(struct virtio_worker *w, int ms)
{
	uint64_t start = now_ns();

	(void)event_wait_for(&w->event, ms);
	virtio_poll_slept(&w->poll, now_ns() - start);
}

/*
 * The queue is not served on, but some may have come back, and of some the
 * driver was not told.
 */
static void tell_last(struct virtio_worker *w)
{
	bool interrupt;

	virtio_queue_enter(&w->queue);
	collect(w, true);
	interrupt = w->untold && tell(w);
	virtio_queue_leave(&w->queue);
	if (interrupt)
		w->ops->interrupt(w->owner, w);
}

static bool goes_on(struct virtio_worker *w)
{
	return !called_off(w) && !w->given_up;
}

/* Returns how long to sleep then: milliseconds, or -1: for ever. */
static int serve(struct virtio_worker *w)
{
	w->given_up = false;
	for (;;) {
		w->naps = false;
		virtio_queue_enter(&w->queue);
		virtio_queue_disarm(&w->queue);
		while (goes_on(w) && serve_turn(w))
			;
		virtio_queue_leave(&w->queue);
		if (w->untold || w->jobs.detached)
			tell_last(w);
		/* That it broke by this is still to be told. */
		if (w->queue.error && goes_on(w))
			continue;
		if (!w->jobs.detached)
			return sleep_timeout(w);
		if (!any_ended(w))
			sleep_for(w, goes_on(w) ? sleep_timeout(w) : -1);
	}
}

static void *worker_main(void *arg)
{
	struct virtio_worker *w = arg;
	int sleep_ms = -1;

	if (w->ops->thread_init)
		w->ops->thread_init(w->owner, w);
	for (;;) {
		/* serve() may have slept, and have been woken for this. */
		if (!atomic_load(&w->stop))
			sleep_for(w, sleep_ms);
		if (atomic_load(&w->stop))
			break;
		sleep_ms = -1;
		if (w->ops->begin(w->owner, w)) {
			sleep_ms = serve(w);
			w->ops->end(w->owner, w);
		}
	}
	if (w->ops->thread_done)
		w->ops->thread_done(w->owner, w);
	return NULL;
}

int virtio_worker_start(struct virtio_worker *worker, const char *name)
{
	char suffix[4];
	int ret;

	atomic_store(&worker->stop, false);
	virtio_worker_wake(worker);
	(void)snprintf(suffix, sizeof(suffix), "%u", worker->index % 100);
	ret = virtio_thread_start(&worker->thread, name, suffix, worker_main,
				  worker);
	worker->running = !ret;
	return ret;
}

void virtio_worker_ask_stop(struct virtio_worker *worker)
{
	atomic_store(&worker->stop, true);
	virtio_worker_wake(worker);
}

void virtio_worker_join(struct virtio_worker *worker)
{
	if (worker->running)
		pthread_join(worker->thread, NULL);
	worker->running = false;
}

void virtio_worker_wake(struct virtio_worker *worker)
{
	event_signal(&worker->event);
}

void virtio_worker_pause(struct virtio_worker *worker, bool pause)
{
	atomic_store(&worker->pause, pause);
	if (pause)
		virtio_worker_wake(worker);
}
