# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# The guest's root file system is a share.

prepare() {
	:
}

guest() {
	same root "$(awk '$2 == "/" && $3 != "rootfs" { print $1, $3 }' /proc/mounts)" \
		'root virtiofs'
	echo 'a shell on virtiofs' >/from-the-guest
	sh -c 'cp /bin/busybox /busybox-copy && /busybox-copy true'
}

verify() {
	same file "$(cat "$share/root/from-the-guest")" 'a shell on virtiofs'
	cmp "$share/root/bin/busybox" "$share/root/busybox-copy"
}
