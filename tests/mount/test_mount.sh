# SPDX-License-Identifier: MIT
#
# The server on /dev/fuse: real programs on a mounted share.  Needs root.
set -eu

[ "$(id -u)" -eq 0 ] && [ -w /dev/fuse ] || {
	echo "needs root and /dev/fuse" >&2
	exit 77
}
# With the system calls of a server in its sandbox, which are not enough for a
# sanitizer.
seccomp=${SANITIZE:+none}
seccomp=${seccomp:-kill}
dir=$(mktemp -d)
share=$dir/share mnt=$dir/mnt pid=
mkdir "$share" "$mnt"
finish() {
	umount "$mnt" 2>/dev/null || :
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || :
	rm -rf "$dir"
}
trap finish EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
ended() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status"; }

mount_share() { # share text
	"$top_builddir/virtiofs-mount" --log-file "$dir/log" \
		--seccomp "$seccomp" "$1" "$mnt" &
	pid=$!
	wait_for_mount "$1"
}
wait_for_mount() { # share text
	for _ in $(seq 300); do
		mountpoint -q "$mnt" && return
		sleep 0.1
	done
	fail "$1 was not mounted: $(cat "$dir/log")"
}
unmount_share() {
	umount "$mnt"
	wait "$pid" || fail "virtiofs-mount ended with $?"
	pid=
}

mount_share "t:$share"
cp -a "$top_srcdir/fuse" "$top_srcdir/tests" "$mnt/"
diff -r "$top_srcdir/fuse" "$share/fuse" || fail "what was copied in differs"
diff -r "$top_srcdir/tests" "$mnt/tests" || fail "what is read back differs"

cd "$mnt"
printf 'hello' >a && ln a b && ln -s a c && mkfifo p && mkdir d
[ "$(stat -c '%i %h' a)" = "$(stat -c '%i 2' b)" ] || fail "hard link"
[ "$(readlink c)" = a ] && [ -p p ] || fail "symlink or FIFO"
printf ' world' >>a
[ "$(cat "$share/b")" = 'hello world' ] || fail "append"
mv a d/a && [ "$(cat d/a)" = 'hello world' ] || fail "rename"
chmod 4751 b && chown 12:34 b && chmod 4751 b && touch -d @1234567890.25 b
[ "$(stat -c '%a %u %g %.2Y' "$share/b")" = '4751 12 34 1234567890.25' ] ||
	fail "attributes: $(stat -c '%a %u %g %.2Y' "$share/b")"
# Where the host's file system knows append-only files.
: >log
if chattr +a "$share/log" 2>/dev/null; then
	echo line >>log || fail "append to an append-only file"
	! echo line 2>/dev/null >log || fail "an append-only file was truncated"
	chattr -a "$share/log"
	[ "$(cat "$share/log")" = line ] || fail "append-only file: $(cat log)"
fi
rm log
truncate -s 1G sparse
[ "$(stat -c '%s %b' sparse)" = '1073741824 0' ] || fail "sparse file"
exec 5<>open && rm open && echo alive >&5 && [ "$(cat <&5)" = '' ] ||
	fail "unlinked but open"
[ "$(stat -Lc %s /proc/self/fd/5)" = 6 ] || fail "fstat of an unlinked file"
exec 5>&-
for i in $(seq 500); do : >"d/file$i"; done
[ "$(ls d | wc -l)" = 501 ] || fail "directory of 501 entries"
rm -r d tests fuse
[ ! -e "$share/d" ] || fail "rm -r"

# Locks of the mount and of the host stand in each other's way.
: >lock
exec 5<lock 6<"$share/lock"
flock -n 5 || fail "flock"
! flock -n 6 || fail "the host got a lock that is held on the mount"
flock -u 5
flock -n 6 || fail "the host's flock"
! flock -n 5 || fail "the mount got a lock that is held on the host"
flock 5 & waiting=$!
sleep 0.3
kill -0 "$waiting" 2>/dev/null || fail "flock did not wait"
flock -u 6
wait "$waiting" || fail "flock waited and failed"

# Who waits for a lock can be killed, and holds up nobody.
flock -u 5 && flock -n 6 || fail "the host's flock, again"
flock 5 & others=$!
timeout 0.3 flock 5 & waiting=$!
for _ in $(seq 300); do
	ended "$waiting" && break
	sleep 0.1
