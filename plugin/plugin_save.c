/* SPDX-License-Identifier: MIT */
/*
 * The image of a whole device (common/save.h): the records of the PCI function
 * and of what is below it, which have the same errors as the ABI.
 */
#include "plugin/plugin.h"

#include "common/save.h"

#include <errno.h>

/* Of images, so that one of another transport is not taken. */
#define KIND SAVE_TAG('v', 'f', 's', 'p')

int plugin_save(struct pciplug_device *dev,
		int (*write)(void *ctx, const void *buf, size_t len), void *ctx)
{
	g_autofree struct save_writer *w = g_try_new(struct save_writer, 1);
	int ret;

	if (!w)
		return -ENOMEM;
	save_open(w, KIND, write, ctx);
	ret = virtio_pci_save(dev->pci, w);
	if (!ret)
		ret = save_close(w);
	if (!ret)
		log_info(&dev->log, LOG_PLUGIN, "virtio-fs '%s': state saved",
			 dev->config.tag);
	return ret;
}

/* All of the image, and no more. */
static int restore(struct pciplug_device *dev, struct save_reader *r)
{
	int ret = virtio_pci_restore(dev->pci, r);

	return ret ? ret : save_read_end(r);
}

int plugin_restore(struct pciplug_device *dev,
		   ptrdiff_t (*read)(void *ctx, void *buf, size_t len),
		   void *ctx, char *err, size_t err_size)
{
	g_autofree struct save_reader *r = g_try_new(struct save_reader, 1);
	int ret = r ? 0 : -ENOMEM;

	if (virtio_core_started(virtio_pci_core(dev->pci)))
		ret = -EBUSY;
	if (!ret)
		ret = save_read(r, KIND, read, ctx);
	if (!ret)
		ret = restore(dev, r);
	if (!ret) {
		log_info(&dev->log, LOG_PLUGIN,
			 "virtio-fs '%s': goes on from saved state",
			 dev->config.tag);
		return 0;
	}
	if (err && err_size)
		g_strlcpy(err, ret == -EBUSY ? "the device is started" :
			  r && r->error ? r->message : g_strerror(-ret),
			  err_size);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): r is g_autofree */
	if (ret != -EBUSY)
		virtio_pci_reset(dev->pci);
	return ret;
}
