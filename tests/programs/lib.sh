# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# lib.sh - what the programs in cases/ find, besides the working directory,
# which is the mounted share:
#
#   $mnt $mnt2  the share's mounts, of which there are as many as it asked for
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

# Two texts must be equal.
same() { # what got expected
	[ "$2" = "$3" ] || fail "$1: got '$2', expected '$3'"
}

# A size, for the run in continuous integration and for the long one.
size() { # short long
	if [ "$long" ]; then echo "$2"; else echo "$1"; fi
}

# Run a command, whose text is given, in the share's folder on the host.
on_host() { # text
	(cd "$share" && sh -euc "$1")
}
