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

/* What a share's text or JSON says, checked. */
struct plugin_config {
	char *tag;
	char *root;
	unsigned queues;                /* request queues */
	unsigned queue_size;
	struct vfs_options fs;
};

extern const char plugin_option_help[];

/*
 * Parse TAG:ROOT[,OPTION...], TAG,ROOT[,OPTION...] or a JSON object.  False:
 * the error is one line for a person.  Free the config in either case.
 */
bool plugin_config_parse(const char *text, struct plugin_config *config,
			 GError **error);
void plugin_config_done(struct plugin_config *config);

#endif
