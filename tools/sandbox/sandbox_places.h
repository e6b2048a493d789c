/* SPDX-License-Identifier: MIT */
/*
 * sandbox_places.h - a file system that has nothing but some directories and
 * files, each where it was; private to tools/sandbox.
 *
 * It is an empty, read-only tmpfs.  A directory is mounted (with what is
 * mounted below it, and what the host will mount there) at its path without
 * symbolic links, unless it is in another one of them.  Where it was named by
 * another path, that is a symbolic link.  A relative path stays good as well,
 * for the working directory is there, empty.  And there is /proc/self/fd.
 *
 * A regular file is mounted by itself, so that nothing beside it can be
 * reached.  It stays that file when its name is given to another one.
 *
 * Who shares "/" gets no other root, since nothing would be missing there.
 */
#ifndef SANDBOX_PLACES_H
#define SANDBOX_PLACES_H

#include "tools/sandbox/sandbox.h"

#include <limits.h>
#include <sys/types.h>

struct sandbox_place {
	char *path;                     /* absolute, as it was named */
	char *real;                     /* and without symbolic links */
	bool read_only;
	bool is_file;
	dev_t dev;
	ino_t ino;
	int tree_fd;                    /* -1: it is in another one */
};

struct sandbox_places {
	size_t count;
	struct sandbox_place *place;    /* parents before children */
	int proc_fd;                    /* /proc/self/fd as a mount, or -1 */
	bool has_root;                  /* one of them is "/" */
	char cwd[PATH_MAX];
};

/*
 * Look the shares up.  0, or -errno and one line in err.  To be freed in
 * either case.
 */
int sandbox_places_find(const struct sandbox_share *shares, size_t count,
			struct sandbox_places *ret_places, char *err,
			size_t err_size);
void sandbox_places_free(struct sandbox_places *places);

/*
 * In a mount namespace of one's own: take what is shared, as who one was
 * outside; and then, as who one will be (the tmpfs is theirs), change over to
 * the new root.  0, or -errno and one line in err.
 */
int sandbox_places_take(struct sandbox_places *places, char *err,
			size_t err_size);
int sandbox_places_enter(struct sandbox_places *places, char *err,
			 size_t err_size);

#endif
