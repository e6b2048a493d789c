/* SPDX-License-Identifier: MIT */
/*
 * fuse_said.h - what a reply says, kept for the trace: once it is written, the
 * memory that it is in is the guest's.
 *
 * There is a record, or a directory's entries, of which the names of the first
 * and the last are kept; data is not.
 */
#ifndef FUSE_FUSE_SAID_H
#define FUSE_FUSE_SAID_H

#include "fuse/fuse_line.h"
#include "fuse/fuse_proto.h"
#include "fuse/fuse_request.h"

/* Long enough to know a name again. */
#define FUSE_SAID_NAME 64

struct fuse_said {
	size_t len;                     /* of the record; 0: there is none */
	union {
		struct fuse_init_out init;
		struct fuse_entry_out entry;
		struct {
			struct fuse_entry_out entry;
			struct fuse_open_out open;
		} created;
		struct fuse_attr_out attr;
		struct fuse_statx_out statx;
		struct fuse_statfs_out statfs;
		struct fuse_open_out open;
		struct fuse_write_out write;
		struct fuse_getxattr_out getxattr;
		struct fuse_lseek_out lseek;
		struct fuse_copy_file_range_out copied;
		struct fuse_lk_out lk;
	} record;
	size_t entries;                 /* of a directory */
	char first[FUSE_SAID_NAME], last[FUSE_SAID_NAME];
};

/* Nothing yet.  Returns said. */
struct fuse_said *fuse_said_init(struct fuse_said *said);
/* One that is longer than any known is not kept. */
void fuse_said_record(struct fuse_said *said, const void *record, size_t len);
void fuse_said_entry(struct fuse_said *said, const char *name, size_t namelen);

/* Add it to a line, as the answer to m. */
void fuse_said_print(const struct fuse_said *said,
		     const struct fuse_message *m, struct fuse_line *l);

#endif
