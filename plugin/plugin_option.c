/* SPDX-License-Identifier: MIT */
#include "plugin/plugin_option.h"

#include "common/bytes.h"
#include "plugin/plugin_config.h"
#include "virtio/fs/vfs_device.h"
#include "virtio/virtio_core.h"
#include "virtio/virtio_poll.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

/* One line about a rule of a map. */
#define RULE_ERROR_MAX 256
/* Linux takes 4 descriptors of every queue for itself; more must be left. */
#define QUEUE_SIZE_MIN 8
/* Fewer inodes, open files or locks are of no use to any guest. */
#define TABLE_MIN 64

const char plugin_option_help[] =
	"Share the host directory (or file) ROOT under the mount tag TAG (1 to 36\n"
	"bytes); in the guest: mount -t virtiofs TAG /mnt. May be given more than\n"
	"once. A comma in ROOT is written twice. OPTION is one of\n"
	"  ro              refuse every change\n"
	"  queues=N        request queues, 1 to 63 (default: CPUs, at most 4)\n"
	"  queue-size=N    descriptors a queue, a power of 2 from 8 to 1024\n"
	"                  (default: 1024)\n"
	"  poll-us=N       microseconds that a queue may be polled before its\n"
	"                  thread sleeps, where that pays (default: 30; 0: never)\n"
	"  rlimit-nofile=N descriptors that the share may hold (default: 0, its\n"
	"                  part of those that the process may)\n"
	"  max-inodes=N, max-open-files=N, max-locks=N\n"
	"                  what the guest may know, have open and have locked, from\n"
	"                  64 (default: 1048576, 1048576 and 65536, which is most)\n"
	"  cache=POLICY    what the guest keeps: never, metadata, auto (default)\n"
	"                  or always\n"
	"  timeout=S, negative-timeout=S\n"
	"                  seconds that names and attributes, and that missing\n"
	"                  names, hold\n"
	"  inode-file-handles=WHEN\n"
	"                  hold inodes by file handles and not by descriptors:\n"
	"                  never, prefer (default) or mandatory\n"
	"  writeback, allow-mmap, direct-io, preserve-noatime, posix-acl,\n"
	"  security-label  more for the guest (default: off)\n"
	"  no-xattr, no-readdirplus, no-announce-submounts, no-killpriv-v2,\n"
	"  no-locks        less for the guest (default: on)\n"
	"  no-packed       split rings only\n"
	"  translate-uid=RULE, translate-gid=RULE\n"
	"                  which ids of the guest are which of the host, such as\n"
	"                  map:0:1000:1; may be given several times\n"
	"  xattrmap=RULES  names of extended attributes, such as\n"
	"                  :map::user.virtiofs.:\n"
	"Several roots in one share, at /mnt/NAME in the guest, each with options:\n"
	"  TAG:[,OPTION...]{,folder=NAME:ROOT[,OPTION...]}...\n"
	"virtiofs-plugin(7) explains each.\n";

/* ---- the table --------------------------------------------------------- */

#define DEVICE(kind, field) \
	PLUGIN_OPTION_DEVICE, PLUGIN_OPTION_##kind, \
	offsetof(struct plugin_config, field)
#define MOUNT(kind, field) \
	PLUGIN_OPTION_MOUNT, PLUGIN_OPTION_##kind, \
	offsetof(struct vfs_options, field)
#define FOLDER(kind, field) \
	PLUGIN_OPTION_FOLDER, PLUGIN_OPTION_##kind, \
	offsetof(struct vfs_options, field)

