/* SPDX-License-Identifier: MIT */
#include "tools/lsvirtiofs/lsv_access.h"

#include "common/bytes.h"

#include <errno.h>
#include <string.h>

#define COMMAND_MEMORY 2

/* Members of struct virtio_pci_cfg_cap (virtio 1.3 4.1.4.9). */
enum {
	WINDOW_BAR = 4,
	WINDOW_OFFSET = 8,
	WINDOW_LENGTH = 12,
	WINDOW_DATA = 16
};

/* Point the window at (bar, offset); *ret_data is where its data then is. */
static int window_set(struct lsv_access *a, unsigned bar, uint64_t offset,
		      unsigned width, unsigned *ret_data)
{
	const struct lsv_cap *cap = lsv_config_find(&a->config, LSV_PCI_CFG);
	int rc;

	if (!cap || cap->len < WINDOW_DATA + 4 || offset > UINT32_MAX)
		return -ENODEV;
	rc = pci_device_cfg_write_u8(a->dev, (uint8_t)bar,
				     cap->pos + WINDOW_BAR);
	if (!rc)
		rc = pci_device_cfg_write_u32(a->dev, (uint32_t)offset,
					      cap->pos + WINDOW_OFFSET);
	if (!rc)
		rc = pci_device_cfg_write_u32(a->dev, width,
					      cap->pos + WINDOW_LENGTH);
	*ret_data = cap->pos + WINDOW_DATA;
	return -rc;
}

/* Is [offset, offset + width) mapped? */
static bool is_mapped(const struct lsv_access *a, unsigned bar, uint64_t offset,
		      unsigned width)
{
	return a->map[bar] &&
	       range_within(offset, width, 0, a->dev->regions[bar].size);
}

static int access_read(void *ctx, unsigned bar, uint64_t offset,
		       unsigned width, uint32_t *ret_value)
{
	struct lsv_access *a = ctx;
	uint8_t bytes[4] = { 0 };
	pciaddr_t n = 0;
	unsigned data;
	int rc;

	if (bar >= LSV_BARS)
		return -EINVAL;
	if (is_mapped(a, bar, offset, width)) {
		volatile uint8_t *p = (uint8_t *)a->map[bar] + offset;

		*ret_value = width == 1 ? *p :
			     width == 2 ? *(volatile uint16_t *)p :
					  *(volatile uint32_t *)p;
		return 0;
	}
	rc = window_set(a, bar, offset, width, &data);
	if (rc)
		return rc;
	rc = pci_device_cfg_read(a->dev, bytes, data, width, &n);
	if (rc || n != width)
		return rc ? -rc : -EIO;
	*ret_value = le32_load(bytes);
	return 0;
}

static int access_write(void *ctx, unsigned bar, uint64_t offset,
			unsigned width, uint32_t value)
{
	struct lsv_access *a = ctx;
	uint8_t bytes[4];
	pciaddr_t n = 0;
	unsigned data;
	int rc;

	if (bar >= LSV_BARS)
		return -EINVAL;
	if (is_mapped(a, bar, offset, width)) {
		volatile uint8_t *p = (uint8_t *)a->map[bar] + offset;

		if (width == 1)
			*p = (uint8_t)value;
		else if (width == 2)
			*(volatile uint16_t *)p = (uint16_t)value;
		else
			*(volatile uint32_t *)p = value;
		return 0;
	}
	rc = window_set(a, bar, offset, width, &data);
	if (rc)
		return rc;
	le32_store(bytes, value);
	rc = pci_device_cfg_write(a->dev, bytes, data, width, &n);
	if (rc || n != width)
		return rc ? -rc : -EIO;
	return 0;
}

int lsv_access_open(struct lsv_access *access, struct pci_device *dev)
{
	struct lsv_access a = { .dev = dev };
	pciaddr_t n = 0;
	int rc;

	rc = pci_device_probe(dev);
	if (!rc)
		rc = pci_device_cfg_read(dev, a.bytes, 0, sizeof(a.bytes), &n);
	if (rc)
		return rc > 0 ? -rc : -EIO;
	if (n != sizeof(a.bytes))
		return -EACCES;
	lsv_config_decode(a.bytes, &a.config);
	for (unsigned i = 0; i < LSV_BARS; i++) {
		const struct pci_mem_region *region = &dev->regions[i];
		void *map;

		a.config.bars[i].size = region->size;
		if (!region->size || region->is_IO ||
		    !(a.config.command & COMMAND_MEMORY))
			continue;
		if (!pci_device_map_range(dev, region->base_addr, region->size,
					  PCI_DEV_MAP_FLAG_WRITABLE, &map))
			a.map[i] = map;
	}
	*access = a;
	access->io = (struct lsv_io){ access, access_read, access_write };
	return 0;
}

void lsv_access_close(struct lsv_access *access)
{
	for (unsigned i = 0; i < LSV_BARS; i++)
		if (access->map[i])
			pci_device_unmap_range(access->dev, access->map[i],
					       access->dev->regions[i].size);
}
