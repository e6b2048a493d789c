# SPDX-License-Identifier: MIT
#
# The server on /dev/fuse: real programs on a mounted share.  Needs root.
set -eu

[ "$(id -u)" -eq 0 ] && [ -w /dev/fuse ] || {
	echo "needs root and /dev/fuse" >&2
	exit 77
}
dir=$(mktemp -d)
share=$dir/share mnt=$dir/mnt pid=
mkdir "$share" "$mnt"
finish() {
	umount "$mnt" 2>/dev/null || :
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || :
	rm -rf "$dir"
}
trap finish EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }

mount_share() { # share text
	"$top_builddir/virtiofs-mount" --log-file "$dir/log" "$1" "$mnt" &
	pid=$!
	for _ in $(seq 100); do
		mountpoint -q "$mnt" && return
		sleep 0.1
	done
	fail "$1 was not mounted: $(cat "$dir/log")"
}
unmount_share() {
	umount "$mnt"
	wait "$pid" || fail "virtiofs-mount ended with $?"
	pid=
}

mount_share "t:$share"
cp -a "$top_srcdir/fuse" "$top_srcdir/tests" "$mnt/"
diff -r "$top_srcdir/fuse" "$share/fuse" || fail "what was copied in differs"
diff -r "$top_srcdir/tests" "$mnt/tests" || fail "what is read back differs"

cd "$mnt"
printf 'hello' >a && ln a b && ln -s a c && mkfifo p && mkdir d
[ "$(stat -c '%i %h' a)" = "$(stat -c '%i 2' b)" ] || fail "hard link"
[ "$(readlink c)" = a ] && [ -p p ] || fail "symlink or FIFO"
printf ' world' >>a
[ "$(cat "$share/b")" = 'hello world' ] || fail "append"
mv a d/a && [ "$(cat d/a)" = 'hello world' ] || fail "rename"
chmod 4751 b && chown 12:34 b && chmod 4751 b && touch -d @1234567890.25 b
[ "$(stat -c '%a %u %g %.2Y' "$share/b")" = '4751 12 34 1234567890.25' ] ||
	fail "attributes: $(stat -c '%a %u %g %.2Y' "$share/b")"
truncate -s 1G sparse
[ "$(stat -c '%s %b' sparse)" = '1073741824 0' ] || fail "sparse file"
exec 5<>open && rm open && echo alive >&5 && [ "$(cat <&5)" = '' ] ||
	fail "unlinked but open"
[ "$(stat -Lc %s /proc/self/fd/5)" = 6 ] || fail "fstat of an unlinked file"
exec 5>&-
for i in $(seq 500); do : >"d/file$i"; done
[ "$(ls d | wc -l)" = 501 ] || fail "directory of 501 entries"
rm -r d tests fuse
[ ! -e "$share/d" ] || fail "rm -r"
cd /
unmount_share

mount_share "t:$share,ro"
! touch "$mnt/new" 2>/dev/null || fail "a read-only share was changed"
[ "$(cat "$mnt/b")" = 'hello world' ] || fail "read-only read"
kill -TERM "$pid"
wait "$pid" || fail "ended with $? after SIGTERM"
pid=
! mountpoint -q "$mnt" || fail "still mounted after SIGTERM"
