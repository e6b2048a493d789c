/* SPDX-License-Identifier: MIT */
/*
 * The plugin: makes a device of its parts and forwards the host's calls to
 * the PCI function.  See include/pciplug.h for the contract of each.
 */
#include "plugin/plugin.h"

#include "config.h"

#include "common/bytes.h"

#include <errno.h>
#include <string.h>

#define PCI_CLASS_SYSTEM_OTHER 0x088000

static void destroy(struct pciplug_device *dev)
{
	if (!dev)
		return;
	virtio_pci_free(dev->pci);
	vfs_device_free(dev->device);
	fuse_session_free(dev->session);
	vfs_server_free(dev->server);
	if (atomic_load(&dev->mem.table))
		gmem_done(&dev->mem);
	log_done(&dev->log);
	plugin_config_done(&dev->config);
	g_free(dev);
}

/* The layers' numbers are negative Linux errno values. */
static bool fail(GError **error, const char *what, int ret)
{
	g_set_error(error, plugin_error_quark(), -ret, "%s: %s", what,
		    g_strerror(-ret));
	return false;
}

static bool make_function(struct pciplug_device *dev, GError **error)
{
	const struct virtio_pci_params params = {
		.core = {
			.queues = dev->config.queues + 1,
			.queue_size = (uint16_t)dev->config.queue_size,
			.name = dev->config.tag,
			.poll_us = dev->config.poll_us,
			.split_only = !dev->config.packed,
			.in_order = !dev->config.fs.locks,
		},
		.class_code = PCI_CLASS_SYSTEM_OTHER,
		.host_msix_table = dev->host.flags & PCIPLUG_HOST_MSIX_TABLE,
	};
	struct virtio_pci_host_ops ops = plugin_host_pci_ops(dev);
	int ret;

	dev->session = fuse_session_new(vfs_server_ops(dev->server),
					dev->server, &dev->log);
	if (!dev->session)
		return fail(error, "session", -ENOMEM);
	ret = vfs_device_new(dev->config.tag, dev->config.queues, dev->session,
			     &dev->log, &dev->device);
	if (ret)
		return fail(error, "device", ret);
	ret = virtio_pci_new(&params, &vfs_device_ops, dev->device, &ops, dev,
			     &dev->mem, &dev->log, &dev->pci);
	return !ret || fail(error, "PCI function", ret);
}

/* Fill in a zeroed device; whatever is there on failure is destroyed. */
static bool build(struct pciplug_device *dev, const struct pciplug_host *host,
		  const char *config, GError **error)
{
	struct gmem_ops gmem_ops;
	int ret;

	if (!plugin_host_copy(dev, host)) {
		g_set_error(error, plugin_error_quark(), EINVAL,
			    "the host offers no msix_signal");
		return false;
	}
	if (!plugin_host_log(dev, error) ||
	    !plugin_config_parse(config, &dev->config, error))
		return false;
	plugin_config_divide(&dev->config, dev->host.devices);
	gmem_ops = plugin_host_gmem_ops(dev);
	ret = gmem_init(&dev->mem, &gmem_ops, dev);
	if (ret)
		return fail(error, "guest memory", ret);
	return plugin_config_serve(&dev->config, &dev->log, &dev->server,
				   error) &&
	       make_function(dev, error);
}

static int create(const struct pciplug_host *host, const char *config,
		  char *err, size_t err_size, struct pciplug_device **out)
{
	struct pciplug_device *dev = g_new0(struct pciplug_device, 1);
	g_autoptr(GError) error = NULL;
	g_autofree char *what = NULL;

	if (!build(dev, host, config, &error)) {
		if (err && err_size)
			g_strlcpy(err, error->message, err_size);
		destroy(dev);
		return -error->code;
	}
	what = plugin_config_describe(&dev->config);
	log_info(&dev->log, LOG_PLUGIN,
		 "virtio-fs '%s' shares %s: %u request queues of %u",
		 dev->config.tag, what, dev->config.queues,
		 dev->config.queue_size);
	*out = dev;
	return 0;
}

static int bar_info(struct pciplug_device *dev, uint32_t bar,
		    struct pciplug_bar *out)
{
	struct virtio_pci_bar b;
	struct pciplug_bar info;

