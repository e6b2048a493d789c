/* SPDX-License-Identifier: MIT */
#include "tools/vfio_user/vfio_user_device.h"

#include "common/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* pciplug and the log number their levels alike. */
_Static_assert(PCIPLUG_LOG_ERROR == (int)LOG_ERROR &&
	       PCIPLUG_LOG_TRACE == (int)LOG_TRACE, "log levels");

/* ---- what the device may ask of us: struct pciplug_host --------------- */

static void host_msix_signal(void *ctx, uint16_t vector, uint64_t addr,
			     uint32_t data)
{
	struct vfio_user_device *device = ctx;

	(void)addr;                     /* the client knows them */
	(void)data;
	vfio_user_irqs_signal(&device->irqs, vector);
}

static void host_intx_set(void *ctx, int asserted)
{
	struct vfio_user_device *device = ctx;

	vfio_user_irqs_set_intx(&device->irqs, asserted != 0);
}

/* Range by range, since permissions are by range. */
static int host_mem_read(void *ctx, uint64_t gpa, void *buf, size_t len)
{
	struct vfio_user_device *device = ctx;
	uint8_t *to = buf;
	int ret = 0;

	while (len && !ret) {
		size_t n = vfio_user_dma_unmapped(&device->dma, gpa, len,
						  VFIO_USER_DMA_F_READ);

		if (!n)
			return -EFAULT;
		ret = vfio_user_conn_dma_read(&device->conn, gpa, to, n);
		gpa += n;
		to += n;
		len -= n;
	}
	return ret;
}

static int host_mem_write(void *ctx, uint64_t gpa, const void *buf, size_t len)
{
	struct vfio_user_device *device = ctx;
	const uint8_t *from = buf;
	int ret = 0;

	while (len && !ret) {
		size_t n = vfio_user_dma_unmapped(&device->dma, gpa, len,
						  VFIO_USER_DMA_F_WRITE);

		if (!n)
			return -EFAULT;
		ret = vfio_user_conn_dma_write(&device->conn, gpa, from, n);
		gpa += n;
		from += n;
		len -= n;
	}
	return ret;
}

/* The device filtered the line already; whose it is, only we can tell. */
static void host_log(void *ctx, int level, const char *target,
		     const char *message)
{
	struct vfio_user_device *device = ctx;
	enum log_target t = LOG_PLUGIN;

	for (unsigned i = 0; i < LOG_TARGETS; i++)
		if (!strcmp(log_target_name((enum log_target)i), target))
			t = (enum log_target)i;
	if (level < PCIPLUG_LOG_ERROR || level > PCIPLUG_LOG_TRACE)
		level = PCIPLUG_LOG_ERROR;
	log_write(device->log, (enum log_level)level, t, "%s: %s",
		  device->name, message);
}

/* ---- creation --------------------------------------------------------- */

static uint8_t cfg_byte(const struct vfio_user_device *device, uint32_t offset)
{
	uint8_t value = 0;

	device->plugin->cfg_read(device->dev, offset, &value, 1);
	return value;
}

/* The number of MSI-X vectors by the device's capability; 0: it has none. */
static uint32_t count_msix(const struct vfio_user_device *device)
{
	const uint8_t cap_msix = 0x11;
	uint8_t at = 0;

	if (cfg_byte(device, 0x06) & 0x10)      /* Status: Capabilities List */
		at = cfg_byte(device, 0x34) & 0xfc;
	/* A list that fits the configuration space ends; one in a loop too. */
	for (int i = 0; at >= 0x40 && i < 48; i++) {
		if (cfg_byte(device, at) == cap_msix)
			return ((uint32_t)cfg_byte(device, at + 2u) |
				(cfg_byte(device, at + 3u) & 0x7u) << 8) + 1;
		at = cfg_byte(device, at + 1u) & 0xfc;
	}
	return 0;
}

static int read_regions(struct vfio_user_device *device)
{
	for (uint32_t i = 0; i < VFIO_USER_REGION_BARS; i++) {
		struct pciplug_bar bar = { .size = sizeof(bar) };
		int ret = device->plugin->bar_info(device->dev, i, &bar);

		if (ret)
			return ret;
		device->region_size[i] = bar.length;
	}
	device->region_size[VFIO_USER_REGION_CONFIG] = VFIO_USER_CONFIG_SIZE;
	return 0;
}

