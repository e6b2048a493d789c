/* SPDX-License-Identifier: MIT */
/*
 * info_device.h - what a plugin and a device of it are, as JSON.
 *
 * The device is looked at as a driver would: configuration space, capability
 * list, and for a virtio device its common configuration, all through the
 * plugin ABI.  It is never started.
 */
#ifndef INFO_DEVICE_H
#define INFO_DEVICE_H

#include "include/pciplug.h"

#include <json-c/json.h>

/* Name, version, description and option. */
json_object *info_plugin(const struct pciplug_plugin *plugin);

/*
 * Identity, BARs, capabilities, what the plugin says of its state, and what
 * virtio says.
 */
json_object *info_device(const struct pciplug_plugin *plugin,
			 struct pciplug_device *dev);

#endif
