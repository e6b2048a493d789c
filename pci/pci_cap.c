/* SPDX-License-Identifier: MIT */
#include "pci/pci_cap.h"

#include "common/bytes.h"
#include "pci/pci_spec.h"

#include <errno.h>

int pci_cap_add(struct pci_cap_list *list, struct pci_config *config,
		uint8_t id, const void *bytes, const void *writable, size_t len)
{
	uint32_t offset = PCI_STD_HEADER_SIZEOF;
	uint32_t link = PCI_CAPABILITY_LIST;

	if (len < PCI_CAP_HEADER_SIZEOF)
		return -EINVAL;
	if (list->last) {
		offset = (uint32_t)align_up(list->end, 4);
		link = list->last + PCI_CAP_LIST_NEXT;
	}
	if (offset > PCI_CONFIG_SIZE || len > PCI_CONFIG_SIZE - offset)
		return -ENOSPC;

	pci_config_define(config, offset, bytes, writable, len);
	pci_config_define_le(config, offset + PCI_CAP_LIST_ID, 1, id, 0);
	pci_config_define_le(config, offset + PCI_CAP_LIST_NEXT, 1, 0, 0);
	pci_config_define_le(config, link, 1, offset, 0);
	pci_config_define_le(config, PCI_STATUS, 2, PCI_STATUS_CAP_LIST, 0);
	list->last = (uint8_t)offset;
	list->end = (uint16_t)(offset + len);
	return (int)offset;
}
