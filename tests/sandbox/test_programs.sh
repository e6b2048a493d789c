#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Both programs in their sandbox, looked at from outside: what the server's
# process has, where it is, and how it lives and dies with its parent.
# shellcheck source=tests/sandbox/lib.sh disable=SC2154 # of lib.sh
. "$top_srcdir/tests/sandbox/lib.sh"
parent='' server=''
finish() {
	[ -z "$parent" ] || kill "$parent" 2>/dev/null
	umount "$share/mnt" "$share" 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT

await() { # COMMAND...: until it succeeds
	n=0
	until "$@"; do
		n=$((n + 1))
		[ $n -lt 600 ] || return
		sleep 0.05
	done
}
field() { # NAME: of the server's status
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$server/status"
}
own() { sed -n "s/^$1:[[:space:]]*//p" /proc/self/status; } # NAME
find_server() {
	server=$(cat "/proc/$parent/task/$parent/children" 2>/dev/null)
	server=${server% }
	[ -n "$server" ]
}
is_ready() {
	grep -qE ' is on |waiting on ' "$dir/out" && find_server
}
is_gone() { ! [ -d "/proc/$1" ]; }

# launch WHO PROGRAM OPTION...: sets parent and server
launch() {
	who=$1 program=$2
	shift 2
	: >"$dir/out"	# what the last one said is not this one's
	case $program in
	vu) set -- "$vu" --plugin "$plugin" --socket-dir "$dir/sockets" \
		--virtio-fs "t:$share" "$@" ;;
	vuv) set -- "$vuv" --socket-path "$dir/sockets/t.sock" \
		--shared-dir "$share" "$@" ;;
	esac
	if [ "$who" = user ] && $is_root; then
		setpriv --reuid $uid --regid $uid --clear-groups "$@" \
			>"$dir/out" 2>&1 9<"$dir" &
	else
		"$@" >"$dir/out" 2>&1 9<"$dir" &
	fi
	parent=$!
	ran=$((ran + 1))
	await is_ready || {
		fail "$who $*: it does not serve: $(cat "$dir/out")"
		return 1
	}
}

stop() { # EXPECTED-STATUS
	kill "$parent" 2>/dev/null
	wait "$parent"
	rc=$?
	[ $rc -eq "$1" ] || fail "$program: exit status $rc, not $1: $(cat "$dir/out")"
	await is_gone "$server" || fail "$program: the server is left"
	[ ! -e "$dir/sockets/t.sock" ] || fail "$program: the socket is left"
	parent=''
}

# has NAME VALUE WHAT
has() {
	[ "$(field "$1")" = "$2" ] ||
		fail "$program $what: $1 is '$(field "$1")', not '$2'"
}
# namespaces WORD NAME...: are they its own ("new") or ours ("old")?
namespaces() {
	word=$1
	shift
	for ns; do
		[ "$(readlink "/proc/$server/ns/$ns")" = \
			"$(readlink "/proc/$$/ns/$ns")" ] && is=old || is=new
		[ $is = "$word" ] ||
			fail "$program $what: its $ns namespace is $is, not $word"
	done
}

