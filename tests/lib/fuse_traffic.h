/* SPDX-License-Identifier: MIT */
/*
 * fuse_traffic.h - random requests of every kind, as a busy guest sends them.
 *
 * Each step is one request (or a few that belong together) about nodes, names
 * and handles that earlier replies told, mostly.  Names are few, so that
 * clients which share a tree get into each other's way.  The same seed and the
 * same replies give the same requests.
 *
 * One thread for each; see fuse_client.h.
 */
#ifndef TESTS_LIB_FUSE_TRAFFIC_H
#define TESTS_LIB_FUSE_TRAFFIC_H

#include "tests/lib/fuse_client.h"

#define FUSE_TRAFFIC_NODES 16
#define FUSE_TRAFFIC_HANDLES 8

/* One of the names that are used, by a random number. */
const char *fuse_traffic_name(unsigned random);

struct fuse_traffic {
	struct fuse_client client;
	unsigned seed;
	/* Told of every inode number and all data in replies, unless NULL. */
	void (*saw_inode)(void *ctx, uint64_t ino, const char *name);
	void (*saw_data)(void *ctx, const void *data, size_t len);
	void *ctx;
	/* How many steps there were, and how many ended without an error. */
	uint64_t steps, good;

	/* The first is the root; the others are replaced at random. */
	uint64_t node[FUSE_TRAFFIC_NODES];
	struct {
		uint64_t node, fh;
		bool open, dir;
	} handle[FUSE_TRAFFIC_HANDLES];
	uint8_t *buf;
};

/* client is copied; all others are to be set afterwards. */
void fuse_traffic_init(struct fuse_traffic *t, const struct fuse_client *client,
		       unsigned seed);
void fuse_traffic_done(struct fuse_traffic *t);

/*
 * The next step: 0 or a count, the reply's error, or what fake_guest_call()
 * says; *ret_what is the step's name.
 */
int64_t fuse_traffic_step(struct fuse_traffic *t, const char **ret_what);

#endif
