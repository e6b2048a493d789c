#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh - real programs on a share that is mounted on this host or in a guest.
#
# usage: run.sh [-l] [-H|-g] [-c POLICY] [-k] [PROGRAM...]
#
#   -l         long: the sizes for a run by hand
#   -H         on the host's own file system instead, to compare with
#   -g         in a guest (User-Mode Linux), served by vhost-user-virtiofs, whose
#              root file system is this host's, read-only
#   -c POLICY  cache policy of the mounts that do not ask for one of their own
#              (with options: -c auto,writeback)
#   -k         keep the folders of programs that failed
#   PROGRAM    one of cases/*.sh (default: all)
#
# Each program gets a share of its own and one or more mounts of it by
# virtiofs-mount.  What it wants is said in the head of its file, by lines of
#
#   # mounts: OPTIONS...  share options, one word a mount; "default" for none
#   # nofile: N           descriptors that the server of a mount may have
#   # modules: MODULE...  of a guest's kernel, that it needs
#   # seconds: N          time limit, or twenty times that with -l (default 120)
#
# and what it finds in lib.sh.  One line a program on standard output says how
# it went and for how long.  Shares, mounts and logs are in tests/programs/work,
# or work-guest, of the build folder.
#
# environment: top_srcdir, top_builddir (make check-programs sets them).
# Needs root and /dev/fuse.
set -eu
# Mounts are nobody else's, and gone with the last of our processes.
if [ "${1:-}" != --inside ]; then
	exec unshare -m sh "$0" --inside "$@"
fi
shift
top=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tools/common.sh
. "$top/tools/common.sh"
builddir=$(cd "${top_builddir:-.}" && pwd)
here=$top/tests/programs
long='' on_host='' in_guest='' cache='' keep=''
while getopts lHgc:kh option; do
	case $option in
	l) long=yes ;;
	H) on_host=yes ;;
	g) in_guest=yes ;;
	c) cache=cache=$OPTARG ;;
	k) keep=yes ;;
	h) usage; exit ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
if [ $# -eq 0 ]; then
	for file in "$here"/cases/*.sh; do
		set -- "$@" "$(basename "$file" .sh)"
	done
fi
for name; do
	[ -f "$here/cases/$name.sh" ] || die "no program '$name' in $here/cases"
done
[ "$(id -u)" -eq 0 ] && [ -w /dev/fuse ] || die "needs root and /dev/fuse"
[ -x "$builddir/virtiofs-mount" ] || die "no virtiofs-mount in $builddir"
work=$builddir/tests/programs/work${in_guest:+-guest}
# As servers in a sandbox have it; a sanitizer calls more.
seccomp=${SANITIZE:+none}
mkdir -p "$work"
umask 022

# What a program's file says about itself.
about() { # word default
	said=$(sed -n "s/^# $1: //p" "$here/cases/$name.sh")
	echo "${said:-$2}"
}

# Mount the share at a folder; the server's process is added to $servers.
mount_share() { # folder options
	mkdir -p "$1"
	(
		# shellcheck disable=SC3045 # dash has ulimit -n
		[ -z "$nofile" ] || ulimit -n "$nofile"
		exec "$builddir/virtiofs-mount" --log-file "$dir/log" \
			--seccomp "${seccomp:-kill}" \
			"$name:$dir/share${2:+,$2}" "$1" >>"$dir/log" 2>&1
	) &
	servers="$servers $!"
	tries=300
	until mountpoint -q "$1"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return
		sleep 0.1
	done
}

# The options of each mount, a word each.
mounts() {
	for options in $(about mounts default); do
		case $cache,$options in
		,* | *,*cache=*) echo "$options" ;;
		*,default) echo "$cache" ;;
		*) echo "$options,$cache" ;;
		esac
	done
}

mount_all() {
	i=''
	for options in $(mounts); do
		mount_share "$dir/mnt$i" "${options#default}" || return
		i=$((${i:-1} + 1))
	done
}

# The servers end with the mounts, and with status 0.
unmount_all() {
	ended=0
	for mnt in $(awk -v dir="$dir/" 'index($5, dir) == 1 { print $5 }' \
		/proc/self/mountinfo | tac); do
		umount "$mnt" && continue
		echo "something is left that uses $mnt"
		umount -l "$mnt"
		# shellcheck disable=SC2086 # a list of words
		kill $servers
		ended=1
	done
	for server in $servers; do
		wait "$server" || {
			echo "virtiofs-mount ended with $?"
			ended=1
		}
	done
	servers=''
	return $ended
}

# The program itself, in a folder of its own on the mount.
run_program() {
	limit=$(about seconds 120)
	[ -z "$long" ] || limit=$((limit * 20))
	if [ "$in_guest" ]; then
		name=$name dir=$dir limit=$limit long=$long nofile=$nofile \
			mounts=$(mounts) \
			modules=$(about modules '') builddir=$builddir \
			sh "$here/guest.sh" >"$dir/said" 2>&1
		return
	fi
	if [ "$on_host" ]; then
		mnt=$dir/share mnt2=$dir/share
	else
		mnt=$dir/mnt mnt2=$dir/mnt2
	fi
	mnt=$mnt mnt2=$mnt2 share=$dir/share scratch=$dir/scratch long=$long \
		servers=$servers tools=$builddir/tests top=$top \
		setsid -w timeout -k 10 "$limit" sh -euc '
		cd "$mnt"
		. "$1/lib.sh"
		. "$1/cases/$2.sh"' sh "$here" "$name" >"$dir/said" 2>&1 </dev/null
}

run() {
	dir=$work/$name servers='' nofile=$(about nofile '')
	rm -rf --one-file-system "$dir"
	mkdir -p "$dir/share" "$dir/scratch"
	: >"$dir/log"
	start=$(date +%s) status=0
	[ "$on_host$in_guest" ] || mount_all || status=$?
	[ $status -ne 0 ] || run_program || status=$?
	unmount_all >>"$dir/said" 2>&1 || [ $status -ne 0 ] || status=1
	seconds=$(($(date +%s) - start))
	case $status in
	0) result=ok why='' ;;
	77) result=skipped why=$(tail -n 1 "$dir/said") ;;
	124) result=FAILED why='took too long' ;;
	*) result=FAILED why="status $status" ;;
	esac
	printf '%-7s  %-12s  %4d s%s\n' $result "$name" $seconds "${why:+  ($why)}"
	if [ $result = FAILED ]; then
		{ tail -n 40 "$dir/said"; tail -n 20 "$dir/log"; } |
			sed "s|^|$name: |"
		[ -z "$keep" ] || return 0
	fi
	rm -rf --one-file-system "$dir/share" "$dir/scratch"
}

ok=0 failed=0 skipped=0
for name; do
	run
	case $result in
	ok) ok=$((ok + 1)) ;;
	skipped) skipped=$((skipped + 1)) ;;
	FAILED) failed=$((failed + 1)) ;;
	esac
done
# In the words of automake's summaries.
echo 'Testsuite summary for programs'
echo "# PASS: $ok"
echo "# SKIP: $skipped"
echo "# FAIL: $failed"
[ "$failed" -eq 0 ]
