# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# lsvirtiofs finds every function and no violation, while the driver is bound.
# The driver has taken packed rings where they are offered.

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

# Does the function of this share have this feature: offered or accepted?
has() { # tag offered|accepted feature
	awk -v tag="\"$1\"" -v line="$2" -v feature="$3" '
		/^[^ ]/ { at = $NF == tag }
		at && $1 == line { found = index($0 " ", " " feature " ") }
		END { exit !found }' text
}

verify() {
	has myfs accepted RING_PACKED || fail 'no packed rings'
	has home accepted EVENT_IDX || fail 'no event index'
	! has home offered RING_PACKED || fail 'packed rings despite no-packed'
	has safe offered IN_ORDER || fail 'no IN_ORDER'
	! has myfs offered IN_ORDER || fail 'IN_ORDER with locks that wait'
	for tag in myfs home safe; do
		grep -q "\"tag\": *\"$tag\"" json || fail "no tag $tag"
		grep -q "$tag" text || fail "no tag $tag in the text"
	done
}
