/* SPDX-License-Identifier: MIT */
#include "plugin/plugin_folder.h"

#include "lxutil/lx_path.h"
#include "plugin/plugin_option.h"

#include <string.h>

struct setting {
	const struct plugin_option *option;
	char *value;                    /* or NULL */
};

/* ---- life -------------------------------------------------------------- */

void plugin_folder_free_setting(void *data)
{
	struct setting *setting = data;

	g_free(setting->value);
	g_free(setting);
}

void plugin_folder_free(void *data)
{
	struct plugin_folder *folder = data;

	g_free(folder->name);
	g_free(folder->root);
	vfs_options_done(&folder->fs);
	g_ptr_array_unref(folder->settings);
	g_free(folder);
}

struct plugin_folder *plugin_folder_add(struct plugin_config *config)
{
	struct plugin_folder *folder = g_new0(struct plugin_folder, 1);

	vfs_options_default(&folder->fs);
	folder->settings =
		g_ptr_array_new_with_free_func(plugin_folder_free_setting);
	g_ptr_array_add(config->folders, folder);
	return folder;
}

/* ---- saying ------------------------------------------------------------ */

bool plugin_folder_say(struct plugin_config *config,
		       struct plugin_folder *folder, const char *key,
		       const char *value, GError **error)
{
	const struct plugin_option *option = plugin_option_find(key, error);
	struct setting *setting;

	if (!option)
		return false;
	if (folder && option->scope != PLUGIN_OPTION_FOLDER)
		return plugin_option_fail(error,
			"folder '%s': expected %s among the options of the whole share, as it cannot differ by folder",
			folder->name, key);
	setting = g_new(struct setting, 1);
	setting->option = option;
	setting->value = g_strdup(value);
	g_ptr_array_add(folder ? folder->settings : config->settings, setting);
	return true;
}

/* ---- applying ---------------------------------------------------------- */

/* Do these settings have something to say about what the option sets? */
static bool speak_of(const GPtrArray *settings,
		     const struct plugin_option *option)
{
	for (guint i = 0; i < settings->len; i++) {
		const struct setting *setting = settings->pdata[i];

		if (setting->option->scope == option->scope &&
		    setting->option->at == option->at)
			return true;
	}
	return false;
}

/* Apply settings, but for those that `instead` (or NULL) speaks of. */
static bool apply(const GPtrArray *settings, const GPtrArray *instead,
		  struct plugin_config *config, struct vfs_options *fs,
		  GError **error)
{
	for (guint i = 0; i < settings->len; i++) {
		const struct setting *setting = settings->pdata[i];

		if (instead && speak_of(instead, setting->option))
			continue;
		if (!plugin_option_set(setting->option, setting->value, config,
				       fs, error))
			return false;
	}
	return true;
}

static bool check_names(const struct plugin_config *config,
			const struct plugin_folder *folder, GError **error)
{
	if (lx_check_name(folder->name))
		return plugin_option_fail(error,
			"expected a name of 1 to %u bytes that is neither '.' nor '..' and has no '/'",
			LX_NAME_MAX);
	if (!*folder->root)
		return plugin_option_fail(error,
			"empty root: expected a directory or a file");
	for (guint i = 0; config->folders->pdata[i] != folder; i++) {
		const struct plugin_folder *other = config->folders->pdata[i];

		if (!strcmp(other->name, folder->name))
			return plugin_option_fail(error,
				"the name is given twice: expected another one");
	}
	return true;
}

static bool finish_folder(struct plugin_config *config,
			  struct plugin_folder *folder, GError **error)
{
	if (check_names(config, folder, error) &&
	    apply(config->settings, folder->settings, config, &folder->fs,
		  error) &&
	    apply(folder->settings, NULL, config, &folder->fs, error) &&
	    plugin_option_check(&folder->fs, config->folders->len, error))
		return true;
	g_prefix_error(error, "folder '%s': ", folder->name);
	return false;
}

bool plugin_folder_finish(struct plugin_config *config, GError **error)
{
	if (!apply(config->settings, NULL, config, &config->fs, error))
		return false;
	if (config->root)
		return plugin_option_check(&config->fs, 1, error);
	for (guint i = 0; i < config->folders->len; i++)
		if (!finish_folder(config, config->folders->pdata[i], error))
			return false;
	return true;
}
