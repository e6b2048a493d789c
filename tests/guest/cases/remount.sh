# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Unmount and mount again, several times.

prepare() {
	echo before >file
}

guest() {
	for i in 1 2 3; do
		echo "$i" >>file
		cd /
		umount_shares
		refuses 'No such file' cat /mnt/myfs/remount/file
		mount_shares
		cd /mnt/myfs/remount
		same file "$(tail -n 1 file)" "$i"
	done
	# Two mounts of one share are one file system.
	mkdir -p /mnt/twice
	mount -t virtiofs myfs /mnt/twice
	echo seen >/mnt/twice/remount/both
	same both "$(cat both)" seen
	umount /mnt/twice
	refuses 'mount' mount -t virtiofs nosuchtag /mnt/twice
}

verify() {
	same file "$(cat file)" "$(printf '%s\n' before 1 2 3)"
	same both "$(cat both)" seen
}
