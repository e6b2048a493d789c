/* SPDX-License-Identifier: MIT */
/*
 * lx_share.h - a second volume on a fixture's tree, with many nodes and few
 * descriptors.
 */
#ifndef TESTS_LX_SHARE_H
#define TESTS_LX_SHARE_H

#include "lxutil/linux/lx_node.h"
#include "tests/unit/lxutil/lx_fixture.h"

#define FILES 20000
#define FEW 24                          /* descriptors of a small volume */
#define SOME 200                        /* files that it has to do with */

struct share {
	struct fixture *fx;
	struct lx_volume *vol;
	struct lx_node *root;
	struct lx_node *node[FILES];
	struct lx_stat st[FILES];
	int files;
};

struct name {
	char s[16];
};
struct name share_name(int i);

/* The host makes file i, which says who it is. */
void share_host_file(struct fixture *fx, int i, const char *prefix);

struct share *share_new(struct fixture *fx, enum lx_handles handles,
			unsigned max);
/* Fails if anything is still counted. */
void share_free(struct share *share);

bool share_has_handles(const struct share *share);
#define need_handles(share) \
	do { \
		if (!share_has_handles(share)) { \
			share_free(share); \
			skip(); \
		} \
	} while (0)

/* Look file i up. */
int share_look(struct share *share, int i);
/* The host makes the files, and the guest looks them up. */
void share_fill(struct share *share, int files);
/* 0: the node is what it was, and its data are its own. */
int share_check(struct share *share, int i, const char *prefix);

#endif
