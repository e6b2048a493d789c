/* SPDX-License-Identifier: MIT */
/*
 * plugin_option.h - the options of a share, by their names.
 *
 * Names and meanings are virtiofsd's where it has the option.
 */
#ifndef PLUGIN_PLUGIN_OPTION_H
#define PLUGIN_PLUGIN_OPTION_H

#include "plugin/plugin_config.h"

/*
 * Descriptors for one root: enough for the requests of all queues at a time,
 * though not for speed.
 */
#define PLUGIN_NOFILE_MIN 64u

/* What type of value an option takes. */
enum plugin_option_kind {
	PLUGIN_OPTION_FLAG,             /* none, true or false */
	PLUGIN_OPTION_NO_FLAG,          /* the same, meaning the opposite */
	PLUGIN_OPTION_NUMBER,
	PLUGIN_OPTION_POW2,
	PLUGIN_OPTION_SECONDS,          /* 1 or 0.5 */
	PLUGIN_OPTION_CACHE,            /* a word */
	PLUGIN_OPTION_HANDLES,          /* the same */
	PLUGIN_OPTION_IDMAP,            /* rules; given again, more of them */
	PLUGIN_OPTION_XATTRMAP          /* rules */
};

/* What an option is about. */
enum plugin_option_scope {
	PLUGIN_OPTION_DEVICE,           /* a field of struct plugin_config */
	PLUGIN_OPTION_MOUNT,            /* of vfs_options, for all folders */
	PLUGIN_OPTION_FOLDER            /* of vfs_options */
};

struct plugin_option {
	const char *name;
	enum plugin_option_scope scope;
	enum plugin_option_kind kind;
	size_t at;                      /* the field */
	unsigned min, max;              /* numbers */
	size_t given;                   /* a bool to set, or 0 */
};

/* Sets the error (unless there is one) and returns false. */
G_GNUC_PRINTF(2, 3)
bool plugin_option_fail(GError **error, const char *format, ...);

/* NULL, and an error that lists all: there is none of this name. */
const struct plugin_option *plugin_option_find(const char *name,
					       GError **error);

/*
 * Set the field of config, or of fs.  value is NULL where none was given.
 */
bool plugin_option_set(const struct plugin_option *option, const char *value,
		       struct plugin_config *config, struct vfs_options *fs,
		       GError **error);

/* As in cache=auto. */
const char *plugin_option_cache_name(enum vfs_cache cache);

/* Do the options go together?  `folders`: so many share what there is. */
bool plugin_option_check(const struct vfs_options *fs, guint folders,
			 GError **error);

#endif
