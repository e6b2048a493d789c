#!/bin/sh
# SPDX-License-Identifier: MIT
#
# bench.sh - compare the device with its peers and with plain system calls.
#
# usage: tools/bench.sh [--quick] [--dir DIR] [--disk DIR] [PART]...
#
# Parts (default: all, in this order):
#   main      every workload, depth 16, one queue, with host calls counted
#   depth1    a lone request at a time
#   depth32   random transfers, 32 at a time
#   queues    two request queues
#   packed    packed rings against split ones
#   memory    of an idle device with four queues
#   disk      4 KiB reads past the page cache, 32 at a time, and fio's
#
#   --quick   shorter runs and fewer rounds: a look, not a figure to quote
#   --dir     where the files are made (default: /dev/shm)
#   --disk    a folder on a disk, for the part of this name (default: /var/tmp)
#
# Targets: the plugin in the process of the driver, vhost-user-virtiofs, and of
# virtiofsd what tools/guest/get-qemu.sh -p has fetched: 1.14 in Rust, and 7.2
# in C, QEMU's of old.  Each part's table goes to the standard output and, with
# JSON and a picture, to build/bench/; the last table sums all up, with those of
# former runs that were not measured anew.  Without --quick, that one and the
# picture of `main` are put into docs/benchmarks.md.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/common.sh
. "$top/tools/common.sh"

all='main depth1 depth32 queues packed memory disk'
dir=/dev/shm disk=/var/tmp rounds=5 time=300 quick=''
while [ $# -gt 0 ]; do
	case $1 in
	--quick) rounds=3 time=100 quick=yes ;;
	--dir) dir=${2:?--dir needs a folder}; shift ;;
	--disk) disk=${2:?--disk needs a folder}; shift ;;
	-h | --help) usage; exit ;;
	-*) die "unknown option $1 (see --help)" ;;
	*) break ;;
	esac
	shift
done
for part; do
	case " $all " in
	*" $part "*) ;;
	*) die "no part '$part'; there are: $all" ;;
	esac
done
[ $# -gt 0 ] || eval "set -- $all"

"$top/tools/guest/get-qemu.sh" -p >&2 ||
	echo "bench.sh: no peers to compare with" >&2
build_in "$build/gcc" CC=gcc >&2
out=$build/bench
mkdir -p "$out"

ours="server:$build/gcc/vhost-user-virtiofs --socket-path %s --shared-dir %d --sandbox none"
rust="server:$rig/bin/virtiofsd --socket-path=%s --shared-dir %d --sandbox none"
c="server:$rig/bin/virtiofsd-7.2 --socket-path=%s -o source=%d"

# One comparison; what is not there is left out.  The base of ratios is the
# older daemon, which is the faster of the peers.
bench() { # name virtiofs-bench-argument...
	name=$1
	shift
	set -- --dir "$where" --rounds "$rounds" --time "$time" "$@" \
		-t "in-process=plugin:$build/gcc/.libs/virtiofs.so,queues=$queues${direct:+,direct-io}" \
		-t "vhost-user=$ours ${direct:+--allow-direct-io}" -t plain=plain
	[ "$peers" = no ] || [ ! -x "$rig/bin/virtiofsd" ] ||
		set -- "$@" -t "virtiofsd-1.14=$rust ${direct:+--allow-direct-io}"
	[ "$peers" = no ] || [ ! -x "$rig/bin/virtiofsd-7.2" ] ||
		set -- "$@" -t "virtiofsd-7.2=$c ${direct:+-o allow_direct_io}" --base virtiofsd-7.2
	echo "## $name"
	"$build/gcc/virtiofs-bench" "$@" --queues "$queues" \
		--json "$out/$name.json" --svg "$out/$name.svg" \
		2>"$out/$name.log" | tee "$out/$name.md"
	[ -s "$out/$name.json" ] || die "$(tail -n 1 "$out/$name.log")"
	echo
}

# shellcheck disable=SC2086 # $small is a list of words
part() { # name
	where=$dir queues=1 peers=yes direct=''
	small='-w null -w getattr -w randread-4k -w randwrite-4k'
	case $1 in
	main) bench main --count-calls ;;
	depth1) bench depth1 --depth 1 $small ;;
	depth32) bench depth32 --depth 32 -w randread-4k -w randwrite-4k ;;
	queues)
		peers=no
		bench queues-1 $small -w lookup
		queues=2
		bench queues-2 $small -w lookup
		;;
	packed)
		peers=no
		bench split $small
		bench packed --packed $small
		bench packed-in-order --packed --in-order $small
		;;
	memory)
		queues=4 peers=no
		bench memory --depth 1 --rounds 1 --time 10 -w null
		sed -n 's/^vhost-user: \(.*\) of anon.*/Memory of vhost-user-virtiofs with four queues, idle: \1./p' \
			"$out/memory.md" >"$out/memory.txt"
		;;
	disk)
		where=$disk direct=yes
		bench disk --direct --depth 32 --size 256 -w randread-4k
		fio_read
		;;
	esac
}

