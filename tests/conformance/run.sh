# SPDX-License-Identifier: MIT
#
# The conformance cases twice, side by side: with the default options in the
# build folder's file system, and in a tmpfs (where there is one) with ACLs and
# nothing that a guest keeps.  Needs root and /dev/fuse.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
program=$top_builddir/test_conformance
tmpfs=/dev/shm
[ "$(stat -fc %T "$tmpfs" 2>/dev/null)" = tmpfs ] || tmpfs=$top_builddir

status=0 second=0
"$program" -d "$tmpfs" -o posix-acl,cache=never,allow-mmap >"$dir/log" 2>&1 &
"$program" -d "$top_builddir" || status=$?
wait "$!" || second=$?
echo "With posix-acl,cache=never,allow-mmap in $tmpfs:"
cat "$dir/log"
[ "$status" -ne 0 ] || status=$second
exit "$status"
