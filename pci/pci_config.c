/* SPDX-License-Identifier: MIT */
#include "pci/pci_config.h"

#include "common/bytes.h"

#include <string.h>

void pci_config_define(struct pci_config *config, uint32_t offset,
		       const void *value, const void *writable, size_t len)
{
	memcpy(config->value + offset, value, len);
	memcpy(config->initial + offset, value, len);
	if (writable)
		memcpy(config->writable + offset, writable, len);
	else
		memset(config->writable + offset, 0, len);
}

void pci_config_define_le(struct pci_config *config, uint32_t offset,
			  unsigned width, uint32_t value, uint32_t writable)
{
	uint8_t v[4], w[4];

	le32_store(v, value);
	le32_store(w, writable);
	pci_config_define(config, offset, v, w, width);
}

void pci_config_define_clearable(struct pci_config *config, uint32_t offset,
				 uint16_t bits)
{
	le16_store(config->clearable + offset, bits);
}

uint32_t pci_config_get(const struct pci_config *config, uint32_t offset,
			unsigned width)
{
	uint8_t v[4] = { 0 };

	memcpy(v, config->value + offset, width);
	return le32_load(v);
}

void pci_config_set_bits(struct pci_config *config, uint32_t offset,
			 uint16_t bits, bool on)
{
	uint8_t *p = config->value + offset;
	uint16_t old = le16_load(p);

	le16_store(p, (uint16_t)(on ? old | bits : old & ~bits));
}

void pci_config_reset(struct pci_config *config)
{
	memcpy(config->value, config->initial, sizeof(config->value));
}

void pci_config_restore(struct pci_config *config,
			const uint8_t value[PCI_CONFIG_SIZE])
{
	for (size_t i = 0; i < PCI_CONFIG_SIZE; i++) {
		uint8_t changes = config->writable[i] | config->clearable[i];

		config->value[i] = (uint8_t)((config->initial[i] & ~changes) |
					     (value[i] & changes));
	}
}

/* How many of len bytes from offset are within the space. */
static size_t clip(uint32_t offset, size_t len)
{
	if (offset >= PCI_CONFIG_SIZE)
		return 0;
	return MIN(len, PCI_CONFIG_SIZE - offset);
}

void pci_config_read(const struct pci_config *config, uint32_t offset,
		     void *buf, size_t len)
{
	size_t n = clip(offset, len);

	memset((uint8_t *)buf + n, 0xff, len - n);
	if (n)
		memcpy(buf, config->value + offset, n);
}

void pci_config_write(struct pci_config *config, uint32_t offset,
		      const void *buf, size_t len)
{
	const uint8_t *p = buf;
	size_t n = clip(offset, len);

	for (size_t i = 0; i < n; i++) {
		uint8_t writable = config->writable[offset + i];
		uint8_t cleared = p[i] & config->clearable[offset + i];
		uint8_t *value = &config->value[offset + i];

		*value = (uint8_t)((*value & ~writable & ~cleared) |
				   (p[i] & writable));
	}
}
