/* SPDX-License-Identifier: MIT */
/*
 * bench_plugin.c - a device in this process: load the plugin, find virtio's
 * registers by its PCI capabilities, and set it up as a driver does.
 */
#include "common/bytes.h"
#include "include/pciplug.h"
#include "tools/bench/bench_device.h"
#include "tools/bench/bench_fail.h"
#include "tools/plugin_load.h"

#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct region {
	uint32_t bar, offset;
};

struct plugin {
	struct plugin_load load;
	struct pciplug_device *dev;
	struct bench_device *owner;
	struct region region[VIRTIO_PCI_CAP_PCI_CFG + 1];
	uint32_t multiplier;
	uint32_t doorbells;             /* that were asked for */
	struct pciplug_doorbell doorbell[BENCH_QUEUES_MAX];
};

/* ---- the host's side --------------------------------------------------- */

static void msix_signal(void *ctx, uint16_t vector, uint64_t addr,
			uint32_t data)
{
	struct plugin *p = ctx;

	(void)addr;
	(void)data;
	if (vector < p->owner->queues)
		eventfd_write(p->owner->call[vector], 1);
}

static int doorbell_add(void *ctx, const struct pciplug_doorbell *db)
{
	struct plugin *p = ctx;

	if (p->doorbells == BENCH_QUEUES_MAX)
		return -28;             /* ENOSPC */
	p->doorbell[p->doorbells++] = *db;
	return 0;
}

static void doorbell_del(void *ctx, const struct pciplug_doorbell *db)
{
	(void)ctx;
	(void)db;
}

static void create(struct plugin *p, const char *spec, const char *dir)
{
	const struct pciplug_host host = {
		.size = sizeof(host),
		.flags = PCIPLUG_HOST_MSIX_TABLE,
		.ctx = p,
		.msix_signal = msix_signal,
		.doorbell_add = doorbell_add,
		.doorbell_del = doorbell_del,
	};
	const char *options = strchr(spec, ',');
	char path[512], config[1024], err[512] = "";

	snprintf(path, sizeof(path), "%.*s",
		 (int)(options ? options - spec : (long)strlen(spec)), spec);
	if (plugin_load_open(*path ? path : NULL, &p->load, err, sizeof(err)))
		bench_fail("%s", err);
	snprintf(config, sizeof(config), "bench:%s%s", dir,
		 options ? options : "");
	if (p->load.table.create(&host, config, err, sizeof(err), &p->dev))
		bench_fail("%s", err);
}

/* ---- the driver's side ------------------------------------------------- */

static uint32_t cfg_get(struct plugin *p, uint32_t at, size_t len)
{
	uint8_t value[4] = { 0 };

	p->load.table.cfg_read(p->dev, at, value, len);
	return le32_load(value);
}

static void cfg_put16(struct plugin *p, uint32_t at, uint16_t value)
{
	uint8_t bytes[2];

	le16_store(bytes, value);
	p->load.table.cfg_write(p->dev, at, bytes, sizeof(bytes));
}

static uint32_t get(struct plugin *p, uint32_t at, size_t len)
{
	const struct region *r = &p->region[VIRTIO_PCI_CAP_COMMON_CFG];
	uint8_t value[4] = { 0 };

	p->load.table.bar_read(p->dev, r->bar, r->offset + at, value, len);
	return le32_load(value);
}

static void put(struct plugin *p, uint32_t at, uint64_t value, size_t len)
{
	const struct region *r = &p->region[VIRTIO_PCI_CAP_COMMON_CFG];
	uint8_t bytes[8];

	le64_store(bytes, value);
	/* A 64-bit register takes two writes of 32 bits. */
	for (size_t i = 0; i < len; i += 4)
		p->load.table.bar_write(p->dev, r->bar, r->offset + at + i,
					bytes + i, MIN(len, 4u));
}

