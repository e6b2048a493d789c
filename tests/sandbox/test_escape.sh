#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A plugin that tries to get out of the sandbox (escape.c), in every mode.
# shellcheck source=tests/sandbox/lib.sh disable=SC2154 # of lib.sh
. "$top_srcdir/tests/sandbox/lib.sh"
pids=''
# shellcheck disable=SC2086 # a list of words
trap 'kill $pids 2>/dev/null; rm -rf "$dir"' EXIT
OUTSIDE=$dir/outside
export OUTSIDE

# Somebody of the same user, to be harmed.
sleep 300 &
root_pid=$!
# shellcheck disable=SC2086 # it must be the sleep's own id
if $is_root; then
	setpriv --reuid $uid --regid $uid --clear-groups sleep 300 &
else
	sleep 300 &
fi
user_pid=$!
pids="$root_pid $user_pid"

# try WHO OPTIONS EXPECTED ATTEMPT...: each ends so (an extended regular
# expression; SIGSYS: it is killed)
try() {
	who=$1 options=$2 expected=$3
	shift 3
	[ "$who" = root ] && OUTSIDE_PID=$root_pid || OUTSIDE_PID=$user_pid
	export OUTSIDE_PID
	for attempt; do
		ran=$((ran + 1))
		# shellcheck disable=SC2086 # a list of words
		said=$(as "$who" timeout 30 "$vu" --plugin "$dir/bin/escape.so" \
			--escape "$attempt:$share" --socket-dir "$dir/sockets" \
			$options 2>&1 9<"$dir" </dev/null)
		rc=$?
		want="^pciplug-vfio-user: --escape .*: $attempt: ($expected)\$"
		want_rc=2
		if [ "$expected" = SIGSYS ]; then
			want='killed by signal 31 .*--seccomp kill'
			want_rc=159
		fi
		[ $rc -eq $want_rc ] && echo "$said" | grep -qE "$want" ||
			fail "$who $options: $attempt: $rc: $said"
	done
}

not_permitted='Operation not permitted'
denied='Permission denied'
none='No such file or directory'
not_there='No such (process|file or directory)'

# Without a sandbox each attempt succeeds, or it would be no attempt.
try user '--sandbox none --seccomp none' 'done' work read-outside go-up \
	use-left-over see-processes make-process connect signal map-code
said=$(user "$vu" --plugin "$dir/bin/escape.so" --escape "run-program:$share" \
	--socket-dir "$dir/sockets" --sandbox none --seccomp none 2>&1)
[ $? -eq 77 ] || fail "the program in the share does not run: $said"
if $is_root; then

	try root '--sandbox none --seccomp none --modcaps +sys_admin:+sys_chroot' \
		'done' work list-root handle unshare-mounts chroot become-root \
		device
	rm -f "$share/null"
fi

# The list of system calls, by itself.
calls='run-program make-process signal trace mount remount unshare-mounts
	unshare-user join chroot become-root map-code hostname'
for who in user root; do
	[ $who = user ] || $is_root || continue
	# shellcheck disable=SC2086 # a list of words
	try $who '--sandbox none' SIGSYS $calls
	try $who '--sandbox none' "$denied" connect
	try $who '--sandbox none' 'done' work
	try $who '--sandbox none' "$not_permitted" gain-capability
done

# shut_in WHO MODE: what holds wherever there is another root
shut_in() {
	try "$1" "--sandbox $2" 'done' work
	try "$1" "--sandbox $2" SIGSYS run-program mount unshare-user
	for options in "--sandbox $2" "--sandbox $2 --seccomp none"; do
		try "$1" "$options" "$none|$denied" read-outside \
			change-outside go-up list-root
		try "$1" "$options" 'Bad file descriptor' use-left-over
		try "$1" "$options" "$none|$denied" see-processes
		try "$1" "$options" "Read-only file system|$denied" \
			write-new-root
		try "$1" "$options" "$not_permitted" gain-capability
	done
	try "$1" "--sandbox $2 --seccomp none" 'done' work
	try "$1" "--sandbox $2 --seccomp none" "$denied" run-program
	try "$1" "--sandbox $2 --seccomp none" "$not_permitted" mount remount \
		unshare-mounts chroot hostname
}

# own_everything WHO: and where processes and the network are its own
own_everything() {
	try "$1" '--sandbox namespace --seccomp none' "$not_there" signal trace
	try "$1" '--sandbox namespace --seccomp none' 'Bad file descriptor' join
	try "$1" '--sandbox namespace --seccomp none' \
		"Network is unreachable|$denied" connect
}

if $is_root && may root namespace; then
	shut_in root namespace
	own_everything root
	try root '--seccomp none' "$denied" device
	rm -f "$share/null"
	try root '' 'done' handle
	try root '--modcaps -dac_read_search' "$not_permitted" handle
	try root '--seccomp none --modcaps -mknod' "$not_permitted" device
fi
if may user namespace; then
	shut_in user namespace
	own_everything user
	try user '--seccomp none' "$not_permitted" handle device
	try user '--seccomp none' 'Invalid argument' become-root
fi
if $is_root && may root chroot; then
	shut_in root chroot
fi
for who in user root; do
	[ $who = user ] || $is_root || continue
	may $who landlock || continue
	for options in '--sandbox landlock' '--sandbox landlock --seccomp none'
	do
		try $who "$options" 'done' work
		try $who "$options" "$denied" read-outside go-up use-left-over \
			list-root see-processes write-new-root
		try $who "$options" "$not_permitted" handle gain-capability
	done
	try $who '--sandbox landlock --seccomp none' "$denied" run-program
	try $who '--sandbox landlock --seccomp none' "$not_permitted" mount \
		trace
	# What docs/security.md says that it cannot.
	[ $who = user ] || try root '--sandbox landlock' 'done' change-outside
done

echo "$ran attempts"
exit $failed
