/* SPDX-License-Identifier: MIT */
/*
 * lspci_dump - prints the configuration space of a function that a driver has
 * set up, as `lspci -F` reads it.
 */
#include "tests/unit/virtio_pci/pci_fixture.h"

#include <stdio.h>

int main(void)
{
	const struct fixture_options usual = { 0 };
	struct fixture f;
	uint8_t all[256];

	fixture_init(&f, &usual);
	cfg_set(&f, PCI_BASE_ADDRESS_0, 4, 0xe0000000);
	cfg_set(&f, PCI_BASE_ADDRESS_0 + 8, 4, 0xe0004000);
	cfg_set(&f, PCI_INTERRUPT_LINE, 1, 11);
	enable_msix(&f);
	virtio_pci_cfg_read(f.vp, 0, all, sizeof(all));
	printf("00:01.0 function under test");
	for (unsigned i = 0; i < sizeof(all); i++)
		printf(i % 16 ? " %02x" : "\n%02x: %02x", i % 16 ? all[i] : i,
		       all[i]);
	printf("\n");
	fixture_done(&f);
	return 0;
}