static void probe(struct plugin *p)
{
	cfg_put16(p, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	for (uint32_t at = cfg_get(p, PCI_CAPABILITY_LIST, 1); at;
	     at = cfg_get(p, at + 1, 1)) {
		uint32_t id = cfg_get(p, at, 1), type = cfg_get(p, at + 3, 1);

		if (id == PCI_CAP_ID_MSIX)
			cfg_put16(p, at + PCI_MSIX_FLAGS,
				  PCI_MSIX_FLAGS_ENABLE);
		if (id != PCI_CAP_ID_VNDR || type > VIRTIO_PCI_CAP_PCI_CFG)
			continue;
		p->region[type].bar = cfg_get(p, at + 4, 1);
		p->region[type].offset = cfg_get(p, at + 8, 4);
		if (type == VIRTIO_PCI_CAP_NOTIFY_CFG)
			p->multiplier = cfg_get(p, at + 16, 4);
	}
}

static void negotiate(struct plugin *p, struct bench_device *dev)
{
	uint32_t status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;
	uint64_t offered;

	put(p, VIRTIO_PCI_COMMON_STATUS, 0, 1);
	put(p, VIRTIO_PCI_COMMON_STATUS, status, 1);
	put(p, VIRTIO_PCI_COMMON_DFSELECT, 0, 4);
	offered = get(p, VIRTIO_PCI_COMMON_DF, 4);
	put(p, VIRTIO_PCI_COMMON_DFSELECT, 1, 4);
	offered |= (uint64_t)get(p, VIRTIO_PCI_COMMON_DF, 4) << 32;
	dev->features &= offered;
	for (uint32_t bank = 0; bank < 2; bank++) {
		put(p, VIRTIO_PCI_COMMON_GFSELECT, bank, 4);
		put(p, VIRTIO_PCI_COMMON_GF,
		    (uint32_t)(dev->features >> (32 * bank)), 4);
	}
	status |= VIRTIO_CONFIG_S_FEATURES_OK;
	put(p, VIRTIO_PCI_COMMON_STATUS, status, 1);
	if (get(p, VIRTIO_PCI_COMMON_STATUS, 1) != status)
		bench_fail("the device refuses the features");
}

/* The event that the doorbell of this queue signals. */
static int doorbell_event(struct plugin *p, unsigned queue)
{
	const struct region *r = &p->region[VIRTIO_PCI_CAP_NOTIFY_CFG];
	uint64_t at = r->offset + (uint64_t)p->multiplier *
		      get(p, VIRTIO_PCI_COMMON_Q_NOFF, 2);

	for (uint32_t i = 0; i < p->doorbells; i++)
		if (p->doorbell[i].bar == r->bar &&
		    p->doorbell[i].offset == at)
			return (int)p->doorbell[i].event;
	bench_fail("the device asks for no doorbell of queue %u", queue);
}

static void set_up_queue(struct plugin *p, struct bench_device *dev, unsigned i)
{
	struct bench_ring *ring = &dev->ring[i];
	unsigned size;

	put(p, VIRTIO_PCI_COMMON_Q_SELECT, i, 2);
	size = MIN(get(p, VIRTIO_PCI_COMMON_Q_SIZE, 2),
		   (uint32_t)BENCH_RING_SIZE);
	if (!size)
		bench_fail("the device has no queue %u", i);
	bench_ring_init(ring, &dev->ram, size, dev->features);
	put(p, VIRTIO_PCI_COMMON_Q_SIZE, size, 2);
	put(p, VIRTIO_PCI_COMMON_Q_MSIX, i, 2);
	put(p, VIRTIO_PCI_COMMON_Q_DESCLO,
	    bench_ram_gpa(&dev->ram, ring->desc), 8);
	put(p, VIRTIO_PCI_COMMON_Q_AVAILLO,
	    bench_ram_gpa(&dev->ram, ring->driver), 8);
	put(p, VIRTIO_PCI_COMMON_Q_USEDLO,
	    bench_ram_gpa(&dev->ram, ring->device), 8);
	put(p, VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
	dev->call[i] = eventfd(0, EFD_CLOEXEC);
	if (dev->call[i] < 0)
		bench_fail_errno("eventfd");
}

static void close_plugin(struct bench_device *dev)
{
	struct plugin *p = dev->impl;

	p->load.table.destroy(p->dev);
	plugin_load_close(&p->load);
	for (unsigned i = 0; i < dev->queues; i++)
		close(dev->call[i]);
	free(p);
}

static const struct bench_device_ops plugin_ops = { .close = close_plugin };

void bench_plugin_open(struct bench_device *dev, const char *spec,
		       const char *dir)
{
	struct plugin *p = calloc(1, sizeof(*p));

	if (!p)
		bench_fail_errno("%s", spec);
	p->owner = dev;
	dev->ops = &plugin_ops;
	dev->impl = p;
	create(p, spec, dir);
	if (p->load.table.mem_add(p->dev, BENCH_RAM_GPA, dev->ram.size,
				  dev->ram.base,
				  PCIPLUG_MEM_READ | PCIPLUG_MEM_WRITE) ||
	    p->load.table.start(p->dev))
		bench_fail("%s: the device does not start", spec);
	probe(p);
	negotiate(p, dev);
	for (unsigned i = 0; i < dev->queues; i++)
		set_up_queue(p, dev, i);
	put(p, VIRTIO_PCI_COMMON_STATUS,
	    VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
	    VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK, 1);
	for (unsigned i = 0; i < dev->queues; i++) {
		put(p, VIRTIO_PCI_COMMON_Q_SELECT, i, 2);
		dev->kick[i] = doorbell_event(p, i);
	}
}
