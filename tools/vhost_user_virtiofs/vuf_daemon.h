/* SPDX-License-Identifier: MIT */
/*
 * vuf_daemon.h - a program that goes to the background when it is ready.
 */
#ifndef VUF_DAEMON_H
#define VUF_DAEMON_H

#include <stddef.h>

struct vuf_daemon {
	int ready_fd;                   /* who started us waits there; or -1 */
	int null_fd;                    /* /dev/null */
};

/* For a program that stays where it is. */
#define VUF_DAEMON_NONE { -1, -1 }

/*
 * Go on in a new process and session.  The old process waits until
 * vuf_daemon_ready(), then exits with 0; or until the new one exits, then with
 * its status.  To be called while there is one thread.  0 or -errno; then err
 * holds one line for a person.
 */
int vuf_daemon_start(struct vuf_daemon *daemon, char *err, size_t err_size);

/*
 * From now on standard input and output lead nowhere, and the old process
 * may exit.
 */
void vuf_daemon_ready(struct vuf_daemon *daemon);
/* The same in a process that forked another one, which says when. */
void vuf_daemon_leave(struct vuf_daemon *daemon);

#endif
