/* SPDX-License-Identifier: MIT */
/*
 * fuse_trace.h - requests and replies as lines of a log, for fuse=trace.
 *
 *   #12 LOOKUP node 1 "name" (uid 0 gid 0 pid 77, 45 bytes)
 *   #12 LOOKUP -> ok node 5 ino 77 mode 0100644 size 9, 144 bytes, 12 us
 *   #13 LOOKUP -> ENOENT, 16 bytes, 8 us
 *
 * What the guest sent is shown as it was parsed, names escaped; a number is
 * the guest's word.  Callers look first whether the level is on.
 */
#ifndef FUSE_FUSE_TRACE_H
#define FUSE_FUSE_TRACE_H

#include "common/log.h"
#include "fuse/fuse_request.h"
#include "fuse/fuse_said.h"

/* The time in nanoseconds, of a clock that only goes forward. */
uint64_t fuse_trace_now(void);

/* error: 0 when the whole request was parsed, else why not (-LX_E...). */
void fuse_trace_request(const struct log *log, const struct fuse_message *m,
			int error);

/*
 * said: what the reply says, or NULL.  len: the reply's, 0 for none.  since:
 * when the request came.
 */
void fuse_trace_reply(const struct log *log, const struct fuse_message *m,
		      const struct fuse_said *said, ssize_t result,
		      ssize_t len, uint64_t since);

/* "ENOENT"; "errno 200" in buf for a number without a name. */
#define FUSE_ERROR_TEXT 24
const char *fuse_error_name(int error, char buf[FUSE_ERROR_TEXT]);

#endif
