/* SPDX-License-Identifier: MIT */
#include "fuse/fuse_extension.h"

#include "common/bytes.h"

#include <stdlib.h>
#include <string.h>

/*
 * One context: a record, its name and its label.  Linux sends one; of more
 * the first counts.
 */
static int read_secctx(struct fuse_request *req, const uint8_t *p, size_t len)
{
	struct fuse_secctx context;
	const uint8_t *end;

	if (len < sizeof(context))
		return -LX_EINVAL;
	memcpy(&context, p, sizeof(context));
	p += sizeof(context);
	len -= sizeof(context);
	end = memchr(p, '\0', MIN(len, LX_XATTR_NAME_MAX + 1));
	if (!end || end == p)
		return -LX_EINVAL;
	len -= (size_t)(end + 1 - p);
	if (context.size > len || context.size > LX_XATTR_SIZE_MAX)
		return -LX_EINVAL;
	req->secctx_name = (const char *)p;
	req->secctx = end + 1;
	req->secctx_len = context.size;
	return 0;
}

/* Linux sends at most one: the group of the directory, if it is a member. */
static int read_groups(struct fuse_request *req, const uint8_t *p, size_t len)
{
	struct fuse_supp_groups groups;

	if (len < sizeof(groups))
		return -LX_EINVAL;
	memcpy(&groups, p, sizeof(groups));
	if (groups.nr_groups > (len - sizeof(groups)) / sizeof(uint32_t))
		return -LX_EINVAL;
	if (groups.nr_groups) {
		memcpy(&req->group, p + sizeof(groups), sizeof(req->group));
		req->has_group = true;
	}
	return 0;
}

static int read_one(struct fuse_request *req, uint64_t flags, uint32_t type,
		    const uint8_t *p, size_t len)
{
	if (type == FUSE_EXT_GROUPS)
		return flags & FUSE_CREATE_SUPP_GROUP ?
			       read_groups(req, p, len) : 0;
	if (type <= FUSE_MAX_NR_SECCTX)
		return type && flags & FUSE_SECURITY_CTX ?
			       read_secctx(req, p, len) : 0;
	return 0;               /* from a kernel newer than we are */
}

int fuse_extensions_read(struct fuse_message *m, uint64_t flags)
{
	size_t len = m->extensions;
	struct fuse_ext_header h;
	const uint8_t *p;
	int rc = 0;

	if (!(flags & (FUSE_SECURITY_CTX | FUSE_CREATE_SUPP_GROUP)))
		return 0;
	if (!len && flags & FUSE_SECURITY_CTX)
		len = m->left;
	if (!len)
		return 0;
	if (len > m->left || !iov_tail_skip(&m->rest, m->left - len))
		return -LX_EINVAL;
	m->value = malloc(len);
	if (!m->value)
		return -LX_ENOMEM;
	if (!iov_tail_read(&m->rest, m->value, len))
		return -LX_EINVAL;
	m->left = 0;
	for (p = m->value; !rc && len; p += h.size, len -= h.size) {
		if (len < sizeof(h))
			return -LX_EINVAL;
		memcpy(&h, p, sizeof(h));
		if (h.size < sizeof(h) || h.size > len || h.size % 8)
			return -LX_EINVAL;
		rc = read_one(&m->req, flags, h.type, p + sizeof(h),
			      h.size - sizeof(h));
	}
	return rc;
}
