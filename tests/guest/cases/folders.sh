# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# The share "many" has the folders a and b (read-only), and a file.

prepare() {
	echo one >"$share/many/a/x"
	echo two >"$share/many/b/y"
	echo alone >"$share/many/file"
}

guest() {
	cd /mnt/many
	same names "$(echo *)" 'a b file'
	same root "$(stat -c '%F %a %h' .)" 'directory 555 4'
	same data "$(cat a/x b/y file | tr '\n' ' ')" 'one two alone '
	# Each folder is a file system of its own, the file is not.
	same 'file systems' "$(stat -c %d . a/. b/. | sort -u | wc -l)" 3
	same file "$(stat -c %d file)" "$(stat -c %d .)"
	same xdev "$(find . -xdev -type f)" ./file
	same 'the way up' "$(cd a && cd -P .. && pwd)" /mnt/many
	refuses 'Read-only' touch new
	refuses 'Read-only' mkdir new
	refuses 'Read-only' touch b/new
	refuses 'busy' rm -f file
	refuses 'busy' rmdir a
	refuses 'busy' mv file other
	refuses 'ross-device' ln a/x file2
	echo more >>file
	mkdir a/dir
	guest_tool data-write a/dir/data
	drop_caches
	guest_tool data-check a/dir/data
	same data "$(cat b/y file | tr '\n' ' ')" 'two alone more '
	sync
	# The folders do not keep the share from being unmounted.
	cd /
	umount /mnt/many
	mount -t virtiofs many /mnt/many
	same again "$(cat /mnt/many/a/x)" one
}

verify() {
	same file "$(cat "$share/many/file")" "$(printf 'alone\nmore')"
	guest_tool data-check "$share/many/a/dir/data"
	same b "$(ls "$share/many/b")" y
}
