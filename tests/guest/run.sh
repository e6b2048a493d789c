#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh - the guest tests: real kernels in QEMU, served by pciplug-vfio-user.
#
# usage: run.sh [-k KERNEL] [BOOT...]
#
#   -k KERNEL  only with this kernel: 6.1 or forky (default: both at once)
#   BOOT       (default: all)
#     msix     nearly all of the cases, with two CPUs; ends with a reboot
#     intx     without MSI-X
#     dma      guest memory that only QEMU can reach: it is moved by messages
#     root     the root file system is a share; pciplug-vfio-user starts QEMU
#
# One server process serves the first three one after the other, so it also
# sees clients go and come.  Each boot runs several cases (cases/*.sh), each of
# which has a part on the host before, one in the guest, and one on the host
# after.  Everything lies in tests/guest/work-KERNEL of the build folder:
# shares, consoles, logs.
#
# environment: top_srcdir, top_builddir (make check-guest sets them), and the
# folder that get-qemu.sh fills, see tools/common.sh.  Wants root, as some
# cases set owners.
set -eu
top=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tools/common.sh
. "$top/tools/common.sh"
builddir=$(cd "${top_builddir:-.}" && pwd)
here=$top/tests/guest
kernels='6.1 forky'
while getopts k:h option; do
	case $option in
	k) kernels=$OPTARG ;;
	h) usage; exit ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- msix intx dma root
[ "$(id -u)" -eq 0 ] || die "run as root"
[ -f "$rig/complete" ] || die "no QEMU in $rig (run tools/guest/get-qemu.sh)"
PATH=$builddir/tests/guest:$PATH
program=$builddir/pciplug-vfio-user
plugin=$builddir/.libs/virtiofs.so

result() { # ok|FAILED name
	printf '%-6s  %s/%s\n' "$1" "$kernel" "$2" | tee -a "$work/results"
}

start_server() {
	rm -rf "$work/sockets"
	mkdir "$work/sockets"
	"$program" --plugin "$plugin" --log-file "$work/server.log" \
		--socket-dir "$work/sockets" --virtio-fs "myfs:$share/myfs" \
		--virtio-fs "home:$share/home" --virtio-fs "safe:$share/safe,ro" \
		</dev/null >"$work/server.out" 2>&1 &
	server=$!
	trap 'kill "$server" 2>/dev/null || true' EXIT
	for tag in myfs home safe; do
		tries=100
		until [ -S "$work/sockets/$tag.sock" ]; do
			tries=$((tries - 1))
			if [ $tries -eq 0 ] || ! kill -0 "$server"; then
				cat "$work/server.out"
				die "the server did not start"
			fi
			sleep 0.1
		done
	done
}

# Run one part of a case on the host, in its folder.
host_part() { # prepare|verify case
	share=$share sh -euc '
		. "$1/lib.sh"
		. "$1/cases/$3.sh"
		cd "$share/myfs/$3"
		"$2"' sh "$here" "$@" >"$work/said" 2>&1 || {
		sed "s|^|$kernel/$name/$2 ($1): |" "$work/said"
		return 1
	}
}

