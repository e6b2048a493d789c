# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Who waits for a lock gets it when it is free, and holds up nobody meanwhile.

prepare() {
	touch file
}

guest() {
	for kind in flock record; do
		guest_tool lock-run $kind file \
			'echo 1 >>log; sleep 1; echo 2 >>log' &
		until [ -s log ]; do sleep 0.1; done
		refuses 'temporarily unavailable' guest_tool lock-try $kind file
		guest_tool lock-run $kind file 'echo 3 >>log'
		wait
		same "$kind locks" "$(tr -d '\n' <log)" 123
		guest_tool lock-try $kind file
		rm log
	done
}

verify() {
	[ ! -e log ]
}
