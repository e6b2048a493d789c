/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_fs/client.h"

#include "common/bytes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct client *client_new(struct fuse_session *session)
{
	struct client *c = calloc(1, sizeof(*c));

	assert(c);
	c->session = session;
	c->offered = 0x7fffffff & ~FUSE_SETXATTR_EXT;
	return c;
}

void client_free(struct client *c)
{
	free(c);
}

/* ---- messages ---------------------------------------------------------- */

void client_begin(struct client *c, uint32_t opcode, uint64_t node)
{
	struct fuse_in_header header = {
		.opcode = opcode,
		.unique = ++c->unique,
		.nodeid = node,
		.uid = c->uid,
		.gid = c->gid,
		.pid = 1,
	};

	c->in_len = 0;
	client_put(c, &header, sizeof(header));
}

void client_put(struct client *c, const void *bytes, size_t len)
{
	assert(len <= sizeof(c->in) - c->in_len);
	if (len)
		memcpy(c->in + c->in_len, bytes, len);
	c->in_len += len;
}

void client_put_name(struct client *c, const char *name)
{
	client_put(c, name, strlen(name) + 1);
}

/* Memory as a list of pieces; returns their number, *ret must be freed. */
static size_t cut(const struct client *c, uint8_t *base, size_t len,
		  struct iov **ret)
{
	size_t piece = c->piece ? c->piece : len, count = 0;
	struct iov *iov = calloc(len / (piece ? piece : 1) + 1, sizeof(*iov));

	assert(iov);
	for (size_t at = 0; at < len; at += piece)
		iov[count++] = (struct iov){ base + at,
					     MIN(piece, len - at) };
	*ret = iov;
	return count;
}

static ssize_t dispatch(struct client *c, size_t out_len)
{
	uint32_t len = (uint32_t)c->in_len;
	struct iov *in, *out;
	size_t in_count, out_count;
	ssize_t n;

	memcpy(c->in, &len, sizeof(len));
	in_count = cut(c, c->in, c->in_len, &in);
	out_count = cut(c, c->out, out_len, &out);
	n = fuse_session_dispatch(c->session, iov_tail_init(in, in_count),
				  iov_tail_init(out, out_count));
	free(in);
	free(out);
	return n;
}

ssize_t client_send(struct client *c, size_t reply_max)
{
	struct fuse_out_header header;
	ssize_t n;

	assert(reply_max <= sizeof(c->out) - sizeof(header));
	n = dispatch(c, sizeof(header) + reply_max);
	if (n == FUSE_WAIT)
		return n;
	assert(n >= (ssize_t)sizeof(header));
	memcpy(&header, c->out, sizeof(header));
	assert(header.len == n && header.unique == c->unique);
	c->reply = c->out + sizeof(header);
	c->reply_len = (size_t)n - sizeof(header);
	return header.error ? header.error : (ssize_t)c->reply_len;
}

void client_post(struct client *c)
{
	ssize_t n = dispatch(c, 0);

	assert(n == 0);
}

int client_send_for(struct client *c, void *ret, size_t size)
{
	ssize_t n = client_send(c, size);

	if (n < 0)
		return (int)n;
	assert((size_t)n == size);
	if (ret)
		memcpy(ret, c->reply, size);
	return 0;
}

/* ---- mounts ------------------------------------------------------------ */

int client_init(struct client *c)
{
	struct fuse_init_in in = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = 1 << 17,
		.flags = (uint32_t)c->offered,
		.flags2 = (uint32_t)(c->offered >> 32),
	};
	struct fuse_init_out out;
	int err;

	client_begin(c, FUSE_INIT, 0);
	client_put(c, &in, sizeof(in));
	err = client_send_for(c, &out, sizeof(out));
	if (!err)
		c->flags = out.flags | (uint64_t)out.flags2 << 32;
	return err;
}

int client_destroy(struct client *c)
{
	client_begin(c, FUSE_DESTROY, 0);
	return client_send_for(c, NULL, 0);
}

/* ---- nodes ------------------------------------------------------------- */

int client_lookup(struct client *c, uint64_t dir, const char *name,
		  struct fuse_entry_out *ret)
{
	client_begin(c, FUSE_LOOKUP, dir);
	client_put_name(c, name);
	return client_send_for(c, ret, sizeof(*ret));
}

void client_forget(struct client *c, uint64_t node, uint64_t count)
{
	struct fuse_forget_in in = { .nlookup = count };

	client_begin(c, FUSE_FORGET, node);
	client_put(c, &in, sizeof(in));
	client_post(c);
}

static int getattr(struct client *c, uint64_t node,
		   const struct fuse_getattr_in *in, struct fuse_attr *ret)
{
	struct fuse_attr_out out;
	int err;

	client_begin(c, FUSE_GETATTR, node);
	client_put(c, in, sizeof(*in));
	err = client_send_for(c, &out, sizeof(out));
	if (!err)
		*ret = out.attr;
	return err;
}

