#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The tests that docs/security.md names are there, and its limits are those of
# common/limits.h, all of them, each with a test that reaches it.

. "$(dirname "$0")/tree.sh"

page=${2:-docs/security.md}
status=0

for name in $(grep -o '`test_[a-z_0-9]*\(:[a-z_0-9]*\)*`' "$page" | tr -d '`')
do
	file=${name%%:*}
	function=${name#"$file"}
	found=$(find tests -name "$file.c")
	if [ -z "$found" ] ||
		! grep -q "^static void ${function#:}" $found
	then
		echo "$page: there is no test $name"
		status=1
	fi
done

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
