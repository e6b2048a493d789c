# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# lib.sh - what the programs in cases/ find, besides the working directory,
# which is the mounted share:
#
#   $mnt $mnt2  the share's mounts, of which there are as many as it asked for
#   $share      the shared folder on the host; in a guest, a mount of the share
#               that keeps nothing
#   $scratch    an empty folder of the host, outside the share
#   $top        the source tree
#   $tools      the folder tests/ of the build, with programs of our own
#   $long       not empty for the long run
#
# A program ends with status 0, or 77 where it cannot run here.

fail() {
	echo "$*"
	exit 1
}

# The program does not run here, for a reason.
skip() {
	echo "$*"
	exit 77
}

needs() { # command...
	for command; do
		command -v "$command" >/dev/null || skip "no $command"
	done
}

in_guest() {
	[ -n "${mailbox:-}" ]
}

# Two texts must be equal.
same() { # what got expected
	[ "$2" = "$3" ] || fail "$1: got '$2', expected '$3'"
}

# A size, for the run in continuous integration and for the long one.
size() { # short long
	if [ "$long" ]; then echo "$2"; else echo "$1"; fi
}

# Run a command, whose text is given, in the share's folder on the host.  In a
# guest it is guest.sh on the host that does it.
on_host() { # text
	if ! in_guest; then
		(cd "$share" && sh -euc "$1")
		return
	fi
	printf '%s\n' "$1" >"$mailbox/command.new"
	mv "$mailbox/command.new" "$mailbox/command"
	until [ -f "$mailbox/status" ]; do sleep 0.1; done
	read -r on_host_status <"$mailbox/status"
	rm "$mailbox/status"
	cat "$mailbox/output"
	return "$on_host_status"
}
