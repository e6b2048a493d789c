/* SPDX-License-Identifier: MIT */
/*
 * fuse_session.h - the FUSE protocol for one mount: a request's bytes in, at
 * most one reply out.
 *
 * It knows no transport: a virtqueue, /dev/fuse or a test hands it the
 * readable and the writable pieces of one request.  It negotiates INIT, checks
 * every message against the grammar of its opcode, calls the file system
 * (fuse_ops.h), and writes the reply.
 *
 * Life: before INIT every request is answered EIO (but FORGET, which has no
 * answer); INIT opens the session, a second one is refused with EIO, DESTROY
 * closes it and a new INIT may follow.  INIT and DESTROY wait for the requests
 * in flight, but for those that go on by themselves, and hold new ones back.
 */
#ifndef FUSE_FUSE_SESSION_H
#define FUSE_FUSE_SESSION_H

#include "common/iov.h"
#include "common/limits.h"
#include "common/log.h"
#include "common/save.h"
#include "fuse/fuse_ops.h"
#include "fuse/fuse_pace.h"
#include "lxutil/lx.h"

struct fuse_session;

/*
 * A closed session that serves fs by ops; all three pointers are borrowed
 * until fuse_session_free().  NULL: no memory.
 */
struct fuse_session *fuse_session_new(const struct fuse_ops *ops, void *fs,
				      const struct log *log);

/* Closes the session (as by DESTROY) and frees it; nobody may be in it. */
void fuse_session_free(struct fuse_session *s);

/*
 * What fuse_session_dispatch() returns for a request that waits for a lock:
 * nothing was written, and the transport is to dispatch the same bytes again
 * after a while, until it gets another answer.
 */
#define FUSE_WAIT (-(LX_MAX_ERRNO + 1))
/* The while, in milliseconds: short at first, then doubled up to this. */
#define FUSE_WAIT_MIN_MS 1
#define FUSE_WAIT_MAX_MS 32

/*
 * Handle one request.  Returns the length of the reply written at the start
 * of `out`; 0 when the request has none (FORGET, BATCH_FORGET, INTERRUPT);
 * FUSE_WAIT; or -LX_EINVAL, having done nothing, when `in` holds no whole
 * header or `out` no room for an error reply where one is due.  A reply that
 * does not fit becomes an error reply.  May be called from several threads;
 * blocks as the file system does.
 */
ssize_t fuse_session_dispatch(struct fuse_session *s, struct iov_tail in,
			      struct iov_tail out);

/* What a transport says and wants to know of one request. */
struct fuse_turn {
	struct fuse_pace *pace;         /* of its queue */
	/* Others wait for the thread: FUSE_BLOCKS is welcome. */
	bool may_leave;
	/* Take its time. */
	bool timed;
	/* If it may leave: where it may go on by itself, or NULL. */
	struct fuse_later *later;
};

/*
 * Likewise, for a transport that has a thread for requests that block.  Where
 * the request may leave, and would block (READ and WRITE try; of others it is
 * guessed by the pace): FUSE_BLOCKS.  Nothing was written then, and the same
 * bytes are to be dispatched again, where they may not leave.
 *
 * Where it may go on by itself, and does: FUSE_GOES_ON.  The bytes stay until
 * the file system has called fuse_later_end() (fuse_later.h).
 */
ssize_t fuse_session_dispatch_in_turn(struct fuse_session *s,
				      const struct fuse_turn *turn,
				      struct iov_tail in, struct iov_tail out);

/*
 * Close the session as by DESTROY: the guest is gone or the device was reset.
 * Waits for the requests in flight.  Does nothing to a closed one.
 */
void fuse_session_reset(struct fuse_session *s);

/*
 * Write what INIT agreed on, which locks are waited for, and the file system's
 * state as records.  Holds requests back meanwhile; changes nothing.  0, or a
 * negative errno of the writer or the file system.
 */
int fuse_session_save(struct fuse_session *s, struct save_writer *w);

/*
 * Go on where another session was saved: open this one, which must be closed
 * (else -EBUSY), without an INIT.  The records are not to be trusted.  0, or
 * the reader's error; the session is then closed.
 */
int fuse_session_restore(struct fuse_session *s, struct save_reader *r);

/* "GETATTR"; NULL for a number that is no operation. */
const char *fuse_opcode_name(uint32_t opcode);

#endif
