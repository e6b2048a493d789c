/* SPDX-License-Identifier: MIT */
/*
 * tmptree.h - a temporary directory with files in it, gone afterwards.
 *
 * A tree is described by lines: "d NAME", "f NAME CONTENT" or "l NAME TARGET",
 * names relative to its root; content is the rest of the line.
 */
#ifndef TESTS_LIB_TMPTREE_H
#define TESTS_LIB_TMPTREE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct tmptree {
	char root[PATH_MAX];
};

/* Below $TMPDIR or /tmp; ends the test program when it cannot be made. */
void tmptree_init(struct tmptree *tree, const char *description);
void tmptree_done(struct tmptree *tree);

/* "ROOT/name" in a static buffer; not thread-safe. */
const char *tmptree_path(const struct tmptree *tree, const char *name);
/* Does this (or a dangling link of this name) exist? */
bool tmptree_exists(const struct tmptree *tree, const char *name);
/* The content of a file, NUL added, in a static buffer of 64 KiB; or NULL. */
const char *tmptree_read(const struct tmptree *tree, const char *name);
void tmptree_write(const struct tmptree *tree, const char *name,
		   const char *content);

#endif