int client_getattr(struct client *c, uint64_t node, struct fuse_attr *ret)
{
	struct fuse_getattr_in in = { 0 };

	return getattr(c, node, &in, ret);
}

int client_getattr_fh(struct client *c, uint64_t node, uint64_t fh,
		      struct fuse_attr *ret)
{
	struct fuse_getattr_in in = {
		.getattr_flags = FUSE_GETATTR_FH,
		.fh = fh,
	};

	return getattr(c, node, &in, ret);
}

int client_setattr(struct client *c, uint64_t node,
		   const struct fuse_setattr_in *in, struct fuse_attr *ret)
{
	struct fuse_attr_out out;
	int err;

	client_begin(c, FUSE_SETATTR, node);
	client_put(c, in, sizeof(*in));
	err = client_send_for(c, &out, sizeof(out));
	if (!err)
		*ret = out.attr;
	return err;
}

int client_access(struct client *c, uint64_t node, uint32_t mask)
{
	struct fuse_access_in in = { .mask = mask };

	client_begin(c, FUSE_ACCESS, node);
	client_put(c, &in, sizeof(in));
	return client_send_for(c, NULL, 0);
}

int client_statfs(struct client *c, uint64_t node, struct fuse_kstatfs *ret)
{
	client_begin(c, FUSE_STATFS, node);
	return client_send_for(c, ret, sizeof(*ret));
}

/* ---- names ------------------------------------------------------------- */

int client_mkdir(struct client *c, uint64_t dir, const char *name,
		 uint32_t mode, struct fuse_entry_out *ret)
{
	struct fuse_mkdir_in in = { .mode = mode, .umask = c->umask };

	client_begin(c, FUSE_MKDIR, dir);
	client_put(c, &in, sizeof(in));
	client_put_name(c, name);
	client_put_extensions(c);
	return client_send_for(c, ret, sizeof(*ret));
}

int client_mknod(struct client *c, uint64_t dir, const char *name,
		 uint32_t mode, uint32_t rdev, struct fuse_entry_out *ret)
{
	struct fuse_mknod_in in = { .mode = mode, .rdev = rdev,
				    .umask = c->umask };

	client_begin(c, FUSE_MKNOD, dir);
	client_put(c, &in, sizeof(in));
	client_put_name(c, name);
	return client_send_for(c, ret, sizeof(*ret));
}

int client_symlink(struct client *c, uint64_t dir, const char *name,
		   const char *target, struct fuse_entry_out *ret)
{
	client_begin(c, FUSE_SYMLINK, dir);
	client_put_name(c, name);
	client_put_name(c, target);
	return client_send_for(c, ret, sizeof(*ret));
}

ssize_t client_readlink(struct client *c, uint64_t node, size_t reply_max)
{
	client_begin(c, FUSE_READLINK, node);
	return client_send(c, reply_max);
}

int client_link(struct client *c, uint64_t node, uint64_t dir,
		const char *name, struct fuse_entry_out *ret)
{
	struct fuse_link_in in = { .oldnodeid = node };

	client_begin(c, FUSE_LINK, dir);
	client_put(c, &in, sizeof(in));
	client_put_name(c, name);
	return client_send_for(c, ret, sizeof(*ret));
}

int client_remove(struct client *c, uint32_t opcode, uint64_t dir,
		  const char *name)
{
	client_begin(c, opcode, dir);
	client_put_name(c, name);
	return client_send_for(c, NULL, 0);
}

int client_rename(struct client *c, uint64_t dir, const char *name,
		  uint64_t new_dir, const char *new_name, uint32_t flags)
{
	struct fuse_rename2_in in = { .newdir = new_dir, .flags = flags };

	client_begin(c, FUSE_RENAME2, dir);
	client_put(c, &in, sizeof(in));
	client_put_name(c, name);
	client_put_name(c, new_name);
	return client_send_for(c, NULL, 0);
}

/* ---- files and directories --------------------------------------------- */

int client_open(struct client *c, uint32_t opcode, uint64_t node,
		uint32_t flags, uint64_t *ret_fh)
{
	struct fuse_open_in in = { .flags = flags,
				   .open_flags = c->in_open_flags };
	struct fuse_open_out out;
	int err;

	client_begin(c, opcode, node);
	client_put(c, &in, sizeof(in));
	err = client_send_for(c, &out, sizeof(out));
	if (!err) {
		*ret_fh = out.fh;
		c->open_flags = out.open_flags;
	}
	return err;
}

