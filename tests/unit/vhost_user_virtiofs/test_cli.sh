#!/bin/sh
# SPDX-License-Identifier: MIT
#
# vhost-user-virtiofs as scripts see it: exit statuses, one clear line for what
# is wrong, its socket, its lock file, and how it ends.
set -u

vu=$top_builddir/vhost-user-virtiofs
dir=$(mktemp -d "${TMPDIR:-/tmp}/vhost-user-cli.XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/share" "$dir/sockets"
socket=$dir/vu.sock
failed=0

fail() {
	echo "FAIL: $*"
	failed=1
}

# bad STATUS TEXT COMMAND...: it fails so, with one line that has TEXT
bad() {
	status=$1 want=$2
	shift 2
	timeout 30 "$@" >"$dir/out" 2>"$dir/err" </dev/null
	rc=$?
	[ $rc -eq "$status" ] || fail "exit status $rc, not $status: $*"
	[ "$(wc -l <"$dir/err")" -eq 1 ] ||
		fail "not one line: $*: $(cat "$dir/err")"
	grep -qF -e "$want" "$dir/err" ||
		fail "no '$want': $*: $(cat "$dir/err")"
	[ ! -s "$dir/out" ] || fail "output: $*"
}

# Until the command succeeds, 10 s at most.
await() {
	tries=600
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return
		sleep 0.05
	done
}

listening() {
	grep -q "waiting on" "$dir/log" 2>/dev/null
}

# Start it with some arguments, and wait until it listens.
start() {
	rm -f "$dir/log"
	"$vu" --sandbox=none --seccomp=none --log-file="$dir/log" "$@" \
		>"$dir/server.err" 2>&1 </dev/null &
	pid=$!
	await listening || fail "does not listen: $*: $(cat "$dir/server.err")"
}

# End it by a signal, which is a success.
stop() {
	kill -"$1" $pid
	wait $pid || fail "exit status $? after SIG$1"
	[ ! -s "$dir/server.err" ] ||
		fail "not quiet: $(cat "$dir/server.err")"
}

set -- "$vu" --shared-dir="$dir/share"
bad 2 'nothing to share' "$vu" --socket-path="$socket"
bad 2 'expected one of --socket-path' "$@"
bad 2 "unknown option '--no-such'" "$@" --socket-path="$socket" --no-such
bad 2 'expected one of auto' "$@" --socket-path="$socket" --cache=bogus
bad 2 "unknown option '-o bogus'" "$@" --socket-path="$socket" -o bogus
bad 2 '36' "$@" --socket-path="$socket" \
	--tag=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
bad 2 'nonsense' "$vu" --virtio-fs="x:$dir/share,nonsense" --socket-dir="$dir"
bad 2 "translate-uid: 'x'" "$@" --socket-path="$socket" --translate-uid=x
bad 2 "xattrmap: rule 1" "$@" --socket-path="$socket" --xattrmap=x
bad 1 'there is no group' "$@" --socket-path="$socket" --socket-group=nosuchgroup
bad 1 'No such file' "$@" --socket-path="$dir/none/x"
bad 1 'No such file' "$vu" --virtio-fs="x:$dir/share" --socket-dir="$dir/none"
bad 1 "'x' is given twice" "$vu" --virtio-fs="x:$dir/share" \
	--virtio-fs="x:$dir/share" --socket-dir="$dir/sockets"
bad 1 'expected a listening socket' "$@" --fd=77
bad 1 'expected a listening socket' "$@" --fd=7 7<"$dir"
bad 1 "expected a descriptor's number" "$@" --fd=x
bad 1 'cannot open the log file' "$@" --socket-path="$socket" \
	--log-file="$dir/none/log"
bad 1 "$dir/none" "$vu" --shared-dir="$dir/none" --socket-path="$socket" \
	--sandbox=none
bad 1 '/dev/null' "$vu" --shared-dir=/dev/null --socket-path="$socket" \
	--sandbox=none
[ -z "$(ls "$dir/sockets")" ] || fail 'sockets are left'
[ ! -e "$socket.pid" ] || fail 'the lock file is left'

# The socket is there, and in use; at the end it is gone.
start --shared-dir="$dir/share" --socket-path="$socket"
[ -S "$socket" ] || fail 'no socket'
[ "$(stat -c %a "$socket")" = 700 ] || fail 'others can connect'
[ "$(cat "$socket.pid")" = $pid ] || fail 'the lock file has not its pid'
bad 1 "socket '$socket' is in use" "$@" --socket-path="$socket" --sandbox=none
[ -S "$socket" ] || fail 'the socket was removed by another'
stop TERM
[ ! -e "$socket" ] || fail 'the socket is left'
[ ! -e "$socket.pid" ] || fail 'the lock file is left'

# One that was killed leaves them, and the next one does not mind.
start --shared-dir="$dir/share" --socket-path="$socket"
kill -KILL $pid
wait $pid 2>/dev/null
[ -S "$socket" ] || fail 'no left-over socket to replace'
unlocked() {
	flock -n "$socket.pid" true
}
await unlocked || fail 'its child lives on'
start --shared-dir="$dir/share" --socket-path="$socket"
stop INT
[ ! -e "$socket" ] || fail 'the socket is left'
echo file >"$socket"
bad 1 'exists and is not a socket' "$@" --socket-path="$socket"
grep -q file "$socket" || fail 'a file was removed'
rm "$socket"

# A group may connect, too.
start --shared-dir="$dir/share" --socket-path="$socket" \
	--socket-group="$(id -gn)"
[ "$(stat -c %a:%g "$socket")" = "770:$(id -g)" ] || fail 'not for the group'
stop HUP

# Several shares, in a folder; each may hold its part of the descriptors.
HVLITE_LOG=debug start --virtio-fs="one:$dir/share" \
	--virtio-fs="two:$dir/share,ro" --socket-dir="$dir/sockets" \
	--rlimit-nofile=1024
divided() {
	[ "$(grep -c 'at most 384 descriptors' "$dir/log")" -eq 2 ]
}
await divided || fail "descriptors are not divided: $(cat "$dir/log")"
await [ -S "$dir/sockets/two.sock" ] || fail 'no two.sock'
[ -S "$dir/sockets/one.sock" ] || fail 'no one.sock'
stop TERM
[ -z "$(ls "$dir/sockets")" ] || fail 'sockets are left'

# What has no effect is said once in the log; nothing is said otherwise.
start --shared-dir="$dir/share" --socket-path="$socket" --thread-pool-size=4 \
	--thread-pool-size=4
stop TERM
[ "$(grep -c 'has no effect' "$dir/log")" -eq 1 ] || fail 'not one warning'

# In the background: it is ready when the command returns.
"$vu" --sandbox=none --seccomp=none --shared-dir="$dir/share" \
	--socket-path="$socket" --daemonize >"$dir/out" 2>&1 ||
	fail "--daemonize: $(cat "$dir/out")"
[ -S "$socket" ] || fail '--daemonize: no socket'
pid=$(cat "$socket.pid")
kill -0 "$pid" || fail '--daemonize: no process'
bad 1 'is in use' "$@" --socket-path="$socket" --daemonize --sandbox=none
kill -TERM "$pid"
gone() {
	[ ! -e "$socket" ]
}
await gone || fail '--daemonize: the socket is left'

# What people and libvirt ask.
"$vu" --version | grep -q '^vhost-user-virtiofs [0-9]' || fail 'no version'
"$vu" --help | grep -q -e '--shared-dir=DIR' || fail 'no --shared-dir in --help'
"$vu" --help | grep -q -e '--sandbox' || fail 'no --sandbox in --help'
"$vu" --print-capabilities >"$dir/json" || fail '--print-capabilities'
json=$top_builddir/tools/vhost_user_virtiofs/60-vhost-user-virtiofs.json
grep -v -e '"description"' -e '"binary"' "$json" | diff - "$dir/json" ||
	fail 'what is installed and what is printed differ'
grep -q '"binary": "/.*/vhost-user-virtiofs"' "$json" || fail 'no binary'

# Connections: with --once, and on an inherited socket, one is enough.
if [ -n "${PYTHON:-}" ] && [ "$PYTHON" != : ]; then
	"$PYTHON" -m json.tool "$dir/json" >"$dir/out" || fail 'no JSON'
	cat >"$dir/connect.py" <<-'END'
		import socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		s.close()
	END
	start --shared-dir="$dir/share" --socket-path="$socket"
	for n in 1 2 3; do
		"$PYTHON" "$dir/connect.py" "$socket" || fail "connection $n"
	done
	gone_three() {
		[ "$(grep -c 'has gone' "$dir/log")" -eq 3 ]
	}
	await gone_three || fail "three front-ends: $(cat "$dir/log")"
	stop TERM
	start --shared-dir="$dir/share" --socket-path="$socket" --once
	"$PYTHON" "$dir/connect.py" "$socket" || fail 'cannot connect'
	wait $pid || fail "--once: exit status $?"
	[ ! -e "$socket" ] || fail '--once: the socket is left'
	cat >"$dir/inherit.py" <<-'END'
		import os, socket, subprocess, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen()
		server = subprocess.Popen(sys.argv[2:] + ["--fd=%d" % s.fileno()],
		                          pass_fds=[s.fileno()])
		s.close()
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		s.close()
		sys.exit(server.wait(10))
	END
	"$PYTHON" "$dir/inherit.py" "$socket" "$@" --sandbox=none \
		--seccomp=none 2>"$dir/err" || fail "--fd: $(cat "$dir/err")"
	[ -S "$socket" ] || fail '--fd: a socket that is not its own was removed'
fi
exit $failed
