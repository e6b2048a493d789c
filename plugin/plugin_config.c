/* SPDX-License-Identifier: MIT */
/*
 * What a share is, as a person or a program writes it:
 *
 *     TAG:ROOT[,OPTION...]        TAG,ROOT[,OPTION...]
 *     {"tag": "TAG", "root": "ROOT", "OPTION": VALUE, ...}
 *
 * The first ':' or ',' ends the tag, so a root may hold colons.  In the short
 * form a comma within tag, root or value is written twice, as QEMU does.
 * Both forms become calls of set(), which knows every key.
 */
#include "plugin/plugin_config.h"

#include "common/bytes.h"
#include "virtio/fs/vfs_device.h"
#include "virtio/virtio_core.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUEUES_DEFAULT_MAX 4
/* Linux takes 4 descriptors of every queue for itself; more must be left. */
#define QUEUE_SIZE_MIN 8
/* A request of 1 MiB has 256 pages and more descriptors than that. */
#define QUEUE_SIZE_DEFAULT 1024

G_STATIC_ASSERT(QUEUE_SIZE_DEFAULT <= VIRTIO_QUEUE_SIZE_MAX);

const char plugin_option_help[] =
	"Share the host directory ROOT under the mount tag TAG (1 to 36 bytes);\n"
	"in the guest: mount -t virtiofs TAG /mnt. May be given more than once.\n"
	"A comma in ROOT is written twice. OPTION is one of\n"
	"  ro              refuse every change\n"
	"  queues=N        request queues, 1 to 63 (default: CPUs, at most 4)\n"
	"  queue-size=N    descriptors a queue, a power of 2 from 8 to 1024\n"
	"                  (default: 1024)\n";

/* A copy of the string, as GLib stays when the plugin is unloaded. */
static GQuark config_error_quark(void)
{
	return g_quark_from_string("plugin-config");
}

/* Sets the error and returns false. */
G_GNUC_PRINTF(2, 3)
static bool fail(GError **error, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (error && !*error)
		*error = g_error_new_valist(config_error_quark(), 1, format,
					    ap);
	va_end(ap);
	return false;
}

static bool set_number(const char *key, const char *value, unsigned min,
		       unsigned max, bool pow2, unsigned *ret, GError **error)
{
	guint64 n;

	if (!value ||
	    !g_ascii_string_to_unsigned(value, 10, min, max, &n, NULL) ||
	    (pow2 && !is_pow2(n)))
		return fail(error, "%s=%s: expected %s from %u to %u", key,
			    value ? value : "",
			    pow2 ? "a power of 2" : "a number", min, max);
	*ret = (unsigned)n;
	return true;
}

/* `ro`, or ro=true and ro=false as JSON has it. */
static bool set_flag(const char *key, const char *value, bool *ret,
		     GError **error)
{
	if (value && strcmp(value, "true") && strcmp(value, "false"))
		return fail(error, "%s=%s: expected no value, true or false",
			    key, value);
	*ret = !value || !strcmp(value, "true");
	return true;
}

/* One key of either form; value is NULL where none was given. */
static bool set(struct plugin_config *c, const char *key, const char *value,
		GError **error)
{
	if (!strcmp(key, "ro"))
		return set_flag(key, value, &c->fs.read_only, error);
	if (!strcmp(key, "queues"))
		return set_number(key, value, 1, VFS_REQUEST_QUEUES_MAX, false,
				  &c->queues, error);
	if (!strcmp(key, "queue-size"))
		return set_number(key, value, QUEUE_SIZE_MIN,
				  VIRTIO_QUEUE_SIZE_MAX, true, &c->queue_size,
				  error);
	return fail(error,
		    "unknown option '%s': expected ro, queues=N or queue-size=N",
		    key);
}

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

static bool parse_text(const char *text, struct plugin_config *c,
		       GError **error)
{
	const char *s = text;

	c->tag = take(&s, ":,");
	if (!*s)
		return fail(error, "'%s': expected TAG:ROOT[,OPTION...]", text);
	s++;
	c->root = take(&s, ",");
	while (*s) {
		g_autofree char *option = NULL;
		char *value;

		s++;
		option = take(&s, ",");
		value = strchr(option, '=');
		if (value)
			*value++ = '\0';
		if (!set(c, option, value, error))
			return false;
	}
	return true;
}

static bool set_json(struct plugin_config *c, const char *key,
		     struct json_object *value, GError **error)
{
	const char *text = json_object_get_string(value);
	char **string = !strcmp(key, "tag") ? &c->tag :
			!strcmp(key, "root") ? &c->root : NULL;

	if (!string) {
		if (!json_object_is_type(value, json_type_boolean) &&
		    !json_object_is_type(value, json_type_int))
			return fail(error, "\"%s\": expected a number, true or false",
				    key);
		return set(c, key, text, error);
	}
	if (!json_object_is_type(value, json_type_string) ||
	    strlen(text) != (size_t)json_object_get_string_len(value))
		return fail(error, "\"%s\": expected a string without NUL", key);
	g_free(*string);
	*string = g_strdup(text);
	return true;
}

static bool parse_json(const char *text, struct plugin_config *c,
		       GError **error)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;
	enum json_tokener_error parse_error;
	size_t end;
	bool ok = true;

	object = json_tokener_parse_ex(tokener, text, (int)strlen(text) + 1);
	parse_error = json_tokener_get_error(tokener);
	end = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	if (parse_error != json_tokener_success)
		ok = fail(error, "JSON: %s", json_tokener_error_desc(parse_error));
	else if (text[end + strspn(text + end, " \t\n")])
		ok = fail(error, "JSON: expected nothing after the object");
	if (ok) {
		json_object_object_foreach(object, key, value) {
			if (!set_json(c, key, value, error)) {
				ok = false;
				break;
			}
		}
	}
	json_object_put(object);
	if (ok && (!c->tag || !c->root))
		ok = fail(error, "JSON: expected \"tag\" and \"root\"");
	return ok;
}

static bool check_tag_and_root(const struct plugin_config *c, GError **error)
{
	size_t len = strlen(c->tag);

	if (!len)
		return fail(error, "empty tag: expected 1 to %d bytes",
			    VFS_TAG_MAX);
	if (len > VFS_TAG_MAX)
		return fail(error, "tag '%s' has %zu bytes: expected at most %d",
			    c->tag, len, VFS_TAG_MAX);
	if (!*c->root)
		return fail(error, "empty root: expected a directory");
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
	};
	return (*start == '{' ? parse_json(start, config, error) :
				parse_text(text, config, error)) &&
	       check_tag_and_root(config, error);
}

void plugin_config_done(struct plugin_config *config)
{
	g_clear_pointer(&config->tag, g_free);
	g_clear_pointer(&config->root, g_free);
}
