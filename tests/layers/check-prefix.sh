#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every global of a layer's library starts with the layer's prefix.  What the
# sanitizers add starts with __.  libpciaccess, with which a program may be
# linked too, owns pci_device_ and pci_system_.

libs=${1:-${top_builddir:?}}/.libs

while read -r layer prefixes
do
	lib=$libs/lib$layer.a
	if [ ! -f "$lib" ]
	then
		echo "$lib: missing"
		exit 1
	fi
	nm -g --defined-only "$lib" | awk -v layer="$layer" \
		-v good="^($prefixes|__)" -v taken='^pci_(device|system)_' '
		NF == 3 && ($3 !~ good || $3 ~ taken) {
			print "lib" layer ": " $3 " has not the prefix " good
			bad = 1
		}
		END { exit bad }' || exit 1
done <<-EOT
	common log_|iov_|gmem_|guard_|event_|marks_|save_
	lxutil lx_
	fuse fuse_
	pci pci_
	virtio virtio_
	virtio_pci virtio_pci_
	vhost_user vhost_user_
	virtio_fs vfs_
EOT
