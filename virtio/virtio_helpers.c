/* SPDX-License-Identifier: MIT */
#include "virtio/virtio_helpers.h"

#include "virtio/virtio_thread.h"

void virtio_helpers_init(struct virtio_helpers *helpers,
			 const struct virtio_helpers_ops *ops, void *owner,
			 const char *name)
{
	*helpers = (struct virtio_helpers){
		.ops = ops,
		.owner = owner,
		.name = name,
	};
	pthread_mutex_init(&helpers->lock, NULL);
	pthread_cond_init(&helpers->wake, NULL);
}

void virtio_helpers_done(struct virtio_helpers *helpers)
{
	pthread_cond_destroy(&helpers->wake);
	pthread_mutex_destroy(&helpers->lock);
}

/* The next job, with the lock held; NULL: the thread is to end. */
static struct virtio_job *take(struct virtio_helpers *h)
{
	struct virtio_job *job;

	while (!h->first && !h->stop)
		pthread_cond_wait(&h->wake, &h->lock);
	job = h->first;
	if (job)
		h->first = job->next;
	return job;
}

static void *helper_main(void *arg)
{
	struct virtio_helpers *h = arg;
	struct virtio_job *job;

	if (h->ops->thread_init)
		h->ops->thread_init(h->owner);
	pthread_mutex_lock(&h->lock);
	while ((job = take(h))) {
		pthread_mutex_unlock(&h->lock);
		h->ops->run(h->owner, job);
		pthread_mutex_lock(&h->lock);
		h->busy--;
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

/* With the lock held. */
static bool add_thread(struct virtio_helpers *h)
{
	if (h->threads == VIRTIO_HELPERS_MAX ||
	    virtio_thread_start(&h->thread[h->threads], h->name, "h",
				helper_main, h))
		return false;
	h->threads++;
	return true;
}

/* With the lock held. */
static void put(struct virtio_helpers *h, struct virtio_job *job)
{
	job->next = NULL;
	if (h->first)
		h->last->next = job;
	else
		h->first = job;
	h->last = job;
	h->busy++;
	pthread_cond_signal(&h->wake);
}

bool virtio_helpers_run(struct virtio_helpers *h, struct virtio_job *job)
{
	bool taken;

	pthread_mutex_lock(&h->lock);
	taken = h->busy < h->threads || add_thread(h);
	if (taken)
		put(h, job);
	pthread_mutex_unlock(&h->lock);
	return taken;
}

void virtio_helpers_stop(struct virtio_helpers *h)
{
	pthread_mutex_lock(&h->lock);
	h->stop = true;
	pthread_cond_broadcast(&h->wake);
	pthread_mutex_unlock(&h->lock);
	/* Nobody gives them work any more. */
	for (unsigned i = 0; i < h->threads; i++)
		pthread_join(h->thread[i], NULL);
	h->threads = 0;
	h->stop = false;
}
