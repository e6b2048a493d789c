# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Without MSI (kernel argument pci=nomsi) the interrupt pin does it.

prepare() {
	guest_tool data-write file
}

guest() {
	same msi "$(interrupts 'MSI')" 0
	before=$(interrupts 'IO-APIC')
	guest_tool data-check file
	after=$(interrupts 'IO-APIC')
	[ "$after" -gt "$before" ] ||
		fail "no interrupt while a file was read: $before, $after"
}

verify() {
	:
}
