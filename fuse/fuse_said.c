/* SPDX-License-Identifier: MIT */
#include "fuse/fuse_said.h"

#include "common/bytes.h"

#include <string.h>

struct fuse_said *fuse_said_init(struct fuse_said *said)
{
	said->len = said->entries = 0;
	return said;
}

void fuse_said_record(struct fuse_said *said, const void *record, size_t len)
{
	if (len > sizeof(said->record))
		return;
	memcpy(&said->record, record, len);
	said->len = len;
}

static void keep_name(char dst[FUSE_SAID_NAME], const char *name,
		      size_t namelen)
{
	size_t len = MIN(namelen, FUSE_SAID_NAME - 1u);

	memcpy(dst, name, len);
	dst[len] = '\0';
}

void fuse_said_entry(struct fuse_said *said, const char *name, size_t namelen)
{
	if (!said->entries++)
		keep_name(said->first, name, namelen);
	keep_name(said->last, name, namelen);
}

/* ---- printing ---------------------------------------------------------- */

static void print_attr(struct fuse_line *l, uint64_t ino, uint32_t mode,
		       uint32_t nlink, uint64_t size)
{
	fuse_line_number(l, "ino", ino);
	fuse_line_add(l, " mode %#o", mode);
	fuse_line_number(l, "nlink", nlink);
	fuse_line_number(l, "size", size);
}

static void print_entry(struct fuse_line *l, const struct fuse_entry_out *out)
{
	if (!out->nodeid) {
		fuse_line_add(l, " no node");
		return;
	}
	fuse_line_number(l, "node", out->nodeid);
	print_attr(l, out->attr.ino, out->attr.mode, out->attr.nlink,
		   out->attr.size);
}

static void print_open(struct fuse_line *l, const struct fuse_open_out *out)
{
	fuse_line_hex(l, "fh", out->fh);
	fuse_line_hex(l, "open_flags", out->open_flags);
}

static void print_entries(struct fuse_line *l, const struct fuse_said *said)
{
	fuse_line_number(l, "entries", said->entries);
	if (said->entries)
		fuse_line_name(l, said->first);
	if (said->entries > 1) {
		fuse_line_add(l, " to");
		fuse_line_name(l, said->last);
	}
}

static void print_lock(struct fuse_line *l, const struct fuse_file_lock *lk)
{
	fuse_line_number(l, "type", lk->type);
	if (lk->type == LX_F_UNLCK)
		return;
	fuse_line_number(l, "start", lk->start);
	fuse_line_number(l, "end", lk->end);
	fuse_line_number(l, "pid", lk->pid);
}

static void print_init(struct fuse_line *l, const struct fuse_init_out *out)
{
	fuse_line_add(l, " version %u.%u", out->major, out->minor);
	fuse_line_hex(l, "flags", out->flags | (uint64_t)out->flags2 << 32);
	fuse_line_number(l, "max_write", out->max_write);
}

static void print_statfs(struct fuse_line *l, const struct fuse_kstatfs *st)
{
	fuse_line_number(l, "blocks", st->blocks);
	fuse_line_number(l, "bavail", st->bavail);
	fuse_line_number(l, "frsize", st->frsize);
}

static void print_record(const struct fuse_said *said, uint32_t opcode,
			 struct fuse_line *l)
{
	switch (opcode) {
	case FUSE_INIT:
		print_init(l, &said->record.init);
		break;
	case FUSE_LOOKUP:
	case FUSE_SYMLINK:
	case FUSE_MKNOD:
	case FUSE_MKDIR:
	case FUSE_LINK:
		print_entry(l, &said->record.entry);
		break;
	case FUSE_CREATE:
	case FUSE_TMPFILE:
		print_entry(l, &said->record.created.entry);
		print_open(l, &said->record.created.open);
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		print_open(l, &said->record.open);
		break;
	case FUSE_GETATTR:
	case FUSE_SETATTR: {
		const struct fuse_attr *attr = &said->record.attr.attr;

		print_attr(l, attr->ino, attr->mode, attr->nlink, attr->size);
		break;
	}
	case FUSE_STATX: {
		const struct fuse_statx *stat = &said->record.statx.stat;

		print_attr(l, stat->ino, stat->mode, stat->nlink, stat->size);
		break;
	}
	case FUSE_STATFS:
		print_statfs(l, &said->record.statfs.st);
		break;
	case FUSE_WRITE:
	case FUSE_COPY_FILE_RANGE:
		fuse_line_number(l, "size", said->record.write.size);
		break;
	case FUSE_COPY_FILE_RANGE_64:
		fuse_line_number(l, "size", said->record.copied.bytes_copied);
		break;
	case FUSE_GETXATTR:
	case FUSE_LISTXATTR:
		fuse_line_number(l, "size", said->record.getxattr.size);
		break;
	case FUSE_LSEEK:
		fuse_line_number(l, "offset", said->record.lseek.offset);
		break;
	case FUSE_GETLK:
		print_lock(l, &said->record.lk.lk);
		break;
	}
}

void fuse_said_print(const struct fuse_said *said,
		     const struct fuse_message *m, struct fuse_line *l)
{
	uint32_t opcode = m->req.opcode;

	if (opcode == FUSE_READDIR || opcode == FUSE_READDIRPLUS)
		print_entries(l, said);
	else if (said->len)
		print_record(said, opcode, l);
}
