#!/bin/sh
# SPDX-License-Identifier: MIT
#
# No file has more than 600 lines and no function more than 80, but those in
# size-exceptions.txt (each with its reason), which all must need it.

. "$(dirname "$0")/tree.sh"

exceptions=${2:-$here/size-exceptions.txt}
find $folders -name '*.[ch]' -o -name '*.cc' -o -name '*.sh' -o -name '*.py' |
LC_ALL=C sort |
xargs awk -v exceptions="$exceptions" '
function check(name, lines, limit) {
	if (lines <= limit)
		return
	needed[name] = 1
	if (name in excepted)
		return
	print name " has " lines " lines, " limit " are allowed"
	bad = 1
}
BEGIN {
	while ((getline line < exceptions) > 0)
		if (line !~ /^(#|$)/ && split(line, word) > 1)
			excepted[word[1]] = 1
}
FNR == 1 { check(file, lines, 600) }
{ file = FILENAME; lines = FNR }
/^[a-z].*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
/^{/ { start = FNR }
/^}/ && start { check(FILENAME ":" name, FNR - start + 1, 80); start = 0 }
END {
	check(file, lines, 600)
	for (name in excepted)
		if (!(name in needed)) {
			print name " needs no exception"
			bad = 1
		}
	exit bad
}'
