/* SPDX-License-Identifier: MIT */
/*
 * event.h - something to wait for: an eventfd here, and an epoll instance that
 * reports each of its signals once.  So a wait is one system call, whatever
 * wakes it, and the counter is never read; who polls the handle instead sees it
 * signalled for ever after the first time.
 *
 * Signals do not count: any number of them before a wait is one wake-up.
 */
#ifndef COMMON_EVENT_H
#define COMMON_EVENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct event {
	int fd;
	int epoll;                      /* edge-triggered */
	atomic_uint signals;            /* counted to order them */
};

/* 0 or -errno. */
int event_init(struct event *event);
void event_done(struct event *event);

/* Never blocks; from any thread. */
void event_signal(struct event *event);

/* Block until signalled, and clear it. */
void event_wait(struct event *event);
/*
 * Likewise, but for `ms` milliseconds at most (negative: for ever).  Returns
 * whether it was signalled.
 */
bool event_wait_for(struct event *event, int ms);

/*
 * From now on signals of `fd` count as well, an eventfd that another process
 * may read and change, too; the signals that it holds already count.  It is to
 * be unwatched before it is closed.  Both from any thread, also while another
 * waits.  0 or -errno.
 */
int event_watch(struct event *event, int fd);
void event_unwatch(struct event *event, int fd);

/* The handle that another process or the kernel can signal. */
static inline intptr_t event_handle(const struct event *event)
{
	return event->fd;
}

#endif
