/* SPDX-License-Identifier: MIT */
#include "tests/unit/lsvirtiofs/fake_function.h"

#include "common/bytes.h"

#include <errno.h>
#include <string.h>

static uint32_t common_read(const struct fake_function *f, unsigned offset)
{
	static const struct lsv_queue none = { 0 };
	const struct lsv_queue *q = f->queue_select < FAKE_QUEUES ?
				    &f->queues[f->queue_select] : &none;

	switch (offset) {
	case 0:
		return f->device_feature_select;
	case 4:
		return f->device_feature_select > 1 ? 0 :
		       (uint32_t)(f->device_features >>
				  (32 * f->device_feature_select));
	case 8:
		return f->driver_feature_select;
	case 12:
		return f->driver_feature_select > 1 ? 0 :
		       (uint32_t)(f->driver_features >>
				  (32 * f->driver_feature_select));
	case 18:
		return FAKE_QUEUES;
	case 20:
		return f->status;
	case 22:
		return f->queue_select;
	case 24:
		return q->size;
	case 26:
		return q->msix_vector;
	case 28:
		return q->enable;
	case 30:
		return q->notify_off;
	}
	return 0;
}

static int fake_read(void *ctx, unsigned bar, uint64_t offset, unsigned width,
		     uint32_t *ret_value)
{
	struct fake_function *f = ctx;

	if (f->error)
		return f->error;
	if (bar == 2 && offset < sizeof(f->msix))
		*ret_value = f->msix[offset / 4];
	else if (offset < 0x1000)
		*ret_value = common_read(f, (unsigned)offset);
	else if (offset < 0x2000)
		*ret_value = f->isr_reads++;
	else if (width == 1)
		*ret_value = f->device[offset - 0x2000];
	else
		*ret_value = le32_load(f->device + offset - 0x2000);
	return 0;
}

static int fake_write(void *ctx, unsigned bar, uint64_t offset, unsigned width,
		      uint32_t value)
{
	struct fake_function *f = ctx;

	(void)width;
	if (f->error)
		return f->error;
	if (bar == 0 && offset == 0)
		f->device_feature_select = value;
	else if (bar == 0 && offset == 8)
		f->driver_feature_select = value;
	else if (bar == 0 && offset == 22)
		f->queue_select = (uint16_t)value;
	else
		return -EPERM;          /* nothing else may be written */
	return 0;
}

static void put_cap(uint8_t *cfg, unsigned pos, unsigned next, unsigned len,
		    unsigned type, uint32_t offset, uint32_t length)
{
	cfg[pos] = LSV_PCI_CAP_VENDOR;
	cfg[pos + 1] = (uint8_t)next;
	cfg[pos + 2] = (uint8_t)len;
	cfg[pos + 3] = (uint8_t)type;
	le32_store(cfg + pos + 8, offset);
	le32_store(cfg + pos + 12, length);
}

static void init_config(uint8_t *cfg)
{
	le16_store(cfg, 0x1af4);
	le16_store(cfg + 2, 0x105a);
	le16_store(cfg + 4, 0x0406);
	le16_store(cfg + 6, 0x10);
	cfg[8] = 1;
	cfg[11] = 0x08;
	cfg[10] = 0x80;
	le32_store(cfg + 0x10, 0xfe000004);
	le32_store(cfg + 0x14, 0x1);
	le32_store(cfg + 0x18, 0xfe004004);
	le16_store(cfg + 0x2c, 0x1af4);
	le16_store(cfg + 0x2e, 0x1100);
	cfg[0x34] = FAKE_MSIX;
	cfg[0x3d] = 1;
	cfg[FAKE_MSIX] = LSV_PCI_CAP_MSIX;
	cfg[FAKE_MSIX + 1] = FAKE_COMMON;
	le16_store(cfg + FAKE_MSIX + 2, 0x8003);
	le32_store(cfg + FAKE_MSIX + 4, 2);
	le32_store(cfg + FAKE_MSIX + 8, 0x800 | 2);
	put_cap(cfg, FAKE_COMMON, FAKE_NOTIFY, 16, LSV_COMMON, 0, 64);
	put_cap(cfg, FAKE_NOTIFY, FAKE_ISR, 20, LSV_NOTIFY, 0x3000, 0x1000);
	le32_store(cfg + FAKE_NOTIFY + 16, 4);
	put_cap(cfg, FAKE_ISR, FAKE_DEVICE, 16, LSV_ISR, 0x1000, 1);
	put_cap(cfg, FAKE_DEVICE, FAKE_PCI_CFG, 16, LSV_DEVICE, 0x2000, 40);
	put_cap(cfg, FAKE_PCI_CFG, 0, 20, LSV_PCI_CFG, 0, 0);
}

void fake_function_init(struct fake_function *fake)
{
	memset(fake, 0, sizeof(*fake));
	init_config(fake->config);
	fake->device_features = (uint64_t)1 << LSV_F_VERSION_1 | 3u << 28;
	fake->driver_features = fake->device_features;
	fake->device_feature_select = 1;
	fake->driver_feature_select = 1;
	fake->queue_select = 2;
	fake->status = 0xf;
	for (unsigned i = 0; i < FAKE_QUEUES; i++)
		fake->queues[i] = (struct lsv_queue){
			.size = 128,
			.msix_vector = (uint16_t)(i + 1),
			.enable = 1,
			.notify_off = (uint16_t)i,
		};
	memcpy(fake->device, "myfs", 4);
	le32_store(fake->device + 36, 2);
	fake->msix[4] = 0xfee01000;
	fake->msix[5] = 0x1;
	fake->msix[6] = 0x4022;
	fake->msix[7] = 1;
	fake->io = (struct lsv_io){ fake, fake_read, fake_write };
}
