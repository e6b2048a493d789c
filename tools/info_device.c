/* SPDX-License-Identifier: MIT */
#include "tools/info_device.h"

#include "common/bytes.h"
#include "tools/info_virtio.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_SIZE 256
#define VIRTIO_VENDOR 0x1af4
#define VIRTIO_FS 0x105a
#define CAPS_MAX 48                     /* that fit the space; ends a loop */

enum { CAP_MSI = 0x05, CAP_VENDOR = 0x09, CAP_EXPRESS = 0x10, CAP_MSIX = 0x11 };

static const char *const virtio_types[] = {
	[1] = "COMMON", [2] = "NOTIFY", [3] = "ISR", [4] = "DEVICE",
	[5] = "PCI_CFG", [8] = "SHARED_MEMORY", [9] = "VENDOR",
};
enum { VIRTIO_COMMON = 1, VIRTIO_NOTIFY = 2, VIRTIO_DEVICE = 4 };

/* The structures that are read further on. */
struct areas {
	struct info_virtio_area common;
	struct info_virtio_area device;
};

__attribute__((format(printf, 3, 4)))
static void add_text(json_object *to, const char *key, const char *format, ...)
{
	char text[64];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	json_object_object_add(to, key, json_object_new_string(text));
}

static void add_number(json_object *to, const char *key, uint64_t value)
{
	json_object_object_add(to, key, json_object_new_int64((int64_t)value));
}

json_object *info_plugin(const struct pciplug_plugin *plugin)
{
	const struct {
		const char *key, *value;
	} members[] = {
		{ "name", plugin->name },
		{ "version", plugin->version },
		{ "description", plugin->description },
		{ "option", plugin->option },
		{ "option_value", plugin->option_value },
		{ "option_help", plugin->option_help },
	};
	json_object *info = json_object_new_object();

	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		json_object_object_add(
			info, members[i].key,
			json_object_new_string(members[i].value));
	return info;
}

static json_object *identity(const uint8_t *config)
{
	json_object *id = json_object_new_object();

	add_text(id, "vendor", "0x%04x", le16_load(config + 0x00));
	add_text(id, "device", "0x%04x", le16_load(config + 0x02));
	add_text(id, "revision", "0x%02x", config[0x08]);
	add_text(id, "class", "0x%06x", le32_load(config + 0x08) >> 8);
	add_text(id, "subsystem_vendor", "0x%04x", le16_load(config + 0x2c));
	add_text(id, "subsystem", "0x%04x", le16_load(config + 0x2e));
	add_number(id, "interrupt_pin", config[0x3d]);
	return id;
}

static json_object *bars(const struct pciplug_plugin *plugin,
			 struct pciplug_device *dev)
{
	json_object *list = json_object_new_array();

	for (uint32_t i = 0; i < 6; i++) {
		struct pciplug_bar bar = { .size = sizeof(bar) };
		json_object *entry;

		if (plugin->bar_info(dev, i, &bar) || !bar.length)
			continue;
		entry = json_object_new_object();
		add_number(entry, "bar", i);
		add_number(entry, "bytes", bar.length);
		add_number(entry, "width",
			   bar.flags & PCIPLUG_BAR_64BIT ? 64 : 32);
		json_object_object_add(entry, "prefetchable",
			json_object_new_boolean(!!(bar.flags &
						   PCIPLUG_BAR_PREFETCHABLE)));
		json_object_array_add(list, entry);
	}
	return list;
}

/* Where the MSI-X table or the pending bits are: the low bits name a BAR. */
static void add_place(json_object *to, const char *bar, const char *offset,
		      uint32_t value)
{
	add_number(to, bar, value & 7);
	add_text(to, offset, "0x%x", value & ~7u);
}

