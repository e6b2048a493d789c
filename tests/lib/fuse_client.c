/* SPDX-License-Identifier: MIT */
#include "tests/lib/fuse_client.h"

#include "common/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PART(thing) { &(thing), sizeof(thing) }
#define STRING(s) { (s), strlen(s) + 1 }

static bool has_reply(uint32_t opcode)
{
	return opcode != FUSE_FORGET && opcode != FUSE_BATCH_FORGET &&
	       opcode != FUSE_INTERRUPT;
}

/* What a reply of `used` bytes is, or means. */
static int64_t take_reply(struct fuse_client *c, const uint8_t *reply,
			  int64_t used, void *out)
{
	struct fuse_out_header header;

	if (used < (int64_t)sizeof(header))
		return -EPROTO;
	memcpy(&header, reply, sizeof(header));
	if (header.len != used || header.unique != c->unique ||
	    header.error > 0 || header.error < -4095)
		return -EPROTO;
	used -= (int64_t)sizeof(header);
	if (header.error)
		return used ? -EPROTO : header.error;
	if (used)
		memcpy(out, reply + sizeof(header), (size_t)used);
	return used;
}

int64_t fuse_client_call(struct fuse_client *c, uint32_t opcode, uint64_t node,
			 const struct fuse_part *parts, size_t count,
			 void *out, size_t out_size)
{
	struct fuse_in_header header = {
		.len = sizeof(header),
		.opcode = opcode,
		.unique = ++c->unique,
		.nodeid = node,
		.uid = c->uid,
		.gid = c->gid,
		.pid = c->pid,
	};
	size_t reply_size = sizeof(struct fuse_out_header) + out_size;
	uint8_t *request, *reply;
	size_t at = sizeof(header);
	int64_t ret;

	for (size_t i = 0; i < count; i++)
		header.len += (uint32_t)parts[i].len;
	request = malloc(header.len);
	reply = malloc(reply_size);
	if (!request || !reply)
		abort();
	memcpy(request, &header, sizeof(header));
	for (size_t i = 0; i < count; i++) {
		if (parts[i].len)
			memcpy(request + at, parts[i].data, parts[i].len);
		at += parts[i].len;
	}
	ret = fake_guest_call(c->guest, c->queue, request, header.len, reply,
			      has_reply(opcode) ? reply_size : 0);
	if (ret >= 0 && has_reply(opcode))
		ret = take_reply(c, reply, ret, out);
	free(request);
	free(reply);
	return ret;
}

/* A reply that must have exactly this payload (NULL and 0: none). */
static int call_exact(struct fuse_client *c, uint32_t opcode, uint64_t node,
		      const struct fuse_part *parts, size_t count, void *out,
		      size_t size)
{
	int64_t ret = fuse_client_call(c, opcode, node, parts, count, out,
				       size);

	if (ret < 0)
		return (int)ret;
	return (size_t)ret == size ? 0 : -EPROTO;
}

#define CALL(c, opcode, node, parts, out, size) \
	call_exact(c, opcode, node, parts, ARRAY_LEN(parts), out, size)

int fuse_client_init(struct fuse_client *c, struct fuse_init_out *ret_init)
{
	const struct fuse_init_in in = {
		.major = 7,
		.minor = 41,
		.max_readahead = 131072,
		.flags = UINT32_MAX & ~(uint32_t)FUSE_INIT_RESERVED,
		.flags2 = 0xff,
	};
	const struct fuse_part parts[] = { PART(in) };
	struct fuse_init_out out;
	int ret = CALL(c, FUSE_INIT, 0, parts, &out, sizeof(out));

	if (!ret)
		c->setxattr_ext = out.flags & FUSE_SETXATTR_EXT;
	if (!ret && ret_init)
		*ret_init = out;
	return ret;
}

int fuse_client_destroy(struct fuse_client *c)
{
	return call_exact(c, FUSE_DESTROY, 0, NULL, 0, NULL, 0);
}

int fuse_client_lookup(struct fuse_client *c, uint64_t dir, const char *name,
		       struct fuse_entry_out *ret_entry)
{
	const struct fuse_part parts[] = { STRING(name) };

