/* SPDX-License-Identifier: MIT */
/*
 * plugin.h - private to plugin/: the composition root.
 *
 * A pciplug_device owns one of everything, bottom up: log, guest memory,
 * server, session, device, PCI function.  Only this folder sees them all.
 */
#ifndef PLUGIN_PLUGIN_H
#define PLUGIN_PLUGIN_H

#include "common/gmem.h"
#include "common/log.h"
#include "include/pciplug.h"
#include "plugin/plugin_config.h"
#include "virtio/fs/vfs_device.h"
#include "virtio/fs/vfs_server.h"
#include "virtio/pci/virtio_pci.h"

#include <glib.h>

struct pciplug_device {
	struct pciplug_host host;       /* our copy; unknown members are 0 */
	struct plugin_config config;
	struct log log;
	struct gmem mem;
	struct vfs_server *server;
	struct fuse_session *session;
	struct vfs_device *device;
	struct virtio_pci *pci;
};

/* Copy the host's table into dev->host; false: the required is missing. */
bool plugin_host_copy(struct pciplug_device *dev,
		      const struct pciplug_host *host);

/* Send dev->log where the host wants it; the error says why it cannot. */
bool plugin_host_log(struct pciplug_device *dev, GError **error);

/* Adapters from the host's callbacks to what the layers expect. */
struct gmem_ops plugin_host_gmem_ops(const struct pciplug_device *dev);
struct virtio_pci_host_ops
plugin_host_pci_ops(const struct pciplug_device *dev);

/* The device's state as JSON, to be freed by g_free(). */
char *plugin_inspect(struct pciplug_device *dev);

/* save and restore of struct pciplug_plugin. */
int plugin_save(struct pciplug_device *dev,
		int (*write)(void *ctx, const void *buf, size_t len),
		void *ctx);
int plugin_restore(struct pciplug_device *dev,
		   ptrdiff_t (*read)(void *ctx, void *buf, size_t len),
		   void *ctx, char *err, size_t err_size);

#endif
