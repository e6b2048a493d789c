/* SPDX-License-Identifier: MIT */
#include "fuse/fuse_trace.h"

#include "common/bytes.h"
#include "fuse/fuse_line.h"
#include "fuse/fuse_said.h"
#include "fuse/fuse_session.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define E(name) [LX_##name] = #name

static const char *const error_names[] = {
	E(EPERM), E(ENOENT), E(EINTR), E(EIO), E(ENXIO), E(E2BIG), E(EBADF),
	E(EAGAIN), E(ENOMEM), E(EACCES), E(EFAULT), E(EBUSY), E(EEXIST),
	E(EXDEV), E(ENODEV), E(ENOTDIR), E(EISDIR), E(EINVAL), E(ENFILE),
	E(EMFILE), E(ENOTTY), E(ETXTBSY), E(EFBIG), E(ENOSPC), E(ESPIPE),
	E(EROFS), E(EMLINK), E(EPIPE), E(ERANGE), E(EDEADLK), E(ENAMETOOLONG),
	E(ENOLCK), E(ENOSYS), E(ENOTEMPTY), E(ELOOP), E(ENODATA), E(EPROTO),
	E(EOVERFLOW), E(EOPNOTSUPP), E(ESTALE), E(EDQUOT)
};

static void add_mode(struct fuse_line *l, uint32_t mode, uint32_t umask)
{
	fuse_line_add(l, " mode %#o umask %#o", mode, umask);
}

static void add_opcode(struct fuse_line *l, const struct fuse_message *m)
{
	const char *name = fuse_opcode_name(m->req.opcode);

	l->len = 0;
	fuse_line_add(l, "#%llu ", (unsigned long long)m->req.unique);
	if (name)
		fuse_line_add(l, "%s", name);
	else
		fuse_line_add(l, "opcode %u", m->req.opcode);
}

static void add_setattr(struct fuse_line *l, const struct fuse_setattr_in *in)
{
	fuse_line_hex(l, "valid", in->valid);
	if (in->valid & FATTR_MODE)
		fuse_line_add(l, " mode %#o", in->mode);
	if (in->valid & FATTR_UID)
		fuse_line_number(l, "uid", in->uid);
	if (in->valid & FATTR_GID)
		fuse_line_number(l, "gid", in->gid);
	if (in->valid & FATTR_SIZE)
		fuse_line_number(l, "size", in->size);
	if (in->valid & FATTR_FH)
		fuse_line_hex(l, "fh", in->fh);
}

/* The argument records of operations that create or find something. */
static void add_args(struct fuse_line *l, const struct fuse_message *m)
{
	const union fuse_args *a = &m->args;

	switch (m->req.opcode) {
	case FUSE_INIT:
		fuse_line_add(l, " version %u.%u", a->init.major, a->init.minor);
		fuse_line_hex(l, "flags", a->init.flags |
				    (uint64_t)a->init.flags2 << 32);
		fuse_line_number(l, "max_readahead", a->init.max_readahead);
		break;
	case FUSE_FORGET:
		fuse_line_number(l, "nlookup", a->forget.nlookup);
		break;
	case FUSE_BATCH_FORGET:
		fuse_line_number(l, "count", a->batch_forget.count);
		break;
	case FUSE_SETATTR:
		add_setattr(l, &a->setattr);
		break;
	case FUSE_MKNOD:
		add_mode(l, a->mknod.mode, a->mknod.umask);
		fuse_line_hex(l, "rdev", a->mknod.rdev);
		break;
	case FUSE_MKDIR:
		add_mode(l, a->mkdir.mode, a->mkdir.umask);
		break;
	case FUSE_CREATE:
		add_mode(l, a->create.mode, a->create.umask);
		fuse_line_hex(l, "flags", a->create.flags);
		break;
	case FUSE_RENAME2:
		fuse_line_hex(l, "flags", a->rename2.flags);
		/* fallthrough */
	case FUSE_RENAME:
		fuse_line_number(l, "to", a->rename.newdir);
		break;
	case FUSE_LINK:
		fuse_line_number(l, "to", a->link.oldnodeid);
		break;
	case FUSE_ACCESS:
		fuse_line_hex(l, "mask", a->access.mask);
		break;
	case FUSE_SETXATTR:
		fuse_line_hex(l, "flags", a->setxattr.flags);
		fuse_line_number(l, "size", a->setxattr.size);
		break;
	case FUSE_GETXATTR:
	case FUSE_LISTXATTR:
		fuse_line_number(l, "size", a->getxattr.size);
		break;
	case FUSE_TMPFILE:
		add_mode(l, a->create.mode, a->create.umask);
		fuse_line_hex(l, "flags", a->create.flags);
		break;
	case FUSE_STATX:
		fuse_line_hex(l, "mask", a->statx.sx_mask);
		break;
	case FUSE_INTERRUPT:
		fuse_line_number(l, "unique", a->interrupt.unique);
		break;
	}
}

