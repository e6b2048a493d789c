/* SPDX-License-Identifier: MIT */
#include "common/gmem_log.h"

#include "common/bytes.h"
#include "common/event_fd.h"

#define PAGES 8u                        /* of a byte of the log */

/* Pages first..last, which are within the log. */
static void mark(const struct gmem_log *log, uint64_t first, uint64_t last)
{
	while (first <= last) {
		uint8_t *byte = &log->bits[first / PAGES];
		uint64_t end = MIN(last, first | (PAGES - 1));
		unsigned mask = 0xffu << first % PAGES &
				0xffu >> (PAGES - 1 - end % PAGES);

		__atomic_fetch_or(byte, (uint8_t)mask, __ATOMIC_SEQ_CST);
		first = end + 1;
	}
}

void gmem_log_mark(const struct gmem_log *log, uint64_t gpa, uint64_t len)
{
	uint64_t first = gpa / GMEM_LOG_PAGE;
	uint64_t end = gpa + len - 1 < gpa ? UINT64_MAX : gpa + len - 1;
	uint64_t last = end / GMEM_LOG_PAGE;

	/* There are less than 2^52 pages. */
	if (!len || first / PAGES >= log->size)
		return;
	if (last / PAGES >= log->size)
		last = log->size * PAGES - 1;
	mark(log, first, last);
	if (log->signal >= 0)
		event_signal_fd(log->signal);
}
