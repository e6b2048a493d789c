#!/bin/sh
# SPDX-License-Identifier: MIT
#
# killed.sh - guests, and then the server, are killed while files are copied on
# a share; the next guest goes on where the last one was.  No file that a guest
# has synced may be damaged, and nothing may be left of a dead guest.
#
# usage: killed.sh, from run.sh, which sets:
#   work    folder for files
#   server  vhost-user-virtiofs
#
# It prints "KILLED ok WHAT" for each part, and fails if one fails.
set -eu
top=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tools/common.sh
. "$top/tools/common.sh"
: "${work:?}" "${server:?}"
work=$work/killed
share=$work/share
socket=$work/socket
files=24

# ---- the guest

cat_copy_script() {
	cat <<'GUEST'
mount -t virtiofs s /mnt && cd /mnt || exit
(while sleep 0.5; do echo ALIVE; done) &
while read -r sum name; do
	if grep -qx "$name" synced; then
		echo "$sum  out/$name" | md5sum -c -s || echo "CORRUPT $name"
	else
		cp "in/$name" "out/$name" && sync && echo "$name" >>synced
	fi
done <sums
(cd out && md5sum -c -s ../sums) && echo COPIED
GUEST
}

start_uml() {
	"$top/tools/guest/boot-uml.sh" -i "$work/uml.initrd" -s "$socket" \
		-d "$work/uml" -t 120 >"$work/console" 2>&1 &
	booter=$!
	pid_file=$work/uml/guest/pid
}

start_qemu() {
	"$top/tools/guest/boot.sh" -Q qemu-7.2 -i "$work/qemu.initrd" \
		-u "s:$socket" -q "-pidfile $work/qemu.pid" -t 120 \
		>"$work/console" 2>&1 &
	booter=$!
	pid_file=$work/qemu.pid
}

# ---- waiting

synced() {
	wc -l <"$share/synced"
}

console_has() { # text [times]
	[ "$(grep -c "$1" "$work/console")" -ge "${2:-1}" ]
}

synced_reach() { # number
	[ "$(synced)" -ge "$1" ] || ! kill -0 "$booter" 2>/dev/null
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

fail() {
	echo "$*"
	for file in console log; do
		tail -n 15 "$work/$file"
	done
	exit 1
}

# ---- host

new_share() {
	mkdir -p "$share"
	find "$share" -mindepth 1 -delete       # the server has the folder open
	mkdir "$share/in" "$share/out"
	: >"$share/synced"
	(
		cd "$share/in"
		head -c $((files * 3000001)) /dev/urandom |
			split -b 3000001 -a 2 -d - file
		md5sum file* >../sums
	)
}

start_server() {
	: >"$work/log"
	"$server" --virtio-fs="s:$share" --socket-path="$socket" \
		--log-file="$work/log" </dev/null &
	server_pid=$!
	await 10 grep -q 'waiting on' "$work/log" ||
		fail 'the server did not start'
}

child() {
	grep -lsx "PPid:.$server_pid" /proc/[0-9]*/status | cut -d / -f 3
}

# What a server without a front-end holds.
descriptors() {
	find "/proc/$(child)/fd" -mindepth 1 | wc -l
}

holds() {
	[ "$(descriptors)" -eq "$1" ]
}

# No file that was synced is damaged.
check_synced() {
	while read -r name; do
		(cd "$share/out" && grep " $name\$" ../sums | md5sum -c --quiet) ||
			fail "$name was synced, and is damaged"
	done <"$share/synced"
}

# A guest copies until some files are synced, and is killed.
kill_after() { # number start-command
	number=$1
	"$2"
	await 60 synced_reach "$number" || fail 'the guest copies nothing'
	kill -KILL "$(cat "$pid_file")" || fail 'there is no guest to kill'
	wait "$booter" || true
	! console_has COPIED || fail 'the guest was done before it was killed'
	[ "$(synced)" -lt $files ] || fail 'all was synced before the guest was killed'
	await 10 holds "$idle" ||
		fail "$(descriptors) descriptors, $idle before the guest"
	check_synced
}

finish() { # start-command
	"$1"
	wait "$booter" || fail "the guest's status is $?"
	console_has COPIED || fail 'the last guest did not copy all'
	! console_has CORRUPT || fail 'the last guest found a damaged file'
	(cd "$share/out" && md5sum -c --quiet ../sums)
	await 10 holds "$idle" ||
		fail "$(descriptors) descriptors, $idle before the guests"
}

rm -rf "$work"
mkdir -p "$work"
cat_copy_script >"$work/copy.sh"
"$top/tools/guest/mkinitrd.sh" -o "$work/uml.initrd" -k uml -m virtiofs \
	"$work/copy.sh"
"$top/tools/guest/mkinitrd.sh" -o "$work/qemu.initrd" "$work/copy.sh"
new_share
start_server
trap 'kill -KILL "$server_pid" 2>/dev/null || true' EXIT
idle=$(descriptors)

for guest in uml qemu; do
	new_share
	kill_after 4 start_$guest
	[ "$guest" != uml ] || kill_after 11 start_uml
	finish start_uml
	echo "KILLED ok $guest"
done

# Without a server the guest's requests fail or wait, and the guest lives.
new_share
start_uml
await 60 synced_reach 4 || fail 'the guest copies nothing'
kill -KILL "$server_pid" "$(child)"
wait "$server_pid" 2>/dev/null || true
seen=$(grep -c ALIVE "$work/console" || true)
await 20 console_has ALIVE $((seen + 4)) ||
	fail 'the guest died with the server'
! console_has COPIED || fail 'the guest was done before the server was killed'
kill -KILL "$(cat "$pid_file")"
wait "$booter" || true
check_synced
start_server
finish start_uml
echo 'KILLED ok server'

kill "$server_pid"
wait "$server_pid" || fail "the server's exit status is $?"
[ ! -e "$socket" ] || fail 'the socket is left'
trap '' EXIT
echo 'KILLED ok end'
