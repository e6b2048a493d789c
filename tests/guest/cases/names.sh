# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Names with every byte value, and of 255 bytes, in both directions.

prepare() {
	mkdir host
	guest_tool names-make host
}

guest() {
	guest_tool names-check host
	mkdir guest
	guest_tool names-make guest
	drop_caches
	guest_tool names-check guest
	name=$(printf '%0256d' 0)
	refuses 'File name too long' mkdir "$name"
}

verify() {
	guest_tool names-check guest
}
