/* SPDX-License-Identifier: MIT */
/*
 * event.h - something to wait for: an eventfd here.
 *
 * Signals do not count: any number of them before a wait is one wake-up.
 */
#ifndef COMMON_EVENT_H
#define COMMON_EVENT_H

#include <stdbool.h>
#include <stdint.h>

struct event {
	int fd;
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
 * Can event_wait_either() wait for this descriptor, which another process has
 * sent: is it an eventfd?  0 or -EINVAL.  Its signals are cleared.
 */
int event_check_fd(int fd);
/*
 * As event_wait_for(), but signals of *fd count as well, an eventfd that the
 * other process may read and change, too.  -1: there is none; and it becomes
 * -1 when it cannot be read.
 */
bool event_wait_either(struct event *event, int *fd, int ms);

/* The handle that another process or the kernel can signal. */
static inline intptr_t event_handle(const struct event *event)
{
	return event->fd;
}

#endif
