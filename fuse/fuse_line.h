/* SPDX-License-Identifier: MIT */
/*
 * fuse_line.h - a line of the trace while it grows; private to it.  What does
 * not fit is cut off.
 */
#ifndef FUSE_FUSE_LINE_H
#define FUSE_FUSE_LINE_H

#include "common/log.h"

#include <stddef.h>
#include <stdint.h>

struct fuse_line {
	char text[LOG_LINE_MAX];
	size_t len;
};

__attribute__((format(printf, 2, 3)))
void fuse_line_add(struct fuse_line *l, const char *format, ...);
/* " name 12", " name 0xc". */
void fuse_line_number(struct fuse_line *l, const char *name, uint64_t value);
void fuse_line_hex(struct fuse_line *l, const char *name, uint64_t value);
/* A file's name, in quotes and escaped. */
void fuse_line_name(struct fuse_line *l, const char *name);

#endif
