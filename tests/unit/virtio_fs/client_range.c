/* SPDX-License-Identifier: MIT */
/*
 * The client's newer operations: ranges, locks, ioctls, and what creation may
 * come with.
 */
#include "tests/unit/virtio_fs/client.h"

#include <assert.h>
#include <string.h>

/* ---- extensions --------------------------------------------------------- */

static void put_label(struct client *c)
{
	size_t size = c->label_len ? c->label_len : strlen(c->label);
	struct fuse_secctx context = { .size = (uint32_t)size };
	size_t len = sizeof(struct fuse_secctx_header) + sizeof(context) +
		     strlen(c->label_name) + 1 + size;
	struct fuse_secctx_header header = {
		.size = (uint32_t)FUSE_REC_ALIGN(len),
		.nr_secctx = 1,
	};

	client_put(c, &header, sizeof(header));
	client_put(c, &context, sizeof(context));
	client_put_name(c, c->label_name);
	client_put(c, c->label, size);
	client_put(c, "\0\0\0\0\0\0\0", FUSE_REC_ALIGN(len) - len);
}

static void put_group(struct client *c)
{
	const struct {
		struct fuse_ext_header header;
		uint32_t count, group;
	} groups = { { 16, FUSE_EXT_GROUPS }, 1, c->group };

	client_put(c, &groups, sizeof(groups));
}

void client_put_extensions(struct client *c)
{
	size_t start = c->in_len;
	uint16_t len;

	if (c->label_name)
		put_label(c);
	if (c->group)
		put_group(c);
	len = (uint16_t)((c->in_len - start) / 8);
	memcpy(c->in + offsetof(struct fuse_in_header, total_extlen), &len,
	       sizeof(len));
}

/* ---- ranges -------------------------------------------------------------- */

int client_fallocate(struct client *c, uint64_t node, uint64_t fh,
		     uint32_t mode, uint64_t offset, uint64_t length)
{
	struct fuse_fallocate_in in = {
		.fh = fh, .mode = mode, .offset = offset, .length = length,
	};

	client_begin(c, FUSE_FALLOCATE, node);
	client_put(c, &in, sizeof(in));
	return client_send_for(c, NULL, 0);
}

int64_t client_lseek(struct client *c, uint64_t node, uint64_t fh,
		     uint64_t offset, uint32_t whence)
{
	struct fuse_lseek_in in = {
		.fh = fh, .offset = offset, .whence = whence,
	};
	struct fuse_lseek_out out;
	int err;

	client_begin(c, FUSE_LSEEK, node);
	client_put(c, &in, sizeof(in));
	err = client_send_for(c, &out, sizeof(out));
	return err ? err : (int64_t)out.offset;
}

int64_t client_copy(struct client *c, const struct fuse_copy_file_range_in *in,
		    uint64_t node)
{
	struct fuse_copy_file_range_out out;
	int err;

	client_begin(c, FUSE_COPY_FILE_RANGE_64, node);
	client_put(c, in, sizeof(*in));
	err = client_send_for(c, &out, sizeof(out));
	return err ? err : (int64_t)out.bytes_copied;
}

int client_syncfs(struct client *c, uint64_t node)
{
	struct fuse_syncfs_in in = { 0 };

	client_begin(c, FUSE_SYNCFS, node);
	client_put(c, &in, sizeof(in));
	return client_send_for(c, NULL, 0);
}

int client_tmpfile(struct client *c, uint64_t dir, uint32_t flags,
		   uint32_t mode, struct fuse_entry_out *ret,
		   uint64_t *ret_fh)
{
	struct fuse_create_in in = { .flags = flags, .mode = mode,
				     .umask = c->umask };
	struct {
		struct fuse_entry_out entry;
		struct fuse_open_out open;
	} out;
	int err;

	client_begin(c, FUSE_TMPFILE, dir);
	client_put(c, &in, sizeof(in));
	client_put_name(c, "");
	client_put_extensions(c);
	err = client_send_for(c, &out, sizeof(out));
	if (!err) {
		*ret = out.entry;
		*ret_fh = out.open.fh;
	}
	return err;
}

/* ---- attributes ---------------------------------------------------------- */

int client_statx(struct client *c, uint64_t node,
		 const struct fuse_statx_in *in, struct fuse_statx_out *ret)
{
	client_begin(c, FUSE_STATX, node);
	client_put(c, in, sizeof(*in));
	return client_send_for(c, ret, sizeof(*ret));
}

ssize_t client_ioctl(struct client *c, uint64_t node, uint64_t fh,
		     uint32_t cmd, const void *data, uint32_t in_size,
		     uint32_t out_size)
{
	struct fuse_ioctl_in in = {
		.fh = fh, .cmd = cmd, .in_size = in_size,
		.out_size = out_size,
	};
	ssize_t n;

	client_begin(c, FUSE_IOCTL, node);
	client_put(c, &in, sizeof(in));
	client_put(c, data, in_size);
	n = client_send(c, sizeof(struct fuse_ioctl_out) + out_size);
	if (n < 0)
		return n;
	assert((size_t)n >= sizeof(struct fuse_ioctl_out));
	return n - (ssize_t)sizeof(struct fuse_ioctl_out);
}

/* ---- locks --------------------------------------------------------------- */

static int lock(struct client *c, uint32_t opcode, uint64_t node,
		const struct fuse_lk_in *in, struct fuse_file_lock *ret)
{
	struct fuse_lk_out out;
	int err;

	client_begin(c, opcode, node);
	client_put(c, in, sizeof(*in));
	if (opcode != FUSE_GETLK)
		return client_send_for(c, NULL, 0);
	err = client_send_for(c, &out, sizeof(out));
	if (!err)
		*ret = out.lk;
	return err;
}

int client_lock(struct client *c, uint32_t opcode, uint64_t node,
		uint64_t fh, uint64_t owner, struct fuse_file_lock *lk)
{
	struct fuse_lk_in in = { .fh = fh, .owner = owner, .lk = *lk };

	return lock(c, opcode, node, &in, lk);
}

void client_interrupt(struct client *c, uint64_t unique)
{
	const struct fuse_interrupt_in in = { .unique = unique };

	client_begin(c, FUSE_INTERRUPT, 0);
	client_put(c, &in, sizeof(in));
	client_post(c);
}

int client_flock(struct client *c, uint64_t node, uint64_t fh, uint32_t type)
{
	struct fuse_lk_in in = {
		.fh = fh, .owner = fh, .lk_flags = FUSE_LK_FLOCK,
		.lk = { .type = type, .end = INT64_MAX },
	};

	return lock(c, FUSE_SETLK, node, &in, NULL);
}
