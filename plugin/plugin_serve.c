/* SPDX-License-Identifier: MIT */
/* From what a share is to its server. */
#include "plugin/plugin_config.h"

#include "lxutil/lx_volume.h"
#include "plugin/plugin_option.h"

bool plugin_config_folder(const struct plugin_config *config, guint i,
			  struct vfs_folder *ret_folder)
{
	const struct plugin_folder *folder;

	if (config->root) {
		*ret_folder = (struct vfs_folder){ NULL, config->root,
						   config->fs };
		return !i;
	}
	if (i >= config->folders->len)
		return false;
	folder = config->folders->pdata[i];
	*ret_folder = (struct vfs_folder){ folder->name, folder->root,
					   folder->fs };
	return true;
}

char *plugin_config_describe(const struct plugin_config *config)
{
	GString *text = g_string_new(NULL);
	struct vfs_folder folder;

	for (guint i = 0; plugin_config_folder(config, i, &folder); i++)
		g_string_append_printf(text, "%s%s%s%s%s", i ? ", " : "",
				       folder.name ? folder.name : "",
				       folder.name ? "=" : "", folder.root,
				       folder.options.read_only ?
					       " (read-only)" : "");
	return g_string_free(text, FALSE);
}

static const char *reason(int error)
{
	switch (error) {
	case -LX_ENOTDIR:
		return "expected a directory or a regular file";
	case -LX_ENOSYS:
		return "expected /proc to be mounted";
	default:
		return g_strerror(-error);
	}
}

/* The server's numbers are negative Linux errno values. */
static bool fail(GError **error, const struct vfs_folder *folder, int ret)
{
	g_set_error(error, plugin_error_quark(), -ret, "%s%s%sroot '%s': %s",
		    folder->name ? "folder '" : "",
		    folder->name ? folder->name : "",
		    folder->name ? "': " : "", folder->root, reason(ret));
	return false;
}

void plugin_config_divide(struct plugin_config *config, unsigned shares)
{
	unsigned roots = config->root ? 1 : config->folders->len;
	unsigned part;

	if (shares < 2 || config->fs.max_descriptors)
		return;
	part = MAX(lx_max_descriptors() / shares, PLUGIN_NOFILE_MIN * roots);
	config->fs.max_descriptors = part;
	for (guint i = 0; i < config->folders->len; i++) {
		struct plugin_folder *folder = config->folders->pdata[i];

		folder->fs.max_descriptors = part;
	}
}

bool plugin_config_serve(const struct plugin_config *config,
			 const struct log *log, struct vfs_server **ret_server,
			 GError **error)
{
	guint count = config->root ? 1 : config->folders->len;
	g_autofree struct vfs_folder *folders =
		g_new(struct vfs_folder, count);
	size_t failed = 0;
	int ret;

	for (guint i = 0; i < count; i++)
		plugin_config_folder(config, i, &folders[i]);
	if (config->root)
		ret = vfs_server_new(folders->root, &folders->options, log,
				     ret_server);
	else
		ret = vfs_server_new_folders(folders, count, log, &failed,
					     ret_server);
	return !ret || fail(error, &folders[failed], ret);
}
