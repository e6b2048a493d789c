# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Two shares at once: each shows its own folder, and both take data.

prepare() {
	echo 'this is myfs' >here
	echo 'this is home' >"$share/home/here"
}

guest() {
	same myfs "$(cat here)" 'this is myfs'
	same home "$(cat /mnt/home/here)" 'this is home'
	cp here /mnt/home/from-myfs
	cp /mnt/home/here from-home
	# Both busy at the same time.
	guest_tool data-write first &
	guest_tool data-write /mnt/home/second
	wait $!
	drop_caches
	guest_tool data-check first
	guest_tool data-check /mnt/home/second
}

verify() {
	same from-home "$(cat from-home)" 'this is home'
	same from-myfs "$(cat "$share/home/from-myfs")" 'this is myfs'
	guest_tool data-check first
	guest_tool data-check "$share/home/second"
}
