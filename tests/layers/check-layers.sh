#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every #include "..." keeps to layers.txt and is written from the top folder.

. "$(dirname "$0")/tree.sh"

find $folders -name '*.[ch]' -o -name '*.cc' | LC_ALL=C sort |
xargs awk '
function layer(path) {
	while (sub("/[^/]*$", "", path) && !(path in allowed))
		;
	return path in allowed ? path : ""
}
FILENAME ~ /layers\.txt$/ {
	if (!/^#/ && sub(":", " "))
		allowed[$1] = " " $0 " "        # its own folder is in it
	next
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, part, "\"")
	from = layer(FILENAME)
	to = layer(part[2])
	if (part[2] == "config.h" || allowed[from] ~ / \* /)
		ok = part[2] == "config.h" || to != ""
	else
		ok = to != "" && (index(allowed[from], " " to " ") ||
				  index(allowed[from], " " part[2] " "))
	if (!ok) {
		print FILENAME ":" FNR ": " (to == "" ? \
			"not written from the top folder: " : \
			from " must not include ") part[2]
		bad = 1
	}
}
END { exit bad }' "$here/layers.txt"
