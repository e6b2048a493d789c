#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every header (but those of single tests) compiles alone and twice.  pciplug.h is C99 without padding and
# C++11, and it and the lxutil headers compile for Windows (where g++ and
# mingw are installed).

. "$(dirname "$0")/tree.sh"

makefile=${top_builddir:?}/Makefile
status=0

# make_variable NAME
make_variable()
{
	sed -n "s/^$1 = //p" "$makefile"
}

# compile HEADER LANGUAGE COMPILER...
compile()
{
	header=$1
	language=$2
	shift 2
	if ! errors=$(printf '#include "%s"\n#include "%s"\n' "$header" \
				"$header" |
		"$@" -x "$language" -Wall -Wextra -Werror -fsyntax-only \
			-I. -I"$top_builddir" - 2>&1)
	then
		echo "$header: does not compile alone: $*"
		printf '%s\n' "$errors" | head -n 5
		status=1
	fi
}

packages="$(make_variable GLIB_CFLAGS) $(make_variable JSON_CFLAGS)"
packages="$packages $(make_variable PCIACCESS_CFLAGS)"
packages="$packages $(make_variable CMOCKA_CFLAGS)"
for header in $(find $folders -name '*.h' ! -path 'tests/abi/*' \
	! -path 'tests/unit/*')
do
	compile "$header" c ${CC:-cc} -std=gnu11 -D_GNU_SOURCE $packages
done

abi=include/pciplug.h
for standard in c99 c11 c17
do
	compile $abi c ${CC:-cc} -std=$standard -pedantic-errors -Wpadded
done
cxx=${CXX:-g++}
if command -v ${cxx%% *} >/dev/null
then
	compile $abi c++ $cxx -std=c++11 -pedantic-errors -Wpadded
fi
mingw=x86_64-w64-mingw32-gcc
if command -v $mingw >/dev/null
then
	for header in $abi lxutil/*.h
	do
		compile "$header" c $mingw -std=gnu11
	done
fi
exit $status
