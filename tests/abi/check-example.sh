#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The small host of docs/abi.md talks to the real plugin; and the listing there
# is the program that was run.

cd "${top_builddir:?}" || exit 1

root=$(mktemp -d) || exit 1
trap 'rm -rf "$root"' EXIT
status=0

# expect TEXT PATTERN
expect()
{
	printf '%s\n' "$1" | grep -q "$2" || {
		printf 'expected %s, not: %s\n' "$2" "$1"
		status=1
	}
}

if ! out=$(./small_host .libs/virtiofs.so "test:$root" 2>&1)
then
	echo "small_host fails: $out"
	exit 1
fi
expect "$out" '^virtiofs [0-9.]*: '
expect "$out" '^PCI function 1af4:105a$'
expect "$out" '^FUSE 7\.[0-9]*, writes of up to [1-9][0-9]* bytes$'
out=$(./small_host .libs/virtiofs.so "test:$root/missing" 2>&1) && status=1
expect "$out" "^small_host: .*$root/missing"
out=$(./small_host ./Makefile "test:$root" 2>&1) && status=1
expect "$out" '^small_host: '

sed -n '/^```c$/,/^```$/p' "${top_srcdir:?}/docs/abi.md" | sed '/^```/d' \
	>"$root/listing"
if ! diff -u "$top_srcdir/docs/examples/small_host.c" "$root/listing" \
	>"$root/diff"
then
	echo 'the listing in docs/abi.md is not docs/examples/small_host.c'
	head -n 20 "$root/diff"
	status=1
fi
exit $status
