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

#include "fuse/fuse_reply.h"
#include "fuse/fuse_request.h"
#include "fuse/fuse_session.h"

/*
 * The longest READ: 256 pages (what max_pages says) of 64 KiB, the largest
 * page of a guest.  It is not FUSE_MAX_WRITE, as a guest takes a READ that is
 * shorter than it asked for as the end of the file.
 */
#define FUSE_MAX_READ (256u * 65536u)

/*
 * The longest READDIR.  A guest asks for more until it gets nothing, so less
 * than it asked for is no harm; and a long one would keep its queue, and a host
 * that wants to stop it, waiting.
 */
#define FUSE_MAX_READDIR (1u << 20)

/*
 * Pieces of data that a request may have when the data has to be cut out of
 * what the guest sent; as many as preadv2() takes.  Linux sends exactly as much
 * as it says, which is then not cut and not limited here.
 */
#define FUSE_PIECES_MAX 1024

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
