/* SPDX-License-Identifier: MIT */
#include "tools/plugin_load.h"

#include "common/bytes.h"

#include <dlfcn.h>
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PLUGIN_FILE "virtiofs.so"

typedef const struct pciplug_plugin *(*entry_function)(void);

/* What the header requires. */
static const struct {
	const char *name;
	size_t offset;
} required[] = {
#define MEMBER(name) { #name, offsetof(struct pciplug_plugin, name) }
	MEMBER(name), MEMBER(version), MEMBER(description), MEMBER(option),
	MEMBER(option_value), MEMBER(option_help), MEMBER(create),
	MEMBER(destroy), MEMBER(bar_info), MEMBER(cfg_read), MEMBER(cfg_write),
	MEMBER(bar_read), MEMBER(bar_write), MEMBER(mem_add),
	MEMBER(mem_remove), MEMBER(start), MEMBER(stop), MEMBER(reset),
#undef MEMBER
};

/* The plugin of the build tree whose program this is, or NULL. */
static char *build_path(void)
{
	g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *dir = exe ? g_path_get_dirname(exe) : NULL;
	g_autofree char *path = NULL;

	if (!dir)
		return NULL;
	path = g_build_filename(dir, ".libs", PLUGIN_FILE, NULL);
	if (access(path, F_OK))
		return NULL;
	return g_steal_pointer(&path);
}

static char *default_path(void)
{
	const char *dir = g_getenv("PCIPLUG_PATH");
	char *path;

	if (dir && *dir)
		return g_build_filename(dir, PLUGIN_FILE, NULL);
	path = build_path();
	return path ? path : g_build_filename(PLUGINDIR, PLUGIN_FILE, NULL);
}

/* Without a slash, dlopen() would search the system's folders. */
static char *with_slash(const char *path)
{
	return strchr(path, '/') ? g_strdup(path) :
				   g_build_filename(".", path, NULL);
}

/* The text of the last failure, without the path that begins it. */
static const char *dl_reason(const char *path)
{
	const char *text = dlerror();
	size_t len = strlen(path);

	if (!text)
		return "unknown error";
	if (!strncmp(text, path, len) && !strncmp(text + len, ": ", 2))
		text += len + 2;
	return text;
}

/* Copy the table, and look whether all is there; the first that is not. */
static const char *copy_table(const struct pciplug_plugin *from,
			      struct pciplug_plugin *to)
{
	memset(to, 0, sizeof(*to));
	memcpy(to, from, MIN(from->size, sizeof(*to)));
	for (size_t i = 0; i < ARRAY_LEN(required); i++) {
		void *member;

		memcpy(&member, (char *)to + required[i].offset,
		       sizeof(member));
		if (!member)
			return required[i].name;
	}
	return NULL;
}

static int read_table(void *handle, const char *path,
		      struct pciplug_plugin *ret_table, char *err,
		      size_t err_size)
{
	const struct pciplug_plugin *table;
	const char *missing;
	entry_function entry;

	*(void **)&entry = dlsym(handle, PCIPLUG_ENTRY_V1);
	if (!entry) {
		snprintf(err, err_size,
			 "'%s' is not a pciplug plugin, or one of another ABI: it has no " PCIPLUG_ENTRY_V1 "()",
			 path);
		return -EINVAL;
	}
	table = entry();
	if (!table) {
		snprintf(err, err_size, "plugin '%s' offers nothing", path);
		return -EINVAL;
	}
	missing = copy_table(table, ret_table);
	if (missing) {
		snprintf(err, err_size,
			 "plugin '%s' is of another ABI: its table of %u bytes lacks '%s'",
			 path, table->size, missing);
		return -EINVAL;
	}
	return 0;
}

int plugin_load_open(const char *path, struct plugin_load *ret_plugin,
		     char *err, size_t err_size)
{
	g_autofree char *file = path ? with_slash(path) : default_path();
	struct plugin_load plugin;
	int ret;

	if (access(file, R_OK)) {
		ret = -errno;
		snprintf(err, err_size, "cannot read the plugin '%s': %s", file,
			 strerror(-ret));
		return ret;
	}
	plugin.handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (!plugin.handle) {
		snprintf(err, err_size, "cannot load the plugin '%s': %s", file,
			 dl_reason(file));
		return -ENOEXEC;
	}
	ret = read_table(plugin.handle, file, &plugin.table, err, err_size);
	if (ret)
		dlclose(plugin.handle);
	else
		*ret_plugin = plugin;
	return ret;
}

void plugin_load_close(struct plugin_load *plugin)
{
	dlclose(plugin->handle);
}