# Boot with some cases, and judge each.
boot() { # name cases boot.sh-argument...
	name=$1 cases=$2
	shift 2
	for tag in myfs home safe root; do
		mkdir -p "$share/$tag"
		find "$share/$tag" -mindepth 1 -delete
	done
	bad=''
	for case in $cases; do
		mkdir "$share/myfs/$case"
		host_part prepare "$case" || bad="$bad $case"
	done
	echo "$cases" >"$work/list"
	modules='virtio_pci virtiofs'
	[ "$name" != root ] || modules=''       # they are loaded before it
	"$top/tools/guest/mkinitrd.sh" -o "$work/initrd" -k "$kernel" \
		-m "$modules" -a "$here/lib.sh:/lib.sh" \
		-a "$here/cases:/cases" -a "$work/list:/cases/list" \
		-a "$work/tags:/tags" -p "$builddir/lsvirtiofs" \
		-p "$builddir/tests/guest/guest_tool" "$here/init.sh"
	[ "$name" != root ] || root_from_initrd
	console=$work/$name.console
	"$top/tools/guest/boot.sh" -k "$kernel" -i "$work/initrd" -t 300 "$@" \
		>"$console" 2>&1 </dev/null || true
	tr -d '\r' <"$console" >"$work/text"
	for case in $cases; do
		if grep -qx "CASE $case ok" "$work/text" &&
			host_part verify "$case" && ! echo "$bad" | grep -qw "$case"
		then
			result ok "$name/$case"
		else
			result FAILED "$name/$case"
			bad="$bad $case"
		fi
	done
	if grep -q '^CASE kernel FAILED' "$work/text"; then
		result FAILED "$name/kernel"
		bad="$bad kernel"
	fi
	[ -z "$bad" ] || sed "s|^|$kernel/$name console: |" "$work/text" | tail -n 60
}

# The same system as the initramfs, but in the share "root".
root_from_initrd() {
	(cd "$share/root" && cpio --quiet -idm <"$work/initrd")
	cat >"$work/switch.sh" <<'SWITCH'
mount -t virtiofs root /mnt || exit
umount /tmp /dev /sys /proc
exec switch_root /mnt /init
SWITCH
	"$top/tools/guest/mkinitrd.sh" -o "$work/initrd" -k "$kernel" \
		-m "virtio_pci virtiofs" "$work/switch.sh"
}

boot_root() {
	# forky's kernel needs no initramfs: everything is built in.
	initrd=$work/initrd
	[ "$kernel" = 6.1 ] || initrd=''
	boot root root -b none -i "$initrd" \
		-a 'root=root rootfstype=virtiofs rw init=/init' -- \
		"$program" --plugin "$plugin" --log-file "$work/root.log" \
		--virtio-fs "root:$share/root" --virtio-fs "myfs:$share/myfs" \
		--virtio-fs "home:$share/home" --virtio-fs "safe:$share/safe,ro" --
}

run_boot() {
	sockets="-s $work/sockets/myfs.sock -s $work/sockets/home.sock -s $work/sockets/safe.sock"
	# shellcheck disable=SC2086 # a list of words
	case $1 in
	msix)
		boot msix "shares data names metadata xattrs rename locks users
			readonly msix lsvirtiofs tree remount rebind reboot" \
			-r -q '-smp 2' $sockets
		;;
	intx)
		boot intx 'intx data' -a pci=nomsi $sockets
		;;
	dma)
		boot dma 'shares data' -b ram $sockets
		;;
	root)
		boot_root
		;;
	*)
		die "no boot '$1' (see -h)"
		;;
	esac
}

run_kernel() { # kernel boot...
	kernel=$1
	shift
	work=$builddir/tests/guest/work-$kernel
	share=$work/share
	rm -rf "$work"
	mkdir -p "$share/myfs" "$share/home" "$share/safe" "$share/root"
	echo 'myfs home safe' >"$work/tags"
	: >"$work/results"
	start_server
	for boot; do
		run_boot "$boot"
		kill -0 "$server" 2>/dev/null || {
			result FAILED "$boot/server"
			tail -n 30 "$work/server.out"
			start_server
		}
	done
	kill "$server"
	wait "$server" || result FAILED "server-exit-status"
}

pids=''
for kernel in $kernels; do
	(run_kernel "$kernel" "$@") &
	pids="$pids $!"
done
broken=0
for pid in $pids; do
	wait "$pid" || broken=$((broken + 1))
done
ok=0 failed=$broken
for kernel in $kernels; do
	results=$builddir/tests/guest/work-$kernel/results
	ok=$((ok + $(grep -c '^ok' "$results" || true)))
	failed=$((failed + $(grep -c '^FAILED' "$results" || true)))
done
# In the words of automake's summaries.
echo 'Testsuite summary for the guest tests'
echo "# PASS: $ok"
echo "# FAIL: $failed"
[ "$failed" -eq 0 ]
