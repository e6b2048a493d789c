/* SPDX-License-Identifier: MIT */
#include "virtio/virtio_worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#define THREAD_NAME_SIZE 16             /* the system's limit */

int virtio_worker_init(struct virtio_worker *worker, unsigned index,
		       const struct virtio_worker_ops *ops, void *owner,
		       struct gmem *mem)
{
	int ret;

	*worker = (struct virtio_worker){
		.index = index,
		.ops = ops,
		.owner = owner,
	};
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

/* Handle one request.  True: go on; false: there is none, or it broke. */
static bool serve_one(struct virtio_worker *w)
{
	struct virtio_queue *q = &w->queue;
	bool interrupt;
	ssize_t used;
	int ret;

	virtio_queue_enter(q);
	ret = virtio_queue_pop(q, &w->request);
	if (ret > 0) {
		used = w->ops->request(w->owner, w, &w->request.chain);
		if (used < 0)
			ret = virtio_queue_break(q, "a request makes no sense");
		if (virtio_queue_push(q, &w->request,
				      used > 0 ? (uint32_t)used : 0))
			ret = -EPROTO;
	}
	interrupt = virtio_queue_must_interrupt(q);
	if (!ret && !virtio_queue_arm(q))
		ret = q->error ? -EPROTO : 1;
	virtio_queue_leave(q);

	if (interrupt)
		w->ops->interrupt(w->owner, w);
	if (q->error)
		w->ops->broken(w->owner, w);
	return ret > 0;
}

static void serve(struct virtio_worker *w)
{
	virtio_queue_enter(&w->queue);
	virtio_queue_disarm(&w->queue);
	virtio_queue_leave(&w->queue);
	while (!atomic_load(&w->pause) && !atomic_load(&w->stop)) {
		if (!serve_one(w))
			return;
	}
}

static void *worker_main(void *arg)
{
	struct virtio_worker *w = arg;

	if (w->ops->thread_init)
		w->ops->thread_init(w->owner);
	for (;;) {
		event_wait(&w->event);
		if (atomic_load(&w->stop))
			return NULL;
		if (w->ops->begin(w->owner, w)) {
			serve(w);
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