	if (bar > 5)
		return -EINVAL;
	b = virtio_pci_bar_info(dev->pci, bar);
	info = (struct pciplug_bar){
		.size = out->size,
		.flags = (b.is_64bit ? PCIPLUG_BAR_64BIT : 0u) |
			 (b.prefetchable ? PCIPLUG_BAR_PREFETCHABLE : 0u) |
			 (b.has_msix_table ? PCIPLUG_BAR_MSIX_TABLE : 0u),
		.length = b.length,
	};
	memcpy(out, &info, MIN(out->size, sizeof(info)));
	return 0;
}

static void cfg_read(struct pciplug_device *dev, uint32_t offset, void *buf,
		     size_t len)
{
	virtio_pci_cfg_read(dev->pci, offset, buf, len);
}

static void cfg_write(struct pciplug_device *dev, uint32_t offset,
		      const void *buf, size_t len)
{
	virtio_pci_cfg_write(dev->pci, offset, buf, len);
}

static void bar_read(struct pciplug_device *dev, uint32_t bar, uint64_t offset,
		     void *buf, size_t len)
{
	virtio_pci_bar_read(dev->pci, bar, offset, buf, len);
}

static void bar_write(struct pciplug_device *dev, uint32_t bar,
		      uint64_t offset, const void *buf, size_t len)
{
	virtio_pci_bar_write(dev->pci, bar, offset, buf, len);
}

static int mem_add(struct pciplug_device *dev, uint64_t gpa, uint64_t size,
		   void *host, uint32_t flags)
{
	return gmem_add(&dev->mem, gpa, size, host, flags);
}

static int mem_remove(struct pciplug_device *dev, uint64_t gpa, uint64_t size)
{
	return gmem_remove(&dev->mem, gpa, size);
}

static int start(struct pciplug_device *dev)
{
	return virtio_pci_start(dev->pci);
}

static void stop(struct pciplug_device *dev)
{
	virtio_pci_stop(dev->pci);
}

static void reset(struct pciplug_device *dev)
{
	virtio_pci_reset(dev->pci);
}

/* Strings with their NULs, for a host that says how much room it has. */
static int give(const char *text, size_t size, char *buf, size_t *len)
{
	size_t room = *len;

	*len = size;
	if (size > room)
		return -ENOSPC;
	memcpy(buf, text, size);
	return 0;
}

static int inspect(struct pciplug_device *dev, char *buf, size_t *len)
{
	g_autofree char *text = plugin_inspect(dev);

	return give(text, strlen(text) + 1, buf, len);
}

static int paths(const char *text, char *err, size_t err_size, char *buf,
		 size_t *len)
{
	g_autoptr(GString) all = g_string_new(NULL);
	struct plugin_config config = { .tag = NULL };
	g_autoptr(GError) error = NULL;
	struct vfs_folder folder;
	int ret = -EINVAL;

	if (plugin_config_parse(text, &config, &error)) {
		for (guint i = 0; plugin_config_folder(&config, i, &folder);
		     i++)
			g_string_append_len(all, folder.root,
					    (gssize)strlen(folder.root) + 1);
		ret = give(all->str, all->len, buf, len);
	} else if (err && err_size) {
		g_strlcpy(err, error->message, err_size);
	}
	plugin_config_done(&config);
	return ret;
}

static const struct pciplug_plugin plugin = {
	.size = sizeof(plugin),
	.name = "virtiofs",
	.version = PACKAGE_VERSION,
	.description = "virtio-fs: host directories for the guest",
	.option = "virtio-fs",
	.option_value = "TAG:ROOT[,OPTION...]",
	.option_help = plugin_option_help,
	.create = create,
	.destroy = destroy,
	.bar_info = bar_info,
	.cfg_read = cfg_read,
	.cfg_write = cfg_write,
	.bar_read = bar_read,
	.bar_write = bar_write,
	.mem_add = mem_add,
	.mem_remove = mem_remove,
	.start = start,
	.stop = stop,
	.reset = reset,
	.inspect = inspect,
	.paths = paths,
	.save = plugin_save,
	.restore = plugin_restore,
};

const struct pciplug_plugin *pciplug_entry_v1(void)
{
	return &plugin;
}
