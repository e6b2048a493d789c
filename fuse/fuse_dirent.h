/* SPDX-License-Identifier: MIT */
/*
 * fuse_dirent.h - a directory buffer that fills up (READDIR, READDIRPLUS).
 *
 * Entries are packed straight into the reply, each padded to 8 bytes:
 * struct fuse_dirent and the name, with READDIRPLUS a struct fuse_entry_out
 * before it.  Nothing is read back from the buffer.
 */
#ifndef FUSE_FUSE_DIRENT_H
#define FUSE_FUSE_DIRENT_H

#include "common/iov.h"
#include "fuse/fuse_proto.h"
#include "fuse/fuse_said.h"

struct fuse_dirents {
	struct iov_tail *dst;
	size_t left;                    /* bytes */
	bool plus;
	bool full;                      /* an entry did not fit */
	struct fuse_said *said;         /* for the trace, or NULL */
};

/* Does an entry with a name of this length still fit?  Sets `full` if not. */
bool fuse_dirents_fits(struct fuse_dirents *d, size_t namelen);

/*
 * Add an entry.  `next` is the offset that a later request continues from
 * after it; type is the d_type; entry is used (and needed) with plus only:
 * node id 0 in it says that no lookup was counted.  False: it does not fit.
 */
bool fuse_dirents_add(struct fuse_dirents *d, uint64_t ino, uint64_t next,
		      uint32_t type, const char *name, size_t namelen,
		      const struct fuse_entry_out *entry);

#endif
