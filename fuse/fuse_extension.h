/* SPDX-License-Identifier: MIT */
/*
 * fuse_extension.h - what a request that creates may carry after its strings:
 * the security context of the new file (FUSE_SECURITY_CTX) and one further
 * group of the caller (FUSE_CREATE_SUPP_GROUP).
 *
 * They are the last bytes of the request, as many as the header says, one
 * after another: struct fuse_ext_header and what its type has, padded to 8
 * bytes.  A kernel before 7.38 does not tell their length; it knows only the
 * security context, which then is all that is left.
 */
#ifndef FUSE_FUSE_EXTENSION_H
#define FUSE_FUSE_EXTENSION_H

#include "fuse/fuse_request.h"

/*
 * Copy and parse them into m->req, whose pointers lead into m->value.  flags
 * are those that INIT agreed on.  0, -LX_EINVAL or -LX_ENOMEM.
 */
int fuse_extensions_read(struct fuse_message *m, uint64_t flags);

#endif
