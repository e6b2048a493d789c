/* SPDX-License-Identifier: MIT */
#include "tools/host_socket.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SUFFIX ".sock"

/* "tag" of a JSON object, or NULL. */
static char *json_tag(const char *text)
{
	json_object *root = json_tokener_parse(text);
	json_object *tag;
	char *copy = NULL;

	if (json_object_is_type(root, json_type_object) &&
	    json_object_object_get_ex(root, "tag", &tag) &&
	    json_object_is_type(tag, json_type_string))
		copy = g_strdup(json_object_get_string(tag));
	json_object_put(root);
	return copy;
}

/* Up to the first ':' or ','; a comma within the tag is written twice. */
static char *text_tag(const char *value)
{
	GString *tag = g_string_new(NULL);

	for (const char *s = value; *s && *s != ':'; s++) {
		if (*s == ',' && *++s != ',')
			break;
		g_string_append_c(tag, *s);
	}
	return g_string_free(tag, FALSE);
}

/* What stands for the share, whether or not it can be a file name. */
static char *share_tag(const char *value)
{
	char *tag = *value == '{' ? json_tag(value) : NULL;

	return tag ? tag : text_tag(value);
}

static bool is_file_name(const char *tag)
{
	return *tag && *tag != '.' && !strchr(tag, '/') &&
	       strlen(tag) <= NAME_MAX - strlen(SUFFIX);
}

static char *socket_path(const char *dir, const char *tag, guint number)
{
	if (is_file_name(tag))
		return g_strdup_printf("%s/%s" SUFFIX, dir, tag);
	return g_strdup_printf("%s/%u" SUFFIX, dir, number);
}

char **host_socket_paths(const GPtrArray *shares, const char *dir, char *err,
			 size_t err_size)
{
	g_auto(GStrv) paths = g_new0(char *, shares->len + 1);
	g_auto(GStrv) tags = g_new0(char *, shares->len + 1);

	for (guint i = 0; i < shares->len; i++) {
		const struct host_share *share = shares->pdata[i];
		g_autofree char *tag = share_tag(share->value);
		g_autofree char *path = socket_path(dir, tag, i);

		if (g_strv_contains((const char *const *)tags, tag) ||
		    g_strv_contains((const char *const *)paths, path)) {
			/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): g_auto */
			snprintf(err, err_size,
				 "the tag '%s' is given twice; each share needs its own",
				 tag);
			return NULL;
		}
		tags[i] = g_steal_pointer(&tag);
		paths[i] = g_steal_pointer(&path);
	}
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): tags is g_auto */
	return g_steal_pointer(&paths);
}

bool host_socket_check_dir(const char *dir, char *err, size_t err_size)
{
	struct stat st;

	if (stat(dir, &st)) {
		snprintf(err, err_size, "socket directory '%s': %s", dir,
			 strerror(errno));
		return false;
	}
	if (!S_ISDIR(st.st_mode)) {
		snprintf(err, err_size,
			 "socket directory '%s' is not a directory", dir);
		return false;
	}
	return true;
}

char *host_socket_make_dir(char *err, size_t err_size)
{
	const char *base = g_getenv("XDG_RUNTIME_DIR");
	g_autofree char *dir = NULL;

	if (!base || *base != '/' || !g_file_test(base, G_FILE_TEST_IS_DIR))
		base = "/tmp";
	dir = g_build_filename(base, "pciplug-XXXXXX", NULL);
	if (g_mkdtemp(dir))
		return g_steal_pointer(&dir);
	snprintf(err, err_size, "cannot make a directory in '%s': %s", base,
		 strerror(errno));
	return NULL;
}