done
ended "$waiting" || fail "flock waits and cannot be killed"
wait "$waiting" && fail "flock did not wait" || [ $? -eq 124 ] ||
	fail "flock failed without waiting"
! ended "$others" || fail "the other one did not wait"
stat lock >/dev/null || fail "the mount does not answer"
flock -u 6
wait "$others" || fail "the other one waited and failed"
exec 5<&- 6<&-

# Ranges
fallocate -l 1M big || fail "fallocate"
[ "$(stat -c '%s %b' "$share/big")" = '1048576 2048' ] || fail "fallocate: size"
yes 0123456 | head -c 1M >big
fallocate -p -o 4096 -l 1044480 big || fail "punching a hole"
[ "$(stat -c '%s %b' "$share/big")" = '1048576 8' ] || fail "hole"
fallocate -z -o 0 -l 100 big && fallocate -l 8192 -n -o 1048576 big ||
	fail "zero range or keep size"
truncate -s 64M sparse2 && printf x | dd of=sparse2 bs=1 seek=33554432 \
	conv=notrunc status=none
cp --sparse=auto sparse2 copy && cmp sparse2 copy || fail "sparse copy"
[ "$(stat -c %b "$share/copy")" -lt 64 ] || fail "the copy is not sparse"
cp --reflink=auto big copy2 && cmp "$share/big" copy2 || fail "copy"
rm big copy copy2 sparse2

# Attributes
born=$(stat -c %W "$share/b")
[ "$(stat -c %W b)" = "$born" ] || fail "birth time: $(stat -c %W b), $born"
if lsattr "$share/b" >/dev/null 2>&1; then
	chattr +d b && lsattr "$share/b" | grep -q '^[^ ]*d' || fail "chattr"
	lsattr -d . | grep -q '^[^ ]*-' || fail "lsattr of a directory"
	chattr -d b
fi
sync -f . || fail "syncfs"

# What a shell has no command for.
if command -v python3 >/dev/null; then
	timeout 60 python3 - <<-'EOT' || fail "unnamed files or record locks"
	import errno, fcntl, os, struct, sys
	try:
	    fd = os.open(".", os.O_TMPFILE | os.O_RDWR, 0o600)
	except OSError as error:
	    sys.exit(0 if error.errno == 95 else 1)
	os.write(fd, b"hello")
	os.link(f"/proc/self/fd/{fd}", "linked", src_dir_fd=fd,
	        follow_symlinks=True)
	assert open("linked").read() == "hello"
	os.unlink("linked")
	assert os.fstat(fd).st_nlink == 0
	# Record locks: a child is another owner, and closing drops them.
	fcntl.lockf(fd, fcntl.LOCK_EX, 2, 1)
	me = os.getpid()
	path = f"/proc/{me}/fd/{fd}"
	child = os.fork()
	if not child:
	    lock = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 9, 0)
	    got = struct.unpack("hhqqi4x", fcntl.fcntl(fd, fcntl.F_GETLK, lock))
	    os._exit(0 if got == (fcntl.F_WRLCK, 0, 1, 2, me) else 1)
	assert os.waitpid(child, 0)[1] == 0
	os.close(os.open(path, os.O_RDONLY))
	child = os.fork()
	if not child:
	    fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
	    os._exit(0)
	assert os.waitpid(child, 0)[1] == 0
	# Of two that wait for each other, the one that comes last is told.
	def is_told(byte):
	    try:
	        fcntl.lockf(fd, fcntl.LOCK_EX, 1, byte)
	    except OSError as error:
	        fcntl.lockf(fd, fcntl.LOCK_UN)
	        return 1 if error.errno == errno.EDEADLK else 2
	    return 0
	fcntl.lockf(fd, fcntl.LOCK_EX, 1, 0)
	ready = os.pipe()
	child = os.fork()
	if not child:
	    fcntl.lockf(fd, fcntl.LOCK_EX, 1, 1)
	    os.write(ready[1], b"x")
	    os._exit(is_told(0))
	os.read(ready[0], 1)
	told = is_told(1)
	assert told + os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
	fcntl.lockf(fd, fcntl.LOCK_UN)
	# Locks of an open file go with it.
	if hasattr(fcntl, "F_OFD_SETLK"):
	    lock = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 9, 0)
	    fds = [os.open("b", os.O_RDWR) for i in range(2)]
	    fcntl.fcntl(fds[0], fcntl.F_OFD_SETLK, lock)
	    try:
	        fcntl.fcntl(fds[1], fcntl.F_OFD_SETLK, lock)
	        sys.exit("two locks")
	    except BlockingIOError:
	        pass
	    os.close(fds[0])
	    fcntl.fcntl(fds[1], fcntl.F_OFD_SETLKW, lock)
	EOT
