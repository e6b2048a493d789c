/* SPDX-License-Identifier: MIT */
#include "tests/lib/fake_pci.h"

#include "common/bytes.h"
#include "tests/lib/fake_host.h"

#define PCI_COMMAND 0x04
#define PCI_COMMAND_MEMORY 2
#define PCI_COMMAND_MASTER 4
#define PCI_STATUS 0x06
#define PCI_STATUS_CAPS 0x10
#define PCI_HEADER_TYPE 0x0e
#define PCI_BAR 0x10
#define PCI_CAPS 0x34
#define PCI_CAP_ID_MSIX 0x11
#define BAR_SPACE 0xc000000000          /* where this guest puts BARs */

uint32_t fake_pci_cfg_read(const struct fake_pci *pci, unsigned offset,
			   unsigned size)
{
	uint8_t raw[4] = { 0 };

	pci->plugin->cfg_read(pci->dev, offset, raw, size);
	return le32_load(raw);
}

void fake_pci_cfg_write(const struct fake_pci *pci, unsigned offset,
			unsigned size, uint32_t value)
{
	uint8_t raw[4];

	le32_store(raw, value);
	pci->plugin->cfg_write(pci->dev, offset, raw, size);
}

uint64_t fake_pci_read(const struct fake_pci *pci, unsigned bar,
		       uint64_t offset, unsigned size)
{
	uint8_t raw[8] = { 0 };

	pci->plugin->bar_read(pci->dev, bar, offset, raw, size);
	return le64_load(raw);
}

void fake_pci_write(const struct fake_pci *pci, unsigned bar, uint64_t offset,
		    unsigned size, uint64_t value)
{
	uint8_t raw[8];

	le64_store(raw, value);
	pci->plugin->bar_write(pci->dev, bar, offset, raw, size);
}

unsigned fake_pci_cap(const struct fake_pci *pci, unsigned id, unsigned after)
{
	unsigned at = after ? after + 1 : PCI_CAPS;

	if (!(fake_pci_cfg_read(pci, PCI_STATUS, 2) & PCI_STATUS_CAPS))
		return 0;
	for (unsigned steps = 0; steps < 48; steps++) {
		at = fake_pci_cfg_read(pci, at, 1) & ~3u;
		if (!at || fake_pci_cfg_read(pci, at, 1) == id)
			return at;
		at++;
	}
	return 0;
}

/* Read the size of a 32-bit half the way PCI wants it: write ones. */
static uint32_t size_half(const struct fake_pci *pci, unsigned offset)
{
	uint32_t old = fake_pci_cfg_read(pci, offset, 4), mask;

	fake_pci_cfg_write(pci, offset, 4, UINT32_MAX);
	mask = fake_pci_cfg_read(pci, offset, 4);
	fake_pci_cfg_write(pci, offset, 4, old);
	return mask;
}

static const char *size_bars(struct fake_pci *pci)
{
	uint64_t next = BAR_SPACE;

	for (unsigned i = 0; i < FAKE_PCI_BARS; i++) {
		unsigned offset = PCI_BAR + 4 * i;
		uint32_t low = size_half(pci, offset);
		uint64_t mask = low & ~15u;
		struct fake_pci_bar *bar = &pci->bar[i];

		if (!low)
			continue;
		if (low & 1)
			return "an I/O BAR";
		bar->is_64bit = (low & 6) == 4;
		bar->prefetchable = low & 8;
		if (bar->is_64bit)
			mask |= (uint64_t)size_half(pci, offset + 4) << 32;
		else
			mask |= (uint64_t)UINT32_MAX << 32;
		bar->size = ~mask + 1;
		if (!is_pow2(bar->size))
			return "the size of a BAR is no power of two";
		next = align_up(next, bar->size);
		bar->address = next;
		next += bar->size;
		fake_pci_cfg_write(pci, offset, 4, (uint32_t)bar->address);
		if (bar->is_64bit) {
			fake_pci_cfg_write(pci, offset + 4, 4,
					   (uint32_t)(bar->address >> 32));
			i++;
		}
	}
	return NULL;
}

const char *fake_pci_probe(struct fake_pci *pci,
			   const struct pciplug_plugin *plugin,
			   struct pciplug_device *dev)
{
	const char *error;
	uint32_t table;

	*pci = (struct fake_pci){ .plugin = plugin, .dev = dev };
	if (fake_pci_cfg_read(pci, 0, 2) == 0xffff)
		return "no function";
	if (fake_pci_cfg_read(pci, PCI_HEADER_TYPE, 1) != 0)
		return "no type-0 header";
	error = size_bars(pci);
	if (error)
		return error;
	pci->msix_cap = fake_pci_cap(pci, PCI_CAP_ID_MSIX, 0);
	if (pci->msix_cap) {
		table = fake_pci_cfg_read(pci, pci->msix_cap + 4, 4);
		pci->msix_vectors = (fake_pci_cfg_read(pci, pci->msix_cap + 2,
						       2) & 0x7ff) + 1;
		pci->msix_bar = table & 7;
		pci->msix_table = table & ~7u;
	}
	fake_pci_cfg_write(pci, PCI_COMMAND, 2,
			   PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	return NULL;
}

void fake_pci_enable_msix(const struct fake_pci *pci, bool enable)
{
	for (unsigned v = 0; enable && v < pci->msix_vectors; v++) {
		uint64_t entry = pci->msix_table + 16 * v;

		fake_pci_write(pci, pci->msix_bar, entry, 4,
			       FAKE_HOST_MSI_ADDR);
		fake_pci_write(pci, pci->msix_bar, entry + 4, 4, 0);
		fake_pci_write(pci, pci->msix_bar, entry + 8, 4,
			       FAKE_HOST_MSI_DATA + v);
		fake_pci_write(pci, pci->msix_bar, entry + 12, 4, 0);
	}
	fake_pci_cfg_write(pci, pci->msix_cap + 2, 2, enable ? 0x8000 : 0);
}
