/* SPDX-License-Identifier: MIT */
/*
 * fuzz_fuse_message.h - FUSE requests made of an input: of the right form more
 * often than not, with nodes and handles that replies have told.
 */
#ifndef TESTS_FUZZ_FUZZ_FUSE_MESSAGE_H
#define TESTS_FUZZ_FUZZ_FUSE_MESSAGE_H

#include "fuse/fuse_proto.h"
#include "tests/fuzz/fuzz.h"

#define MESSAGE_MAX 4096
#define KNOWN_MAX 16

/* A guest, and what it has been told. */
struct fuzz_guest {
	uint64_t node[KNOWN_MAX], fh[KNOWN_MAX];
	unsigned nodes, fhs;
	uint64_t unique;
};

struct fuzz_message {
	uint32_t opcode;
	size_t len;                     /* of bytes */
	size_t room;                    /* for the reply */
	uint8_t bytes[MESSAGE_MAX];
};

void fuzz_guest_init(struct fuzz_guest *g);

/* The next request that the input says. */
void fuzz_guest_ask(struct fuzz_guest *g, struct fuzz_input *in,
		    struct fuzz_message *ret_message);

/* Its reply. */
void fuzz_guest_hear(struct fuzz_guest *g, const struct fuzz_message *message,
		     const uint8_t *reply, size_t len);

/* INIT with all that Linux offers. */
void fuzz_guest_init_message(struct fuzz_guest *g,
			     struct fuzz_message *ret_message);

#endif
