# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# The guest reboots with the shares mounted and a file open, and mounts again.

prepare() {
	:
}

guest() {
	if [ -e booted ]; then
		same after "$(cat booted)" 'written before the reboot'
		echo 'written after the reboot' >after
		return
	fi
	exec 8>open
	echo 'written before the reboot' >booted
	sync
	reboot -f
	sleep 60
}

verify() {
	same after "$(cat after)" 'written after the reboot'
}
