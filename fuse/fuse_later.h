/* SPDX-License-Identifier: MIT */
/*
 * fuse_later.h - a READ or WRITE that has left its session's hands and goes on
 * by itself, on no thread.
 *
 * The transport has the place for it.  The session fills that in when the file
 * system answers FUSE_GOES_ON, and makes the reply when the end is told.  It is
 * past the gate, so INIT and DESTROY do not wait for it: it holds itself what
 * it needs of the file system, and its transport ends it before it frees the
 * session.
 */
#ifndef FUSE_FUSE_LATER_H
#define FUSE_FUSE_LATER_H

#include "common/iov.h"
#include "fuse/fuse_ops.h"

struct fuse_session;

struct fuse_later {
	struct fuse_session *session;
	struct fuse_request req;
	struct iov_tail out;            /* where the reply goes */
	uint64_t since;                 /* when it came, if it is traced */
};

/*
 * It has ended with n, the bytes moved or -LX_E..., and all data is where it
 * belongs.  Returns the length of the reply, which was written.  From any
 * thread, after fuse_session_dispatch_in_turn() has returned FUSE_GOES_ON.
 */
ssize_t fuse_later_end(struct fuse_later *later, ssize_t n);

#endif
