/* SPDX-License-Identifier: MIT */
/*
 * plugin_folder.h - what is said of a share, and of its folders.
 *
 * An option that is said of the share holds for each folder that does not say
 * it itself.  In JSON the keys may come in any order; so the options are first
 * collected as they are said, and applied when all is known.
 */
#ifndef PLUGIN_PLUGIN_FOLDER_H
#define PLUGIN_PLUGIN_FOLDER_H

#include "plugin/plugin_config.h"

/* All these: false sets the error, one line for a person. */

/* Say an option of the share, or of a folder; value may be NULL. */
bool plugin_folder_say(struct plugin_config *config,
		       struct plugin_folder *folder, const char *key,
		       const char *value, GError **error);

/* A new folder, without a name and a root as yet. */
struct plugin_folder *plugin_folder_add(struct plugin_config *config);

/* All has been said: apply it, and check whether it goes together. */
bool plugin_folder_finish(struct plugin_config *config, GError **error);

/* The end of each element of config->settings and config->folders. */
void plugin_folder_free_setting(void *data);
void plugin_folder_free(void *data);

#endif
