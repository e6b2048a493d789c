# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Locks of flock(2) and fcntl(2) between a mount and the host, in both
# directions, and between two mounts of one share.  locks.c says which.
#
# mounts: default cache=never

: >file
locks() {
	"$tools/programs/locks" $option "$1/file" "$2/file"
}
option=''
! in_guest || option=-n         # see docs/semantics.md
for _ in $(seq "$(size 1 20)"); do
	locks "$mnt" "$share"
	locks "$share" "$mnt"
	locks "$mnt" "$mnt2"
	locks "$mnt" "$mnt"
done