# ways_to PATH...: each, and the directories that lead there
ways_to() {
	for path; do
		while [ "$path" ]; do
			echo ".$path"
			path=${path%/*}
		done
	done
}

# see_it WHO MODE: root may look into other processes
see_it() {
	what="$1 $2"
	has NoNewPrivs 1
	has Seccomp 2
	# Closed, on top of what we may be in.  Linux 5.9 tells.
	[ -z "$(own Seccomp_filters)" ] ||
		has Seccomp_filters $(($(own Seccomp_filters) + 2))
	has Umask 0000
	has CapInh 0000000000000000
	has CapAmb 0000000000000000
	[ "$1" = user ] || has CapBnd "$(field CapPrm)"
	case $what in
	'root namespace' | 'root chroot') has CapEff 00000000880000df ;;
	'user namespace' | 'root landlock') has CapEff 00000000880000db ;;
	user*) has CapEff 0000000000000000 ;;
	esac
	$is_root || return 0
	case $what in
	'root namespace')
		namespaces new mnt pid net ipc uts
		namespaces old user
		;;
	'user namespace') namespaces new mnt pid net ipc uts user ;;
	*chroot)
		namespaces new mnt
		namespaces old pid net ipc uts user
		;;
	*) namespaces old mnt pid net ipc uts user ;;
	esac
	case $2 in namespace | chroot) ;; *) return 0 ;; esac
	see=$(cd "/proc/$server/root" && find . -xdev | sort)
	# The share, what it needs of /proc, and where it was started.
	want=$({
		echo .
		ways_to "/proc/self/fd" "$share" "$(pwd -P)"
	} | sort -u)
	[ "$see" = "$want" ] ||
		fail "$program $what: there is $see, and not $want"
	[ -e "/proc/$server/root$share/prog" ] ||
		fail "$program $what: the share is not there"
	awk -v share="$share" '$5 == share || $5 == "/" {
			print $5, $6; if ($6 !~ /nosuid,nodev,noexec/) exit 1
		}' "/proc/$server/mountinfo" >"$dir/mounts" ||
		fail "$program $what: mounted as $(cat "$dir/mounts")"
	grep -q '^/ ro,' "$dir/mounts" ||
		fail "$program $what: the root is writable"
}

for program in vu vuv; do
	for who in root user; do
		[ $who = user ] || $is_root || continue
		for mode in namespace chroot landlock none; do
			[ "$who-$mode" != user-chroot ] || continue
			may $who $mode || continue
			launch $who $program --sandbox $mode || continue
			see_it $who $mode
			stop 0
		done
	done
done

# What it is there for, by a guest's driver: names, data and attributes.
bench=$dir/bin/virtiofs-bench
for who in root user; do
	[ $who = user ] || $is_root || continue
	for mode in namespace chroot landlock; do
		[ "$who-$mode" != user-chroot ] || continue
		may $who $mode >/dev/null || continue
		said=$(as $who timeout 60 "$bench" --dir "$dir/other" -r 1 \
			--time 20 --files 4 --entries 50 --size 1 -t \
			"v=server:$vuv --socket-path %s --shared-dir %d --sandbox $mode" \
			-w getattr -w walk -w readdirplus -w open-read-close \
			-w create-unlink -w mkdir-rmdir -w rename -w mixed 2>&1) ||
			fail "$who $mode: it does not work: $said"
	done
done

# ---- options -------------------------------------------------------------

if $is_root && may root namespace; then
	for program in vu vuv; do
		what=options
		launch root $program --modcaps +sys_admin:-mknod \
			--rlimit-nofile 300 --seccomp none || continue
		has CapEff 00000000802000df
		has Seccomp 0
		limits=$(awk '/^Max open files/ { print $4, $5 }' \
			"/proc/$server/limits")
		[ "$limits" = '300 300' ] || fail "$program: limits $limits"
		stop 0
	done

	# More shares than one, each as it is named: in another one, by a
	# symbolic link, relative.
	ln -s "$dir/other" "$dir/link"
	mkdir "$dir/other/deep"
	cd "$dir/other" || exit 99
	program=vu
	launch root vu --virtio-fs "sub:$share/dir" --virtio-fs "l:$dir/link" \
		--virtio-fs "deep:deep" --virtio-fs "up:../share,ro" \
		--virtio-fs "file:$dir/outside" && {
		[ "$(readlink "/proc/$server/root$dir/link")" = "$dir/other" ] ||
			fail 'the link is not there'
		[ "$(cat "/proc/$server/root$dir/outside")" = secret ] ||
			fail 'the single file is not there'
		[ "$(grep -c ' nosuid\| [a-z]*,nosuid' "/proc/$server/mountinfo")" \
			-eq 5 ] || fail "mounts: $(cat "/proc/$server/mountinfo")"
		stop 0
	}
	cd /

	# What is mounted below a share is there, and what will be.
	mount --bind "$share" "$share" && mount --make-shared "$share" &&
		mkdir "$share/mnt" "$share/mnt2" &&
		mount -t tmpfs x "$share/mnt" && echo 1 >"$share/mnt/before" || exit 99
	for program in vu vuv; do
		launch root $program || continue
		[ -e "/proc/$server/root$share/mnt/before" ] ||
			fail "$program: a mount below the share is not there"
		mount -t tmpfs x "$share/mnt2" && echo 1 >"$share/mnt2/after"
		[ -e "/proc/$server/root$share/mnt2/after" ] ||
			fail "$program: a new mount below the share is not there"
		umount "$share/mnt2"
		[ ! -e "/proc/$server/root$share/mnt2/after" ] ||
			fail "$program: an unmounted directory is still there"
		stop 0
	done
	umount "$share/mnt" && umount "$share"

	program=vuv
	launch root vuv --readonly && {
		grep -q " $share ro,nosuid" "/proc/$server/mountinfo" ||
			fail 'a read-only share is mounted writable'
		stop 0
	}
fi

# ---- ids -----------------------------------------------------------------

if may user namespace; then
	for program in vu vuv; do
		launch user $program || continue
		[ "$(tr -s ' ' <"/proc/$server/uid_map")" = " $uid $uid 1" ] ||
			fail "uid_map: $(cat "/proc/$server/uid_map")"
		has Uid "$uid	$uid	$uid	$uid"
		stop 0
	done
fi
if $is_root && may root namespace && may user namespace; then
	program=vu
	launch root vu --uid-map :0:100000:10: --uid-map :10:200000:5: \
		--gid-map :0:300000:10: && {
		[ "$(tr -s ' ' <"/proc/$server/uid_map" | tr '\n' ,)" = \
			' 0 100000 10, 10 200000 5,' ] ||
			fail "uid_map: $(cat "/proc/$server/uid_map")"
		has Uid '100000	100000	100000	100000'
		has Gid '300000	300000	300000	300000'
		stop 0
	}
	# An ordinary user, by newuidmap.  Here he is somebody.
	if command -v newuidmap >/dev/null; then
		for file in passwd group; do
			cp /etc/$file "$dir/$file"
		done
		echo "made-up:x:$uid:$uid::/:/bin/sh" >>"$dir/passwd"
		echo "made-up:x:$uid:" >>"$dir/group"
		echo 'made-up:500000:1000' >"$dir/subuid"
		cp "$dir/subuid" "$dir/subgid"
		touch /etc/subuid /etc/subgid
		# shellcheck disable=SC2016 # for the inner shell
		as_made_up='for f in passwd group subuid subgid; do
				mount --bind "$DIR/$f" /etc/$f || exit; done
			exec setpriv --reuid "$ID" --regid "$ID" --clear-groups "$@"'
		DIR=$dir ID=$uid
		export DIR ID
		: >"$dir/out"
		unshare -m sh -c "$as_made_up" sh "$vu" --plugin "$plugin" \
			--socket-dir "$dir/sockets" --virtio-fs "t:$share" \
			--uid-map :0:500000:100: --gid-map :0:500000:100: \
			--uid-map ":100:$uid:1:" >"$dir/out" 2>&1 &
		parent=$!
		if await is_ready; then
			has Uid '500000	500000	500000	500000'
			stop 0
		else
			fail "newuidmap: $(cat "$dir/out")"
			kill "$parent"
			parent=''
		fi
		said=$(unshare -m sh -c "$as_made_up" sh "$vu" \
			--plugin "$plugin" --socket-dir "$dir/sockets" \
			--virtio-fs "t:$share" --uid-map :0:600000:100: 2>&1)
		rc=$?
		[ $rc -eq 2 ] && echo "$said" | grep -q 'newuidmap.*/etc/subuid' &&
			[ "$(echo "$said" | wc -l)" -eq 1 ] ||
			fail "ids that are not his: $rc: $said"
	else
		echo 'skipped: no newuidmap here'
	fi
fi

# ---- life and death ------------------------------------------------------

may user namespace && mode=namespace || mode=none
for program in vu vuv; do
	launch user $program --sandbox $mode || continue
	kill -KILL "$server"
	wait "$parent"
	rc=$?
	[ $rc -eq 137 ] || fail "$program: exit status $rc, not 137"
	grep -q 'killed by signal 9' "$dir/out" ||
		fail "$program: nobody says that the server was killed"
	[ ! -e "$dir/sockets/t.sock" ] || fail "$program: the socket is left"

	launch user $program --sandbox $mode || continue
	kill -KILL "$parent"
	wait "$parent" 2>/dev/null
	await is_gone "$server" || fail "$program: the server outlives its parent"
	rm -f "$dir/sockets/t.sock"
	parent=''
done

# A VMM outlives a killed server, and hears nothing of the sandbox.
cat >"$dir/qemu" <<'END'
#!/bin/sh
case "$*" in *help) exit 0 ;; esac
sed -n 's/^Seccomp:[[:space:]]*/seccomp /p' /proc/self/status
ls -d /etc
until [ -e "$GO" ]; do sleep 0.05; done
exit 5
END
chmod 755 "$dir/qemu"
GO=$dir/other/go
export GO
launch user vu --sandbox $mode -- "$dir/qemu" && {
	await grep -qx /etc "$dir/out"
	grep -qx 'seccomp 0' "$dir/out" || fail 'the VMM is in the sandbox'
	# It is a child as well.
	for server in $(cat "/proc/$parent/task/$parent/children"); do
		[ "$(field Seccomp)" = 0 ] || break
	done
	kill -KILL "$server"
	await grep -q 'killed by signal 9' "$dir/out" ||
		fail 'nobody says that the server was killed'
	user touch "$GO"
	wait "$parent"
	rc=$?
	[ $rc -eq 5 ] || fail "exit status $rc, not the VMM's 5"
	parent=''
}

# bad TEXT OPTION...: for both programs: one line, which has TEXT
bad() {
	text=$1
	shift
	for command in \
		"$vu --plugin $plugin --socket-dir $dir/sockets --virtio-fs t:$share" \
		"$vuv --socket-path $dir/sockets/t.sock --shared-dir $share"
	do
		# shellcheck disable=SC2086 # a list of words
		said=$(user timeout 30 $command "$@" 2>&1)
		rc=$?
		[ $rc -gt 0 ] && [ $rc -lt 124 ] &&
			[ "$(echo "$said" | wc -l)" -eq 1 ] &&
			echo "$said" | grep -qF -e "$text" ||
			fail "$command $*: $rc: $said"
	done
}
bad 'expected namespace, chroot, landlock or none' --sandbox no
bad 'expected kill, log, trap or none' --seccomp no
bad 'expected +NAME or -NAME' --modcaps +no
bad 'expected :INSIDE:OUTSIDE:COUNT:' --uid-map 0:0:1
bad 'need --sandbox namespace' --gid-map :0:0:1: --sandbox none
bad '--rlimit-nofile 0 leaves it' --rlimit-nofile 99999999999
! $is_root || bad 'cannot make namespaces: Operation not permitted; it needs CAP_SYS_ADMIN, or --sandbox landlock or none' \
	--sandbox chroot
[ -z "$(ls "$dir/sockets")" ] || fail "sockets are left: $(ls "$dir/sockets")"
echo "$ran servers"
exit $failed
