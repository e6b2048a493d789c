/* SPDX-License-Identifier: MIT */
#include "pci/pci_bar.h"

#include "common/bytes.h"
#include "pci/pci_spec.h"

#include <errno.h>

static uint32_t reg_offset(unsigned index)
{
	return PCI_BASE_ADDRESS_0 + 4 * index;
}

static bool is_64bit(const struct pci_bar *bar)
{
	return bar->flags & PCI_BAR_64BIT;
}

/* Is register `index` a BAR, or the upper half of one? */
static bool taken(const struct pci_bars *bars, unsigned index)
{
	return bars->bar[index].size ||
	       (index > 0 && bars->bar[index - 1].size &&
		is_64bit(&bars->bar[index - 1]));
}

int pci_bar_add(struct pci_bars *bars, struct pci_config *config,
		unsigned index, uint64_t size, unsigned flags)
{
	bool wide = flags & PCI_BAR_64BIT;
	uint64_t address_bits = ~(size - 1);
	uint32_t type = 0;

	if (index >= PCI_BARS || taken(bars, index))
		return -EINVAL;
	if (!is_pow2(size) || size < 16 || (!wide && size > 1u << 31))
		return -EINVAL;
	if (wide && (index + 1 >= PCI_BARS || taken(bars, index + 1)))
		return -EINVAL;
	if (wide)
		type |= PCI_BASE_ADDRESS_MEM_TYPE_64;
	if (flags & PCI_BAR_PREFETCHABLE)
		type |= PCI_BASE_ADDRESS_MEM_PREFETCH;
	pci_config_define_le(config, reg_offset(index), 4, type,
			     (uint32_t)address_bits);
	if (wide)
		pci_config_define_le(config, reg_offset(index + 1), 4, 0,
				     (uint32_t)(address_bits >> 32));
	bars->bar[index] = (struct pci_bar){ .size = size, .flags = flags };
	return 0;
}

/* Where BAR `index` decodes; false: nowhere. */
static bool decode(const struct pci_bars *bars, const struct pci_config *config,
		   unsigned index, uint64_t *ret_address)
{
	const struct pci_bar *bar = &bars->bar[index];
	uint64_t ones = ~(bar->size - 1);
	uint64_t address;

	if (!(pci_config_get(config, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY))
		return false;
	address = pci_config_get(config, reg_offset(index), 4) &
		  ~(uint32_t)PCI_BASE_ADDRESS_FLAGS;
	if (is_64bit(bar))
		address |= (uint64_t)pci_config_get(
				   config, reg_offset(index + 1), 4) << 32;
	else
		ones = (uint32_t)ones;
	if (address == 0 || address == ones)
		return false;
	*ret_address = address;
	return true;
}

static void update(struct pci_bars *bars, const struct pci_config *config,
		   unsigned index)
{
	struct pci_bar *bar = &bars->bar[index];
	uint64_t address = 0;
	bool decodes = decode(bars, config, index, &address);

	if (bar->mapped && !(decodes && address == bar->address)) {
		bar->mapped = false;
		if (bars->ops.unmap)
			bars->ops.unmap(bars->ctx, index);
	}
	if (decodes && !bar->mapped) {
		bar->address = address;
		bar->mapped = !bars->ops.map ||
			      bars->ops.map(bars->ctx, index, address) == 0;
	}
}

void pci_bar_update(struct pci_bars *bars, const struct pci_config *config)
{
	for (unsigned i = 0; i < PCI_BARS; i++)
		if (bars->bar[i].size)
			update(bars, config, i);
}
