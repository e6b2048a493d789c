/* SPDX-License-Identifier: MIT */
#include "fuse/fuse_reply.h"

#include "common/bytes.h"
#include "lxutil/lx.h"

/* From 512 on numbers are the kernel's own, and it refuses a reply with one. */
#define FUSE_ERROR_MAX 511

bool fuse_reply_init(struct fuse_reply *r, struct iov_tail out)
{
	*r = (struct fuse_reply){ .head = out, .body = out };
	if (!iov_tail_skip(&r->body, sizeof(struct fuse_out_header)))
		return false;
	r->room = MIN(iov_tail_size(&r->body), FUSE_BODY_MAX);
	return true;
}

ssize_t fuse_reply_add(struct fuse_reply *r, const void *record, size_t len)
{
	if (r->said)
		fuse_said_record(r->said, record, len);
	return iov_tail_write(&r->body, record, len) ? (ssize_t)len : -LX_EIO;
}

ssize_t fuse_reply_finish(struct fuse_reply *r, uint64_t unique,
			  ssize_t result, ssize_t *ret_result)
{
	struct fuse_out_header h = { .len = sizeof(h), .unique = unique };

	if (result < -FUSE_ERROR_MAX || result > (ssize_t)FUSE_BODY_MAX)
		result = -LX_EIO;
	if (result < 0)
		h.error = (int32_t)result;
	else
		h.len += (uint32_t)result;
	iov_tail_write(&r->head, &h, sizeof(h));
	*ret_result = result;
	return (ssize_t)h.len;
}