# The bar for the part "disk": io_uring at the same depth on such a file.
fio_read() {
	command -v fio >/dev/null || {
		echo "fio is not installed"
		return
	}
	file=$disk/virtiofs-bench-fio.$$
	fio --name=randread --filename="$file" --size=256m --rw=randread \
		--bs=4k --direct=1 --ioengine=io_uring --iodepth=32 \
		--runtime=5 --time_based --minimal --terse-version=3 |
		awk -F';' '{ printf "fio on the disk by io_uring, depth 32: %.1f k/s.\n", $8 / 1000 }' |
		tee "$out/fio.txt"
	rm -f "$file"
}

# One line a workload: thousand operations a second and microseconds of the
# server's processor time for one, and what they are to the better peer's and to
# plain system calls'.
summary() {
	for part in main depth1 depth32 queues-1 queues-2 split packed \
		packed-in-order disk; do
		[ ! -s "$out/$part.md" ] || sed "s/^/$part /" "$out/$part.md"
	done | awk -F'[[:space:]]*[|][[:space:]]*' '
	function cell(t) {
		return (key, t) in rate ? rate[key, t] " / " cpu[key, t] : "-"
	}
	function over(a, b) { return b > 0 ? sprintf("%.2f", a / b) : "-" }
	function line(w, target, best, least, t) {
		best = least = plain = 0
		if ((key, "plain") in cpu)
			plain = cpu[key, "plain"]
		for (t in peers) {
			if (!((key, t) in rate))
				continue
			if (rate[key, t] > best)
				best = rate[key, t]
			if (!least || cpu[key, t] < least)
				least = cpu[key, t]
		}
		printf "| %s | %s ", part, w
		for (t = 1; t <= 5; t++)
			printf "| %s ", cell(targets[t])
		print "| " over(rate[key, "vhost-user"], best) \
		      " | " over(cpu[key, "vhost-user"], least) \
		      " | " over(cpu[key, "vhost-user"], plain) " |"
	}
	BEGIN {
		split("in-process vhost-user virtiofsd-1.14 virtiofsd-7.2 plain",
		      targets, " ")
		peers["virtiofsd-1.14"]; peers["virtiofsd-7.2"]
		print "| part | workload | in-process | vhost-user | virtiofsd 1.14 | virtiofsd 7.2 (C) | plain | rate x | CPU x | CPU x plain |"
		print "|---|---|---|---|---|---|---|---|---|---|"
	}
	NF > 10 && $4 + 0 > 0 {
		if (key != $1 SUBSEP $2) {
			if (key != "")
				line(workload)
			key = $1 SUBSEP $2
			part = $1
			workload = $2
		}
		rate[key, $3] = $4 + 0
		cpu[key, $3] = $6 + 0
	}
	END { line(workload) }' >"$out/table.md"
	for line in fio memory; do
		[ ! -s "$out/$line.txt" ] || printf '\n%s\n' "$(cat "$out/$line.txt")"
	done >>"$out/table.md"
	echo "## all: k/s / CPU us; ratios of vhost-user to the better peer"
	cat "$out/table.md"
	[ -z "$quick" ] || return 0
	show_table table.md "$out/table.md"
	[ ! -s "$out/main.svg" ] || cp "$out/main.svg" "$top/docs/benchmarks.svg"
}

for part; do
	part "$part"
done
summary
