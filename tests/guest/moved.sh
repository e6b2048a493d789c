#!/bin/sh
# SPDX-License-Identifier: MIT
#
# moved.sh - a guest is moved to another QEMU while it uses a share, and goes on
# with another vhost-user-virtiofs, on the same host and of the same folder.
#
# usage: moved.sh, from run.sh, which sets:
#   work    folder for files
#   server  vhost-user-virtiofs
#   tool    guest_moving
#
# What the guest has in use, and looks at then, is in guest_moving.c.  QEMU's
# monitors are pairs of FIFOs, MONITOR.in and MONITOR.out.  It prints "MOVED ok
# WHAT" for each part, and fails if one fails.
set -eu
top=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tools/common.sh
. "$top/tools/common.sh"
: "${work:?}" "${server:?}" "${tool:?}"
work=$work/moved
share=$work/share
pids=''

fail() {
	echo "$*"
	for file in here.console there.console here.said there.said; do
		[ ! -e "$work/$file" ] || tail -n 15 "$work/$file" |
			sed "s|^|$file: |"
	done
	exit 1
}

await() { # seconds command...
	tries=$(($1 * 20))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return
		sleep 0.05
	done
}

says() { # console text
	grep -qs "^$2" "$work/$1.console"
}

start_server() { # here|there
	"$server" --shared-dir="$share" --socket-path="$work/$1.sock" \
		--log-file="$work/$1.said" </dev/null &
	pids="$pids $!"
	await 10 [ -S "$work/$1.sock" ] || fail 'the server did not start'
}

# Its serial console goes to a file, which is there at once.
start_qemu() { # here|there queues properties [QEMU-argument]
	mkfifo "$work/$1.in" "$work/$1.out"
	cat "$work/$1.out" >"$work/$1.monitor" &
	pids="$pids $!"
	"$top/tools/guest/boot.sh" -i "$work/initrd" -m 256M -t 60 \
		-u "s:$work/$1.sock" -n "$2" ${3:+-p "$3"} -q \
		"-chardev pipe,id=mon,path=$work/$1 -mon mon -smp 2 ${4:-}" \
		>"$work/$1.console" 2>&1 </dev/null &
	eval "qemu_$1=\$!"
}

monitor() { # here|there command
	echo "$2" >"$work/$1.in"
}

has_moved() {
	monitor here 'info migrate'
	grep -Eq '^Status:[[:space:]]*(completed|failed)' "$work/here.monitor"
}

move() { # queues properties
	rm -f "$work"/here.* "$work"/there.* "$work/stream"
	find "$share" -mindepth 1 -delete
	start_server here
	start_server there
	start_qemu here "$@"
	start_qemu there "$@" "-incoming unix:$work/stream"
	await 60 says here READY || fail 'the guest does not get ready'
	await 10 [ -S "$work/stream" ] || fail 'nobody waits for the guest'
	monitor here "migrate -d unix:$work/stream"
	await 30 has_moved || fail 'the guest does not move'
	! grep -Eq '^Status:[[:space:]]*failed' "$work/here.monitor" ||
		fail "$(cat "$work/here.monitor")"
	# Until then, the file without a name is there by this server only.
	await 10 grep -q 'the state was restored' "$work/there.said" ||
		fail 'no state was restored'
	monitor here quit
	wait "$qemu_here" || true
	: >"$share/moved"
	wait "$qemu_there" || fail "the guest's status is $?"
	says there 'all is well' || fail 'the guest has lost something'
	! grep -E 'BUG:|WARNING:|Oops' "$work/there.console" ||
		fail 'its kernel complains'
	clean_up
}

# Also when it failed; a FIFO that QEMU has left would not be opened.
clean_up() {
	for side in here there; do
		[ ! -p "$work/$side.in" ] ||
			timeout 1 sh -c "echo quit >'$work/$side.in'" || true
	done
	# shellcheck disable=SC2086 # a list of words
	kill $pids 2>/dev/null || true
	pids=''
}

rm -rf "$work"
mkdir -p "$share"
cat >"$work/init.sh" <<'GUEST'
mount -t virtiofs s /mnt || exit
guest_moving /mnt
GUEST
"$top/tools/guest/mkinitrd.sh" -o "$work/initrd" \
	-m 'virtio_pci virtiofs' -p "$tool" "$work/init.sh"
trap clean_up EXIT

move 1 ''
echo 'MOVED ok split'
move 2 packed=on
echo 'MOVED ok packed'
