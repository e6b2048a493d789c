/* SPDX-License-Identifier: MIT */
/*
 * bench_session.h - one mounted share: the device, and the nodes of the tree
 * as its server numbered them.
 */
#ifndef BENCH_SESSION_H
#define BENCH_SESSION_H

#include "tools/bench/bench_device.h"
#include "tools/bench/bench_tree.h"

struct bench_driver;

struct bench_session {
	struct bench_device dev;
	struct bench_driver *driver;
	const struct bench_tree *tree;
	uint64_t unique[BENCH_QUEUES_MAX];
	uint64_t dir[BENCH_DIRS];
	uint64_t *file;                 /* BENCH_DIRS x tree->files */
	uint64_t many, big, work;
	uint64_t big_fh;
};

/* How a share is reached: what the user wrote, in parts. */
enum bench_kind {
	BENCH_PLAIN,                    /* system calls; no session */
	BENCH_PLUGIN,
	BENCH_SERVER,
	BENCH_SOCKET,
};

struct bench_target {
	char *name;
	enum bench_kind kind;
	char *arg;
};

struct bench_load {
	unsigned threads;               /* request queues, one thread each */
	unsigned depth;
	uint32_t segment;               /* bytes of one data descriptor */
	uint64_t features;              /* virtio's, that may be taken */
};

/* Connect, mount, and look up the whole tree. */
void bench_session_open(struct bench_session *session,
			const struct bench_target *target,
			const struct bench_tree *tree,
			const struct bench_load *load);
void bench_session_close(struct bench_session *session);

#endif
