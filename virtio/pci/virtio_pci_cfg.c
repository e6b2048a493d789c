/* SPDX-License-Identifier: MIT */
/*
 * The PCI configuration access capability (virtio 1.3 4.1.4.9): software that
 * cannot reach the BARs, such as firmware, writes `bar`, `offset` and `length`
 * into it and then accesses pci_cfg_data, which stands for those bytes.
 *
 * The three are ordinary writable bytes of the configuration space.  An access
 * to pci_cfg_data takes a copy of them and checks it: length 1, 2 or 4, offset
 * a multiple of it and within the BAR.  The access must start at pci_cfg_data
 * and may be wider than `length` (hosts that only know dwords); of a wrong one
 * nothing is written, and all ones are read.
 */
#include "virtio/pci/virtio_pci_internal.h"

#include "common/bytes.h"
#include "pci/pci_spec.h"
#include "virtio/pci/virtio_pci_spec.h"

#include <string.h>

struct target {
	unsigned bar;
	uint32_t offset;
	uint32_t length;
};

/* Where an access of `len` bytes at pci_cfg_data + offset leads. */
static bool find_target(struct virtio_pci *vp, uint32_t offset, size_t len,
			struct target *ret_target)
{
	uint8_t cap[VIRTIO_PCI_CAP_SIZE];
	struct target t;
	uint64_t size;

	pci_function_cfg_read(vp->function, vp->cfg_cap, cap, sizeof(cap));
	t.bar = cap[VIRTIO_PCI_CAP_BAR];
	t.offset = le32_load(cap + VIRTIO_PCI_CAP_OFFSET);
	t.length = le32_load(cap + VIRTIO_PCI_CAP_LENGTH);
	size = virtio_pci_bar_info(vp, t.bar).length;
	if ((t.length != 1 && t.length != 2 && t.length != 4) ||
	    t.offset % t.length || !range_within(t.offset, t.length, 0, size) ||
	    offset != 0 || len < t.length) {
		log_limited(vp->log, LOG_VIRTIO, LOG_DEBUG,
			    "driver accesses pci_cfg_data with bar %u, offset %#x, length %u: refused",
			    t.bar, t.offset, t.length);
		return false;
	}
	*ret_target = t;
	return true;
}

static void data_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
	struct virtio_pci *vp = ctx;
	struct target t;

	memset(buf, 0xff, len);
	if (find_target(vp, offset, len, &t))
		virtio_pci_bar_read(vp, t.bar, t.offset, buf, t.length);
}

static void data_write(void *ctx, uint32_t offset, const void *buf, size_t len)
{
	struct virtio_pci *vp = ctx;
	struct target t;

	if (find_target(vp, offset, len, &t))
		virtio_pci_bar_write(vp, t.bar, t.offset, buf, t.length);
}

int virtio_pci_cfg_add(struct virtio_pci *vp)
{
	const uint8_t cap[VIRTIO_PCI_CFG_CAP_SIZE] = {
		[VIRTIO_PCI_CAP_LEN] = sizeof(cap),
		[VIRTIO_PCI_CAP_CFG_TYPE] = VIRTIO_PCI_CAP_PCI_CFG,
	};
	uint8_t writable[sizeof(cap)] = { [VIRTIO_PCI_CAP_BAR] = 0xff };
	struct pci_function_window window = { .length = 4,
					      .read = data_read,
					      .write = data_write,
					      .ctx = vp };
	int r;

	le32_store(writable + VIRTIO_PCI_CAP_OFFSET, UINT32_MAX);
	le32_store(writable + VIRTIO_PCI_CAP_LENGTH, UINT32_MAX);
	r = pci_function_add_cap(vp->function, PCI_CAP_ID_VNDR, cap, writable,
				 sizeof(cap));
	if (r < 0)
		return r;
	vp->cfg_cap = (uint32_t)r;
	window.offset = vp->cfg_cap + VIRTIO_PCI_CFG_CAP_DATA;
	pci_function_set_window(vp->function, &window);
	return 0;
}
