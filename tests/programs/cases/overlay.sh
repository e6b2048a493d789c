# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# overlayfs with all of its folders on the share, and with the upper ones on a
# mount of its own: copying up, whiteouts, opaque and renamed directories, hard
# links and unnamed files, and that what a second mount of it shows is the same.
# Setuid bits and capabilities of what is copied up survive where the guest's
# kernel drops them by itself (see docs/semantics.md).
#
# mounts: default cache=never,no-killpriv-v2
# modules: overlay

grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null ||
	skip 'the kernel has no overlayfs'

mount_overlay() { # upper-mount
	mount -t overlay overlay "$scratch/merged" -o \
		"lowerdir=$mnt/lower2:$mnt/lower,upperdir=$1/upper,workdir=$1/work"
}

fill() {
	mkdir -p lower/dir/sub lower2/dir upper work "$scratch/merged"
	echo lower >lower/file
	echo removed >lower/removed
	echo lower >lower/dir/file
	echo sub >lower/dir/sub/file
	echo lower2 >lower2/dir/file
	ln lower/file lower/linked
	ln -s file lower/link
	mkfifo lower/fifo
	chmod 711 lower/file
	cp /bin/true lower/capable
	: >lower/setuid
	chmod 4711 lower/setuid
	setcap cap_net_raw+ep lower/capable
	chown 12:34 lower/dir/file lower2/dir/file
	setfattr -n user.name -v value lower/dir/sub/file
}

change() {
	cd "$scratch/merged"
	same 'merged file' "$(cat dir/file)" lower2
	echo upper >>dir/file
	rm removed
	mv file renamed
	rm -r dir/sub
	mkdir dir/sub
	echo new >dir/sub/new
	mkdir -p new/deep
	mv new moved
	ln renamed new-link
	chmod 600 fifo
	setfattr -n user.other -v other dir/file
	cp -a "$top/fuse" .
	rm -r fuse/*.c
	mv setuid setuid2
	mv capable capable2
	find . -exec touch -h -d @1234567890 {} +
	cd /
}

# What the overlay shows, but for numbers that are its own.
show() {
	(cd "$scratch/merged" && find . -printf '%y %m %U %G %n %s %T@ %l %p\n' |
		sed -E 's/^(d .*) [0-9]+ [0-9]+ (123)/\1 \2/' | sort -k 8
	find . -type f -exec cksum {} + | sort)
}

check() { # upper-mount
	fill
	mount_overlay "$1" >"$scratch/said" 2>&1 ||
		fail "overlayfs: $(cat "$scratch/said")"
	change
	show >"$scratch/before"
	umount "$scratch/merged"
	mount_overlay "$1"
	show >"$scratch/after"
	cd "$scratch/merged"
	same 'a changed file' "$(cat dir/file)" "$(printf 'lower2\nupper')"
	same 'owner and mode' "$(stat -c '%u %g %a' dir/file renamed)" \
		"$(printf '12 34 644\n0 0 711')"
	same 'attributes' "$(getfattr -d dir/file)" "$(printf \
		'# file: dir/file\nuser.other="other"')"
	if [ "$1" = "$mnt2" ]; then
		same 'setuid' "$(stat -c %a setuid2)" 4711
		same 'capabilities' "$(getcap capable2)" \
			'capable2 cap_net_raw=ep'
	fi
	[ ! -e removed ] && [ ! -e dir/sub/file ] && [ ! -e file ] ||
		fail 'what was removed is there again'
	[ -d moved/deep ] || fail 'a renamed directory is not there'
	cd "$mnt"
	umount "$scratch/merged"
	diff "$scratch/before" "$scratch/after"
	# What makes an overlay is on the host as on a local file system.
	same 'whiteout' "$(on_host "stat -c '%F %t:%T' upper/removed")" \
		'character special file 0:0'
	same 'opaque directory' "$(on_host "getfattr --absolute-names --only-values \
		-n trusted.overlay.opaque upper/dir/sub")" y
	rm -rf lower lower2 upper work
}
needs setfattr getfattr setcap getcap
check "$mnt"
check "$mnt2"
