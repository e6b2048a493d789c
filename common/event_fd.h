/* SPDX-License-Identifier: MIT */
/*
 * event_fd.h - eventfds of other processes, which may do with them whatever
 * they like at the same time.
 */
#ifndef COMMON_EVENT_FD_H
#define COMMON_EVENT_FD_H

#include <stdbool.h>

/*
 * Can event_watch() watch this descriptor, which another process has sent: is
 * it an eventfd?  0 or -EINVAL.  Its signals are cleared.
 */
int event_check_fd(int fd);
/*
 * Take the signals of an eventfd: 0; -EAGAIN: there are none; another -errno.
 * Does not block.
 */
int event_clear_fd(int fd);

/*
 * Signal a descriptor that another process waits for, which stays open
 * meanwhile.  It does not block if the descriptor does not; if the other
 * process has made it block, and full, it blocks until
 * event_free_signallers().
 */
void event_signal_fd(int fd);

/*
 * Let those threads go on that block in event_signal_fd(): what is counted in a
 * full eventfd is taken, and a full socket is shut down.  Was there any?  Any
 * thread; does not block.  To be called again and again, as it may fill up
 * again.
 */
bool event_free_signallers(void);

#endif
