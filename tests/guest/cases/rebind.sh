# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Take the driver from the devices and give it back: the virtio-fs driver, and
# then the PCI driver below it.

prepare() {
	echo before >file
}

devices() { # bus driver
	for device in /sys/bus/"$1"/drivers/"$2"/*; do
		device=${device##*/}
		case $device in
		virtio[0-9]* | 0000:*) echo "$device" ;;
		esac
	done
}

rebind() { # bus driver
	cd /
	umount_shares
	list=$(devices "$1" "$2")
	[ -n "$list" ] || fail "no device has driver $2"
	for device in $list; do
		echo "$device" >"/sys/bus/$1/drivers/$2/unbind"
	done
	refuses 'mount' mount -t virtiofs myfs /mnt/myfs
	[ "$1" != pci ] || check_unbound
	for device in $list; do
		echo "$device" >"/sys/bus/$1/drivers/$2/bind"
	done
	mount_shares
	cd /mnt/myfs/rebind
	echo "$1" >>file
	drop_caches
	same file "$(tail -n 1 file)" "$1"
}

# Without a driver the registers can be mapped, and show a device after reset.
check_unbound() {
	lsvirtiofs --check
}

guest() {
	rebind virtio virtiofs
	rebind pci virtio-pci
}

verify() {
	same file "$(cat file)" "$(printf '%s\n' before virtio pci)"
}
