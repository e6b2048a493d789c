#!/bin/sh
# SPDX-License-Identifier: MIT
#
# console.sh - run a guest until it ends, and say how it ended.
#
# usage: console.sh SECONDS COMMAND...
#
# COMMAND's output is the guest's console.  It is shown, and searched for what
# the guest of mkinitrd.sh says at its end.
#
# exit status: the n of the guest's last line "GUEST-RC n"; 124 when it was
# given up after SECONDS; 125 if it ended without such a line (panic, or COMMAND
# did not start)
set -eu
seconds=$1
shift
log=$(mktemp)
trap 'rm -f "$log" "$log.status"' EXIT
# A guest that has said that line is done.  User-Mode Linux with many devices
# may then crash, as it takes them away, and hang.
end_when_done() { # pid
	until grep -qs '^GUEST-RC' "$log" || ! kill -0 "$1" 2>/dev/null; do
		sleep 0.5 2>/dev/null
	done
	sleep 15 2>/dev/null
	! kill "$1" 2>/dev/null || echo "the guest did not power off" >&2
}

# tee shows the console as it comes and keeps it for the GUEST-RC line.
{
	status=0
	timeout -k 5 "$seconds" "$@" </dev/null &
	guest=$!
	end_when_done "$guest" >/dev/null &
	wait "$guest" || status=$?
	kill $! 2>/dev/null || :
	echo "$status" >"$log.status"
} | tee "$log"
rc=$(tr -d '\r' <"$log" | sed -n 's/^GUEST-RC \([0-9]*\)$/\1/p' | tail -n 1)
[ -z "$rc" ] || exit "$rc"
[ "$(cat "$log.status")" -ne 124 ] || {
	echo "the guest was given up after $seconds s" >&2
	exit 124
}
exit 125