static void add_virtio(json_object *cap, const uint8_t *p, struct areas *areas)
{
	struct info_virtio_area area = { p[4], le32_load(p + 8),
					 le32_load(p + 12) };
	const char *name = p[3] < ARRAY_LEN(virtio_types) ?
				   virtio_types[p[3]] : NULL;

	if (name)
		add_text(cap, "name", "virtio %s", name);
	else
		add_text(cap, "name", "virtio type %u", p[3]);
	add_number(cap, "bar", area.bar);
	add_text(cap, "bar_offset", "0x%x", area.offset);
	add_number(cap, "bytes", area.length);
	if (p[3] == VIRTIO_NOTIFY)
		add_number(cap, "notify_multiplier", le32_load(p + 16));
	if (p[3] == VIRTIO_COMMON && !areas->common.length)
		areas->common = area;
	if (p[3] == VIRTIO_DEVICE && !areas->device.length)
		areas->device = area;
}

/* `p` is followed by at least 24 bytes. */
static json_object *capability(uint8_t at, const uint8_t *p,
			       struct areas *areas)
{
	json_object *cap = json_object_new_object();

	add_text(cap, "offset", "0x%02x", at);
	switch (p[0]) {
	case CAP_MSIX:
		add_text(cap, "name", "MSI-X");
		add_number(cap, "vectors", (le16_load(p + 2) & 0x7ffu) + 1);
		add_place(cap, "table_bar", "table_offset", le32_load(p + 4));
		add_place(cap, "pba_bar", "pba_offset", le32_load(p + 8));
		break;
	case CAP_VENDOR:
		add_virtio(cap, p, areas);
		break;
	case CAP_MSI:
		add_text(cap, "name", "MSI");
		break;
	case CAP_EXPRESS:
		add_text(cap, "name", "PCI Express");
		break;
	default:
		add_text(cap, "name", "id 0x%02x", p[0]);
	}
	return cap;
}

static json_object *capabilities(const uint8_t *config, struct areas *areas)
{
	json_object *list = json_object_new_array();
	uint8_t at = config[0x06] & 0x10 ? config[0x34] & 0xfc : 0;

	for (int i = 0; at >= 0x40 && i < CAPS_MAX; i++) {
		json_object_array_add(list, capability(at, config + at, areas));
		at = config[at + 1] & 0xfc;
	}
	return list;
}

/* What the plugin itself says about its device, or NULL. */
static json_object *state(const struct pciplug_plugin *plugin,
			  struct pciplug_device *dev)
{
	json_object *said = NULL;
	size_t len = 0;
	char *text;

	if (!plugin->inspect || plugin->inspect(dev, NULL, &len) != -ENOSPC)
		return NULL;
	text = malloc(len);
	if (text && !plugin->inspect(dev, text, &len))
		said = json_tokener_parse(text);
	free(text);
	return said;
}

json_object *info_device(const struct pciplug_plugin *plugin,
			 struct pciplug_device *dev)
{
	static const uint8_t memory_enable[] = { 0x02, 0x00 };
	/* Room for what lies behind a capability at the very end. */
	uint8_t config[CONFIG_SIZE + 24] = { 0 };
	json_object *info = json_object_new_object(), *said;
	struct areas areas = { .common = { .length = 0 } };

	plugin->cfg_write(dev, 0x04, memory_enable, sizeof(memory_enable));
	plugin->cfg_read(dev, 0, config, CONFIG_SIZE);
	json_object_object_add(info, "identity", identity(config));
	json_object_object_add(info, "bars", bars(plugin, dev));
	json_object_object_add(info, "capabilities",
			       capabilities(config, &areas));
	said = state(plugin, dev);
	if (said)
		json_object_object_add(info, "state", said);
	if (le16_load(config) != VIRTIO_VENDOR)
		return info;
	if (areas.common.length)
		json_object_object_add(info, "virtio", info_virtio_common(
			plugin, dev, &areas.common));
	if (areas.device.length && le16_load(config + 2) == VIRTIO_FS)
		json_object_object_add(info, "virtio_fs", info_virtio_fs(
			plugin, dev, &areas.device));
	return info;
}
