/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/fuzz_fuse_message.h"

#include "common/bytes.h"
#include "fuse/fuse_dispatch.h"

#define OPCODES (FUSE_COPY_FILE_RANGE_64 + 1)
#define RAW 0x80                        /* shapes of a message: */
#define LYING 0x40                      /* its length is not its length */
#define SHORT_REPLY 0x20

static const char *const names[] = {
	"a", "b", "c", "d", "file", "dir", "link", "out", "up", "fifo", "new",
	".", "..", "", "/", "../secret", "../new", "/etc/passwd", "dir/x",
	"user.x", "system.posix_acl_access", "security.capability",
	"system.posix_acl_default", "trusted.x",
};

void fuzz_guest_init(struct fuzz_guest *g)
{
	memset(g, 0, sizeof(*g));
	g->node[0] = FUSE_ROOT_ID;
	g->nodes = 1;
}

static uint64_t some_node(struct fuzz_guest *g, struct fuzz_input *in)
{
	uint8_t which = fuzz_u8(in);

	return which < 0xf0 ? g->node[which % g->nodes] : fuzz_u64(in);
}

static uint64_t some_fh(struct fuzz_guest *g, struct fuzz_input *in)
{
	uint8_t which = fuzz_u8(in);

	return g->fhs && which < 0xf0 ? g->fh[which % g->fhs] : which;
}

static void add(struct fuzz_message *m, const void *bytes, size_t len)
{
	len = MIN(len, sizeof(m->bytes) - m->len);
	memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
}

static void add_input(struct fuzz_message *m, struct fuzz_input *in, size_t len)
{
	uint8_t bytes[MESSAGE_MAX];

	fuzz_take(in, bytes, len);
	add(m, bytes, len);
}

static void add_text(struct fuzz_message *m, struct fuzz_input *in)
{
	uint8_t which = fuzz_u8(in);

	if (which < 0xe0) {
		const char *name = names[which % ARRAY_LEN(names)];

		add(m, name, strlen(name) + 1);
	} else {
		add_input(m, in, fuzz_u8(in));
		if (which < 0xf0)
			add(m, "", 1);
	}
}

/* Does the record of the opcode begin with a handle? */
static bool has_fh(uint32_t opcode)
{
	switch (opcode) {
	case FUSE_READ:
	case FUSE_WRITE:
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_FSYNC:
	case FUSE_READDIR:
	case FUSE_READDIRPLUS:
	case FUSE_RELEASEDIR:
	case FUSE_FSYNCDIR:
	case FUSE_GETLK:
	case FUSE_SETLK:
	case FUSE_SETLKW:
	case FUSE_IOCTL:
	case FUSE_FALLOCATE:
	case FUSE_LSEEK:
	case FUSE_COPY_FILE_RANGE:
	case FUSE_COPY_FILE_RANGE_64:
		return true;
	default:
		return false;
	}
}

/*
 * The record: its first numbers are the input's and small, or what is known;
 * the others are zeros.
 */
static void add_record(struct fuzz_guest *g, struct fuzz_message *m,
		       struct fuzz_input *in, size_t size)
{
	union {
		uint64_t number[MESSAGE_MAX / 8];
		struct fuse_copy_file_range_in copy;
		struct fuse_write_in write;
	} r;
	size_t given = fuzz_u8(in);

	memset(&r, 0, sizeof(r));
	fuzz_take(in, &r, MIN(given, size));
	if (has_fh(m->opcode))
		r.number[0] = some_fh(g, in);
	if (m->opcode == FUSE_COPY_FILE_RANGE ||
	    m->opcode == FUSE_COPY_FILE_RANGE_64) {
		r.copy.nodeid_out = some_node(g, in);
		r.copy.fh_out = some_fh(g, in);
	}
	if (m->opcode == FUSE_RENAME || m->opcode == FUSE_RENAME2 ||
	    m->opcode == FUSE_LINK)
		r.number[0] = some_node(g, in);
	add(m, &r, size);
}

static void add_body(struct fuzz_guest *g, struct fuzz_message *m,
		     struct fuzz_input *in)
{
	const struct fuse_row *row = fuse_dispatch_find(m->opcode);

	if (!row) {
		add_input(m, in, fuzz_u8(in));
		return;
	}
	if (row->in.args)
		add_record(g, m, in, row->in.args);
	for (int i = 0; i < 2 && row->in.text[i]; i++)
		add_text(m, in);
	if (row->in.tail != FUSE_TAIL_NONE)
		add_input(m, in, fuzz_u8(in));
}

void fuzz_guest_ask(struct fuzz_guest *g, struct fuzz_input *in,
		    struct fuzz_message *m)
{
	uint8_t opcode = fuzz_u8(in), shape = fuzz_u8(in);
	struct fuse_in_header header = {
		.opcode = opcode < 0xf0 ? opcode % OPCODES : fuzz_u16(in),
		.unique = ++g->unique,
		.nodeid = some_node(g, in),
		.uid = shape & 1 ? 1000 : 0,
		.gid = shape & 2 ? 1000 : 0,
	};

	m->opcode = header.opcode;
	m->len = 0;
	m->room = shape & SHORT_REPLY ? fuzz_u8(in) : 8192;
	add(m, &header, sizeof(header));
	if (shape & RAW)
		add_input(m, in, fuzz_u8(in));
	else
		add_body(g, m, in);
	header.len = shape & LYING ? fuzz_u32(in) : (uint32_t)m->len;
	header.total_extlen = shape & 4 ? fuzz_u8(in) : 0;
	memcpy(m->bytes, &header, sizeof(header));
}

static void know(uint64_t *known, unsigned *count, unsigned first,
		 uint64_t value)
{
	unsigned at = *count < KNOWN_MAX ? (*count)++ :
		      first + (unsigned)(value % (KNOWN_MAX - first));

	known[at] = value;
}

void fuzz_guest_hear(struct fuzz_guest *g, const struct fuzz_message *m,
		     const uint8_t *reply, size_t len)
{
	struct fuse_entry_out entry;
	struct fuse_open_out open;

	if (len <= sizeof(struct fuse_out_header))
		return;
	reply += sizeof(struct fuse_out_header);
	len -= sizeof(struct fuse_out_header);
	switch (m->opcode) {
	case FUSE_LOOKUP:
	case FUSE_MKNOD:
	case FUSE_MKDIR:
	case FUSE_SYMLINK:
	case FUSE_LINK:
	case FUSE_CREATE:
	case FUSE_TMPFILE:
		if (len < sizeof(entry))
			return;
		memcpy(&entry, reply, sizeof(entry));
		if (entry.nodeid)
			know(g->node, &g->nodes, 1, entry.nodeid);
		reply += sizeof(entry);
		len -= sizeof(entry);
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		break;
	default:
		return;
	}
	if (len < sizeof(open))
		return;
	memcpy(&open, reply, sizeof(open));
	know(g->fh, &g->fhs, 0, open.fh);
}

void fuzz_guest_init_message(struct fuzz_guest *g, struct fuzz_message *m)
{
	const struct {
		struct fuse_in_header header;
		struct fuse_init_in in;
	} init = {
		.header = {
			.len = sizeof(init),
			.opcode = FUSE_INIT,
			.unique = ++g->unique,
		},
		.in = {
			.major = 7,
			.minor = 45,
			.flags = UINT32_MAX & ~(uint32_t)FUSE_INIT_RESERVED,
			.flags2 = 0xff,
		},
	};

	m->opcode = FUSE_INIT;
	m->len = 0;
	m->room = 256;
	add(m, &init, sizeof(init));
}
