/* SPDX-License-Identifier: MIT */
#include "fuse/fuse_request.h"

#include "common/bytes.h"
#include "fuse/fuse_extension.h"
#include "fuse/fuse_session.h"

#include <stdlib.h>
#include <string.h>

/* The longest string of each kind, without NUL, and the error beyond. */
static const struct {
	uint16_t max;
	uint8_t error;
} text_limits[FUSE_TEXT_KINDS] = {
	[FUSE_TEXT_NAME] = { LX_NAME_MAX, LX_ENAMETOOLONG },
	[FUSE_TEXT_LOOKUP] = { LX_NAME_MAX, LX_ENAMETOOLONG },
	[FUSE_TEXT_TARGET] = { LX_PATH_MAX - 1, LX_ENAMETOOLONG },
	[FUSE_TEXT_XATTR] = { LX_XATTR_NAME_MAX, LX_ERANGE },
	[FUSE_TEXT_ANY] = { LX_NAME_MAX, LX_ENAMETOOLONG },
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
	m->extensions = (size_t)h.total_extlen * 8;
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

static bool is_dots(const char *s)
{
	return !strcmp(s, ".") || !strcmp(s, "..");
}

static bool text_ok(enum fuse_text kind, const char *s, uint64_t flags)
{
	switch (kind) {
	case FUSE_TEXT_ANY:
		return true;
	case FUSE_TEXT_LOOKUP:
		if (flags & FUSE_EXPORT_SUPPORT && is_dots(s))
			return true;
		/* fall through */
	case FUSE_TEXT_NAME:
		return *s && !is_dots(s) && !strchr(s, '/');
	default:
		return *s;
	}
}

/*
 * The strings: copy as many bytes as all of them could take, and find their
 * ends in the copy.
 */
static int read_text(struct fuse_message *m, const struct fuse_grammar *g,
		     uint64_t flags)
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
		if (!text_ok(g->text[i], p, flags))
			return -LX_EINVAL;
		m->text[i] = p;
		left -= (size_t)(end + 1 - p);
		p = end + 1;
	}
	iov_tail_skip(&m->rest, (size_t)(p - m->text_buf));
	m->left -= (size_t)(p - m->text_buf);
	return 0;
}

/* Data of a known size, as a copy on the heap. */
static int read_value(struct fuse_message *m, size_t size, size_t max)
{
	if (size > max)
		return -LX_E2BIG;
	m->value = malloc(size ? size : 1);
	return m->value ? take(m, m->value, size) : -LX_ENOMEM;
}

static int read_tail(struct fuse_message *m, enum fuse_tail tail,
		     uint64_t flags)
{
	switch (tail) {
	case FUSE_TAIL_VALUE:
		return read_value(m, m->args.setxattr.size, LX_XATTR_SIZE_MAX);
	case FUSE_TAIL_IOCTL:
		return read_value(m, m->args.ioctl.in_size, FUSE_IOCTL_MAX);
	case FUSE_TAIL_EXTENSIONS:
		return fuse_extensions_read(m, flags);
	default:
		return 0;
	}
}

/* The umask is the server's business only if INIT said so. */
static void set_umask(struct fuse_message *m, uint64_t flags)
{
	if (!(flags & FUSE_DONT_MASK))
		return;
	switch (m->req.opcode) {
	case FUSE_MKNOD:
		m->req.umask = m->args.mknod.umask;
		break;
	case FUSE_MKDIR:
		m->req.umask = m->args.mkdir.umask;
		break;
	case FUSE_CREATE:
	case FUSE_TMPFILE:
		m->req.umask = m->args.create.umask;
		break;
	}
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
	if (rc)
		return rc;
	set_umask(m, flags);
	if (g->text[0])
		rc = read_text(m, g, flags);
	return rc ? rc : read_tail(m, g->tail, flags);
}

void fuse_request_done(struct fuse_message *m)
{
	free(m->value);
	m->value = NULL;
}
