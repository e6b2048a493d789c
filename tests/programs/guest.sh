#!/bin/sh
# SPDX-License-Identifier: MIT
#
# guest.sh - run one program in User-Mode Linux; for run.sh, which sets
#
#   name dir    of the program
#   limit long  seconds; and not empty for the long run
#   mounts      options of each mount of the share, "default" for none
#   nofile      descriptors that a mount's server may have, or empty
#   modules     what the guest's kernel is to load
#   top builddir
#
# The guest has this host's root file system, read-only, so that the program and
# all that it needs is there, under the same paths.  On it are mounted the share
# ($dir/mnt, $dir/mnt2), the share as another guest sees it that keeps nothing
# ($dir/share), and $dir/scratch, where commands for the host are left.
set -eu
top=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
mailbox=$dir/scratch/.host
mkdir -p "$mailbox" "$dir/mnt" "$dir/mnt2"

# Run what lib.sh's on_host leaves.
serve_mailbox() {
	while sleep 0.1; do
		[ -f "$mailbox/command" ] || continue
		mv "$mailbox/command" "$mailbox/running"
		status=0
		(cd "$dir/share" && sh -eu "$mailbox/running") \
			>"$mailbox/output" 2>&1 </dev/null || status=$?
		echo $status >"$mailbox/status.new"
		mv "$mailbox/status.new" "$mailbox/status"
	done
}
serve_mailbox &
server=$!
trap 'kill $server' EXIT

cat >"$dir/script" <<SCRIPT
root=/mnt/root
for place in mnt mnt2 share scratch; do
	[ ! -d /mnt/\$place ] || mount -o bind /mnt/\$place \$root$dir/\$place ||
		exit
done
mount -t proc proc \$root/proc && mount -t sysfs sys \$root/sys &&
	mount -o bind /dev \$root/dev && mkdir -p /dev/shm /dev/pts &&
	mount -t tmpfs shm \$root/dev/shm && mount -t tmpfs run \$root/run &&
	mount -t devpts pts \$root/dev/pts || exit
ip link set lo up
export mnt=$dir/mnt mnt2=$dir/mnt2 share=$dir/share scratch=$dir/scratch
export long=$long servers= tools=$builddir/tests top=$top mailbox=$mailbox
export TMPDIR=$dir/scratch HOME=/root PATH=$PATH
exec chroot \$root /bin/sh -euc '
	umask 022
	cd "\$mnt"
	. "\$1/lib.sh"
	. "\$1/cases/\$2.sh"' sh "$top/tests/programs" "$name"
SCRIPT

set -- -v "root:/,ro,cache=always" -v "share:$dir/share,cache=never,allow-mmap" \
	-v "scratch:$dir/scratch,cache=never,allow-mmap"
i=''
for options in $mounts; do
	[ "$options" != default ] || options=''
	set -- "$@" -v "mnt$i:$dir/share${options:+,$options}"
	i=$((${i:-1} + 1))
done
for module in $modules; do
	set -- "$@" -l "$module"
done
# trusted. attributes want CAP_SYS_ADMIN.  One server has all of the shares.
SERVER="$builddir/vhost-user-virtiofs --modcaps=+sys_admin${nofile:+ --rlimit-nofile=$((4 * nofile))}" \
	"$top/tools/guest/uml.sh" -m 1G -t "$limit" "$@" \
	"$dir/script"
