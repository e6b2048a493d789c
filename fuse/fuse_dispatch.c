/* SPDX-License-Identifier: MIT */
#include "fuse/fuse_dispatch.h"

#include "common/bytes.h"
#include "fuse/fuse_dirent.h"

/* Call a member of the file system; one that it does not have is ENOSYS. */
#define CALL(c, member, ...) \
	((c)->ops->member ? \
	 (c)->ops->member((c)->fs, &(c)->msg.req, ##__VA_ARGS__) : -LX_ENOSYS)

/* Counts in replies of 32 bits are of whole pages. */
#define PAGE_BYTES 4096u

/* A result without a record. */
static ssize_t answer(int rc)
{
	return MIN(rc, 0);
}

/* A result and, when it is good, a record. */
static ssize_t answer_record(struct fuse_call *c, int rc, const void *record,
			     size_t len)
{
	return rc < 0 ? rc : fuse_reply_add(&c->reply, record, len);
}

/* A number of bytes, of at most `size`. */
static ssize_t answer_bytes(ssize_t n, size_t size)
{
	return n > 0 && (size_t)n > size ? -LX_EIO : n;
}

/* Exactly the next len bytes of t, which has that many. */
static int cut(struct fuse_call *c, const struct iov_tail *t, size_t len,
	       struct iov_tail *ret_part)
{
	size_t count, got;

	if (iov_tail_size(t) == len) {
		*ret_part = *t;
		return 0;
	}
	count = iov_tail_slice(t, len, c->pieces, FUSE_PIECES_MAX, &got);
	if (got < len)
		return -LX_EINVAL;
	*ret_part = iov_tail_init(c->pieces, count);
	return 0;
}

/* ---- names and attributes --------------------------------------------- */

static ssize_t do_lookup(struct fuse_call *c)
{
	struct fuse_entry_out out = { 0 };
	int rc = CALL(c, lookup, c->msg.text[0], &out);

	return answer_record(c, rc, &out, sizeof(out));
}

static ssize_t do_forget(struct fuse_call *c)
{
	if (c->ops->forget)
		c->ops->forget(c->fs, c->msg.req.node,
			       c->msg.args.forget.nlookup);
	return 0;
}

static ssize_t do_batch_forget(struct fuse_call *c)
{
	size_t count = c->msg.left / sizeof(struct fuse_forget_one);
	struct fuse_forget_one one;

	count = MIN(count, c->msg.args.batch_forget.count);
	while (c->ops->forget && count-- &&
	       iov_tail_read(&c->msg.rest, &one, sizeof(one)))
		c->ops->forget(c->fs, one.nodeid, one.nlookup);
	return 0;
}

static ssize_t do_getattr(struct fuse_call *c)
{
	struct fuse_attr_out out = { 0 };
	int rc = CALL(c, getattr, &c->msg.args.getattr, &out);

	return answer_record(c, rc, &out, sizeof(out));
}

static ssize_t do_setattr(struct fuse_call *c)
{
	struct fuse_attr_out out = { 0 };
	int rc = CALL(c, setattr, &c->msg.args.setattr, &out);

	return answer_record(c, rc, &out, sizeof(out));
}

static ssize_t do_readlink(struct fuse_call *c)
{
	struct iov_tail dst = c->reply.body;

	return answer_bytes(CALL(c, readlink, &dst), c->reply.room);
}

static ssize_t do_symlink(struct fuse_call *c)
{
	struct fuse_entry_out out = { 0 };
	int rc = CALL(c, symlink, c->msg.text[0], c->msg.text[1], &out);

	return answer_record(c, rc, &out, sizeof(out));
}

static ssize_t do_mknod(struct fuse_call *c)
{
	struct fuse_entry_out out = { 0 };
	int rc = CALL(c, mknod, &c->msg.args.mknod, c->msg.text[0], &out);

	return answer_record(c, rc, &out, sizeof(out));
}

static ssize_t do_mkdir(struct fuse_call *c)
{
	struct fuse_entry_out out = { 0 };
	int rc = CALL(c, mkdir, &c->msg.args.mkdir, c->msg.text[0], &out);

	return answer_record(c, rc, &out, sizeof(out));
}

static ssize_t do_unlink(struct fuse_call *c)
{
	return answer(CALL(c, unlink, c->msg.text[0]));
}

static ssize_t do_rmdir(struct fuse_call *c)
{
	return answer(CALL(c, rmdir, c->msg.text[0]));
}

static ssize_t do_rename(struct fuse_call *c)
{
	return answer(CALL(c, rename, c->msg.text[0],
			   c->msg.args.rename.newdir, c->msg.text[1], 0));
}

static ssize_t do_rename2(struct fuse_call *c)
{
	const struct fuse_rename2_in *in = &c->msg.args.rename2;

	return answer(CALL(c, rename, c->msg.text[0], in->newdir,
			   c->msg.text[1], in->flags));
}

static ssize_t do_link(struct fuse_call *c)
{
	struct fuse_entry_out out = { 0 };
	int rc = CALL(c, link, c->msg.args.link.oldnodeid, c->msg.text[0],
		      &out);

	return answer_record(c, rc, &out, sizeof(out));
}

static ssize_t do_access(struct fuse_call *c)
{
	return answer(CALL(c, access, &c->msg.args.access));
}

static ssize_t do_statfs(struct fuse_call *c)
{
	struct fuse_statfs_out out = { 0 };
	int rc = CALL(c, statfs, &out.st);

	return answer_record(c, rc, &out, sizeof(out));
}

/* ---- open files ------------------------------------------------------- */

static ssize_t do_open(struct fuse_call *c)
{
	struct fuse_open_out out = { 0 };
	int rc = CALL(c, open, &c->msg.args.open, &out);

	return answer_record(c, rc, &out, sizeof(out));
}

/* The reply of what creates and opens. */
struct fuse_created {
	struct fuse_entry_out entry;
	struct fuse_open_out open;
};

static ssize_t do_create(struct fuse_call *c)
{
	struct fuse_created out = { 0 };
	int rc = CALL(c, create, &c->msg.args.create, c->msg.text[0],
		      &out.entry, &out.open);

	return answer_record(c, rc, &out, sizeof(out));
}

static ssize_t do_tmpfile(struct fuse_call *c)
{
	struct fuse_created out = { 0 };
	int rc = CALL(c, tmpfile, &c->msg.args.create, &out.entry, &out.open);

	return answer_record(c, rc, &out, sizeof(out));
}

static ssize_t do_read(struct fuse_call *c)
{
	const struct fuse_read_in *in = &c->msg.args.read;
	size_t size = MIN(MIN(in->size, FUSE_MAX_READ), c->reply.room);
	struct iov_tail dst;
	int rc = cut(c, &c->reply.body, size, &dst);

	return rc ? rc : answer_bytes(CALL(c, read, in, &dst), size);
}

static ssize_t do_write(struct fuse_call *c)
{
	const struct fuse_write_in *in = &c->msg.args.write;
	struct fuse_write_out out = { 0 };
	struct iov_tail src;
	ssize_t n;

	if (in->size > c->max_write || in->size > c->msg.left)
		return -LX_EINVAL;
	n = cut(c, &c->msg.rest, in->size, &src);
	if (!n)
		n = answer_bytes(CALL(c, write, in, &src), in->size);
	if (n < 0)
		return n;
	out.size = (uint32_t)n;
	return fuse_reply_add(&c->reply, &out, sizeof(out));
}

static ssize_t do_flush(struct fuse_call *c)
{
	return answer(CALL(c, flush, &c->msg.args.flush));
}

static ssize_t do_release(struct fuse_call *c)
{
	return answer(CALL(c, release, &c->msg.args.release));
}

static ssize_t do_fsync(struct fuse_call *c)
{
	return answer(CALL(c, fsync, &c->msg.args.fsync));
}

/* ---- open directories ------------------------------------------------- */

static ssize_t do_opendir(struct fuse_call *c)
{
	struct fuse_open_out out = { 0 };
	int rc = CALL(c, opendir, &c->msg.args.open, &out);

	return answer_record(c, rc, &out, sizeof(out));
}

static ssize_t do_readdir(struct fuse_call *c)
{
	const struct fuse_read_in *in = &c->msg.args.read;
	bool plus = c->msg.req.opcode == FUSE_READDIRPLUS;
	size_t size = MIN(MIN(in->size, FUSE_MAX_READDIR), c->reply.room);
	struct iov_tail dst = c->reply.body;
	struct fuse_dirents dirents = {
		.dst = &dst,
		.left = size,
		.plus = plus,
		.said = c->reply.said,
	};
	int rc = CALL(c, readdir, in, plus, &dirents);

	return rc < 0 ? rc : (ssize_t)(size - dirents.left);
}

static ssize_t do_releasedir(struct fuse_call *c)
{
	return answer(CALL(c, releasedir, &c->msg.args.release));
}

static ssize_t do_fsyncdir(struct fuse_call *c)
{
	return answer(CALL(c, fsyncdir, &c->msg.args.fsync));
}

/* ---- extended attributes ---------------------------------------------- */

static ssize_t do_setxattr(struct fuse_call *c)
{
	return answer(CALL(c, setxattr, &c->msg.args.setxattr, c->msg.text[0],
			   c->msg.value));
}

/* The value, or without a size its size; list: of the list of names. */
static ssize_t get_xattr(struct fuse_call *c, bool list)
{
	size_t wanted = c->msg.args.getxattr.size;
	size_t size = MIN(wanted, c->reply.room);
	struct fuse_getxattr_out out = { 0 };
	struct iov_tail dst;
	ssize_t n = cut(c, &c->reply.body, size, &dst);

	if (n < 0)
		return n;
	n = list ? CALL(c, listxattr, &dst) :
		   CALL(c, getxattr, c->msg.text[0], &dst);
	if (n < 0 || wanted)
		return answer_bytes(n, size);
	if (n > (ssize_t)LX_XATTR_SIZE_MAX)
		return -LX_E2BIG;
	out.size = (uint32_t)n;
	return fuse_reply_add(&c->reply, &out, sizeof(out));
}

static ssize_t do_getxattr(struct fuse_call *c)
{
	return get_xattr(c, false);
}

static ssize_t do_listxattr(struct fuse_call *c)
{
	return get_xattr(c, true);
}

static ssize_t do_removexattr(struct fuse_call *c)
{
	return answer(CALL(c, removexattr, c->msg.text[0]));
}

/* ---- ranges of files -------------------------------------------------- */

static ssize_t do_fallocate(struct fuse_call *c)
{
	return answer(CALL(c, fallocate, &c->msg.args.fallocate));
}

static ssize_t do_lseek(struct fuse_call *c)
{
	struct fuse_lseek_out out = { 0 };
	int rc = CALL(c, lseek, &c->msg.args.lseek, &out.offset);

	return answer_record(c, rc, &out, sizeof(out));
}

/* The reply has 32 bits for the count, so no more are asked for. */
static ssize_t do_copy_file_range(struct fuse_call *c)
{
	struct fuse_copy_file_range_in in = c->msg.args.copy_file_range;
	struct fuse_write_out out = { 0 };
	ssize_t n;

	in.len = MIN(in.len, UINT32_MAX & ~(PAGE_BYTES - 1));
	n = answer_bytes((ssize_t)CALL(c, copy_file_range, &in), in.len);
	if (n < 0)
		return n;
	out.size = (uint32_t)n;
	return fuse_reply_add(&c->reply, &out, sizeof(out));
}

static ssize_t do_copy_file_range_64(struct fuse_call *c)
{
	const struct fuse_copy_file_range_in *in = &c->msg.args.copy_file_range;
	struct fuse_copy_file_range_out out = { 0 };
	ssize_t n = answer_bytes((ssize_t)CALL(c, copy_file_range, in),
				 in->len);

	if (n < 0)
		return n;
	out.bytes_copied = (uint64_t)n;
	return fuse_reply_add(&c->reply, &out, sizeof(out));
}

static ssize_t do_syncfs(struct fuse_call *c)
{
	return answer(CALL(c, syncfs));
}

/* ---- locks ------------------------------------------------------------ */

static ssize_t do_getlk(struct fuse_call *c)
{
	struct fuse_lk_out out = { 0 };
	int rc = CALL(c, getlk, &c->msg.args.lk, &out.lk);

	return answer_record(c, rc, &out, sizeof(out));
}

static ssize_t do_setlk(struct fuse_call *c)
{
	int rc = CALL(c, setlk, &c->msg.args.lk);

	if (rc == -LX_EAGAIN && c->msg.req.opcode == FUSE_SETLKW)
		return FUSE_WAIT;
	return answer(rc);
}

/* ---- other attributes of files ---------------------------------------- */

static ssize_t do_statx(struct fuse_call *c)
{
	struct fuse_statx_out out = { 0 };
	int rc = CALL(c, statx, &c->msg.args.statx, &out);

	return answer_record(c, rc, &out, sizeof(out));
}

/* A record, and behind it what the ioctl passes out. */
static ssize_t do_ioctl(struct fuse_call *c)
{
	const struct fuse_ioctl_in *in = &c->msg.args.ioctl;
	struct iov_tail behind = c->reply.body, dst;
	struct fuse_ioctl_out out = { 0 };
	size_t size;
	ssize_t n;

	if (in->flags & FUSE_IOCTL_UNRESTRICTED)
		return -LX_ENOTTY;
	size = MIN(in->out_size, c->reply.room - sizeof(out));
	iov_tail_skip(&behind, sizeof(out));
	n = cut(c, &behind, size, &dst);
	if (!n)
		n = answer_bytes(CALL(c, ioctl, in, c->msg.value, &dst), size);
	if (n < 0)
		return n;
	return fuse_reply_add(&c->reply, &out, sizeof(out)) + n;
}

/* ---- the table -------------------------------------------------------- */

#define ARGS(name) .in.args = sizeof(struct fuse_##name##_in)
#define OUT(name) sizeof(struct fuse_##name##_out)
#define NAME .in.text = { FUSE_TEXT_NAME }
#define NAMES .in.text = { FUSE_TEXT_NAME, FUSE_TEXT_NAME }
#define NAME_TARGET .in.text = { FUSE_TEXT_NAME, FUSE_TEXT_TARGET }
#define XATTR .in.text = { FUSE_TEXT_XATTR }
#define VALUE .in.tail = FUSE_TAIL_VALUE
#define DATA .in.tail = FUSE_TAIL_DATA
#define IOCTL .in.tail = FUSE_TAIL_IOCTL
#define EXTENSIONS .in.tail = FUSE_TAIL_EXTENSIONS
#define NO_REPLY .no_reply = true

static const struct fuse_row table[] = {
	/* opcode = function, record, strings, tail, record of the reply */
	[FUSE_INIT] = { .run = NULL, ARGS(init),
		.in.args_min = 8, .out = OUT(init) },
	[FUSE_DESTROY] = { .run = NULL },
	[FUSE_LOOKUP] = { .run = do_lookup,
		.in.text = { FUSE_TEXT_LOOKUP }, .out = OUT(entry) },
	[FUSE_FORGET] = { .run = do_forget, ARGS(forget), NO_REPLY },
	[FUSE_BATCH_FORGET] = { .run = do_batch_forget, ARGS(batch_forget),
		DATA, NO_REPLY },
	[FUSE_GETATTR] = { .run = do_getattr, ARGS(getattr), .out = OUT(attr) },
	[FUSE_SETATTR] = { .run = do_setattr, ARGS(setattr), .out = OUT(attr) },
	[FUSE_READLINK] = { .run = do_readlink },
	[FUSE_SYMLINK] = { .run = do_symlink, NAME_TARGET, EXTENSIONS,
		.out = OUT(entry) },
	[FUSE_MKNOD] = { .run = do_mknod, ARGS(mknod),
		NAME, EXTENSIONS, .out = OUT(entry) },
	[FUSE_MKDIR] = { .run = do_mkdir, ARGS(mkdir),
		NAME, EXTENSIONS, .out = OUT(entry) },
	[FUSE_UNLINK] = { .run = do_unlink, NAME },
	[FUSE_RMDIR] = { .run = do_rmdir, NAME },
	[FUSE_RENAME] = { .run = do_rename, ARGS(rename), NAMES },
	[FUSE_RENAME2] = { .run = do_rename2, ARGS(rename2), NAMES },
	[FUSE_LINK] = { .run = do_link, ARGS(link), NAME, .out = OUT(entry) },
	[FUSE_OPEN] = { .run = do_open, ARGS(open), .out = OUT(open) },
	[FUSE_CREATE] = { .run = do_create, ARGS(create),
		NAME, EXTENSIONS, .out = OUT(entry) + OUT(open) },
	[FUSE_READ] = { .run = do_read, ARGS(read) },
	[FUSE_WRITE] = { .run = do_write, ARGS(write),
		DATA, .out = OUT(write) },
	[FUSE_FLUSH] = { .run = do_flush, ARGS(flush) },
	[FUSE_RELEASE] = { .run = do_release, ARGS(release) },
	[FUSE_FSYNC] = { .run = do_fsync, ARGS(fsync) },
	[FUSE_STATFS] = { .run = do_statfs, .out = OUT(statfs) },
	[FUSE_ACCESS] = { .run = do_access, ARGS(access) },
	[FUSE_OPENDIR] = { .run = do_opendir, ARGS(open), .out = OUT(open) },
	[FUSE_READDIR] = { .run = do_readdir, ARGS(read) },
	[FUSE_READDIRPLUS] = { .run = do_readdir, ARGS(read) },
	[FUSE_RELEASEDIR] = { .run = do_releasedir, ARGS(release) },
	[FUSE_FSYNCDIR] = { .run = do_fsyncdir, ARGS(fsync) },
	[FUSE_SETXATTR] = { .run = do_setxattr, ARGS(setxattr), XATTR, VALUE },
	[FUSE_GETXATTR] = { .run = do_getxattr, ARGS(getxattr), XATTR },
	[FUSE_LISTXATTR] = { .run = do_listxattr, ARGS(getxattr) },
	[FUSE_REMOVEXATTR] = { .run = do_removexattr, XATTR },
	[FUSE_GETLK] = { .run = do_getlk, ARGS(lk), .out = OUT(lk) },
	[FUSE_SETLK] = { .run = do_setlk, ARGS(lk) },
	[FUSE_SETLKW] = { .run = do_setlk, ARGS(lk) },
	[FUSE_INTERRUPT] = { .run = NULL, ARGS(interrupt), NO_REPLY },
	[FUSE_IOCTL] = { .run = do_ioctl, ARGS(ioctl),
		IOCTL, .out = OUT(ioctl) },
	[FUSE_FALLOCATE] = { .run = do_fallocate, ARGS(fallocate) },
	[FUSE_LSEEK] = { .run = do_lseek, ARGS(lseek), .out = OUT(lseek) },
	[FUSE_COPY_FILE_RANGE] = { .run = do_copy_file_range,
		ARGS(copy_file_range), .out = OUT(write) },
	[FUSE_COPY_FILE_RANGE_64] = { .run = do_copy_file_range_64,
		ARGS(copy_file_range), .out = OUT(copy_file_range) },
	[FUSE_SYNCFS] = { .run = do_syncfs, ARGS(syncfs) },
	[FUSE_TMPFILE] = { .run = do_tmpfile, ARGS(create),
		.in.text = { FUSE_TEXT_ANY }, EXTENSIONS,
		.out = OUT(entry) + OUT(open) },
	[FUSE_STATX] = { .run = do_statx, ARGS(statx), .out = OUT(statx) },
};

const struct fuse_row *fuse_dispatch_find(uint32_t opcode)
{
	if (opcode >= ARRAY_LEN(table))
		return NULL;
	if (!table[opcode].run && opcode != FUSE_INIT &&
	    opcode != FUSE_DESTROY && opcode != FUSE_INTERRUPT)
		return NULL;
	return &table[opcode];
}
