# SPDX-License-Identifier: MIT
#
# lib.sh - what the tests of the sandbox have in common; to be sourced.
#
# It makes a directory that everybody may reach, with copies of the programs,
# as the build folder may be somebody's own.  `share` is in there, and `user`
# runs a command as an ordinary user who owns it.
# shellcheck shell=sh disable=SC2034 # used by who sources it
set -u
umask 022
vu=$top_builddir/pciplug-vfio-user
vuv=$top_builddir/vhost-user-virtiofs
dir=$(mktemp -d /tmp/sandbox.XXXXXX) || exit 99
failed=0 ran=0
fail() {
	echo "FAIL: $*"
	failed=1
}

chmod 755 "$dir"
share=$dir/share
mkdir -m 755 "$dir/bin" "$share" "$share/dir" "$dir/sockets" "$dir/other"
cp "$vu" "$vuv" "$top_builddir/virtiofs-bench" \
	"$top_builddir/.libs/virtiofs.so" "$top_builddir/.libs/escape.so" "$dir/bin"
vu=$dir/bin/pciplug-vfio-user vuv=$dir/bin/vhost-user-virtiofs
plugin=$dir/bin/virtiofs.so
echo secret >"$dir/outside"
printf '#!/bin/sh\nexit 77\n' >"$share/prog"
chmod 755 "$share/prog"

# Made up: not in /etc/passwd.
uid=23456
is_root=false
[ "$(id -u)" -ne 0 ] || is_root=true
if $is_root; then
	chown -R $uid:$uid "$share" "$dir/sockets" "$dir/other"
	user() { setpriv --reuid $uid --regid $uid --clear-groups "$@"; }
else
	uid=$(id -u)
	user() { "$@"; }
fi

# may WHO MODE: can this user be shut in so, here?  It is said why not.
may() {
	case $2 in
	namespace)
		[ "$1" != root ] || set -- "$1" "$2" -mpinu
		[ "$1" != user ] || set -- "$1" "$2" -Umpinu
		;;
	chroot) set -- "$1" "$2" -m ;;
	landlock)
		$top_builddir/landlock_abi || {
			echo "skipped: no Landlock for files here"
			return 1
		}
		return
		;;
	*) return ;;
	esac
	as "$1" unshare "$3" true 2>/dev/null && return
	echo "skipped: $1 cannot make namespaces ($3) here"
	return 1
}

as() { # root|user COMMAND...
	who=$1
	shift
	case $who in
	root) "$@" ;;
	user) user "$@" ;;
	esac
}
