/* SPDX-License-Identifier: MIT */
/*
 * The host's callbacks, as the layers expect them.  A callback that the host
 * lacks becomes a NULL in the layer's table, so that each layer decides by
 * itself what it does without.
 */
#include "plugin/plugin.h"

#include "common/bytes.h"

#include <string.h>

G_STATIC_ASSERT((int)PCIPLUG_LOG_ERROR == (int)LOG_ERROR);
G_STATIC_ASSERT((int)PCIPLUG_LOG_TRACE == (int)LOG_TRACE);
G_STATIC_ASSERT((int)PCIPLUG_MEM_READ == (int)GMEM_READ);
G_STATIC_ASSERT((int)PCIPLUG_MEM_WRITE == (int)GMEM_WRITE);

bool plugin_host_copy(struct pciplug_device *dev,
		      const struct pciplug_host *host)
{
	memcpy(&dev->host, host, MIN(host->size, sizeof(dev->host)));
	return dev->host.msix_signal != NULL;
}

static int mem_read(void *ctx, uint64_t gpa, void *buf, size_t len)
{
	struct pciplug_device *dev = ctx;

	return dev->host.mem_read(dev->host.ctx, gpa, buf, len);
}

static int mem_write(void *ctx, uint64_t gpa, const void *buf, size_t len)
{
	struct pciplug_device *dev = ctx;

	return dev->host.mem_write(dev->host.ctx, gpa, buf, len);
}

struct gmem_ops plugin_host_gmem_ops(const struct pciplug_device *dev)
{
	return (struct gmem_ops){
		.read = dev->host.mem_read ? mem_read : NULL,
		.write = dev->host.mem_write ? mem_write : NULL,
	};
}

static void msix_signal(void *ctx, uint16_t vector, uint64_t addr,
			uint32_t data)
{
	struct pciplug_device *dev = ctx;

	dev->host.msix_signal(dev->host.ctx, vector, addr, data);
}

static void intx_set(void *ctx, bool asserted)
{
	struct pciplug_device *dev = ctx;

	dev->host.intx_set(dev->host.ctx, asserted);
}

static int bar_map(void *ctx, unsigned bar, uint64_t gpa)
{
	struct pciplug_device *dev = ctx;

	return dev->host.bar_map(dev->host.ctx, bar, gpa);
}

static void bar_unmap(void *ctx, unsigned bar)
{
	struct pciplug_device *dev = ctx;

	dev->host.bar_unmap(dev->host.ctx, bar);
}

static struct pciplug_doorbell
doorbell(const struct virtio_pci_doorbell *db)
{
	return (struct pciplug_doorbell){
		.size = sizeof(struct pciplug_doorbell),
		.bar = db->bar,
		.offset = db->offset,
		.value = db->value,
		.length = db->length,
		.event = db->event,
	};
}

static int doorbell_add(void *ctx, const struct virtio_pci_doorbell *db)
{
	struct pciplug_device *dev = ctx;
	struct pciplug_doorbell d = doorbell(db);

	return dev->host.doorbell_add(dev->host.ctx, &d);
}

static void doorbell_del(void *ctx, const struct virtio_pci_doorbell *db)
{
	struct pciplug_device *dev = ctx;
	struct pciplug_doorbell d = doorbell(db);

	dev->host.doorbell_del(dev->host.ctx, &d);
}

struct virtio_pci_host_ops
plugin_host_pci_ops(const struct pciplug_device *dev)
{
	const struct pciplug_host *h = &dev->host;

	return (struct virtio_pci_host_ops){
		.msix_signal = msix_signal,
		.intx_set = h->intx_set ? intx_set : NULL,
		.bar_map = h->bar_map ? bar_map : NULL,
		.bar_unmap = h->bar_unmap ? bar_unmap : NULL,
		/* One without the other would leak or dangle. */
		.doorbell_add = h->doorbell_add && h->doorbell_del ?
				doorbell_add : NULL,
		.doorbell_del = h->doorbell_add && h->doorbell_del ?
				doorbell_del : NULL,
	};
}

static void log_line(void *ctx, enum log_level level, const char *target,
		     const char *message)
{
	struct pciplug_device *dev = ctx;

	dev->host.log(dev->host.ctx, (int)level, target, message);
}

bool plugin_host_log(struct pciplug_device *dev, GError **error)
{
	int ret = 0;

	log_init(&dev->log, 2);
	if (dev->host.log)
		log_set_sink(&dev->log, log_line, dev);
	else if (dev->host.log_file)
		ret = log_open_file(&dev->log, dev->host.log_file);
	if (ret) {
		g_set_error(error, plugin_error_quark(), -ret,
			    "log file '%s': %s", dev->host.log_file,
			    g_strerror(-ret));
		return false;
	}
	log_set_filter_from_env(&dev->log);
	return true;
}