	return CALL(c, FUSE_LOOKUP, dir, parts, ret_entry, sizeof(*ret_entry));
}

uint64_t fuse_client_walk(struct fuse_client *c, const char *path)
{
	struct fuse_entry_out entry = { .nodeid = FUSE_ROOT_ID };
	char name[256];

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n >= sizeof(name))
			return 0;
		memcpy(name, path, n);
		name[n] = '\0';
		if (fuse_client_lookup(c, entry.nodeid, name, &entry))
			return 0;
		path += n + (path[n] == '/');
	}
	return entry.nodeid;
}

int fuse_client_forget(struct fuse_client *c, uint64_t node, uint64_t count)
{
	const struct fuse_forget_in in = { count };
	const struct fuse_part parts[] = { PART(in) };

	return CALL(c, FUSE_FORGET, node, parts, NULL, 0);
}

int fuse_client_getattr(struct fuse_client *c, uint64_t node,
			struct fuse_attr *ret_attr)
{
	const struct fuse_getattr_in in = { 0 };
	const struct fuse_part parts[] = { PART(in) };
	struct fuse_attr_out out;
	int ret = CALL(c, FUSE_GETATTR, node, parts, &out, sizeof(out));

	if (!ret)
		*ret_attr = out.attr;
	return ret;
}

int fuse_client_setattr(struct fuse_client *c, uint64_t node,
			const struct fuse_setattr_in *in,
			struct fuse_attr *ret_attr)
{
	const struct fuse_part parts[] = { PART(*in) };
	struct fuse_attr_out out;
	int ret = CALL(c, FUSE_SETATTR, node, parts, &out, sizeof(out));

	if (!ret)
		*ret_attr = out.attr;
	return ret;
}

int fuse_client_readlink(struct fuse_client *c, uint64_t node, char *buf,
			 size_t size)
{
	return (int)fuse_client_call(c, FUSE_READLINK, node, NULL, 0, buf,
				     size);
}

int fuse_client_symlink(struct fuse_client *c, uint64_t dir, const char *name,
			const char *target, struct fuse_entry_out *ret_entry)
{
	const struct fuse_part parts[] = { STRING(name), STRING(target) };

	return CALL(c, FUSE_SYMLINK, dir, parts, ret_entry, sizeof(*ret_entry));
}

int fuse_client_mknod(struct fuse_client *c, uint64_t dir, const char *name,
		      uint32_t mode, uint32_t rdev,
		      struct fuse_entry_out *ret_entry)
{
	const struct fuse_mknod_in in = { .mode = mode, .rdev = rdev };
	const struct fuse_part parts[] = { PART(in), STRING(name) };

	return CALL(c, FUSE_MKNOD, dir, parts, ret_entry, sizeof(*ret_entry));
}

int fuse_client_mkdir(struct fuse_client *c, uint64_t dir, const char *name,
		      uint32_t mode, struct fuse_entry_out *ret_entry)
{
	const struct fuse_mkdir_in in = { .mode = mode };
	const struct fuse_part parts[] = { PART(in), STRING(name) };

	return CALL(c, FUSE_MKDIR, dir, parts, ret_entry, sizeof(*ret_entry));
}

int fuse_client_unlink(struct fuse_client *c, uint64_t dir, const char *name)
{
	const struct fuse_part parts[] = { STRING(name) };

	return CALL(c, FUSE_UNLINK, dir, parts, NULL, 0);
}

int fuse_client_rmdir(struct fuse_client *c, uint64_t dir, const char *name)
{
	const struct fuse_part parts[] = { STRING(name) };

	return CALL(c, FUSE_RMDIR, dir, parts, NULL, 0);
}

int fuse_client_rename(struct fuse_client *c, uint64_t dir, const char *name,
		       uint64_t new_dir, const char *new_name, uint32_t flags)
{
	const struct fuse_rename2_in in2 = { new_dir, flags, 0 };
	const struct fuse_rename_in in = { new_dir };
	const struct fuse_part parts2[] = {
		PART(in2), STRING(name), STRING(new_name)
	};
	const struct fuse_part parts[] = {
		PART(in), STRING(name), STRING(new_name)
	};

	if (flags)
		return CALL(c, FUSE_RENAME2, dir, parts2, NULL, 0);
	return CALL(c, FUSE_RENAME, dir, parts, NULL, 0);
}

