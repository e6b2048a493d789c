/* SPDX-License-Identifier: MIT */
#include "fuse/fuse_request.h"

#include "common/bytes.h"
#include "fuse/fuse_session.h"

#include <stdlib.h>
#include <string.h>

/* The longest string of each kind, without NUL, and the error beyond. */
static const struct {
	uint16_t max;
	uint8_t error;
} text_limits[FUSE_TEXT_KINDS] = {
	[FUSE_TEXT_NAME] = { LX_NAME_MAX, LX_ENAMETOOLONG },
	[FUSE_TEXT_TARGET] = { LX_PATH_MAX - 1, LX_ENAMETOOLONG },
	[FUSE_TEXT_XATTR] = { LX_XATTR_NAME_MAX, LX_ERANGE },
};

bool fuse_request_header(struct fuse_message *m, struct iov_tail in)
{
	struct fuse_in_header h;

	if (!iov_tail_read(&in, &h, sizeof(h)) || h.len < sizeof(h))
		return false;
	m->req = (struct fuse_request){
		.opcode = h.opcode,
		.unique = h.unique,
		.node = h.nodeid,
		.uid = h.uid,
		.gid = h.gid,
		.pid = h.pid,
	};
	m->len = h.len;
	m->rest = in;
	m->left = h.len - sizeof(h);
	m->text[0] = m->text[1] = NULL;
	m->value = NULL;
	return true;
}

/* Copy len bytes that are known to be there. */
static int take(struct fuse_message *m, void *buf, size_t len)
{
	if (len > m->left || !iov_tail_read(&m->rest, buf, len))
		return -LX_EINVAL;
	m->left -= len;
	return 0;
}

static int read_args(struct fuse_message *m, const struct fuse_grammar *g,
		     uint64_t flags)
{
	size_t size = g->args, min = g->args_min ? g->args_min : size;

	/* The one record whose length depends on a flag. */
	if (m->req.opcode == FUSE_SETXATTR && !(flags & FUSE_SETXATTR_EXT))
		size = min = FUSE_COMPAT_SETXATTR_IN_SIZE;
	if (m->left < min)
		return -LX_EINVAL;
	memset(&m->args, 0, g->args);
	return take(m, &m->args, MIN(size, m->left));
}

static bool text_ok(enum fuse_text kind, const char *s)
{
	if (kind == FUSE_TEXT_NAME &&
	    (!strcmp(s, ".") || !strcmp(s, "..") || strchr(s, '/')))
		return false;
	return *s;
}

/*
 * The strings: copy as many bytes as all of them could take, and find their
 * ends in the copy.
 */
static int read_text(struct fuse_message *m, const struct fuse_grammar *g)
{
	struct iov_tail from = m->rest;
	const char *p = m->text_buf;
	size_t max = 0, left;

	for (int i = 0; i < 2 && g->text[i]; i++)
		max += text_limits[g->text[i]].max + 1u;
	left = MIN(m->left, max);
	if (!iov_tail_read(&from, m->text_buf, left))
		return -LX_EINVAL;
	for (int i = 0; i < 2 && g->text[i]; i++) {
		size_t limit = text_limits[g->text[i]].max;
		const char *end = memchr(p, '\0', MIN(left, limit + 1));

		if (!end)
			return left > limit ? -text_limits[g->text[i]].error :
					      -LX_EINVAL;
		if (!text_ok(g->text[i], p))
			return -LX_EINVAL;
		m->text[i] = p;
		left -= (size_t)(end + 1 - p);
		p = end + 1;
	}
	iov_tail_skip(&m->rest, (size_t)(p - m->text_buf));
	m->left -= (size_t)(p - m->text_buf);
	return 0;
}

static int read_value(struct fuse_message *m)
{
	size_t size = m->args.setxattr.size;

	if (size > LX_XATTR_SIZE_MAX)
		return -LX_E2BIG;
	m->value = malloc(size ? size : 1);
	return m->value ? take(m, m->value, size) : -LX_ENOMEM;
}

int fuse_request_body(struct fuse_message *m, const struct fuse_grammar *g,
		      uint64_t flags)
{
	uint32_t max = FUSE_REQUEST_MAX;
	int rc;

	if (m->left > iov_tail_size(&m->rest))
		return -LX_EIO;
	if (g->tail == FUSE_TAIL_DATA)
		max += FUSE_MAX_WRITE;
	if (m->len > max)
		return -LX_EINVAL;
	rc = read_args(m, g, flags);
	if (!rc && g->text[0])
		rc = read_text(m, g);
	if (!rc && g->tail == FUSE_TAIL_VALUE)
		rc = read_value(m);
	return rc;
}

void fuse_request_done(struct fuse_message *m)
{
	free(m->value);
	m->value = NULL;
}
