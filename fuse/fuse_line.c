/* SPDX-License-Identifier: MIT */
#include "fuse/fuse_line.h"

#include "common/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A name is cut to this, so that two of them and the rest fit on a line. */
#define NAME_TEXT 320

void fuse_line_add(struct fuse_line *l, const char *format, ...)
{
	size_t room = sizeof(l->text) - l->len;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(l->text + l->len, room, format, ap);
	va_end(ap);
	if (n > 0)
		l->len += MIN((size_t)n, room - 1);
}

void fuse_line_number(struct fuse_line *l, const char *name, uint64_t value)
{
	fuse_line_add(l, " %s %llu", name, (unsigned long long)value);
}

void fuse_line_hex(struct fuse_line *l, const char *name, uint64_t value)
{
	fuse_line_add(l, " %s %#llx", name, (unsigned long long)value);
}

void fuse_line_name(struct fuse_line *l, const char *name)
{
	char buf[NAME_TEXT];

	fuse_line_add(l, " \"%s\"",
		      log_escape(buf, sizeof(buf), name, strlen(name)));
}