int fuse_client_link(struct fuse_client *c, uint64_t node, uint64_t dir,
		     const char *name, struct fuse_entry_out *ret_entry)
{
	const struct fuse_link_in in = { node };
	const struct fuse_part parts[] = { PART(in), STRING(name) };

	return CALL(c, FUSE_LINK, dir, parts, ret_entry, sizeof(*ret_entry));
}

/* ---- files ------------------------------------------------------------- */

static int open_by(struct fuse_client *c, uint32_t opcode, uint64_t node,
		   uint32_t flags, uint64_t *ret_fh)
{
	const struct fuse_open_in in = { .flags = flags };
	const struct fuse_part parts[] = { PART(in) };
	struct fuse_open_out out;
	int ret = CALL(c, opcode, node, parts, &out, sizeof(out));

	if (!ret)
		*ret_fh = out.fh;
	return ret;
}

static int release_by(struct fuse_client *c, uint32_t opcode, uint64_t node,
		      uint64_t fh)
{
	const struct fuse_release_in in = { .fh = fh };
	const struct fuse_part parts[] = { PART(in) };

	return CALL(c, opcode, node, parts, NULL, 0);
}

int fuse_client_open(struct fuse_client *c, uint64_t node, uint32_t flags,
		     uint64_t *ret_fh)
{
	return open_by(c, FUSE_OPEN, node, flags, ret_fh);
}

int fuse_client_create(struct fuse_client *c, uint64_t dir, const char *name,
		       uint32_t flags, uint32_t mode,
		       struct fuse_entry_out *ret_entry, uint64_t *ret_fh)
{
	const struct fuse_create_in in = { .flags = flags, .mode = mode };
	const struct fuse_part parts[] = { PART(in), STRING(name) };
	struct {
		struct fuse_entry_out entry;
		struct fuse_open_out open;
	} out;
	int ret = CALL(c, FUSE_CREATE, dir, parts, &out, sizeof(out));

	if (!ret) {
		*ret_entry = out.entry;
		*ret_fh = out.open.fh;
	}
	return ret;
}

int64_t fuse_client_read(struct fuse_client *c, uint64_t node, uint64_t fh,
			 uint64_t offset, void *buf, uint32_t size)
{
	const struct fuse_read_in in = {
		.fh = fh, .offset = offset, .size = size
	};
	const struct fuse_part parts[] = { PART(in) };

	return fuse_client_call(c, FUSE_READ, node, parts, 1, buf, size);
}

int64_t fuse_client_write(struct fuse_client *c, uint64_t node, uint64_t fh,
			  uint64_t offset, const void *buf, uint32_t size)
{
	const struct fuse_write_in in = {
		.fh = fh, .offset = offset, .size = size
	};
	const struct fuse_part parts[] = { PART(in), { buf, size } };
	struct fuse_write_out out;
	int ret = CALL(c, FUSE_WRITE, node, parts, &out, sizeof(out));

	return ret ? ret : (int64_t)out.size;
}

int fuse_client_flush(struct fuse_client *c, uint64_t node, uint64_t fh)
{
	const struct fuse_flush_in in = { .fh = fh };
	const struct fuse_part parts[] = { PART(in) };

	return CALL(c, FUSE_FLUSH, node, parts, NULL, 0);
}

int fuse_client_release(struct fuse_client *c, uint64_t node, uint64_t fh)
{
	return release_by(c, FUSE_RELEASE, node, fh);
}

int fuse_client_fsync(struct fuse_client *c, uint64_t node, uint64_t fh)
{
	const struct fuse_fsync_in in = { .fh = fh };
	const struct fuse_part parts[] = { PART(in) };

	return CALL(c, FUSE_FSYNC, node, parts, NULL, 0);
}

int fuse_client_statfs(struct fuse_client *c, struct fuse_kstatfs *ret_st)
{
	return call_exact(c, FUSE_STATFS, FUSE_ROOT_ID, NULL, 0, ret_st,
			  sizeof(*ret_st));
}

