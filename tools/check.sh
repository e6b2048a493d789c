#!/bin/sh
# SPDX-License-Identifier: MIT
#
# check.sh - install what is needed and pass every test.
#
# usage: sudo tools/check.sh [STAGE]...
#
# Stages (default: all, in this order):
#   lint        shellcheck over the scripts
#   gcc         build with gcc, no warning allowed, and make check
#   analyze     gcc -fanalyzer and cppcheck (tools/analyze.sh)
#   clang       the same with clang
#   dist        make distcheck: tarball, build, tests, install, uninstall
#   asan        make check under the address and undefined sanitizers
#   tsan        make check under the thread sanitizer
#   programs    real programs on a mounted share, some in a guest, too
#   guest       real kernels in QEMU (make check-guest)
#   quickstart  tools/quickstart.sh from start to end
#
# Each stage's log stays in build/logs/ (see VIRTIOFS_BUILD in
# tools/common.sh).  Exit status: 0 if all passed.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/common.sh
. "$top/tools/common.sh"

all='lint gcc analyze clang dist asan tsan programs guest quickstart'
for stage; do
	case $stage in
	-h | --help) usage; exit ;;
	esac
	case " $all " in
	*" $stage "*) ;;
	*) die "no stage '$stage'; there are: $all" ;;
	esac
done
[ $# -gt 0 ] || eval "set -- $all"

# What one build is enough for, and what takes long and is run by gcc's build and
# the sanitizers' already.
once='SOURCE_CHECKS='
quick="$once CONFORMANCE_CHECKS="

# Some tests sleep, so one more than there are cores.
jobs=$(($(nproc) + 1))

# shellcheck disable=SC2086 # $words is a list of words
check_in() { # variables-of-make folder configure-argument...
	words=$1
	shift
	build_in "$@" && make -C "$1" -j"$jobs" VERBOSE=1 $words check
}

stage_lint() {
	cd "$top" && find tools tests -name '*.sh' -exec \
		shellcheck -x -s sh -S warning {} + &&
		shellcheck .ci/run
}

stage_gcc() {
	check_in '' "$build/gcc" CC=gcc --enable-werror
}

# clang-tidy takes minutes: it is for who changes something.
stage_analyze() {
	build_in "$build/gcc" CC=gcc --enable-werror &&
		"$top/tools/analyze.sh" gcc cppcheck
}

# What it tests is built with all that it has, the tests themselves fast: they
# take most of the time, and its warnings are the same.
stage_clang() {
	check_in "$quick CFLAGS=-O0" "$build/clang" CC=clang --enable-werror
}

# It is about files, so they are built as fast as can be.
# shellcheck disable=SC2086 # $quick is a list of words
stage_dist() {
	build_in "$build/gcc" CC=gcc --enable-werror &&
		make -C "$build/gcc" -j"$jobs" VERBOSE=1 $quick \
			DISTCHECK_CONFIGURE_FLAGS='--disable-lto CFLAGS=-O1' \
			distcheck
}

# With -O2, to compile takes half of the time, and what is optimised away is
# not looked at.
sanitized='CFLAGS=-g1 -Og'

stage_asan() {
	check_in "$once" "$build/asan" --enable-sanitize=address,undefined \
		"$sanitized"
}

stage_tsan() {
	check_in "$once" "$build/tsan" --enable-sanitize=thread "$sanitized"
}

# At the same time, as those in a guest and those on the host leave a core idle
# most of the time.
stage_programs() {
	"$top/tools/install-packages.sh" programs &&
		"$top/tools/guest/get-qemu.sh" -u &&
		build_in "$build/gcc" CC=gcc --enable-werror &&
		make -C "$build/gcc" tests/programs/locks \
			tests/programs/pingpong || return
	make -C "$build/gcc" check-programs \
		RUN='-g dbench git locks nfs overlay sqlite' &
	exited=0
	make -C "$build/gcc" check-programs || exited=$?
	wait $! && return "$exited"
}

stage_guest() {
	"$top/tools/guest/get-qemu.sh" -u -o &&
		build_in "$build/gcc" CC=gcc --enable-werror &&
		make -C "$build/gcc" check-guest
}

stage_quickstart() {
	exited=0
	said=$("$top/tools/quickstart.sh" --exec '
		cat /mnt/myfs/hello.txt
		date +%s >/mnt/myfs/from-the-guest
		exit 42') || exited=$?
	[ "$exited" -eq 42 ] || {
		echo "quickstart: exit status $exited, expected the command's 42"
		return 1
	}
	[ "$said" = 'Hello from the host.' ] || {
		echo "quickstart: standard output was '$said'"
		return 1
	}
	cat "$build/share/from-the-guest"
}

# Sum the "# PASS: n" lines of test summaries; those of the logs that are shown
# for failing tests come before them, and do not count.
count() { # pattern log
	awk -v pattern="^# ($1):" '
		/^Testsuite summary/ { summary = 1 }
		summary && $0 ~ pattern { n += $NF }
		/^# ERROR:/ { summary = 0 }
		END { print n + 0 }' "$2"
}

logs=$build/logs
mkdir -p "$logs"
echo "packages (log: $logs/packages.log)"
"$top/tools/install-packages.sh" build guest check >"$logs/packages.log" 2>&1 || {
	tail -n 20 "$logs/packages.log"
	die "could not install the packages"
}
passed=0 failed=0
for stage; do
	log=$logs/$stage.log
	start=$(date +%s)
	status=0
	("stage_$stage") >"$log" 2>&1 </dev/null || status=$?
	ok=$(count PASS "$log") bad=$(count 'FAIL|XPASS|ERROR' "$log")
	if [ "$status" -eq 0 ]; then
		[ "$ok" -gt 0 ] || ok=1
		result=ok
	else
		[ "$bad" -gt 0 ] || bad=1
		result=FAILED
		tail -n 60 "$log"
	fi
	passed=$((passed + ok)) failed=$((failed + bad))
	printf '%-10s  %-6s  %4d s  %3d passed, %d failed  (log: %s)\n' "$stage" \
		"$result" $(($(date +%s) - start)) "$ok" "$bad" "$log"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
