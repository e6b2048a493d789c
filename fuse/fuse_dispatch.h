/* SPDX-License-Identifier: MIT */
/*
 * fuse_dispatch.h - which operation an opcode is.
 *
 * One table has a row for each opcode that is served: how the request is
 * built, how long a record its reply needs, and the function that calls the
 * file system.  A new operation is a row and a function.
 */
#ifndef FUSE_FUSE_DISPATCH_H
#define FUSE_FUSE_DISPATCH_H

#include "common/limits.h"
#include "fuse/fuse_reply.h"
#include "fuse/fuse_request.h"
#include "fuse/fuse_session.h"

/* One request being handled. */
struct fuse_call {
	const struct fuse_ops *ops;
	void *fs;
	uint32_t max_write;
	struct fuse_message msg;
	struct fuse_reply reply;
	struct fuse_said said;          /* if it is traced */
	struct iov pieces[FUSE_PIECES_MAX];
};

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): to be read */
struct fuse_row {
	/*
	 * Returns the length of the body that it put into the reply, or
	 * -LX_E....  NULL: the session does it (INIT, DESTROY, INTERRUPT).
	 */
	ssize_t (*run)(struct fuse_call *c);
	struct fuse_grammar in;
	uint16_t out;                   /* bytes of the record in the reply */
	bool no_reply;
};

/* NULL: not served. */
const struct fuse_row *fuse_dispatch_find(uint32_t opcode);

#endif