static const struct plugin_option options[] = {
	{ "ro", FOLDER(FLAG, read_only), 0, 0, 0 },
	{ "queues", DEVICE(NUMBER, queues), 1, VFS_REQUEST_QUEUES_MAX, 0 },
	{ "queue-size", DEVICE(POW2, queue_size), QUEUE_SIZE_MIN,
	  VIRTIO_QUEUE_SIZE_MAX, 0 },
	{ "poll-us", DEVICE(NUMBER, poll_us), 0, VIRTIO_POLL_US_MAX, 0 },
	{ "packed", DEVICE(FLAG, packed), 0, 0, 0 },
	{ "no-packed", DEVICE(NO_FLAG, packed), 0, 0, 0 },
	{ "rlimit-nofile", MOUNT(NUMBER, max_descriptors), 0, INT_MAX, 0 },
	{ "max-inodes", MOUNT(NUMBER, max_nodes), TABLE_MIN, VFS_NODES_MAX,
	  0 },
	{ "max-open-files", MOUNT(NUMBER, max_handles), TABLE_MIN,
	  VFS_HANDLES_MAX, 0 },
	{ "max-locks", MOUNT(NUMBER, max_locks), TABLE_MIN,
	  VFS_LOCK_RANGES_MAX, 0 },
	{ "cache", FOLDER(CACHE, cache), 0, 0, 0 },
	{ "timeout", FOLDER(SECONDS, timeout), 0, UINT32_MAX,
	  offsetof(struct vfs_options, has_timeout) },
	{ "negative-timeout", FOLDER(SECONDS, negative_timeout), 0,
	  UINT32_MAX, 0 },
	{ "inode-file-handles", FOLDER(HANDLES, inode_file_handles), 0, 0, 0 },
	{ "writeback", MOUNT(FLAG, writeback), 0, 0, 0 },
	{ "allow-mmap", MOUNT(FLAG, allow_mmap), 0, 0, 0 },
	{ "direct-io", FOLDER(FLAG, direct_io), 0, 0, 0 },
	{ "readdirplus", MOUNT(FLAG, readdirplus), 0, 0, 0 },
	{ "no-readdirplus", MOUNT(NO_FLAG, readdirplus), 0, 0, 0 },
	{ "preserve-noatime", FOLDER(FLAG, preserve_noatime), 0, 0, 0 },
	{ "xattr", FOLDER(FLAG, xattr), 0, 0, 0 },
	{ "no-xattr", FOLDER(NO_FLAG, xattr), 0, 0, 0 },
	{ "posix-acl", MOUNT(FLAG, posix_acl), 0, 0, 0 },
	{ "security-label", MOUNT(FLAG, security_label), 0, 0, 0 },
	{ "announce-submounts", MOUNT(FLAG, announce_submounts), 0, 0, 0 },
	{ "no-announce-submounts", MOUNT(NO_FLAG, announce_submounts),
	  0, 0, 0 },
	{ "locks", MOUNT(FLAG, locks), 0, 0, 0 },
	{ "no-locks", MOUNT(NO_FLAG, locks), 0, 0, 0 },
	{ "killpriv-v2", MOUNT(FLAG, killpriv_v2), 0, 0, 0 },
	{ "no-killpriv-v2", MOUNT(NO_FLAG, killpriv_v2), 0, 0, 0 },
	{ "translate-uid", FOLDER(IDMAP, uid_map), 0, 0, 0 },
	{ "translate-gid", FOLDER(IDMAP, gid_map), 0, 0, 0 },
	{ "xattrmap", FOLDER(XATTRMAP, xattrmap), 0, 0, 0 },
};

static const char *const caches[] = {
	[VFS_CACHE_NEVER] = "never",
	[VFS_CACHE_METADATA] = "metadata",
	[VFS_CACHE_AUTO] = "auto",
	[VFS_CACHE_ALWAYS] = "always",
};

static const char *const handles[] = {
	[LX_HANDLES_PREFER] = "prefer",
	[LX_HANDLES_NEVER] = "never",
	[LX_HANDLES_MANDATORY] = "mandatory",
};

const char *plugin_option_cache_name(enum vfs_cache cache)
{
	return caches[cache];
}

/* A copy of the string, as GLib stays when the plugin is unloaded. */
GQuark plugin_error_quark(void)
{
	return g_quark_from_string("plugin-error");
}

bool plugin_option_fail(GError **error, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (error && !*error)
		*error = g_error_new_valist(plugin_error_quark(), LX_EINVAL,
					    format, ap);
	va_end(ap);
	return false;
}

const struct plugin_option *plugin_option_find(const char *name,
					       GError **error)
{
	g_autoptr(GString) all = g_string_new(NULL);

	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (!strcmp(options[i].name, name))
			return &options[i];
		g_string_append_printf(all, "%s%s", i ? ", " : "",
				       options[i].name);
	}
	plugin_option_fail(error, "unknown option '%s': expected one of %s",
			   name, all->str);
	return NULL;
}

/* ---- values ------------------------------------------------------------ */

static bool set_number(const struct plugin_option *option, const char *value,
		       unsigned *ret, GError **error)
{
	bool pow2 = option->kind == PLUGIN_OPTION_POW2;
	guint64 n;

	if (!value ||
	    !g_ascii_string_to_unsigned(value, 10, option->min, option->max,
					&n, NULL) ||
	    (pow2 && !is_pow2(n)))
		return plugin_option_fail(error,
			"%s=%s: expected %s from %u to %u", option->name,
			value ? value : "", pow2 ? "a power of 2" : "a number",
			option->min, option->max);
	*ret = (unsigned)n;
	return true;
}

/* `ro`, or ro=true and ro=false as JSON has it. */
static bool set_flag(const struct plugin_option *option, const char *value,
		     bool *ret, GError **error)
{
	if (value && strcmp(value, "true") && strcmp(value, "false"))
		return plugin_option_fail(error,
			"%s=%s: expected no value, true or false",
			option->name, value);
	*ret = (!value || !strcmp(value, "true")) ==
	       (option->kind == PLUGIN_OPTION_FLAG);
	return true;
}

/* Digits, and up to nine more behind a point. */
static bool parse_seconds(const char *text, unsigned max,
			  struct lx_time *ret_time)
{
	uint32_t nsec = 0, unit = 1000000000;
	g_autofree char *whole = NULL;
	const char *p = strchr(text, '.');
	guint64 sec;

