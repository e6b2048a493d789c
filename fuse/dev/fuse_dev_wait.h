/* SPDX-License-Identifier: MIT */
/*
 * fuse_dev_wait.h - replies to the kernel: at once, or, for requests that wait
 * for a lock (FUSE_WAIT), when it is free.
 *
 * The threads that read /dev/fuse must not be held up, so one more thread
 * dispatches such requests again and again, from copies.  It starts with the
 * first of them.  An INTERRUPT comes to another thread, and the session tells
 * the next dispatch.
 */
#ifndef FUSE_DEV_FUSE_DEV_WAIT_H
#define FUSE_DEV_FUSE_DEV_WAIT_H

#include "fuse/fuse_session.h"

#include <pthread.h>

/* A SETLKW is shorter; what is longer is answered -LX_EINVAL. */
#define FUSE_DEV_WAIT_REQUEST_MAX 128
#define FUSE_DEV_WAITS_MAX 2048         /* -LX_ENOLCK beyond */

struct fuse_dev_waiting;

struct fuse_dev_waits {
	struct fuse_session *session;
	const struct log *log;
	void (*thread_init)(void);

	pthread_mutex_t lock;           /* a leaf; guards all that follows */
	pthread_cond_t changed;
	bool started, stop;
	unsigned count;                 /* of all that wait */
	struct fuse_dev_waiting *first, **end;  /* those that just came */
	pthread_t thread;
};

/*
 * Write a reply to the /dev/fuse descriptor that its request came from.  The
 * kernel may have forgotten it.
 */
void fuse_dev_reply(int fd, const void *reply, size_t len,
		    const struct log *log);

/* session and log are borrowed until fuse_dev_waits_done(). */
void fuse_dev_waits_init(struct fuse_dev_waits *w, struct fuse_session *session,
			 void (*thread_init)(void), const struct log *log);
/*
 * End the thread; what still waits is dropped without a reply, as its mount is
 * gone.  Waits for the dispatch in progress.
 */
void fuse_dev_waits_done(struct fuse_dev_waits *w);

/*
 * A request from fd was answered FUSE_WAIT: copy it, and reply when there is
 * another answer, or at once with an error.  Any thread.  fd stays open until
 * fuse_dev_waits_done().
 */
void fuse_dev_waits_add(struct fuse_dev_waits *w, int fd, const void *request,
			size_t len);

#endif
