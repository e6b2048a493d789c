/* SPDX-License-Identifier: MIT */
/*
 * Those that come are put into a list under the lock.  The thread takes that
 * list over at the end of its own, which only it touches, and goes through it
 * in rounds.
 */
#include "fuse/dev/fuse_dev_wait.h"

#include "common/bytes.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct fuse_dev_waiting {
	struct fuse_dev_waiting *next;
	int fd;
	size_t len;
	uint8_t request[FUSE_DEV_WAIT_REQUEST_MAX];
};

void fuse_dev_reply(int fd, const void *reply, size_t len,
		    const struct log *log)
{
	if (write(fd, reply, len) < 0 && errno != ENOENT)
		log_debug(log, LOG_FUSE, "reply of %zu bytes: %s", len,
			  strerror(errno));
}

void fuse_dev_waits_init(struct fuse_dev_waits *w, struct fuse_session *session,
			 void (*thread_init)(void), const struct log *log)
{
	pthread_condattr_t attr;

	*w = (struct fuse_dev_waits){
		.session = session,
		.log = log,
		.thread_init = thread_init,
		.end = &w->first,
	};
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &attr);
	pthread_condattr_destroy(&attr);
}

/* ---- the thread -------------------------------------------------------- */

/* Dispatch it again.  Returns whether it was answered. */
static bool retry(struct fuse_dev_waits *w, struct fuse_dev_waiting *r)
{
	struct fuse_out_header reply;
	const struct iov in = { r->request, r->len };
	const struct iov out = { &reply, sizeof(reply) };
	ssize_t n = fuse_session_dispatch(w->session, iov_tail_init(&in, 1),
					  iov_tail_init(&out, 1));

	if (n == FUSE_WAIT)
		return false;
	if (n > 0)
		fuse_dev_reply(r->fd, &reply, (size_t)n, w->log);
	return true;
}

/* Try all of them; returns how many were answered, which are freed. */
static unsigned retry_all(struct fuse_dev_waits *w,
			  struct fuse_dev_waiting **link)
{
	unsigned answered = 0;

	while (*link) {
		struct fuse_dev_waiting *r = *link;

		if (retry(w, r)) {
			*link = r->next;
			free(r);
			answered++;
		} else {
			link = &r->next;
		}
	}
	return answered;
}

/* Append the new ones to the list; with the lock held. */
static bool take_new(struct fuse_dev_waits *w, struct fuse_dev_waiting **link)
{
	if (!w->first)
		return false;
	while (*link)
		link = &(*link)->next;
	*link = w->first;
	w->first = NULL;
	w->end = &w->first;
	return true;
}

/* Until something changes, or (unless it is 0) ms have passed. */
static void sleep_until_changed(struct fuse_dev_waits *w, long ms)
{
	struct timespec then;

	if (!ms) {
		pthread_cond_wait(&w->changed, &w->lock);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &then);
	then.tv_nsec += ms * 1000000;
	then.tv_sec += then.tv_nsec / 1000000000;
	then.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&w->changed, &w->lock, &then);
}

static void free_list(struct fuse_dev_waiting *r)
{
	while (r) {
		struct fuse_dev_waiting *next = r->next;

		free(r);
		r = next;
	}
}

static void *keep_trying(void *arg)
{
	struct fuse_dev_waiting *list = NULL;
	struct fuse_dev_waits *w = arg;
	long ms = FUSE_WAIT_MIN_MS;

	if (w->thread_init)
		w->thread_init();
	pthread_mutex_lock(&w->lock);
	while (!w->stop) {
		unsigned answered;

		if (take_new(w, &list))
			ms = FUSE_WAIT_MIN_MS;
		sleep_until_changed(w, list ? ms : 0);
		if (w->stop)
			break;
		pthread_mutex_unlock(&w->lock);
		answered = retry_all(w, &list);
		pthread_mutex_lock(&w->lock);
		w->count -= answered;
		ms = answered ? FUSE_WAIT_MIN_MS :
				MIN(2 * ms, FUSE_WAIT_MAX_MS);
	}
	pthread_mutex_unlock(&w->lock);
	free_list(list);
	return NULL;
}

/* With the lock held; 0 or an errno. */
static int start(struct fuse_dev_waits *w)
{
	sigset_t all, old;
	int ret;

	if (w->started)
		return 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&w->thread, NULL, keep_trying, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	w->started = !ret;
	return ret;
}

void fuse_dev_waits_done(struct fuse_dev_waits *w)
{
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
	if (w->started)
		pthread_join(w->thread, NULL);
	free_list(w->first);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
}

/* ---- those that come --------------------------------------------------- */

/* 0, or why it cannot wait: -LX_E.... */
static int try_add(struct fuse_dev_waits *w, int fd, const void *request,
		   size_t len)
{
	struct fuse_dev_waiting *r = NULL;
	int rc = 0;

	if (len > sizeof(r->request))
		return -LX_EINVAL;
	r = malloc(sizeof(*r));
	if (!r)
		return -LX_ENOMEM;
	r->next = NULL;
	r->fd = fd;
	r->len = len;
	memcpy(r->request, request, len);
	pthread_mutex_lock(&w->lock);
	if (w->count == FUSE_DEV_WAITS_MAX || start(w)) {
		rc = -LX_ENOLCK;
		free(r);
	} else {
		w->count++;
		*w->end = r;
		w->end = &r->next;
		pthread_cond_signal(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	return rc;
}

void fuse_dev_waits_add(struct fuse_dev_waits *w, int fd, const void *request,
			size_t len)
{
	struct fuse_out_header reply = {
		.len = sizeof(reply),
		.error = try_add(w, fd, request, len),
	};
	struct fuse_in_header h;

	if (!reply.error)
		return;
	memcpy(&h, request, sizeof(h)); /* dispatched, so it has a header */
	reply.unique = h.unique;
	fuse_dev_reply(fd, &reply, sizeof(reply), w->log);
}