int client_create(struct client *c, uint64_t dir, const char *name,
		  uint32_t flags, uint32_t mode, struct fuse_entry_out *ret,
		  uint64_t *ret_fh)
{
	struct fuse_create_in in = { .flags = flags, .mode = mode,
				     .umask = c->umask,
				     .open_flags = c->in_open_flags };
	struct {
		struct fuse_entry_out entry;
		struct fuse_open_out open;
	} out;
	int err;

	client_begin(c, FUSE_CREATE, dir);
	client_put(c, &in, sizeof(in));
	client_put_name(c, name);
	client_put_extensions(c);
	err = client_send_for(c, &out, sizeof(out));
	if (!err) {
		*ret = out.entry;
		*ret_fh = out.open.fh;
		c->open_flags = out.open.open_flags;
	}
	return err;
}

ssize_t client_read(struct client *c, uint32_t opcode, uint64_t node,
		    uint64_t fh, uint64_t offset, uint32_t size)
{
	struct fuse_read_in in = { .fh = fh, .offset = offset, .size = size };

	client_begin(c, opcode, node);
	client_put(c, &in, sizeof(in));
	return client_send(c, size);
}

ssize_t client_write(struct client *c, uint64_t node, uint64_t fh,
		     uint64_t offset, const void *data, uint32_t size)
{
	struct fuse_write_in in = { .fh = fh, .offset = offset, .size = size,
				    .write_flags = c->write_flags,
				    .flags = c->file_flags };
	struct fuse_write_out out;
	int err;

	client_begin(c, FUSE_WRITE, node);
	client_put(c, &in, sizeof(in));
	client_put(c, data, size);
	err = client_send_for(c, &out, sizeof(out));
	return err ? err : (ssize_t)out.size;
}

int client_flush(struct client *c, uint64_t node, uint64_t fh)
{
	struct fuse_flush_in in = { .fh = fh };

	client_begin(c, FUSE_FLUSH, node);
	client_put(c, &in, sizeof(in));
	return client_send_for(c, NULL, 0);
}

int client_release(struct client *c, uint32_t opcode, uint64_t node,
		   uint64_t fh)
{
	struct fuse_release_in in = { .fh = fh };

	client_begin(c, opcode, node);
	client_put(c, &in, sizeof(in));
	return client_send_for(c, NULL, 0);
}

int client_fsync(struct client *c, uint32_t opcode, uint64_t node,
		 uint64_t fh, uint32_t flags)
{
	struct fuse_fsync_in in = { .fh = fh, .fsync_flags = flags };

	client_begin(c, opcode, node);
	client_put(c, &in, sizeof(in));
	return client_send_for(c, NULL, 0);
}

bool client_next_dirent(const struct client *c, bool plus, size_t *offset,
			struct client_dirent *ret)
{
	struct fuse_dirent head;
	size_t at = *offset;

	if (at == c->reply_len)
		return false;
	memset(ret, 0, sizeof(*ret));
	if (plus) {
		assert(c->reply_len - at >= sizeof(ret->entry));
		memcpy(&ret->entry, c->reply + at, sizeof(ret->entry));
		at += sizeof(ret->entry);
	}
	assert(c->reply_len - at >= sizeof(head));
	memcpy(&head, c->reply + at, sizeof(head));
	at += sizeof(head);
	assert(head.namelen < sizeof(ret->name) &&
	       c->reply_len - at >= FUSE_REC_ALIGN(head.namelen));
	memcpy(ret->name, c->reply + at, head.namelen);
	ret->ino = head.ino;
	ret->next = head.off;
	ret->type = head.type;
	*offset = at + FUSE_REC_ALIGN(head.namelen);
	return true;
}

/* ---- extended attributes ----------------------------------------------- */

int client_setxattr(struct client *c, uint64_t node, const char *name,
		    const void *value, uint32_t size, uint32_t flags)
{
	struct fuse_setxattr_in in = { .size = size, .flags = flags };

	client_begin(c, FUSE_SETXATTR, node);
	client_put(c, &in, c->flags & FUSE_SETXATTR_EXT ?
			   sizeof(in) : FUSE_COMPAT_SETXATTR_IN_SIZE);
	client_put_name(c, name);
	client_put(c, value, size);
	return client_send_for(c, NULL, 0);
}

ssize_t client_getxattr(struct client *c, uint64_t node, const char *name,
			uint32_t size)
{
	struct fuse_getxattr_in in = { .size = size };
	struct fuse_getxattr_out out;
	int err;

	client_begin(c, name ? FUSE_GETXATTR : FUSE_LISTXATTR, node);
	client_put(c, &in, sizeof(in));
	if (name)
		client_put_name(c, name);
	if (size)
		return client_send(c, size);
	err = client_send_for(c, &out, sizeof(out));
	return err ? err : (ssize_t)out.size;
}

int client_removexattr(struct client *c, uint64_t node, const char *name)
{
	client_begin(c, FUSE_REMOVEXATTR, node);
	client_put_name(c, name);
	return client_send_for(c, NULL, 0);
}
