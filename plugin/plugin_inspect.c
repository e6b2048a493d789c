/* SPDX-License-Identifier: MIT */
/*
 * What a person asks of a running device: which share it is, how far its
 * driver has come, and what the guest holds.
 */
#include "plugin/plugin.h"

#include "plugin/plugin_option.h"

#include <json-c/json.h>

static void add_string(struct json_object *o, const char *key,
		       const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

static void add_number(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

static void add_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

static struct json_object *queues(struct virtio_core *core)
{
	struct json_object *list = json_object_new_array();

	for (unsigned i = 0; i < virtio_core_queues(core); i++) {
		struct virtio_queue_regs regs = virtio_core_queue(core, i);
		struct json_object *queue = json_object_new_object();

		add_number(queue, "size", regs.size);
		add_bool(queue, "enabled", regs.enabled);
		json_object_array_add(list, queue);
	}
	return list;
}

static void add_folder(struct json_object *o, const struct vfs_folder *folder)
{
	if (folder->name)
		add_string(o, "name", folder->name);
	add_string(o, "root", folder->root);
	add_bool(o, "ro", folder->options.read_only);
	add_string(o, "cache", plugin_option_cache_name(folder->options.cache));
}

/* What is shared: a root, or folders. */
static void add_shared(struct json_object *o,
		       const struct plugin_config *config)
{
	struct json_object *list;
	struct vfs_folder folder;

	if (plugin_config_folder(config, 0, &folder) && !folder.name) {
		add_folder(o, &folder);
		return;
	}
	list = json_object_new_array();
	for (guint i = 0; plugin_config_folder(config, i, &folder); i++) {
		struct json_object *entry = json_object_new_object();

		add_folder(entry, &folder);
		json_object_array_add(list, entry);
	}
	json_object_object_add(o, "folders", list);
}

char *plugin_inspect(struct pciplug_device *dev)
{
	struct virtio_core *core = virtio_pci_core(dev->pci);
	struct vfs_server_stats stats = vfs_server_stats(dev->server);
	struct json_object *o = json_object_new_object();
	char *text;

	add_string(o, "tag", dev->config.tag);
	add_shared(o, &dev->config);
	add_number(o, "status", virtio_core_status(core));
	add_number(o, "features", virtio_core_features(core));
	add_number(o, "driver_features", virtio_core_driver_features(core));
	json_object_object_add(o, "queues", queues(core));
	add_number(o, "nodes", stats.nodes);
	add_number(o, "handles", stats.handles);
	add_number(o, "lock_owners", stats.lock_owners);
	text = g_strdup(json_object_to_json_string_ext(
		o, JSON_C_TO_STRING_PLAIN));
	json_object_put(o);
	return text;
}
