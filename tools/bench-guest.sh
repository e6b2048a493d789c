#!/bin/sh
# SPDX-License-Identifier: MIT
#
# bench-guest.sh - compare vhost-user-virtiofs and virtiofsd 1.14 from within a
# guest: User-Mode Linux, which has a share of each and runs fio and file
# programs on them by turns.
#
# usage: tools/bench-guest.sh [--quick] [--dir DIR]
#
#   --quick   shorter runs and fewer rounds: a look, not a figure to quote
#   --dir     where the shared folders are made (default: /dev/shm)
#
# The medians go to build/bench/guest.md and, where they are shown, to
# docs/benchmarks.md.  It takes about four minutes, and wants root (User-Mode
# Linux), fio, and what tools/guest/get-qemu.sh -u -p fetches.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/common.sh
. "$top/tools/common.sh"

dir=/dev/shm rounds=5 seconds=2
while [ $# -gt 0 ]; do
	case $1 in
	--quick) rounds=3 seconds=1 ;;
	--dir) dir=${2:?--dir needs a folder}; shift ;;
	-h | --help) usage; exit ;;
	*) die "unknown argument $1 (see --help)" ;;
	esac
	shift
done

"$top/tools/guest/get-qemu.sh" -u -p >&2
build_in "$build/gcc" CC=gcc >&2
command -v fio >/dev/null || die "fio is not installed"
out=$build/bench
mkdir -p "$out"
work=$(mktemp -d "$dir/bench-guest.XXXXXX")
servers=''
end() {
	# shellcheck disable=SC2086 # a list of process ids
	[ -z "$servers" ] || kill $servers 2>/dev/null || :
	rm -rf "$work"
}
trap end EXIT
trap 'exit 1' INT TERM HUP

# ---- what the guest runs --------------------------------------------------

# The project's own sources, twice, to unpack, look at, read and remove.
tar -C "$top" --exclude=./build --exclude=./.git --exclude='*.cache' \
	-cf "$work/tree.tar" .

cat >"$work/init" <<'INIT'
now() {	# seconds, in hundredths, as /proc has them
	read -r up rest </proc/uptime
	echo "$up"
}
result() { # workload target unit value
	echo "RESULT $1 $2 $3 $4"
}
# Run a command; how long did it take?
timed() { # workload target command...
	what=$1 who=$2
	shift 2
	sync
	start=$(now)
	"$@" >/dev/null || echo "$what of $who has failed"
	result "$what" "$who" s "$(awk "BEGIN { print $(now) - $start }")"
}
unpack() {
	for i in 1 2; do
		mkdir "$1/tree$i" && tar -C "$1/tree$i" -xf /tree.tar || return
	done
}
# Five times each, as a clock of hundredths is a coarse one.  Nothing that was
# kept may help.
look() {
	for i in 1 2 3 4 5; do
		echo 3 >/proc/sys/vm/drop_caches
		find "$1" -newer /tree.tar || return
	done
}
read_all() {
	for i in 1 2 3 4 5; do
		echo 3 >/proc/sys/vm/drop_caches
		find "$1" -path '*/tree*' -type f -exec cat {} + || return
	done
}
small_files() { # target
	timed untar "$1" unpack "/mnt/$1"
	timed find-5-times "$1" look "/mnt/$1"
	timed cat-5-times "$1" read_all "/mnt/$1"
	timed rm "$1" rm -r "/mnt/$1/tree1" "/mnt/$1/tree2"
}
transfers() { # target
	while read -r name unit field rw bs depth; do
		value=$(fio --name="$name" --filename="/mnt/$1/data" --size=64m \
			--rw="$rw" --bs="$bs" --iodepth="$depth" --direct=1 \
			--ioengine=libaio --thread --runtime="$seconds" \
			--time_based --minimal --terse-version=3 |
			awk -F';' -v f="$field" '$1 == 3 { print $f / 1000 }')
		result "$name" "$1" "$unit" "$value"
	done <<-LIST
	randread-4k-depth-1 k/s 8 randread 4k 1
	randread-4k-depth-16 k/s 8 randread 4k 16
	randwrite-4k-depth-16 k/s 49 randwrite 4k 16
	read-1m MB/s 7 read 1m 4
	write-1m MB/s 48 write 1m 4
	LIST
}
read -r rounds seconds </parameters
for target in ours peer; do
	mkdir -p /mnt/$target && mount -t virtiofs $target /mnt/$target || exit
	dd if=/dev/zero of=/mnt/$target/data bs=1M count=64 2>/dev/null || exit
done
mkdir -p /dev/shm && mount -t tmpfs shm /dev/shm
order='ours peer'
for round in $(seq "$rounds"); do
	for target in $order; do
		transfers $target
		small_files $target
	done
	order="${order#* } ${order% *}"
done
INIT
echo "$rounds $seconds" >"$work/parameters"
"$top/tools/guest/mkinitrd.sh" -o "$work/initrd" -k uml -m virtiofs \
	-a "$work/tree.tar:/tree.tar" -a "$work/parameters:/parameters" \
	-p "$(command -v fio)" "$work/init"

# ---- the two servers, and the guest ---------------------------------------

serve() { # name program argument...
	name=$1
	shift
	mkdir "$work/$name"
	"$@" >"$work/$name.log" 2>&1 &
	servers="$servers $!"
	tries=100
	until [ -S "$work/$name.sock" ]; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || die "$1 did not start: $(cat "$work/$name.log")"
		sleep 0.1
	done
}
serve ours "$build/gcc/vhost-user-virtiofs" --tag=ours --sandbox none \
	--socket-path="$work/ours.sock" --shared-dir="$work/ours"
serve peer "$rig/bin/virtiofsd" --tag=peer --sandbox none \
	--socket-path="$work/peer.sock" --shared-dir="$work/peer"
"$top/tools/guest/boot-uml.sh" -i "$work/initrd" -m 768M -t 600 \
	-s "$work/ours.sock" -s "$work/peer.sock" | tee "$out/guest.log"

# ---- the table ------------------------------------------------------------

# Of sorted values, the one in the middle; workloads in the order of the guest.
tr -d '\r' <"$out/guest.log" | sed -n 's/^RESULT //p' >"$out/guest.txt"
sort -s -k 4,4n "$out/guest.txt" | awk -v order="$out/guest.txt" '
	{ value[$1, $2, ++count[$1, $2]] = $4 }
	function median(name, target) {
		return value[name, target, int((count[name, target] + 1) / 2)]
	}
	function ratio(a, b) { return b > 0 ? sprintf("%.2f", a / b) : "-" }
	END {
		print "| in the guest | vhost-user-virtiofs | virtiofsd 1.14 | times as fast |"
		print "|---|---|---|---|"
		while ((getline line <order) > 0) {
			split(line, f, " ")
			if (seen[f[1]]++)
				continue
			a = median(f[1], "ours")
			b = median(f[1], "peer")
			printf "| %s | %s %s | %s %s | %s |\n", f[1], a, f[3],
			       b, f[3], f[3] == "s" ? ratio(b, a) : ratio(a, b)
		}
	}' >"$out/guest.md"
show_table guest.md "$out/guest.md"
cat "$out/guest.md"
