/* SPDX-License-Identifier: MIT */
/*
 * What a share is, as a person or a program writes it:
 *
 *     TAG:ROOT[,OPTION...]        TAG,ROOT[,OPTION...]
 *     {"tag": "TAG", "root": "ROOT", "OPTION": VALUE, ...}
 *
 * or, with several roots,
 *
 *     TAG:[,OPTION...]{,folder=NAME:ROOT[,OPTION...]}...
 *     {"tag": "TAG", "OPTION": VALUE, ..., "folders": [
 *         {"name": "NAME", "root": "ROOT", "OPTION": VALUE, ...}, ...]}
 *
 * The first ':' or ',' ends the tag, and the first ':' a name, so a root may
 * hold colons.  In the short form a comma within tag, name, root or value is
 * written twice, as QEMU does.  In both forms, a key is a row of
 * plugin_option.c.
 */
#include "plugin/plugin_config.h"

#include "plugin/plugin_folder.h"
#include "plugin/plugin_option.h"
#include "virtio/fs/vfs_device.h"
#include "virtio/virtio_core.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUEUES_DEFAULT_MAX 4
/* A request of 1 MiB has 256 pages and more descriptors than that. */
#define POLL_US_DEFAULT 30
#define QUEUE_SIZE_DEFAULT 1024

G_STATIC_ASSERT(QUEUE_SIZE_DEFAULT <= VIRTIO_QUEUE_SIZE_MAX);

#define FOLDER "folder"

/* ---- the short form ---------------------------------------------------- */

/*
 * The next piece of *text up to one of `ends` (or NUL), with ",," turned into
 * a comma.  *text is left at what ended it.
 */
static char *take(const char **text, const char *ends)
{
	GString *piece = g_string_new(NULL);
	const char *s = *text;

	for (; *s; s++) {
		if (s[0] == ',' && s[1] == ',')
			s++;
		else if (strchr(ends, *s))
			break;
		g_string_append_c(piece, *s);
	}
	*text = s;
	return g_string_free(piece, FALSE);
}

/* The root of the share; none where folders begin at once. */
static char *take_root(const char **text)
{
	return g_str_has_prefix(*text, FOLDER "=") ? NULL : take(text, ",");
}

/* NAME:ROOT */
static bool add_folder(struct plugin_config *c, const char *value,
		       struct plugin_folder **ret_folder, GError **error)
{
	const char *colon = value ? strchr(value, ':') : NULL;

	if (!colon)
		return plugin_option_fail(error,
			FOLDER "=%s: expected " FOLDER "=NAME:ROOT",
			value ? value : "");
	*ret_folder = plugin_folder_add(c);
	(*ret_folder)->name = g_strndup(value, (gsize)(colon - value));
	(*ret_folder)->root = g_strdup(colon + 1);
	return true;
}

static bool parse_text(const char *text, struct plugin_config *c,
		       GError **error)
{
	struct plugin_folder *folder = NULL;
	const char *s = text;

	c->tag = take(&s, ":,");
	if (!*s)
		return plugin_option_fail(error,
			"'%s': expected TAG:ROOT[,OPTION...]", text);
	s++;
	c->root = take_root(&s);
	while (*s) {
		g_autofree char *option = NULL;
		char *value;

		s += *s == ',';
		option = take(&s, ",");
		value = strchr(option, '=');
		if (value)
			*value++ = '\0';
		if (!strcmp(option, FOLDER) ?
			    !add_folder(c, value, &folder, error) :
			    !plugin_folder_say(c, folder, option, value,
					       error))
			return false;
	}
	return true;
}

/* ---- JSON -------------------------------------------------------------- */

/* Types of JSON that a kind of option takes, and their names. */
static const struct {
	enum json_type type[2];
	const char *name;
} json_types[] = {
	[PLUGIN_OPTION_FLAG] = { { json_type_boolean, json_type_boolean },
				 "true or false" },
	[PLUGIN_OPTION_NO_FLAG] = { { json_type_boolean, json_type_boolean },
				    "true or false" },
	[PLUGIN_OPTION_NUMBER] = { { json_type_int, json_type_int },
				   "a number" },
	[PLUGIN_OPTION_POW2] = { { json_type_int, json_type_int },
				 "a number" },
	[PLUGIN_OPTION_SECONDS] = { { json_type_int, json_type_double },
				    "a number" },
	[PLUGIN_OPTION_CACHE] = { { json_type_string, json_type_string },
				  "a string" },
	[PLUGIN_OPTION_HANDLES] = { { json_type_string, json_type_string },
				    "a string" },
	[PLUGIN_OPTION_IDMAP] = { { json_type_string, json_type_string },
				  "a string" },
	[PLUGIN_OPTION_XATTRMAP] = { { json_type_string, json_type_string },
				     "a string" },
};

static bool set_json_string(char **ret, const char *key,
			    struct json_object *value, GError **error)
{
	const char *text = json_object_get_string(value);

	if (!json_object_is_type(value, json_type_string) ||
	    strlen(text) != (size_t)json_object_get_string_len(value))
		return plugin_option_fail(error,
			"\"%s\": expected a string without NUL", key);
	g_free(*ret);
	*ret = g_strdup(text);
	return true;
}

/* An option of the share, or of a folder. */
static bool say_json(struct plugin_config *c, struct plugin_folder *folder,
		     const char *key, struct json_object *value,
		     GError **error)
{
	const struct plugin_option *option = plugin_option_find(key, error);

	if (!option)
		return false;
	if (json_object_is_type(value, json_type_string) &&
	    strlen(json_object_get_string(value)) !=
		    (size_t)json_object_get_string_len(value))
		return plugin_option_fail(error,
			"\"%s\": expected a string without NUL", key);
	for (int i = 0; i < 2; i++)
		if (json_object_is_type(value,
					json_types[option->kind].type[i]))
			return plugin_folder_say(c, folder, key,
						 json_object_get_string(value),
						 error);
	return plugin_option_fail(error, "\"%s\": expected %s", key,
				  json_types[option->kind].name);
}

