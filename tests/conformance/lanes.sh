# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# lanes.sh - run the conformance program several times side by side.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
disk=$top_builddir tmpfs=/dev/shm
[ "$(stat -fc %T "$tmpfs" 2>/dev/null)" = tmpfs ] || tmpfs=$disk
# Nothing that a sanitizer could find depends on the file system.
[ -z "${SANITIZE:-}" ] || disk=$tmpfs

run() { # log folder options area...
	log=$dir/$1 folder=$2 options=$3 exited=0
	shift 3
	echo "In $folder with '$options':" >"$log"
	"$top_builddir/test_conformance" -d "$folder" -o "$options" "$@" \
		>>"$log" 2>&1 || exited=$?
	[ "$exited" -eq 0 ] || echo "$exited" >"$dir/status"
}

# Wait for all, show the logs, and exit with the status of one that failed.
finish() { # log...
	wait
	(cd "$dir" && cat "$@")
	[ ! -e "$dir/status" ] || exit "$(cat "$dir/status")"
}