int fuse_client_access(struct fuse_client *c, uint64_t node, uint32_t mask)
{
	const struct fuse_access_in in = { .mask = mask };
	const struct fuse_part parts[] = { PART(in) };

	return CALL(c, FUSE_ACCESS, node, parts, NULL, 0);
}

/* ---- directories ------------------------------------------------------- */

int fuse_client_opendir(struct fuse_client *c, uint64_t node, uint64_t *ret_fh)
{
	return open_by(c, FUSE_OPENDIR, node, 0, ret_fh);
}

int fuse_client_releasedir(struct fuse_client *c, uint64_t node, uint64_t fh)
{
	return release_by(c, FUSE_RELEASEDIR, node, fh);
}

int64_t fuse_client_readdir(struct fuse_client *c, uint64_t node, uint64_t fh,
			    uint64_t offset, bool plus, void *buf,
			    uint32_t size)
{
	const struct fuse_read_in in = {
		.fh = fh, .offset = offset, .size = size
	};
	const struct fuse_part parts[] = { PART(in) };

	return fuse_client_call(c, plus ? FUSE_READDIRPLUS : FUSE_READDIR, node,
				parts, 1, buf, size);
}

bool fuse_client_dirent(const void *buf, size_t len, bool plus, size_t *at,
			struct fuse_dirent *ret_dirent, char name[256],
			struct fuse_entry_out *ret_entry)
{
	const uint8_t *p = (const uint8_t *)buf + *at;
	size_t head = plus ? sizeof(*ret_entry) : 0, left = len - *at;

	if (left < head + sizeof(*ret_dirent))
		return false;
	if (plus && ret_entry)
		memcpy(ret_entry, p, sizeof(*ret_entry));
	memcpy(ret_dirent, p + head, sizeof(*ret_dirent));
	head += sizeof(*ret_dirent);
	if (ret_dirent->namelen > 255 || left < head + ret_dirent->namelen)
		return false;
	memcpy(name, p + head, ret_dirent->namelen);
	name[ret_dirent->namelen] = '\0';
	*at += FUSE_REC_ALIGN(head + ret_dirent->namelen);
	return true;
}

/* ---- extended attributes ----------------------------------------------- */

int fuse_client_setxattr(struct fuse_client *c, uint64_t node,
			 const char *name, const void *value, uint32_t size,
			 uint32_t flags)
{
	const struct fuse_setxattr_in in = { .size = size, .flags = flags };
	const struct fuse_part parts[] = {
		{ &in, c->setxattr_ext ? sizeof(in) :
					 FUSE_COMPAT_SETXATTR_IN_SIZE },
		STRING(name), { value, size }
	};

	return CALL(c, FUSE_SETXATTR, node, parts, NULL, 0);
}

static int64_t get_by(struct fuse_client *c, uint32_t opcode, uint64_t node,
		      const struct fuse_part *parts, size_t count, void *buf,
		      uint32_t size)
{
	struct fuse_getxattr_out out;
	int ret;

	if (size)
		return fuse_client_call(c, opcode, node, parts, count, buf,
					size);
	ret = call_exact(c, opcode, node, parts, count, &out, sizeof(out));
	return ret ? ret : (int64_t)out.size;
}

int64_t fuse_client_getxattr(struct fuse_client *c, uint64_t node,
			     const char *name, void *buf, uint32_t size)
{
	const struct fuse_getxattr_in in = { .size = size };
	const struct fuse_part parts[] = { PART(in), STRING(name) };

	return get_by(c, FUSE_GETXATTR, node, parts, 2, buf, size);
}

int64_t fuse_client_listxattr(struct fuse_client *c, uint64_t node, void *buf,
			      uint32_t size)
{
	const struct fuse_getxattr_in in = { .size = size };
	const struct fuse_part parts[] = { PART(in) };

	return get_by(c, FUSE_LISTXATTR, node, parts, 1, buf, size);
}

int fuse_client_removexattr(struct fuse_client *c, uint64_t node,
			    const char *name)
{
	const struct fuse_part parts[] = { STRING(name) };

	return CALL(c, FUSE_REMOVEXATTR, node, parts, NULL, 0);
}
