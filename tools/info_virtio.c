/* SPDX-License-Identifier: MIT */
#include "tools/info_virtio.h"

#include "common/bytes.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* struct virtio_pci_common_cfg */
enum {
	COMMON_DEVICE_FEATURE_SELECT = 0,
	COMMON_DEVICE_FEATURE = 4,
	COMMON_NUM_QUEUES = 18,
	COMMON_QUEUE_SELECT = 22,
	COMMON_QUEUE_SIZE = 24,
};

/* struct virtio_fs_config */
#define FS_TAG_LEN 36
#define FS_NUM_REQUEST_QUEUES 36

static const struct {
	unsigned bit;
	const char *name;
} features[] = {
	{ 28, "INDIRECT_DESC" },
	{ 29, "EVENT_IDX" },
	{ 32, "VERSION_1" },
	{ 33, "ACCESS_PLATFORM" },
	{ 34, "RING_PACKED" },
	{ 35, "IN_ORDER" },
	{ 36, "ORDER_PLATFORM" },
	{ 37, "SR_IOV" },
	{ 38, "NOTIFICATION_DATA" },
	{ 39, "NOTIF_CONFIG_DATA" },
	{ 40, "RING_RESET" },
};

/* A structure of the device, and how to get at it. */
struct window {
	const struct pciplug_plugin *plugin;
	struct pciplug_device *dev;
	const struct info_virtio_area *area;
};

static void read_at(const struct window *w, uint32_t at, void *buf, size_t len)
{
	w->plugin->bar_read(w->dev, w->area->bar, w->area->offset + at, buf,
			    len);
}

static uint16_t read16(const struct window *w, uint32_t at)
{
	uint8_t b[2];

	read_at(w, at, b, sizeof(b));
	return le16_load(b);
}

static uint32_t read32(const struct window *w, uint32_t at)
{
	uint8_t b[4];

	read_at(w, at, b, sizeof(b));
	return le32_load(b);
}

static void write16(const struct window *w, uint32_t at, uint16_t value)
{
	uint8_t b[2];

	le16_store(b, value);
	w->plugin->bar_write(w->dev, w->area->bar, w->area->offset + at, b,
			     sizeof(b));
}

static void write32(const struct window *w, uint32_t at, uint32_t value)
{
	uint8_t b[4];

	le32_store(b, value);
	w->plugin->bar_write(w->dev, w->area->bar, w->area->offset + at, b,
			     sizeof(b));
}

static uint64_t device_features(const struct window *w)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < 2; i++) {
		write32(w, COMMON_DEVICE_FEATURE_SELECT, i);
		value |= (uint64_t)read32(w, COMMON_DEVICE_FEATURE) << 32 * i;
	}
	return value;
}

static json_object *feature_names(uint64_t value)
{
	json_object *names = json_object_new_array();

	for (unsigned bit = 0; bit < 64; bit++) {
		char number[16];
		const char *name = number;

		if (!(value >> bit & 1))
			continue;
		snprintf(number, sizeof(number), "bit %u", bit);
		for (size_t i = 0; i < ARRAY_LEN(features); i++)
			if (features[i].bit == bit)
				name = features[i].name;
		json_object_array_add(names, json_object_new_string(name));
	}
	return names;
}

static json_object *queue_sizes(const struct window *w)
{
	json_object *sizes = json_object_new_array();
	uint16_t count = read16(w, COMMON_NUM_QUEUES);

	for (uint16_t i = 0; i < count; i++) {
		write16(w, COMMON_QUEUE_SELECT, i);
		json_object_array_add(sizes, json_object_new_int(
			read16(w, COMMON_QUEUE_SIZE)));
	}
	write16(w, COMMON_QUEUE_SELECT, 0);
	return sizes;
}

json_object *info_virtio_common(const struct pciplug_plugin *plugin,
				struct pciplug_device *dev,
				const struct info_virtio_area *area)
{
	const struct window w = { plugin, dev, area };
	json_object *common = json_object_new_object();

	json_object_object_add(common, "features",
			       feature_names(device_features(&w)));
	json_object_object_add(common, "queue_sizes", queue_sizes(&w));
	return common;
}

json_object *info_virtio_fs(const struct pciplug_plugin *plugin,
			    struct pciplug_device *dev,
			    const struct info_virtio_area *area)
{
	const struct window w = { plugin, dev, area };
	json_object *fs = json_object_new_object();
	char tag[FS_TAG_LEN];

	read_at(&w, 0, tag, sizeof(tag));
	json_object_object_add(fs, "tag", json_object_new_string_len(
		tag, (int)strnlen(tag, sizeof(tag))));
	json_object_object_add(fs, "request_queues", json_object_new_int64(
		read32(&w, FS_NUM_REQUEST_QUEUES)));
	return fs;
}
