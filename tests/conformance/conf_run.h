/* SPDX-License-Identifier: MIT */
/*
 * conf_run.h - the driver's own parts: the two directories, running a case in
 * one of them, and comparing what was recorded.
 */
#ifndef TESTS_CONFORMANCE_CONF_RUN_H
#define TESTS_CONFORMANCE_CONF_RUN_H

#include "tests/conformance/conf.h"

#include <limits.h>

#define CONF_TEXT_MAX (4u << 20)

/* What a run has recorded, in memory shared with its processes. */
struct conf_record {
	bool broken;                    /* a MUST() did not succeed */
	size_t len;
	char text[CONF_TEXT_MAX];
};

/* A host directory, and one that is mounted. */
struct conf_pair {
	char host[PATH_MAX];            /* plain */
	char shared[PATH_MAX];          /* what is underneath... */
	char mount[PATH_MAX];           /* ...this mount point */
	char host_view[PATH_MAX];       /* where cases find `host` */
	pid_t server;
};

struct conf_setup {
	char dir[PATH_MAX];             /* holds everything */
	const char *program;            /* virtiofs-mount; NULL: no mount */
	const char *guest;              /* what is mounted in this guest */
	const char *options;            /* of the share, or "" */
	const char *traits;             /* OPTIONS[,guest],linux-RELEASE */
	const char *fs;                 /* "ext4", "tmpfs" or "other" */
	bool verbose;
	bool bound;                     /* dir is a mount point, of itself */
	struct conf_pair rw, ro;
};

/* ---- conf_mount.c ------------------------------------------------------ */

/* Make and mount both pairs; false: it has said why. */
bool conf_setup_begin(struct conf_setup *setup);
/* Unmount and remove; false where a server did not end well. */
bool conf_setup_end(struct conf_setup *setup);

/* ---- conf_record.c ----------------------------------------------------- */

struct conf_record *conf_record_new(void);
/* What conf_say() and so on write into from now on. */
void conf_record_use(struct conf_record *record);

/* ---- conf_small.c ------------------------------------------------------ */

/*
 * Mount "small", a file system of a few MiB, on a new directory of the current
 * one; with a quota for CONF_UID and for CONF_OTHER, or false where there are
 * no quotas.
 */
bool conf_small_mount(bool quota);
void conf_small_unmount(const char *dir);

/* ---- conf_tree.c ------------------------------------------------------- */

enum {
	CONF_TREE_IDENTITY = 1 << 0     /* inode numbers and times too */
};
/* Record everything below a directory. */
void conf_tree_say(int dir_fd, unsigned flags);
/* Remove a directory with all that is in it, whatever its attributes. */
void conf_tree_remove(const char *path);

/* ---- conf_compare.c ---------------------------------------------------- */

struct conf_comparison {
	const char *name, *title;       /* the case's */
	const char *left;               /* what stands against "mount:" */
	const struct conf_setup *setup;
};

/*
 * Tell of the differences between two records, which are taken to pieces, and
 * return how many of them are not known.
 */
unsigned conf_compare(const struct conf_comparison *c,
		      struct conf_record *left, struct conf_record *right);

/* ---- conf_known.c ------------------------------------------------------ */

/* What a line is that only the other side has. */
#define CONF_NOTHING "(nothing)"

/* Why these two lines of a case may differ, or NULL. */
const char *conf_known(const char *name, const char *host, const char *mount,
		       const struct conf_setup *setup);
/* The case has run, so its differences must appear. */
void conf_known_ran(const char *name);
/* Tell of those that did not, and return how many. */
unsigned conf_known_missing(const struct conf_setup *setup);
void conf_known_print(void);

#endif
