# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# lsvirtiofs finds every function and no violation, while the driver is bound.

prepare() {
	:
}

guest() {
	lsvirtiofs >text
	lsvirtiofs --json >json
	same tags "$(grep -c '"tag"' json)" "$(wc -w </tags)"
	lsvirtiofs --check
	# It has disturbed nothing.
	guest_tool data-write file
	guest_tool data-check file
}

verify() {
	for tag in myfs home safe; do
		grep -q "\"tag\": *\"$tag\"" json || fail "no tag $tag"
		grep -q "$tag" text || fail "no tag $tag in the text"
	done
}
