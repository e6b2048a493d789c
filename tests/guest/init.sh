# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# init.sh - runs the cases in the guest; mkinitrd.sh makes it PID 1's.
#
# It prints "CASE name ok" or "CASE name FAILED" for each, after what a failing
# one said.  The case "reboot", always the last, goes on after the reboot.
# shellcheck source=tests/guest/lib.sh
. /lib.sh

mount_shares || echo "cannot mount the shares"

run_case() {
	# Not as a condition, in which sh would ignore errors.
	(
		set -eu
		cd "/mnt/myfs/$1"
		# shellcheck source=/dev/null
		. "/cases/$1.sh"
		guest
	) >/tmp/said 2>&1
	# shellcheck disable=SC2181
	if [ $? -eq 0 ]; then
		echo "CASE $1 ok"
	else
		cat /tmp/said
		echo "CASE $1 FAILED"
	fi
}

cases=$(cat /cases/list)
[ ! -e /mnt/myfs/reboot/booted ] || cases=reboot
for case in $cases; do
	run_case "$case"
done
! dmesg | grep -E 'BUG:|WARNING:|Oops|hung task' || echo "CASE kernel FAILED"
