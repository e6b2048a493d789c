/* SPDX-License-Identifier: MIT */
/*
 * info_virtio.h - a virtio device's registers, read through the plugin ABI.
 */
#ifndef INFO_VIRTIO_H
#define INFO_VIRTIO_H

#include "tools/info_device.h"

/* Where a virtio capability says that its structure is. */
struct info_virtio_area {
	uint8_t bar;
	uint32_t offset;
	uint32_t length;                /* 0: there is no such structure */
};

/* Features and queues, by the common configuration (virtio 1.3 4.1.4.3). */
json_object *info_virtio_common(const struct pciplug_plugin *plugin,
				struct pciplug_device *dev,
				const struct info_virtio_area *area);

/* The configuration of a file system device (virtio 1.3 5.11.4). */
json_object *info_virtio_fs(const struct pciplug_plugin *plugin,
			    struct pciplug_device *dev,
			    const struct info_virtio_area *area);

#endif
