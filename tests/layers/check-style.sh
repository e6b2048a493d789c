#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What a reader would stumble over: no licence line, blanks at the end of a
# line, indentation by blanks, long lines (but for string literals), notes
# about things undone, dead code, and in the layers calls that end the process.

. "$(dirname "$0")/tree.sh"

find $folders -name '*.[ch]' -o -name '*.cc' -o -name '*.sh' -o -name '*.py' |
LC_ALL=C sort |
xargs awk '
function complain(what) { print FILENAME ":" FNR ": " what; bad = 1 }
function width(line,    col, at) {
	while (at = index(line, "\t")) {
		col += at - 1
		col += 8 - col % 8
		line = substr(line, at + 1)
	}
	return col + length(line)
}
FNR == 1 {
	code = FILENAME ~ /\.(c|h|cc)$/
	layer = code && FILENAME !~ /^(tests|tools|docs)\//
}
code && FNR == 1 && !/^\/\* SPDX-License-Identifier: MIT \*\/$/ {
	complain("no SPDX-License-Identifier: MIT")
}
/[ \t]$/ { complain("blanks at the end") }
code && /^ *        / { complain("indentation by blanks") }
code && !/"/ && width($0) > 80 { complain("longer than 80 columns") }
/(^|[^A-Za-z0-9_])(TO[D]O|FIX[M]E|XX[X])([^A-Za-z0-9_]|$)/ {
	complain("something undone")
}
code && /^[ \t]*#[ \t]*if[ \t]+0/ { complain("dead code") }
layer && /(^|[^A-Za-z0-9_])(assert|abort|_?exit)\(/ {
	complain("ends the process")
}
END { exit bad }'
