/* SPDX-License-Identifier: MIT */
/* What a guest does with attributes. */
#include "tests/faults/operations.h"

#include "common/bytes.h"

#include <linux/fs.h>

static ssize_t getattr(struct world *w)
{
	struct fuse_attr attr;
	int err = client_getattr(w->c, w->file, &attr);

	if (!err)
		world_see_attr(w, &attr);
	return err;
}

static ssize_t getattr_of_top(struct world *w)
{
	struct fuse_attr attr;
	int err = client_getattr(w->c, FUSE_ROOT_ID, &attr);

	if (!err)
		world_see_attr(w, &attr);
	return err;
}

static ssize_t getattr_by_handle(struct world *w)
{
	struct fuse_attr attr;
	int err = client_getattr_fh(w->c, w->file, w->fh, &attr);

	if (!err)
		world_see_attr(w, &attr);
	return err;
}

static ssize_t get_statx(struct world *w)
{
	const struct fuse_statx_in in = { .sx_mask = 0x7ff };
	struct fuse_statx_out stx;
	int err = client_statx(w->c, w->file, &in, &stx);

	if (!err)
		world_see(w, "%o %llu", stx.stat.mode,
			  (unsigned long long)stx.stat.size);
	return err;
}

static ssize_t set(struct world *w, const struct fuse_setattr_in *in)
{
	struct fuse_attr attr;
	int err = client_setattr(w->c, w->file, in, &attr);

	if (!err)
		world_see_attr(w, &attr);
	return err;
}

static ssize_t set_mode(struct world *w)
{
	return set(w, &(struct fuse_setattr_in){ .valid = FATTR_MODE,
						 .mode = 0640 });
}

static ssize_t set_owner(struct world *w)
{
	return set(w, &(struct fuse_setattr_in){ .valid = FATTR_UID |
							  FATTR_GID,
						 .uid = 7, .gid = 8 });
}

static ssize_t set_size(struct world *w)
{
	return set(w, &(struct fuse_setattr_in){ .valid = FATTR_SIZE,
						 .size = 5 });
}

static ssize_t set_size_by_handle(struct world *w)
{
	return set(w, &(struct fuse_setattr_in){ .valid = FATTR_SIZE |
							  FATTR_FH,
						 .fh = w->fh, .size = 5 });
}

static ssize_t set_times(struct world *w)
{
	return set(w, &(struct fuse_setattr_in){ .valid = FATTR_ATIME |
							  FATTR_MTIME_NOW,
						 .atime = 12345 });
}

static ssize_t set_nothing(struct world *w)
{
	return set(w, &(struct fuse_setattr_in){ .valid = FATTR_CTIME });
}

static ssize_t set_all(struct world *w)
{
	return set(w, &(struct fuse_setattr_in){
			      .valid = FATTR_UID | FATTR_MODE | FATTR_SIZE |
				       FATTR_MTIME,
			      .uid = 7, .mode = 0604, .size = 3 });
}

static ssize_t access_file(struct world *w)
{
	return client_access(w->c, w->file, LX_R_OK);
}

static ssize_t statfs(struct world *w)
{
	struct fuse_kstatfs st;
	int err = client_statfs(w->c, w->file, &st);

	if (!err)
		world_see(w, "%u", st.bsize);
	return err;
}

static ssize_t setxattr(struct world *w)
{
	return client_setxattr(w->c, w->file, "user.more", "some", 4, 0);
}

static ssize_t set_acl(struct world *w)
{
	/* u::rw, g::r, o::- */
	static const uint8_t acl[] = {
		2, 0, 0, 0,
		1, 0, 6, 0, 255, 255, 255, 255,
		4, 0, 4, 0, 255, 255, 255, 255,
		32, 0, 0, 0, 255, 255, 255, 255,
	};

	if (!(w->c->flags & FUSE_POSIX_ACL))
		return 0;
	return client_setxattr(w->c, w->file, "system.posix_acl_access", acl,
			       sizeof(acl), 0);
}

static ssize_t set_capability(struct world *w)
{
	/* Revision 2, and nothing in it. */
	static const uint8_t cap[20] = { 0, 0, 0, 2 };

	return client_setxattr(w->c, w->file, "security.capability", cap,
			       sizeof(cap), 0);
}

static ssize_t getxattr(struct world *w)
{
	return world_see_bytes(w, client_getxattr(w->c, w->file, "user.note", 100));
}

static ssize_t get_size_of_xattr(struct world *w)
{
	return client_getxattr(w->c, w->file, "user.note", 0);
}

static ssize_t listxattr(struct world *w)
{
	ssize_t len = client_getxattr(w->c, w->file, NULL, 1000);

	if (len > 0)
		world_see(w, "%s", (const char *)w->c->reply);
	return len;
}

static ssize_t removexattr(struct world *w)
{
	return client_removexattr(w->c, w->file, "user.note");
}

static ssize_t get_flags(struct world *w)
{
	return client_ioctl(w->c, w->file, w->fh, (uint32_t)FS_IOC_GETFLAGS,
			    NULL, 0, sizeof(int));
}

/* ---- the list ---------------------------------------------------------- */

static const struct operation operations[] = {
	{ "GETATTR", getattr, 0 },
	{ "GETATTR of the root", getattr_of_top, 0 },
	{ "GETATTR by a handle", getattr_by_handle, 0 },
	{ "STATX", get_statx, 0 },
	{ "SETATTR of a mode", set_mode, OP_TELLS },
	{ "SETATTR of owners", set_owner, OP_TELLS },
	{ "SETATTR of a size", set_size, OP_TELLS },
	{ "SETATTR of a size by a handle", set_size_by_handle, OP_TELLS },
	{ "SETATTR of times", set_times, OP_TELLS },
	{ "SETATTR of nothing", set_nothing, OP_TELLS },
	{ "SETATTR of all", set_all, OP_PARTS },
	{ "ACCESS", access_file, 0 },
	{ "STATFS", statfs, 0 },
	{ "SETXATTR", setxattr, 0 },
	{ "SETXATTR of an ACL", set_acl, 0 },
	{ "SETXATTR of a capability", set_capability, 0 },
	{ "GETXATTR", getxattr, 0 },
	{ "GETXATTR of a size", get_size_of_xattr, 0 },
	{ "LISTXATTR", listxattr, 0 },
	{ "REMOVEXATTR", removexattr, 0 },
	{ "IOCTL", get_flags, 0 },
};
const struct operations operations_on_attributes = {
	operations, ARRAY_LEN(operations),
};
