#!/bin/sh
# SPDX-License-Identifier: MIT
#
# virtiofs-bench runs every workload on the plugin and as plain calls, with
# one queue and with two, and writes what it found.

bench=${top_builddir:?}/virtiofs-bench
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

fail()
{
	echo "test_bench: $1"
	exit 1
}

run()
{
	"$bench" --dir "$tmp" --time 20 --rounds 1 --files 4 --entries 300 \
		--size 4 "$@" >"$tmp/out" 2>"$tmp/err" && return
	cat "$tmp/out" "$tmp/err"
	return 1
}

plugin=plugin:$top_builddir/.libs/virtiofs.so
works=$("$bench" --list | wc -l)
[ "$works" -ge 16 ] || fail "too few workloads: $works"

for queues in 1 2
do
	run --queues $queues -t here="$plugin,queues=$queues" -t plain=plain \
		--json "$tmp/json" --svg "$tmp/svg" || fail "$queues queues"
	# A row for each workload; all but "null" are plain calls, too.
	[ "$(grep -c '| here |' "$tmp/out")" = "$works" ] ||
		fail "workloads are missing for the plugin"
	[ "$(grep -c '| plain |' "$tmp/out")" = $((works - 1)) ] ||
		fail "workloads are missing for plain calls"
	# Columns 4 and 6 are the rate and the CPU time.
	awk -F'|' '/\| here \|/ && $4 + 0 <= 0 { bad = 1; print }
		END { exit bad }' "$tmp/out" || fail "a rate of nothing"
	grep -q '"ops_per_second"' "$tmp/json" || fail "no results in the JSON"
	grep -q '</svg>' "$tmp/svg" || fail "the picture is not complete"
done
[ -z "$(ls -d "$tmp"/virtiofs-bench-* 2>/dev/null)" ] ||
	fail "files are left behind"

run --packed --in-order -t here="$plugin,no-locks" || fail "packed rings"

for wrong in "--depth 0" "--workload swim" "-t x" "-t x=y" "-t a=plain -b b"
do
	# shellcheck disable=SC2086
	run $wrong >/dev/null && fail "accepts $wrong"
	[ "$(wc -l <"$tmp/err")" = 1 ] || fail "$wrong: not one line"
done
