# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Data by read and write, past the guest's cache, and through a mapping; sparse
# files; an open file without a name; and a small tree.

prepare() {
	guest_tool data-write host
	guest_tool sparse-make host-sparse
}

guest() {
	guest_tool data-check host
	guest_tool sparse-check host-sparse
	guest_tool data-write written
	guest_tool data-direct direct
	guest_tool data-mmap mapped
	guest_tool sparse-make sparse
	guest_tool data-unlinked gone
	echo one >appended
	echo two >>appended
	guest_tool data-write cut
	truncate -s 5000 cut
	mkdir tree
	for i in 1 2 3 4 5 6 7 8 9; do
		mkdir -p tree/$i
		echo $i >tree/$i/$i
	done
	cp -a tree tree2
	rm -r tree
	drop_caches
	for file in written direct mapped; do
		guest_tool data-check $file
	done
	guest_tool sparse-check sparse
	same size "$(stat -c %s cut)" 5000
}

verify() {
	for file in written direct mapped; do
		guest_tool data-check $file
	done
	guest_tool sparse-check sparse
	same appended "$(cat appended)" "$(printf 'one\ntwo')"
	head -c 5000 host | cmp - cut
	[ ! -e gone ] || fail 'an unlinked file is still there'
	[ ! -e tree ] || fail 'a removed tree is still there'
	same tree2 "$(cat tree2/*/*)" "$(printf '%s\n' 1 2 3 4 5 6 7 8 9)"
}
