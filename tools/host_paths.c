/* SPDX-License-Identifier: MIT */
#include "tools/host_paths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The paths of one value, one behind the other; to be freed.  NULL: why. */
static char *ask(const struct pciplug_plugin *plugin, const char *value,
		 size_t *ret_len, char *err, size_t err_size)
{
	size_t size = 256;

	for (;;) {
		g_autofree char *buf = g_malloc(size);
		size_t len = size;
		int ret = plugin->paths(value, err, err_size, buf, &len);

		if (!ret) {
			*ret_len = len;
			return g_steal_pointer(&buf);
		}
		if (ret != -ENOSPC || len <= size)
			return NULL;
		size = len;
	}
}

static bool add(GPtrArray *paths, const struct pciplug_plugin *plugin,
		const char *value, char *err, size_t err_size)
{
	char why[HOST_ERR_MAX / 2] = "the plugin gives no reason";
	g_autofree char *buf = NULL;
	size_t len;

	buf = ask(plugin, value, &len, why, sizeof(why));
	if (!buf) {
		snprintf(err, err_size, "--%s %s: %s", plugin->option, value,
			 why);
		return false;
	}
	for (size_t at = 0; at < len; at += strlen(buf + at) + 1)
		g_ptr_array_add(paths, g_strdup(buf + at));
	return true;
}

char **host_paths(const GPtrArray *shares, const struct pciplug_plugin *plugin,
		  char *err, size_t err_size)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

	if (!plugin->paths) {
		snprintf(err, err_size,
			 "the plugin '%s' cannot tell which directories it needs; --sandbox none does not ask",
			 plugin->name);
		return NULL;
	}
	for (guint i = 0; i < shares->len; i++) {
		const struct host_share *share = shares->pdata[i];

		if (!add(paths, plugin, share->value, err, err_size))
			return NULL;
	}
	g_ptr_array_add(paths, NULL);
	g_ptr_array_set_free_func(paths, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&paths), FALSE);
}
