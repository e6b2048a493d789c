# SPDX-License-Identifier: MIT
#
# Shares whose root is no directory of the host, on /dev/fuse: several folders,
# and a single file; and how many descriptors a share may hold.  Needs root.
set -eu

[ "$(id -u)" -eq 0 ] && [ -w /dev/fuse ] || {
	echo "needs root and /dev/fuse" >&2
	exit 77
}
# With the system calls of a server in its sandbox, which are not enough for a
# sanitizer.
seccomp=${SANITIZE:+none}
seccomp=${seccomp:-kill}
dir=$(mktemp -d)
mnt=$dir/mnt pid=
mkdir "$dir/a" "$dir/a/sub" "$dir/b" "$mnt"
finish() {
	umount "$mnt" 2>/dev/null || :
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || :
	rm -rf "$dir"
}
trap finish EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }

mount_share() { # share text, option...
	share=$1
	shift
	"$top_builddir/virtiofs-mount" --log-file "$dir/log" \
		--seccomp "$seccomp" "$@" "$share" "$mnt" &
	pid=$!
	for _ in $(seq 300); do
		mountpoint -q "$mnt" && return
		sleep 0.1
	done
	fail "$share was not mounted: $(cat "$dir/log")"
}
unmount_share() {
	umount "$mnt"
	wait "$pid" || fail "virtiofs-mount ended with $?"
	pid=
}
# The command must fail, and say why with these words.
refuses() { # words command...
	words=$1
	shift
	! said=$("$@" 2>&1) || fail "'$*' succeeded, expected '$words'"
	case $said in
	*"$words"*) ;;
	*) fail "'$*' said '$said', expected '$words'" ;;
	esac
}

# ---- folders

echo one >"$dir/a/x" && echo two >"$dir/b/y" && echo alone >"$dir/f"
mount_share "t:,timeout=0,folder=a:$dir/a,folder=b:$dir/b,ro,folder=deep:$dir/a/sub,folder=file:$dir/f"
[ "$(ls "$mnt" | tr '\n' ' ')" = 'a b deep file ' ] || fail "ls: $(ls "$mnt")"
[ "$(stat -c '%F %a %h %i' "$mnt")" = 'directory 555 5 1' ] ||
	fail "root: $(stat -c '%F %a %h %i' "$mnt")"
[ "$(cat "$mnt/a/x" "$mnt/b/y" "$mnt/file" | tr '\n' ' ')" = 'one two alone ' ] ||
	fail "reading"
# /dev/fuse knows no submounts: all is one file system, in which nothing may
# have the number of something else.
all=$(find "$mnt" | wc -l)
[ "$(find "$mnt" -printf '%D %i\n' | sort -u | wc -l)" = "$all" ] ||
	fail "st_ino twice: $(find "$mnt" -printf '%i %p\n')"
[ "$(find "$mnt" -type f | wc -l)" = 3 ] || fail "find"
[ "$(cd "$mnt/a/sub" && cd -P ../.. && pwd -P)" = "$mnt" ] || fail "the way up"
refuses 'Read-only' touch "$mnt/b/new"
refuses 'Read-only' touch "$mnt/new"
refuses 'Read-only' mkdir "$mnt/new"
refuses 'Read-only' chmod 755 "$mnt"
refuses 'busy' rm "$mnt/file"
refuses 'busy' rmdir "$mnt/b"
refuses 'busy' mv -T "$mnt/file" "$mnt/other"
refuses 'cross-device' ln "$mnt/a/x" "$mnt/deep/x"
mv "$mnt/a/x" "$mnt/deep/x" && [ "$(cat "$dir/a/sub/x")" = one ] ||
	fail "mv from one folder to another"
cp -a "$top_srcdir/fuse" "$mnt/a/" && diff -r "$top_srcdir/fuse" "$dir/a/fuse" ||
	fail "copying a tree in"
rm -r "$mnt/a/fuse"
sync -f "$mnt" && sync -f "$mnt/a" || fail "syncfs"
# Of the host only the folders are there, whatever becomes of their names.
mv "$dir/b" "$dir/old" && mkdir "$dir/b" && [ "$(cat "$mnt/b/y")" = two ] ||
	fail "a folder whose name is another's now"
unmount_share

# ---- a file

mount_share "t:$dir/f,timeout=0"
[ "$(ls -A "$mnt")" = f ] && [ "$(cat "$mnt/f")" = alone ] || fail "file"
echo more >>"$mnt/f" && [ "$(wc -l <"$dir/f")" = 2 ] || fail "writing"
chmod 600 "$mnt/f" && [ "$(stat -c %a "$dir/f")" = 600 ] || fail "chmod"
refuses 'busy' rm "$mnt/f"
refuses 'No such file' cat "$mnt/a"
exec 5<"$mnt/f" 6<"$dir/f"
flock -n 5 && ! flock -n 6 || fail "a lock that the host does not see"
exec 6<&-
# As editors write it.
echo new >"$dir/f.tmp" && mv "$dir/f.tmp" "$dir/f"
[ "$(cat "$mnt/f")" = new ] || fail "replaced, but still '$(cat "$mnt/f")'"
[ "$(head -n 1 <&5)" = alone ] || fail "who had it open has another one now"
exec 5<&-
rm "$dir/f"
refuses 'No such file' cat "$mnt/f"
ln -s /etc/passwd "$dir/f"
refuses 'No such file' cat "$mnt/f"
rm "$dir/f" && echo again >"$dir/f" && [ "$(cat "$mnt/f")" = again ] ||
	fail "a file that came back"
unmount_share
mount_share "t:$dir/f,ro"
refuses 'Read-only' sh -c ": >>'$mnt/f'"
unmount_share

# ---- descriptors

limit() { # process
	awk '/^Max open files/ { print $4, $5 }' "/proc/$1/limits"
}
descriptors() { ls "/proc/$pid/fd" | wc -l; }
mount_share "t:$dir/a,rlimit-nofile=100" --rlimit-nofile=5000
[ "$(limit "$pid")" = '5000 5000' ] ||
	fail "--rlimit-nofile=5000: $(limit "$pid")"
for i in $(seq 300); do : >"$dir/a/n$i"; done
[ "$(stat -c %s "$mnt"/a/n* "$mnt"/n* 2>/dev/null | wc -l)" = 300 ] ||
	fail "stat of more files than descriptors"
[ "$(descriptors)" -le 140 ] || fail "$(descriptors) descriptors"
unmount_share
mount_share "t:$dir/a" --rlimit-nofile=0
[ "$(limit "$pid")" = "$(limit $$)" ] || fail "--rlimit-nofile=0"
unmount_share
refuses 'expected a number' "$top_builddir/virtiofs-mount" --rlimit-nofile=x \
	"t:$dir/a" "$mnt"
