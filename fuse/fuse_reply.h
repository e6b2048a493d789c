/* SPDX-License-Identifier: MIT */
/*
 * fuse_reply.h - the one reply of a request.
 *
 * The body is written first, 16 bytes into the writable memory; the header
 * goes before it when its length and the result are known.  What a failed
 * request has put into the body is not part of its reply.
 */
#ifndef FUSE_FUSE_REPLY_H
#define FUSE_FUSE_REPLY_H

#include "common/iov.h"
#include "fuse/fuse_proto.h"
#include "fuse/fuse_said.h"

#include <sys/types.h>

/* No body is longer, so that lengths fit the header's 32 bits. */
#define FUSE_BODY_MAX (1u << 30)

struct fuse_reply {
	struct fuse_said *said;         /* NULL: nobody wants to know */
	struct iov_tail head;           /* where the header goes */
	struct iov_tail body;           /* where the rest of the body goes */
	size_t room;                    /* bytes for the whole body */
};

/* A reply into `out`; false when it has no room for a header. */
bool fuse_reply_init(struct fuse_reply *r, struct iov_tail out);

/* Add a record.  Returns len, or -LX_EIO when it does not fit. */
ssize_t fuse_reply_add(struct fuse_reply *r, const void *record, size_t len);

/*
 * Write the header: result is the length of the body, or negative -LX_E....
 * One that the protocol cannot carry becomes EIO.  Returns the reply's
 * length; *ret_result is what it says.
 */
ssize_t fuse_reply_finish(struct fuse_reply *r, uint64_t unique,
			  ssize_t result, ssize_t *ret_result);

#endif