fi
cd /
unmount_share

# Each policy, and what goes with it: what is written is read.
for options in cache=never cache=never,allow-mmap cache=metadata cache=auto \
	cache=always cache=always,writeback,negative-timeout=1 \
	posix-acl security-label,no-killpriv-v2,no-readdirplus,no-xattr=false \
	no-xattr timeout=0.5,preserve-noatime,no-announce-submounts
do
	mount_share "t:$share,$options"
	mkdir "$mnt/e" && cp "$top_srcdir"/fuse/*.c "$mnt/e" &&
		printf 1 >>"$mnt/e/appended" && printf 2 >>"$mnt/e/appended" ||
		fail "$options: writing"
	[ "$(cat "$mnt/e/appended")" = 12 ] || fail "$options: appending"
	for f in "$top_srcdir"/fuse/*.c; do
		cmp "$f" "$mnt/e/${f##*/}" || fail "$options: reading"
	done
	[ ! -e "$mnt/e/none" ] && [ ! -e "$mnt/e/none" ] ||
		fail "$options: missing names"
	: >"$mnt/e/none" && [ -e "$mnt/e/none" ] || fail "$options: new names"
	sync "$mnt/e/appended"
	[ "$(cat "$share/e/appended")" = 12 ] || fail "$options: on the host"
	rm -r "$mnt/e"
	unmount_share
done

# Nothing is kept: the host's changes are seen at once.
mount_share "t:$share,cache=never"
printf one >"$share/f" && [ "$(cat "$mnt/f")" = one ] || fail "cache=never"
printf three >"$share/f" && [ "$(cat "$mnt/f")" = three ] &&
	[ "$(stat -c %s "$mnt/f")" = 5 ] || fail "cache=never: data"
mv "$share/f" "$share/g" && [ ! -e "$mnt/f" ] && [ -e "$mnt/g" ] ||
	fail "cache=never: names"
unmount_share

# Direct I/O goes by the host's rules.
if dd if=/dev/zero of="$share/direct" bs=4k count=64 oflag=direct \
	status=none 2>/dev/null
then
	mount_share "t:$share,cache=never,direct-io"
	head -c 256k /dev/urandom >"$dir/data"
	dd if="$dir/data" of="$mnt/direct" bs=64k oflag=direct status=none ||
		fail "direct write"
	dd if="$mnt/direct" of="$dir/direct" bs=64k iflag=direct \
		status=none || fail "direct read"
	cmp "$dir/data" "$share/direct" && cmp "$dir/data" "$dir/direct" ||
		fail "direct I/O"
	! dd if="$mnt/direct" of=/dev/null bs=100 count=1 iflag=direct \
		status=none 2>/dev/null ||
		[ "$(stat -f -c %T "$share")" != ext2/ext3 ] ||
		fail "direct I/O is not the host's"
	unmount_share
fi
rm -f "$share/direct"

# A limit of the server is an error of the write, and not the server's end.
for options in cache=auto writeback; do
	(ulimit -f 64 && exec "$top_builddir/virtiofs-mount" --log-file \
		"$dir/log" --seccomp "$seccomp" "t:$share,$options" "$mnt") &
	pid=$!
	wait_for_mount "t:$share"
	head -c 100k /dev/zero >"$dir/data"
	! dd if="$dir/data" of="$mnt/limited" bs=100k conv=fsync 2>"$dir/said" ||
		fail "$options: a file became longer than is allowed"
	grep -q 'File too large' "$dir/said" || fail "$(cat "$dir/said")"
	! truncate -s 100k "$mnt/limited" 2>/dev/null ||
		fail "$options: truncate beyond the limit"
	rm "$mnt/limited"
	unmount_share
done

mount_share "t:$share,ro"
! touch "$mnt/new" 2>/dev/null || fail "a read-only share was changed"
[ "$(cat "$mnt/b")" = 'hello world' ] || fail "read-only read"
kill -TERM "$pid"
wait "$pid" || fail "ended with $? after SIGTERM"
pid=
! mountpoint -q "$mnt" || fail "still mounted after SIGTERM"
