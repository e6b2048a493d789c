/* SPDX-License-Identifier: MIT */
/*
 * vuf_table.h - each option of vhost-user-virtiofs: its form, and what it
 * becomes.
 */
#ifndef VUF_TABLE_H
#define VUF_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum vuf_effect {
	VUF_FLAG,               /* sets a bool of struct vuf_options */
	VUF_TEXT,               /* sets a const char * of it */
	VUF_SHARE,              /* adds to the options of the share */
	VUF_LIST,               /* adds a share */
	VUF_NOTHING,            /* has no effect: a warning says why */
	VUF_LEGACY              /* -o: more options, separated by commas */
};

/* A value that is one of some words. */
struct vuf_word {
	const char *word;
	const char *to;         /* replaces the row's; "": adds nothing */
};

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): to be read */
struct vuf_row {
	const char *name;       /* of one letter: with one dash */
	const char *value;      /* its name; NULL: takes none */
	enum vuf_effect effect;
	size_t at;              /* FLAG, TEXT: the field */
	/*
	 * SHARE: an option of the share; the value is added behind a '='.
	 * TEXT: the value, where none is given.
	 * NOTHING: why.
	 */
	const char *to;
	/* If not NULL, the value is one of these; none stands for the first. */
	const struct vuf_word *words;
	bool optional;          /* the value may be left out (or follows '=') */
	bool legacy;            /* only within -o */
	const char *help;       /* NULL: not shown */
};

extern const struct vuf_row vuf_table[];
extern const size_t vuf_table_rows;

#endif
