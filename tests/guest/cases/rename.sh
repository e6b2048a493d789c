# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Renames: plain, over another, exchange, without replacing, of folders.

prepare() {
	:
}

guest() {
	echo 1 >one
	echo 2 >two
	guest_tool rename-exchange one two
	same exchanged "$(cat one two)" "$(printf '2\n1')"
	refuses 'File exists' guest_tool rename-noreplace one two
	guest_tool rename-noreplace one three
	mv -f two three
	same replaced "$(cat three)" 1
	mkdir -p a/b/c d
	echo deep >a/b/c/file
	exec 8>a/b/c/open
	mv a d/e
	echo late >&8
	same moved "$(cat d/e/b/c/file)" deep
	refuses 'Invalid argument' guest_tool rename-noreplace d d/e/d
	refuses 'not empty' rmdir d/e
}

verify() {
	same names "$(find . | LC_ALL=C sort | tr '\n' ' ')" \
		'. ./d ./d/e ./d/e/b ./d/e/b/c ./d/e/b/c/file ./d/e/b/c/open ./three '
	same three "$(cat three)" 1
	same open "$(cat d/e/b/c/open)" late
}
