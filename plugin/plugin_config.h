/* SPDX-License-Identifier: MIT */
/*
 * plugin_config.h - what a share is, as a person or a program writes it.
 *
 * Shared by every program that takes shares by TAG:ROOT[,OPTION...], so that
 * the same words mean the same everywhere.
 */
#ifndef PLUGIN_PLUGIN_CONFIG_H
#define PLUGIN_PLUGIN_CONFIG_H

#include "virtio/fs/vfs_server.h"

#include <glib.h>
#include <stdbool.h>

/* One of several folders of a share: its name in the guest's root. */
struct plugin_folder {
	char *name;
	char *root;
	struct vfs_options fs;
	GPtrArray *settings;            /* what is said of it */
};

/* What a share's text or JSON says, checked. */
struct plugin_config {
	char *tag;
	char *root;                     /* NULL: there are folders */
	unsigned queues;                /* request queues */
	unsigned queue_size;
	unsigned poll_us;               /* before queues' threads sleep */
	bool packed;                    /* rings, for a guest that has them */
	struct vfs_options fs;          /* of root, and those of the mount */
	GPtrArray *folders;             /* of struct plugin_folder */
	GPtrArray *settings;            /* what is said of all of it */
};

extern const char plugin_option_help[];

/*
 * The domain of the errors below, which are one line for a person.  The code is
 * a Linux errno, positive: EINVAL where the text of the share is to blame, else
 * what the host has answered.
 */
GQuark plugin_error_quark(void);

/*
 * Parse TAG:ROOT[,OPTION...], TAG,ROOT[,OPTION...] or a JSON object.  Free
 * the config in either case.
 */
bool plugin_config_parse(const char *text, struct plugin_config *config,
			 GError **error);
void plugin_config_done(struct plugin_config *config);

/* ---- plugin_serve.c ---------------------------------------------------- */

/*
 * The share is one of `shares` in this process: unless rlimit-nofile says how
 * many, it may hold its part of the descriptors that RLIMIT_NOFILE allows now
 * (but 64 for each root).
 */
void plugin_config_divide(struct plugin_config *config, unsigned shares);

/* The server of a share; log and config are borrowed until it is freed. */
bool plugin_config_serve(const struct plugin_config *config,
			 const struct log *log, struct vfs_server **ret_server,
			 GError **error);

/*
 * A folder by its number, or the only one, whose name is NULL: what of the
 * host is shared.  False: there are no more.
 */
bool plugin_config_folder(const struct plugin_config *config, guint i,
			  struct vfs_folder *ret_folder);

/* For a log: "/srv/a (read-only)" or "a=/srv/a, b=/srv/b"; g_free() it. */
char *plugin_config_describe(const struct plugin_config *config);

#endif
