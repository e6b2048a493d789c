#!/bin/sh
# SPDX-License-Identifier: MIT
#
# fuzz.sh - fuzz, and say how far that went.
#
# usage: tools/fuzz.sh [--seconds N] [--jobs N] [--merge] [TARGET]...
#
#   --seconds  how long each target runs (default: 1200)
#   --jobs     how many targets run at a time (default: one for each core)
#   --merge    add what reached something new to the corpora of the tree
#
# Targets are those of tests/fuzz, without fuzz_ (default: all).  They are built
# with clang and the address and undefined-behaviour sanitizers in build/fuzz;
# what they find, and their logs, are in build/fuzz/found/TARGET.  A table tells
# of each then: seconds, executions, edges of the program that were reached,
# inputs that reach them all, and whether it failed.  Exit status: 0 if none did.
# Run it as root: the tree of `fuse` is a small file system of its own then.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/common.sh
. "$top/tools/common.sh"

number() { # option text
	case $2 in
	'' | *[!0-9]* | 0*) die "$1 needs a number above 0, not '$2'" ;;
	esac
}

seconds=1200 jobs=$(nproc) merge=
while [ $# -gt 0 ]; do
	case $1 in
	--seconds) number "$1" "${2:-}"; seconds=$2; shift ;;
	--jobs) number "$1" "${2:-}"; jobs=$2; shift ;;
	--merge) merge=yes ;;
	-h | --help) usage; exit ;;
	-*) die "unknown option $1 (see --help)" ;;
	*) break ;;
	esac
	shift
done
corpus=$top/tests/fuzz/corpus
all=$(ls "$corpus")
for target; do
	[ -d "$corpus/$target" ] ||
		die "no target '$target'; there are: $(echo "$all" | xargs)"
done
# shellcheck disable=SC2086 # a word each
[ $# -gt 0 ] || set -- $all

folder=$build/fuzz found=$build/fuzz/found
mkdir -p "$found"
[ -x "$top/configure" ] || (cd "$top" && autoreconf -fi >&2)
[ -f "$folder/Makefile" ] ||
	(cd "$folder" && "$top/configure" -q --enable-fuzz CC=clang >&2)
# shellcheck disable=SC2046 # a word each
make -C "$folder" -j"$(nproc)" $(printf 'fuzz_%s ' "$@") >&2

# The targets change their own folder, file creation mask and limits.
# shellcheck disable=SC2016 # variables of the inner shell
printf '%s\n' "$@" | xargs -P "$jobs" -I TARGET sh -c '
	mkdir -p "$1/$4/inputs" && cd "$1/$4" || exit
	echo "fuzz.sh: $4 for $3 s" >&2
	"../../fuzz_$4" -max_total_time="$3" -max_len=512 -timeout=20 \
		-rss_limit_mb=2048 -print_final_stats=1 inputs "$2/$4" \
		>log 2>&1
	echo $? >status' sh "$found" "$corpus" "$seconds" TARGET

row() { # target
	log=$found/$1/log
	status=$(cat "$found/$1/status")
	# The last line with a coverage: "#N DONE cov: N ft: N corp: N/..."
	awk -v target="$1" -v failed="$([ "$status" -eq 0 ] || echo yes)" '
		/ cov: / {
			for (i = 1; i < NF; i++) {
				if ($i == "cov:") edges = $(i + 1)
				if ($i == "corp:") inputs = $(i + 1)
			}
		}
		/^Done [0-9]+ runs in/ { seconds = $5 }
		/number_of_executed_units/ { runs = $2 }
		END {
			sub("/.*", "", inputs)
			printf "| `fuzz_%s` | %s | %s | %s | %s | %s |\n",
				target, seconds, runs, edges, inputs,
				failed ? "FAILED" : "clean"
		}' "$log"
	return "$status"
}

result=0
echo '| target | seconds | executions | edges | inputs | |'
echo '|---|---|---|---|---|---|'
for target; do
	row "$target" || result=1
	if [ -n "$merge" ]; then
		"$folder/fuzz_$target" -set_cover_merge=1 "$corpus/$target" \
			"$found/$target/inputs" >>"$found/$target/log" 2>&1
	fi
done
exit $result
