/* SPDX-License-Identifier: MIT */
#include "tools/lsvirtiofs/lsv_config.h"

#include "common/bytes.h"

#include <string.h>

/* Register offsets of a type-0 header (PCI 3.0 6.1). */
enum {
	VENDOR = 0x00,
	DEVICE = 0x02,
	COMMAND = 0x04,
	STATUS = 0x06,
	REVISION = 0x08,
	HEADER_TYPE = 0x0e,
	BAR0 = 0x10,
	SUB_VENDOR = 0x2c,
	SUB_DEVICE = 0x2e,
	CAP_POINTER = 0x34,
	INTERRUPT_PIN = 0x3d,
	HEADER_END = 0x40,
	STATUS_CAP_LIST = 0x10
};

/* Offsets in struct virtio_pci_cap and those that extend it (virtio 4.1.4). */
enum {
	CAP_LEN = 2,
	CAP_TYPE = 3,
	CAP_BAR = 4,
	CAP_ID = 5,
	CAP_OFFSET = 8,
	CAP_LENGTH = 12,
	CAP_END = 16,
	CAP_MULTIPLIER = 16,
	CAP_OFFSET_HI = 16,
	CAP_LENGTH_HI = 20
};

static void decode_bars(const uint8_t *cfg, struct lsv_bar *bars)
{
	for (unsigned i = 0; i < LSV_BARS; i++) {
		uint32_t raw = le32_load(cfg + BAR0 + 4 * i);
		struct lsv_bar *bar = &bars[i];

		bar->present = raw != 0;
		bar->io = raw & 1;
		if (bar->io) {
			bar->addr = raw & ~3u;
			continue;
		}
		bar->is_64bit = (raw & 6) == 4;
		bar->prefetchable = raw & 8;
		bar->addr = raw & ~15u;
		if (bar->is_64bit && i + 1 < LSV_BARS) {
			i++;            /* its upper half */
			bar->addr |= (uint64_t)le32_load(cfg + BAR0 + 4 * i)
				     << 32;
		}
	}
}

/* Reads only bytes below LSV_CONFIG_SIZE; what would lie above reads as 0. */
static void decode_virtio_cap(const uint8_t *cfg, struct lsv_cap *cap)
{
	const uint8_t *p = cfg + cap->pos;
	bool fits_end = cap->pos + CAP_END <= LSV_CONFIG_SIZE;
	bool fits_mult = cap->pos + CAP_MULTIPLIER + 4 <= LSV_CONFIG_SIZE;
	bool fits_hi = cap->pos + CAP_LENGTH_HI + 4 <= LSV_CONFIG_SIZE;

	cap->len = p[CAP_LEN];
	cap->type = p[CAP_TYPE];
	if (!fits_end)
		return;
	cap->bar = p[CAP_BAR];
	cap->shm_id = p[CAP_ID];
	cap->offset = le32_load(p + CAP_OFFSET);
	cap->length = le32_load(p + CAP_LENGTH);
	if (cap->type == LSV_NOTIFY && fits_mult)
		cap->notify_multiplier = le32_load(p + CAP_MULTIPLIER);
	if (cap->type == LSV_SHARED_MEMORY && fits_hi) {
		cap->offset |= (uint64_t)le32_load(p + CAP_OFFSET_HI) << 32;
		cap->length |= (uint64_t)le32_load(p + CAP_LENGTH_HI) << 32;
	}
}

static void decode_msix(const uint8_t *cfg, uint8_t pos, struct lsv_msix *msix)
{
	uint16_t control;
	uint32_t table, pba;

	if (pos + 12 > LSV_CONFIG_SIZE)
		return;
	control = le16_load(cfg + pos + 2);
	table = le32_load(cfg + pos + 4);
	pba = le32_load(cfg + pos + 8);
	msix->present = true;
	msix->enabled = control & 0x8000;
	msix->masked = control & 0x4000;
	msix->vectors = (control & 0x7ffu) + 1;
	msix->table_bar = table & 7;
	msix->table_offset = table & ~7u;
	msix->pba_bar = pba & 7;
	msix->pba_offset = pba & ~7u;
}

static void decode_caps(const uint8_t *cfg, struct lsv_config *config)
{
	uint8_t pos = cfg[CAP_POINTER];

	if (!(config->status & STATUS_CAP_LIST))
		return;
	while (pos) {
		struct lsv_cap *cap = &config->caps[config->n_caps];

		/* The two low bits are reserved; ours to see, not to obey. */
		if (pos < HEADER_END || pos & 3 ||
		    config->n_caps == LSV_CAPS_MAX) {
			config->caps_broken = true;
			return;
		}
		config->n_caps++;
		cap->pos = pos;
		cap->id = cfg[pos];
		if (cap->id == LSV_PCI_CAP_VENDOR)
			decode_virtio_cap(cfg, cap);
		else if (cap->id == LSV_PCI_CAP_MSIX)
			decode_msix(cfg, pos, &config->msix);
		pos = cfg[pos + 1];
	}
}

void lsv_config_decode(const uint8_t *cfg, struct lsv_config *ret_config)
{
	struct lsv_config c;

	memset(&c, 0, sizeof(c));
	c.vendor = le16_load(cfg + VENDOR);
	c.device = le16_load(cfg + DEVICE);
	c.command = le16_load(cfg + COMMAND);
	c.status = le16_load(cfg + STATUS);
	c.revision = cfg[REVISION];
	c.class_code = le32_load(cfg + REVISION) >> 8;
	c.header_type = cfg[HEADER_TYPE] & 0x7f;
	c.sub_vendor = le16_load(cfg + SUB_VENDOR);
	c.sub_device = le16_load(cfg + SUB_DEVICE);
	c.interrupt_pin = cfg[INTERRUPT_PIN];
	if (c.header_type == 0)
		decode_bars(cfg, c.bars);
	decode_caps(cfg, &c);
	*ret_config = c;
}

const struct lsv_cap *lsv_config_find(const struct lsv_config *config,
				      uint8_t type)
{
	for (unsigned i = 0; i < config->n_caps; i++) {
		const struct lsv_cap *cap = &config->caps[i];

		if (cap->id == LSV_PCI_CAP_VENDOR && cap->type == type)
			return cap;
	}
	return NULL;
}

const char *lsv_type_name(uint8_t type)
{
	switch (type) {
	case LSV_COMMON:
		return "COMMON";
	case LSV_NOTIFY:
		return "NOTIFY";
	case LSV_ISR:
		return "ISR";
	case LSV_DEVICE:
		return "DEVICE";
	case LSV_PCI_CFG:
		return "PCI_CFG";
	case LSV_SHARED_MEMORY:
		return "SHARED_MEMORY";
	}
	return "?";
}