static bool set_folder_key(struct plugin_config *c,
			   struct plugin_folder *folder, const char *key,
			   struct json_object *value, GError **error)
{
	if (!strcmp(key, "name"))
		return set_json_string(&folder->name, key, value, error);
	if (!strcmp(key, "root"))
		return set_json_string(&folder->root, key, value, error);
	return say_json(c, folder, key, value, error);
}

static bool add_json_folder(struct plugin_config *c, struct json_object *object,
			    GError **error)
{
	struct plugin_folder *folder = plugin_folder_add(c);
	struct json_object *name, *root;

	if (!json_object_object_get_ex(object, "name", &name) ||
	    !json_object_object_get_ex(object, "root", &root))
		return plugin_option_fail(error,
			"\"folders\": expected \"name\" and \"root\" in each");
	/* The name first, for what is said about the others. */
	if (!set_folder_key(c, folder, "name", name, error))
		return false;
	json_object_object_foreach(object, key, value)
		if (!set_folder_key(c, folder, key, value, error))
			return false;
	return true;
}

static bool add_json_folders(struct plugin_config *c, struct json_object *list,
			     GError **error)
{
	size_t count;

	if (!json_object_is_type(list, json_type_array))
		return plugin_option_fail(error,
			"\"folders\": expected a list");
	count = json_object_array_length(list);
	for (size_t i = 0; i < count; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);

		if (!json_object_is_type(o, json_type_object))
			return plugin_option_fail(error,
				"\"folders\": expected a list of objects");
		if (!add_json_folder(c, o, error))
			return false;
	}
	return true;
}

static bool set_json_key(struct plugin_config *c, const char *key,
			 struct json_object *value, GError **error)
{
	if (!strcmp(key, "tag"))
		return set_json_string(&c->tag, key, value, error);
	if (!strcmp(key, "root"))
		return set_json_string(&c->root, key, value, error);
	if (!strcmp(key, "folders"))
		return add_json_folders(c, value, error);
	return say_json(c, NULL, key, value, error);
}

static bool set_json_keys(struct plugin_config *c, struct json_object *object,
			  GError **error)
{
	json_object_object_foreach(object, key, value)
		if (!set_json_key(c, key, value, error))
			return false;
	if (!c->tag || (!c->root && !c->folders->len))
		return plugin_option_fail(error,
			"JSON: expected \"tag\", and \"root\" or \"folders\"");
	return true;
}

static bool parse_json(const char *text, struct plugin_config *c,
		       GError **error)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;
	enum json_tokener_error parse_error;
	size_t len = strlen(text), end;
	bool ok;

	object = json_tokener_parse_ex(tokener, text, (int)len + 1);
	parse_error = json_tokener_get_error(tokener);
	end = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	if (parse_error != json_tokener_success)
		ok = plugin_option_fail(error, "JSON: %s",
					json_tokener_error_desc(parse_error));
	else if (end > len)             /* for json-c, a comment may end so */
		ok = plugin_option_fail(error, "JSON: expected more");
	else if (text[end + strspn(text + end, " \t\n")])
		ok = plugin_option_fail(error,
			"JSON: expected nothing after the object");
	else
		ok = set_json_keys(c, object, error);
	json_object_put(object);
	return ok;
}

/* ---- both -------------------------------------------------------------- */

static bool check_tag(const struct plugin_config *c, GError **error)
{
	size_t len = strlen(c->tag);

	if (!len)
		return plugin_option_fail(error,
			"empty tag: expected 1 to %d bytes", VFS_TAG_MAX);
	if (len > VFS_TAG_MAX)
		return plugin_option_fail(error,
			"tag '%s' has %zu bytes: expected at most %d", c->tag,
			len, VFS_TAG_MAX);
	return true;
}

/* Folders, or else a root. */
static bool check_root(struct plugin_config *c, GError **error)
{
	if (c->folders->len && c->root && *c->root)
		return plugin_option_fail(error,
			"root '%s' and folders: expected one of them", c->root);
	if (c->folders->len)
		g_clear_pointer(&c->root, g_free);
	else if (!c->root || !*c->root)
		return plugin_option_fail(error,
			"empty root: expected a directory, a file, or folders");
	return true;
}

bool plugin_config_parse(const char *text, struct plugin_config *config,
			 GError **error)
{
	const char *start = text + strspn(text, " \t\n");
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	*config = (struct plugin_config){
		.queues = (unsigned)CLAMP(cpus, 1, QUEUES_DEFAULT_MAX),
		.queue_size = QUEUE_SIZE_DEFAULT,
		.poll_us = POLL_US_DEFAULT,
		.packed = true,
		.folders = g_ptr_array_new_with_free_func(plugin_folder_free),
		.settings = g_ptr_array_new_with_free_func(
			plugin_folder_free_setting),
	};
	vfs_options_default(&config->fs);
	return (*start == '{' ? parse_json(start, config, error) :
				parse_text(text, config, error)) &&
	       check_tag(config, error) && check_root(config, error) &&
	       plugin_folder_finish(config, error);
}

void plugin_config_done(struct plugin_config *config)
{
	g_clear_pointer(&config->tag, g_free);
	g_clear_pointer(&config->root, g_free);
	g_clear_pointer(&config->folders, g_ptr_array_unref);
	g_clear_pointer(&config->settings, g_ptr_array_unref);
	vfs_options_done(&config->fs);
}