static int create(struct vfio_user_device *device, const char *config,
		  unsigned devices, char *err, size_t err_size)
{
	const struct pciplug_host host = {
		.size = sizeof(host),
		.flags = PCIPLUG_HOST_MSIX_TABLE,
		.ctx = device,
		.msix_signal = host_msix_signal,
		.intx_set = host_intx_set,
		.mem_read = host_mem_read,
		.mem_write = host_mem_write,
		.log = host_log,
		.devices = devices,
	};
	int ret = device->plugin->create(&host, config, err, err_size,
					 &device->dev);

	if (ret)
		return ret;
	device->dma.dev = device->dev;
	ret = read_regions(device);
	vfio_user_irqs_set_count(&device->irqs,
				 cfg_byte(device, 0x3d) ? 1 : 0, /* pin */
				 count_msix(device));
	return ret;
}

/* What the device's callbacks use must be there before the device. */
static int init_parts(struct vfio_user_device *device)
{
	int ret = vfio_user_conn_init(&device->conn);

	if (ret)
		return ret;
	ret = vfio_user_irqs_init(&device->irqs);
	if (ret) {
		vfio_user_conn_done(&device->conn);
		return ret;
	}
	vfio_user_dma_init(&device->dma, device->plugin);
	return 0;
}

int vfio_user_device_new(const struct pciplug_plugin *plugin,
			 const char *config, unsigned devices,
			 const char *name, const struct log *log,
			 char *err, size_t err_size,
			 struct vfio_user_device **ret_device)
{
	struct vfio_user_device *device = calloc(1, sizeof(*device));
	int ret = -ENOMEM;

	*err = '\0';
	if (device) {
		device->plugin = plugin;
		device->name = name;
		device->log = log;
		ret = init_parts(device);
	}
	if (ret) {
		free(device);
	} else {
		ret = create(device, config, devices, err, err_size);
		if (ret)
			vfio_user_device_free(device);
	}
	if (ret && !*err)
		snprintf(err, err_size, "%s", strerror(-ret));
	if (!ret)
		*ret_device = device;
	return ret;
}

void vfio_user_device_free(struct vfio_user_device *device)
{
	device->plugin->destroy(device->dev);
	vfio_user_dma_done(&device->dma);
	vfio_user_irqs_done(&device->irqs);
	vfio_user_conn_done(&device->conn);
	free(device);
}

/* ---- a client comes and goes ------------------------------------------ */

void vfio_user_device_connect(struct vfio_user_device *device, int sock)
{
	log_debug(device->log, LOG_VFIO_USER, "%s: a client connected",
		  device->name);
	device->dma.guard.sock = sock;
	atomic_store(&device->dma.guard.lost, false);
	vfio_user_conn_open(&device->conn, sock);
}

void vfio_user_device_disconnect(struct vfio_user_device *device)
{
	/*
	 * First of all nobody waits for the client any more.  The socket is
	 * closed when nobody touches its memory, either.
	 */
	vfio_user_conn_hang_up(&device->conn);
	vfio_user_conn_block_dma(&device->conn);
	if (device->started)
		device->plugin->stop(device->dev);
	(void)vfio_user_dma_unmap_all(&device->dma);
	vfio_user_conn_close(&device->conn);
	vfio_user_conn_allow_dma(&device->conn);
	device->dma.guard.sock = -1;
	if (atomic_load(&device->dma.guard.lost))
		log_limited(device->log, LOG_VFIO_USER, LOG_ERROR,
			    "%s: ended the connection: the client has cut a file of its memory",
			    device->name);
	if (device->started)
		device->plugin->reset(device->dev);
	vfio_user_irqs_clear(&device->irqs);
	device->started = false;
	log_debug(device->log, LOG_VFIO_USER, "%s: the client is gone",
		  device->name);
}

void vfio_user_device_hang_up(struct vfio_user_device *device)
{
	vfio_user_conn_hang_up(&device->conn);
}
