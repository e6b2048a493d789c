#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Hosts in strict C99 and, where there is a compiler, in C++11 and later.

cd "${top_srcdir:?}/tests/abi" || exit 1

flags="-I$top_srcdir/include -pedantic-errors -Wall -Wextra -Werror"
flags="$flags -fsyntax-only"
for standard in c99 c11 c17
do
	${CC:-cc} -std=$standard $flags abi_c99.c || exit 1
done
cxx=${CXX:-g++}
command -v ${cxx%% *} >/dev/null || exit 0
for standard in c++11 c++17 c++20
do
	$cxx -std=$standard $flags abi_cxx.cc || exit 1
done
