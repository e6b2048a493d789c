#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What lspci makes of the function, compared with lspci.expected.  Numbers
# only: names come from a database that differs from host to host.

here=$top_srcdir/tests/unit/virtio_pci
PATH=$PATH:/usr/sbin:/sbin
if ! command -v lspci >/dev/null; then
	echo "lspci is missing (Debian: pciutils)"
	exit 77
fi
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

"$top_builddir/lspci_dump" >"$dir/dump" || exit 1
# pciutils 3.9 has no name for the PCI_CFG capability.
lspci -F "$dir/dump" -n -vv |
	sed -e 's/VirtIO: \(<unknown>\|P[Cc][Ii].*\)$/VirtIO: PCI_CFG/' \
		-e 's/[[:space:]]*$//' -e '/^$/d' >"$dir/got"
diff -u "$here/lspci.expected" "$dir/got"
