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

char *plugin_inspect(struct pciplug_device *dev)
{
	struct virtio_core *core = virtio_pci_core(dev->pci);
	struct vfs_server_stats stats = vfs_server_stats(dev->server);
	struct json_object *o = json_object_new_object();
	char *text;

	add_string(o, "tag", dev->config.tag);
	add_string(o, "root", dev->config.root);
	add_bool(o, "ro", dev->config.fs.read_only);
	add_string(o, "cache", plugin_option_cache_name(dev->config.fs.cache));
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
