# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# A share with the option ro refuses every change.

prepare() {
	(
		cd "$share/safe"
		echo kept >file
		ln -s file link
		mkdir dir empty
		touch dir/entry
		guest_tool xattr-set file user.kept yes
	)
	find "$share/safe" -printf '%p %m %U %G %s %T@ %C@\n' | sort >../safe.text
}

guest() {
	cd /mnt/safe
	same file "$(cat file)" kept
	same link "$(readlink link)" file
	same xattr "$(guest_tool xattr-get file user.kept)" yes
	ro='Read-only file system'
	refuses "$ro" touch new
	refuses "$ro" sh -c 'echo more >>file'
	refuses "$ro" sh -c 'echo other >file'
	refuses "$ro" truncate -s 0 file
	refuses "$ro" mkdir new
	refuses "$ro" mkfifo new
	refuses "$ro" ln file new
	refuses "$ro" ln -s file new
	refuses "$ro" rm -f file
	refuses "$ro" rmdir empty
	refuses "$ro" guest_tool rename-noreplace file new
	refuses "$ro" guest_tool rename-exchange file dir
	refuses "$ro" mv -f file dir/entry
	refuses "$ro" chmod 777 file
	refuses "$ro" chown 1:1 file
	refuses "$ro" guest_tool times-set file 1.000000000 1.000000000
	refuses "$ro" guest_tool xattr-set file user.kept no
	refuses "$ro" guest_tool xattr-remove file user.kept
}

verify() {
	find "$share/safe" -printf '%p %m %U %G %s %T@ %C@\n' | sort |
		diff ../safe.text -
}
