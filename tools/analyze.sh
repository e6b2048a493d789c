#!/bin/sh
# SPDX-License-Identifier: MIT
#
# analyze.sh - look for mistakes without running anything.
#
# usage: tools/analyze.sh [gcc|cppcheck|tidy]... [-- FILE...]
#
#   gcc       gcc -fanalyzer
#   cppcheck  cppcheck
#   tidy      clang-tidy, with the checks in .clang-tidy
#
# Default: each of them, over every source file of what is installed.  A line
# that one of them is wrong about says so, and why.  Exit status: 0 if none
# had anything to say.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/common.sh
. "$top/tools/common.sh"
cd "$top"

tools=''
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	case $1 in
	gcc | cppcheck | tidy) tools="$tools $1" ;;
	-h | --help) usage; exit ;;
	*) die "no analyzer '$1'; there are: gcc cppcheck tidy" ;;
	esac
	shift
done
[ $# -eq 0 ] || shift
# shellcheck disable=SC2046 # no name has blanks
[ $# -gt 0 ] ||
	set -- $(find common fuse lxutil pci plugin tools virtio -name '*.c' |
		LC_ALL=C sort)

# What any of the files is compiled with; config.h is all that it takes of a
# build.
[ -f "$build/gcc/config.h" ] ||
	build_in "$build/gcc" CC=gcc --enable-werror >&2
flags="-I. -I$build/gcc -DHAVE_CONFIG_H -D_GNU_SOURCE -DPLUGINDIR=__FILE__"
flags="$flags -std=gnu11 -pthread $(pkg-config --cflags glib-2.0 json-c \
	pciaccess libseccomp | sed 's/-I/-isystem /g')"

# each COMMAND... : with every file, two at a time on two processors
each() {
	printf '%s\n' $files | xargs -P "$(nproc)" -n 1 "$@"
}

analyze_gcc() {
	# shellcheck disable=SC2086 # a list of words
	each gcc $flags -O2 -fanalyzer -Werror -S -o /dev/null
}

analyze_cppcheck() {
	# Macros that it cannot know, or that take macros.  glibc calls
	# readdir_r() deprecated, and usleep() is not going to leave.
	# shellcheck disable=SC2086
	cppcheck --quiet -j "$(nproc)" --error-exitcode=1 --inline-suppr \
		--enable=warning,performance,portability --language=c \
		--suppress=readdirCalled --suppress=usleepCalled \
		--suppress=syntaxError:lxutil/lx_errno.c \
		--std=c11 --library=posix,gnu,gtk -I. -D_GNU_SOURCE \
		-D__linux__ -D__x86_64__ '-DG_GNUC_PRINTF(a,b)=' \
		'-Djson_object_object_foreach(o,k,v)=while(next(o,&k,&v))' \
		$files
}

analyze_tidy() {
	# shellcheck disable=SC2016 # sh's own
	each sh -c 'for file; do :; done
		clang-tidy --quiet "$file" -- '"$flags"' 2>/dev/null' sh
}

files=$*
status=0
for tool in ${tools:-gcc cppcheck tidy}; do
	echo "== $tool"
	"analyze_$tool" || status=1
done
exit $status
