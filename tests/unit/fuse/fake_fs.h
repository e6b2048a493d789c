/* SPDX-License-Identifier: MIT */
/*
 * fake_fs.h - a file system that writes down how it was called, and a guest
 * that sends it requests.
 *
 * Every member of fake_fs_ops adds a line to `calls` and returns `rc` (and,
 * when that is good, recognisable output).  Requests lie in memory of exactly
 * their length, cut into pieces of any size, so that a sanitizer sees every
 * byte read or written beyond.
 */
#ifndef TESTS_UNIT_FUSE_FAKE_FS_H
#define TESTS_UNIT_FUSE_FAKE_FS_H

#include "fuse/fuse_session.h"

#include "common/bytes.h"
#include "fuse/fuse_dirent.h"
#include "lxutil/lx.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct fake_fs {
	char calls[4096];
	size_t len;
	ssize_t rc;                     /* what members return */
	size_t fill;                    /* bytes that those with dst write */
	struct fuse_init_info info;     /* what init() saw */
	uint64_t add, remove;           /* flags that init() changes */
	uint32_t max_write;             /* what init() asks for, if not 0 */
	size_t dst_size;                /* of the last dst or src */
	uint8_t *data;                  /* last src or value; of dst_size */
};

extern const struct fuse_ops fake_fs_ops;

/* A file system, its session, and its guest. */
struct bench {
	struct fake_fs fs;
	struct log log;
	char logged[8192];
	struct fuse_session *session;
	/* The request that is being built. */
	struct fuse_in_header *request; /* at the start of bytes[] */
	_Alignas(8) uint8_t bytes[80000];
	size_t len;
	/* The reply. */
	uint8_t reply[20000];
	struct fuse_out_header head;
	const void *body;               /* within reply */
	size_t body_len;
};

struct bench *bench_new(void);
/* With an open session, INIT being that of a current Linux guest. */
struct bench *bench_open(void);
void bench_free(struct bench *b);

/* Begin a request. */
void begin(struct bench *b, uint32_t opcode, uint64_t node);
void add(struct bench *b, const void *bytes, size_t len);
/* With its NUL. */
void add_string(struct bench *b, const char *s);
/* A name of `len` letters, with its NUL. */
void add_letters(struct bench *b, size_t len);

/*
 * Send it, with room for `room` bytes of reply (header included), both in
 * pieces of `piece` bytes.  Checks that the reply's header matches, and that
 * nothing was written when there is none.
 */
ssize_t send_in_pieces(struct bench *b, size_t room, size_t piece);
/* Likewise in one piece, with room for everything; the result of the reply. */
int send_request(struct bench *b);

/* INIT with these fields; the result of the reply, which is in b->body. */
int send_init(struct bench *b, uint32_t major, uint32_t minor, uint64_t flags);

/* What the members were called with since the last time. */
const char *calls(struct bench *b);

/* Begin a request with one record, whose type says how long it is. */
#define begin_with(b, opcode, node, record) \
	do { \
		begin(b, opcode, node); \
		add(b, record, sizeof(*(record))); \
	} while (0)

#endif
