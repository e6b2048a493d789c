#!/bin/sh
# SPDX-License-Identifier: MIT
# What is portable in lxutil compiles for another host, where the compiler is
# installed: the headers hold no host type, and each stands alone.
cc=${MINGW_CC:-x86_64-w64-mingw32-gcc}
command -v "$cc" >/dev/null || { echo "SKIP: no $cc"; exit 77; }
status=0
for file in lx.h lx_errno.h lx_path.h lx_volume.h lx_errno.c lx_path.c; do
	if ! "$cc" -std=gnu11 -Wall -Wextra -Werror -fsyntax-only -x c \
		-I"$top_srcdir" -include "$top_srcdir/lxutil/$file" /dev/null
	then
		echo "FAIL: lxutil/$file does not compile with $cc"
		status=1
	fi
done
exit $status
