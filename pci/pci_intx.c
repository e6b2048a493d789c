/* SPDX-License-Identifier: MIT */
#include "pci/pci_intx.h"

#include "pci/pci_spec.h"

void pci_intx_init(struct pci_intx *intx, struct pci_config *config,
		   void (*set)(void *ctx, bool asserted), void *ctx)
{
	*intx = (struct pci_intx){ .set = set, .ctx = ctx };
	pci_config_define_le(config, PCI_INTERRUPT_LINE, 1, 0, 0xff);
	pci_config_define_le(config, PCI_INTERRUPT_PIN, 1, set ? 1 : 0, 0);
}

void pci_intx_update(struct pci_intx *intx, struct pci_config *config,
		     bool msix_enabled)
{
	bool status = intx->pending && !msix_enabled;
	bool disabled = pci_config_get(config, PCI_COMMAND, 2) &
			PCI_COMMAND_INTX_DISABLE;
	bool level = status && !disabled;

	if (!intx->set)
		return;
	pci_config_set_bits(config, PCI_STATUS, PCI_STATUS_INTERRUPT, status);
	if (level != intx->asserted) {
		intx->asserted = level;
		intx->set(intx->ctx, level);
	}
}
