# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Extended attributes, in both directions.

prepare() {
	touch host
	guest_tool xattr-set host user.from 'the host'
}

guest() {
	same get "$(guest_tool xattr-get host user.from)" 'the host'
	same list "$(guest_tool xattr-list host)" user.from
	mkdir dir
	touch file
	for path in file dir; do
		guest_tool xattr-set $path user.one 1
		guest_tool xattr-set $path user.two 2
		guest_tool xattr-set $path user.two zwei
		guest_tool xattr-remove $path user.one
		same get "$(guest_tool xattr-get $path user.two)" zwei
		same list "$(guest_tool xattr-list $path)" user.two
		refuses 'No data available' guest_tool xattr-get $path user.one
	done
	guest_tool xattr-set file user.long "$(printf '%03000d' 7)"
}

verify() {
	same file "$(guest_tool xattr-get file user.two)" zwei
	same dir "$(guest_tool xattr-get dir user.two)" zwei
	same long "$(guest_tool xattr-get file user.long)" \
		"$(printf '%03000d' 7)"
}
