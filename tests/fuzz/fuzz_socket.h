/* SPDX-License-Identifier: MIT */
/*
 * fuzz_socket.h - the other end of a server's socket: all that an input says is
 * sent, then nothing more comes; what is answered goes nowhere.
 */
#ifndef TESTS_FUZZ_FUZZ_SOCKET_H
#define TESTS_FUZZ_FUZZ_SOCKET_H

#include "tests/fuzz/fuzz.h"

#include <pthread.h>

#define FUZZ_MEMORY_SIZE 65536

struct fuzz_peer {
	int sock;                       /* ours */
	int server;                     /* theirs, to be closed by them */
	pthread_t drain;
	uint8_t memory[4096];           /* what memory files begin with */
};

/* A connection, and of the input how memory begins. */
void fuzz_peer_begin(struct fuzz_peer *peer, struct fuzz_input *in);

/*
 * Send bytes with the descriptors that `fds` asks for: two bits for each of up
 * to four: 0 none, 1 memory of FUZZ_MEMORY_SIZE bytes, 2 an eventfd, 3 a pipe's
 * end.  False: the other side takes no more.
 */
bool fuzz_peer_send(struct fuzz_peer *peer, const void *bytes, size_t len,
		    uint8_t fds);
/* The same with one descriptor, which stays open here. */
bool fuzz_peer_send_fd(struct fuzz_peer *peer, const void *bytes, size_t len,
		       int fd);
/* There comes no more. */
void fuzz_peer_shut(struct fuzz_peer *peer);
/* The server has closed its end, or is about to. */
void fuzz_peer_end(struct fuzz_peer *peer);

#endif
