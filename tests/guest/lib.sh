# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# lib.sh - what the cases use, in the guest and on the host.

fail() {
	echo "$*"
	exit 1
}

# Two texts must be equal.
same() { # what got expected
	[ "$2" = "$3" ] || fail "$1: got '$2', expected '$3'"
}

# The command must fail, and say why with the given words.
refuses() { # words command...
	words=$1
	shift
	! said=$("$@" 2>&1) || fail "'$*' succeeded, expected '$words'"
	case $said in
	*"$words"*) ;;
	*) fail "'$*' said '$said', expected '$words'" ;;
	esac
}

# ---- in the guest only

mount_shares() {
	for tag in $(cat /tags); do
		mkdir -p "/mnt/$tag"
		mount -t virtiofs "$tag" "/mnt/$tag" || return
	done
}

umount_shares() {
	for tag in $(cat /tags); do
		umount "/mnt/$tag" || return
	done
}

drop_caches() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
}

# How many interrupts the shares' queues have had; the argument is what else
# the line in /proc/interrupts says.
interrupts() { # regular-expression
	grep "$1" /proc/interrupts | grep virtio |
		awk '{ for (i = 2; $i ~ /^[0-9]+$/; i++) n += $i }
			END { print n + 0 }'
}
