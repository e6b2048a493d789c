#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The tests and functions that the pages of docs name are there, and the limits
# of docs/security.md are those of common/limits.h, all of them, each with a test
# that reaches it.

. "$(dirname "$0")/tree.sh"

status=0

# check_tests PAGE: `test_FILE` or `test_FILE:FUNCTION`, or a program's name
check_tests()
{
	for name in $(grep -o '`test_[a-z_0-9]*\(:[a-z_0-9]*\)*`' "$1" |
		tr -d '`' | sort -u)
	do
		grep -rqs --include=local.mk "^${name}_SOURCES" tests &&
			continue
		file=${name%%:*}
		function=${name#"$file"}
		found=$(find tests -name "$file.c")
		if [ -z "$found" ] ||
			! grep -q "^static void ${function#:}" $found
		then
			echo "$1: there is no test $name"
			status=1
		fi
	done
}

# check_functions PAGE: `FILE.c:FUNCTION`
check_functions()
{
	for name in $(grep -o '`[a-z_0-9]*\.[ch]:[a-z_0-9]*`' "$1" |
		tr -d '`' | sort -u)
	do
		found=$(find virtio pci -name "${name%%:*}")
		if [ -z "$found" ] || ! grep -q "[ *]${name#*:}(" $found
		then
			echo "$1: there is no function $name"
			status=1
		fi
	done
}

for page in docs/*.md
do
	check_tests "$page"
	check_functions "$page"
done
page=docs/security.md

# limits: NAME VALUE, the value as C has it
limits()
{
	sed -n 's/^| `\([A-Z_0-9]*\)` | \([^|]*\) | .*/\1 \2/p' "$page" |
	sed 's/ KiB/*1024/g; s/ MiB/*1048576/g'
}

if ! {
	echo '#include "common/limits.h"'
	limits | while read -r name value
	do
		echo "_Static_assert($name == ($value), \"$name\");"
	done
} | ${CC:-cc} -x c -fsyntax-only -I. - 2>&1
then
	echo "$page: its limits are not those of common/limits.h"
	status=1
fi

for name in $(sed -n 's/^#define \([A-Z_0-9]*\) .*/\1/p' common/limits.h)
do
	limits | grep -q "^$name " || {
		echo "$page: the limit $name is missing"
		status=1
		continue
	}
	grep -q "^| \`$name\` .*\`test_[a-z_0-9:]*\` |\$" "$page" || {
		echo "$page: the limit $name has no test"
		status=1
	}
done
exit $status