	whole = p ? g_strndup(text, (size_t)(p - text)) : g_strdup(text);
	if (!g_ascii_string_to_unsigned(whole, 10, 0, max, &sec, NULL))
		return false;
	if (p && !p[1])
		return false;
	while (p && *++p) {
		unit /= 10;
		if (!g_ascii_isdigit(*p) || !unit)
			return false;
		nsec += (uint32_t)(*p - '0') * unit;
	}
	*ret_time = (struct lx_time){ .sec = (int64_t)sec, .nsec = nsec };
	return true;
}

static bool set_seconds(const struct plugin_option *option, const char *value,
			struct lx_time *ret, GError **error)
{
	if (value && parse_seconds(value, option->max, ret))
		return true;
	return plugin_option_fail(error,
		"%s=%s: expected seconds, for instance 1 or 0.5, up to %u",
		option->name, value ? value : "", option->max);
}

static bool set_cache(const struct plugin_option *option, const char *value,
		      enum vfs_cache *ret, GError **error)
{
	for (size_t i = 0; value && i < ARRAY_LEN(caches); i++) {
		if (!strcmp(value, caches[i])) {
			*ret = (enum vfs_cache)i;
			return true;
		}
	}
	return plugin_option_fail(error,
		"%s=%s: expected never, metadata, auto or always",
		option->name, value ? value : "");
}

static bool set_handles(const struct plugin_option *option, const char *value,
			enum lx_handles *ret, GError **error)
{
	for (size_t i = 0; value && i < ARRAY_LEN(handles); i++) {
		if (!strcmp(value, handles[i])) {
			*ret = (enum lx_handles)i;
			return true;
		}
	}
	return plugin_option_fail(error,
		"%s=%s: expected never, prefer or mandatory", option->name,
		value ? value : "");
}

static bool add_ids(const struct plugin_option *option, const char *value,
		    struct vfs_idmap **map, GError **error)
{
	char line[RULE_ERROR_MAX];

	if (!vfs_idmap_add(map, value ? value : "", line, sizeof(line)))
		return true;
	return plugin_option_fail(error, "%s: %s", option->name, line);
}

static bool set_xattrmap(const struct plugin_option *option, const char *value,
			 struct vfs_xattrmap **ret, GError **error)
{
	char line[RULE_ERROR_MAX];

	if (*ret)
		return plugin_option_fail(error,
			"%s is given twice: expected all rules in one",
			option->name);
	if (!vfs_xattrmap_new(value ? value : "", line, sizeof(line), ret))
		return true;
	return plugin_option_fail(error, "%s: %s", option->name, line);
}

bool plugin_option_set(const struct plugin_option *option, const char *value,
		       struct plugin_config *config, struct vfs_options *fs,
		       GError **error)
{
	char *base = option->scope == PLUGIN_OPTION_DEVICE ? (char *)config :
							     (char *)fs;
	void *field = base + option->at;
	bool ok = false;

	switch (option->kind) {
	case PLUGIN_OPTION_FLAG:
	case PLUGIN_OPTION_NO_FLAG:
		ok = set_flag(option, value, field, error);
		break;
	case PLUGIN_OPTION_NUMBER:
	case PLUGIN_OPTION_POW2:
		ok = set_number(option, value, field, error);
		break;
	case PLUGIN_OPTION_SECONDS:
		ok = set_seconds(option, value, field, error);
		break;
	case PLUGIN_OPTION_CACHE:
		ok = set_cache(option, value, field, error);
		break;
	case PLUGIN_OPTION_HANDLES:
		ok = set_handles(option, value, field, error);
		break;
	case PLUGIN_OPTION_IDMAP:
		ok = add_ids(option, value, field, error);
		break;
	case PLUGIN_OPTION_XATTRMAP:
		ok = set_xattrmap(option, value, field, error);
		break;
	}
	if (ok && option->given)
		*(bool *)(base + option->given) = true;
	return ok;
}

bool plugin_option_check(const struct vfs_options *o, guint folders,
			 GError **error)
{
	if (o->max_descriptors &&
	    o->max_descriptors / folders < PLUGIN_NOFILE_MIN)
		return plugin_option_fail(error,
			"rlimit-nofile=%u: expected 0, or at least %u (%u for each root)",
			o->max_descriptors, PLUGIN_NOFILE_MIN * folders,
			PLUGIN_NOFILE_MIN);
	if (o->posix_acl && !o->xattr)
		return plugin_option_fail(error,
			"posix-acl and no-xattr: expected one of them, as ACLs are extended attributes");
	if (o->security_label && !o->xattr)
		return plugin_option_fail(error,
			"security-label and no-xattr: expected one of them, as labels are extended attributes");
	if (o->xattrmap && !o->xattr)
		return plugin_option_fail(error,
			"xattrmap and no-xattr: expected one of them");
	if (o->posix_acl && !vfs_options_keep_acls(o))
		return plugin_option_fail(error,
			"posix-acl and xattrmap: expected rules that leave system.posix_acl_access and system.posix_acl_default as they are");
	if (o->writeback && (o->cache == VFS_CACHE_NEVER ||
			     o->cache == VFS_CACHE_METADATA))
		return plugin_option_fail(error,
			"writeback and cache=%s: expected cache=auto or cache=always, as the guest can only write back what it keeps",
			caches[o->cache]);
	return true;
}
