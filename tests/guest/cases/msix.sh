# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# The queues interrupt by MSI-X vectors of their own.

prepare() {
	guest_tool data-write file
}

guest() {
	same intx "$(interrupts 'IO-APIC')" 0
	before=$(interrupts 'MSI.*requests')
	guest_tool data-check file
	after=$(interrupts 'MSI.*requests')
	[ "$after" -gt "$before" ] ||
		fail "no interrupt while a file was read: $before, $after"
}

verify() {
	:
}
