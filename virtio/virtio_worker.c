/* SPDX-License-Identifier: MIT */
#include "virtio/virtio_worker.h"

#include "common/bytes.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#define THREAD_NAME_SIZE 16             /* the system's limit */
#define CLOCK_MAX 8                     /* requests for a look at the clock */
#define LOOKS 8                         /* at a queue, for one at the clock */

int virtio_worker_init(struct virtio_worker *worker, unsigned index,
		       const struct virtio_worker_ops *ops, void *owner,
		       struct gmem *mem, unsigned poll_us)
{
	int ret;

	*worker = (struct virtio_worker){
		.index = index,
		.ops = ops,
		.owner = owner,
	};
	virtio_poll_init(&worker->poll, poll_us);
	ret = event_init(&worker->event);
	if (ret)
		return ret;
	ret = virtio_request_init(&worker->request, mem,
				  &worker->queue.reader);
	if (ret) {
		event_done(&worker->event);
		return ret;
	}
	virtio_queue_init(&worker->queue, mem);
	return 0;
}

void virtio_worker_done(struct virtio_worker *worker)
{
	virtio_queue_done(&worker->queue);
	virtio_request_done(&worker->request);
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
static int round_timeout(const struct virtio_worker *w)
{
	uint64_t now;

	if (!w->queue.parked_count)
		return -1;
	now = now_ms();
	return now < w->next_round_ms ? (int)(w->next_round_ms - now) : 0;
}

/* ---- the thread -------------------------------------------------------- */

/* Hand the request over.  Returns whether it was answered. */
static bool handle(struct virtio_worker *w)
{
	struct virtio_queue *q = &w->queue;
	ssize_t used = w->ops->request(w->owner, w, &w->request.chain);

	if (used == VIRTIO_CHAIN_WAITS && !virtio_queue_park(q, &w->request))
		return false;
	if (used < 0 && used != VIRTIO_CHAIN_WAITS)
		(void)virtio_queue_break(q, "a request makes no sense");
	(void)virtio_queue_push(q, &w->request, used > 0 ? (uint32_t)used : 0);
	return true;                    /* q->error tells the rest */
}

/* Try one that is parked. */
static void retry_one(struct virtio_worker *w)
{
	if (virtio_queue_resume(&w->queue, &w->request) > 0)
		round_step(w, handle(w));
}

/* Handle what is available next, if anything is.  False: nothing. */
static bool serve_one(struct virtio_worker *w)
{
	if (virtio_queue_pop(&w->queue, &w->request) <= 0)
		return false;
	if (!handle(w))
		plan_round(w, VIRTIO_WAIT_MIN_MS, w->queue.parked_count > 1);
	return true;
}

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

/* One was done: is the driver told now, and not together with the next? */
static bool tell_now(struct virtio_worker *w)
{
	uint64_t before = w->last_ns, now, each;

	if (!virtio_queue_available(&w->queue)) {
		w->last_ns = w->since = 0;
		return true;
	}
	w->untold++;
	if (++w->since < w->look_after && before)
		return false;
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
	return w->careful || now - w->first_untold_ns > VIRTIO_BATCH_NS;
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
static bool look(struct virtio_queue *q)
{
	for (unsigned i = 0; i < LOOKS; i++) {
		if (virtio_queue_available(q))
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
		found = look(&w->queue);
		now = now_ns();
		lost = now - before > VIRTIO_POLL_LOST_NS;
	} while (!found && !lost && now - start < w->poll.window_ns &&
		 !called_off(w));
	virtio_poll_tried(&w->poll, found && !lost);
	return found;
}

/*
 * One request: of those that are parked and of those that are available, in
 * turns.  True: go on; false: there is nothing to do, or the queue broke.
 */
static bool serve_turn(struct virtio_worker *w)
{
	struct virtio_queue *q = &w->queue;
	bool interrupt = false, more = true;
	/* By one that waits, and all are to be used in order. */
	bool held_up = q->in_order && q->parked_count;

	virtio_queue_enter(q);
	w->retried = (held_up || !w->retried) && round_due(w);
	if (w->retried)
		retry_one(w);
	else
		more = !held_up && serve_one(w);
	if (!more || tell_now(w))
		interrupt = tell(w);
	/* It is told before somebody waits. */
	if (!more && !interrupt && !held_up)
		more = poll_queue(w);
	if (!more)
		more = (!held_up && !virtio_queue_arm(q)) || w->round_left;
	if (q->error) {
		virtio_queue_give_up(q, &w->request);
		interrupt |= tell(w);
	}
	virtio_queue_leave(q);

	if (interrupt)
		w->ops->interrupt(w->owner, w);
	if (q->error)
		w->ops->broken(w->owner, w);
	return more && !q->error;
}

/* It is to stop, with some that the driver was not told of. */
static void tell_last(struct virtio_worker *w)
{
	bool interrupt;

	virtio_queue_enter(&w->queue);
	interrupt = tell(w);
	virtio_queue_leave(&w->queue);
	if (interrupt)
		w->ops->interrupt(w->owner, w);
}

/* Returns how long to sleep then: milliseconds, or -1: for ever. */
static int serve(struct virtio_worker *w)
{
	virtio_queue_enter(&w->queue);
	virtio_queue_disarm(&w->queue);
	virtio_queue_leave(&w->queue);
	while (!called_off(w)) {
		if (!serve_turn(w))
			break;
	}
	if (w->untold)
		tell_last(w);
	return round_timeout(w);
}

static void sleep_for(struct virtio_worker *w, int ms)
{
	uint64_t start = now_ns();

	(void)event_wait_for(&w->event, ms);
	virtio_poll_slept(&w->poll, now_ns() - start);
}

static void *worker_main(void *arg)
{
	struct virtio_worker *w = arg;
	int sleep_ms = -1;

	if (w->ops->thread_init)
		w->ops->thread_init(w->owner, w);
	for (;;) {
		sleep_for(w, sleep_ms);
		if (atomic_load(&w->stop))
			return NULL;
		sleep_ms = -1;
		if (w->ops->begin(w->owner, w)) {
			sleep_ms = serve(w);
			w->ops->end(w->owner, w);
		}
	}
}

int virtio_worker_start(struct virtio_worker *worker, const char *name)
{
	char thread_name[THREAD_NAME_SIZE];
	sigset_t all, old;
	int ret;

	atomic_store(&worker->stop, false);
	virtio_worker_wake(worker);

	/* The process is the host's, and so are its signals. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&worker->thread, NULL, worker_main, worker);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret)
		return -ret;
	worker->running = true;
	(void)snprintf(thread_name, sizeof(thread_name), "%.11s/%u", name,
		       worker->index % 100);
	(void)pthread_setname_np(worker->thread, thread_name);
	return 0;
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