/* Those of operations on open files. */
static void add_file_args(struct fuse_line *l, const struct fuse_message *m)
{
	const union fuse_args *a = &m->args;

	switch (m->req.opcode) {
	case FUSE_GETATTR:
		if (a->getattr.getattr_flags & FUSE_GETATTR_FH)
			fuse_line_hex(l, "fh", a->getattr.fh);
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		fuse_line_hex(l, "flags", a->open.flags);
		break;
	case FUSE_READ:
	case FUSE_READDIR:
	case FUSE_READDIRPLUS:
		fuse_line_hex(l, "fh", a->read.fh);
		fuse_line_number(l, "offset", a->read.offset);
		fuse_line_number(l, "size", a->read.size);
		break;
	case FUSE_WRITE:
		fuse_line_hex(l, "fh", a->write.fh);
		fuse_line_number(l, "offset", a->write.offset);
		fuse_line_number(l, "size", a->write.size);
		fuse_line_hex(l, "write_flags", a->write.write_flags);
		break;
	case FUSE_FLUSH:
		fuse_line_hex(l, "fh", a->flush.fh);
		break;
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		fuse_line_hex(l, "fh", a->release.fh);
		break;
	case FUSE_FSYNC:
	case FUSE_FSYNCDIR:
		fuse_line_hex(l, "fh", a->fsync.fh);
		fuse_line_hex(l, "fsync_flags", a->fsync.fsync_flags);
		break;
	}
}

/* Those of operations on ranges and locks. */
static void add_range_args(struct fuse_line *l, const struct fuse_message *m)
{
	const union fuse_args *a = &m->args;

	switch (m->req.opcode) {
	case FUSE_FALLOCATE:
		fuse_line_hex(l, "fh", a->fallocate.fh);
		fuse_line_hex(l, "mode", a->fallocate.mode);
		fuse_line_number(l, "offset", a->fallocate.offset);
		fuse_line_number(l, "length", a->fallocate.length);
		break;
	case FUSE_LSEEK:
		fuse_line_hex(l, "fh", a->lseek.fh);
		fuse_line_number(l, "offset", a->lseek.offset);
		fuse_line_number(l, "whence", a->lseek.whence);
		break;
	case FUSE_COPY_FILE_RANGE:
	case FUSE_COPY_FILE_RANGE_64:
		fuse_line_hex(l, "fh", a->copy_file_range.fh_in);
		fuse_line_number(l, "offset", a->copy_file_range.off_in);
		fuse_line_hex(l, "to fh", a->copy_file_range.fh_out);
		fuse_line_number(l, "offset", a->copy_file_range.off_out);
		fuse_line_number(l, "length", a->copy_file_range.len);
		break;
	case FUSE_GETLK:
	case FUSE_SETLK:
	case FUSE_SETLKW:
		fuse_line_hex(l, "fh", a->lk.fh);
		fuse_line_hex(l, "owner", a->lk.owner);
		fuse_line_number(l, "type", a->lk.lk.type);
		fuse_line_number(l, "start", a->lk.lk.start);
		fuse_line_number(l, "end", a->lk.lk.end);
		fuse_line_hex(l, "lk_flags", a->lk.lk_flags);
		break;
	case FUSE_IOCTL:
		fuse_line_hex(l, "fh", a->ioctl.fh);
		fuse_line_hex(l, "cmd", a->ioctl.cmd);
		break;
	}
}

uint64_t fuse_trace_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

const char *fuse_error_name(int error, char buf[FUSE_ERROR_TEXT])
{
	unsigned n = error < 0 ? 0u - (unsigned)error : (unsigned)error;

	if (n < ARRAY_LEN(error_names) && error_names[n])
		return error_names[n];
	snprintf(buf, FUSE_ERROR_TEXT, "errno %u", n);
	return buf;
}

void fuse_trace_request(const struct log *log, const struct fuse_message *m,
			int error)
{
	char buf[FUSE_ERROR_TEXT];
	struct fuse_line l;

	add_opcode(&l, m);
	fuse_line_number(&l, "node", m->req.node);
	if (!error) {
		add_args(&l, m);
		add_file_args(&l, m);
		add_range_args(&l, m);
		for (int i = 0; i < 2 && m->text[i]; i++)
			fuse_line_name(&l, m->text[i]);
	}
	fuse_line_add(&l, " (uid %u gid %u pid %u, %u bytes)", m->req.uid, m->req.gid,
	    m->req.pid, m->len);
	if (error)
		fuse_line_add(&l, " not handled: %s", fuse_error_name(error, buf));
	log_trace(log, LOG_FUSE, "%s", l.text);
}

void fuse_trace_reply(const struct log *log, const struct fuse_message *m,
		      const struct fuse_said *said, ssize_t result,
		      ssize_t len, uint64_t since)
{
	unsigned long long us = (fuse_trace_now() - since) / 1000;
	char buf[FUSE_ERROR_TEXT];
	struct fuse_line l;

	add_opcode(&l, m);
	if (result == FUSE_WAIT)
		fuse_line_add(&l, " -> waits");
	else if (result == FUSE_BLOCKS)
		fuse_line_add(&l, " -> would block");
	else if (result == FUSE_GOES_ON)
		fuse_line_add(&l, " -> goes on by itself");
	else if (!len)
		fuse_line_add(&l, " -> no reply");
	else if (result < 0)
		fuse_line_add(&l, " -> %s", fuse_error_name((int)result, buf));
	else
		fuse_line_add(&l, " -> ok");
	if (result >= 0 && len > 0 && said)
		fuse_said_print(said, m, &l);
	if (len > 0)
		fuse_line_add(&l, ", %lld bytes", (long long)len);
	fuse_line_add(&l, ", %llu us", us);
	log_trace(log, LOG_FUSE, "%s", l.text);
}
