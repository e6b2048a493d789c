/* SPDX-License-Identifier: MIT */
/*
 * gmem_log.h - a log of the pages of guest memory that the device has written,
 * for a host that moves its guest elsewhere while that runs.
 *
 * It is a bitmap in memory that the host reads and clears meanwhile: of each
 * byte of it the lowest bit is for the first of eight pages.  Who writes to
 * guest memory marks that afterwards, so that a page is either marked or has
 * its last contents when the host looks.
 *
 * gmem_set_log() (gmem.h) says which log there is.
 */
#ifndef COMMON_GMEM_LOG_H
#define COMMON_GMEM_LOG_H

#include <stdint.h>

#define GMEM_LOG_PAGE 4096u             /* bytes of memory for a bit */

struct gmem_log {
	uint8_t *bits;                  /* NULL: there is no log */
	uint64_t size;                  /* bytes of it */
	/* Is signalled (event_signal_fd()) after marks, and must not block. */
	int signal;                     /* or -1 */
};

/*
 * `len` bytes at gpa were written.  What the log has no bits for is left out.
 * From any thread.
 */
void gmem_log_mark(const struct gmem_log *log, uint64_t gpa, uint64_t len);

#endif
