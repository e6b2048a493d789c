#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh - the guest tests: real kernels in QEMU and User-Mode Linux, served by
# pciplug-vfio-user and vhost-user-virtiofs.
#
# usage: run.sh [-k KERNEL] [BOOT...]
#
#   -k KERNEL  only with this kernel: 6.1, forky or uml (default: all at once)
#   BOOT       (default: all that the kernel has, but for those with a *, which
#              take many minutes)
#     msix     vfio-user: nearly all of the cases, two CPUs; ends with a reboot
#     intx     vfio-user without MSI-X
#     dma      vfio-user, guest memory that only QEMU can reach: it is moved by
#              messages
#     root     the root file system is a share; pciplug-vfio-user starts QEMU
#     vhost    vhost-user and a QEMU as new as that of the boots above, packed
#              rings
#     vhost-4  the same with four request queues and CPUs, split rings, nearly
#              all cases
#     older    vhost-user and QEMU 7.2, nearly all cases
#     older-4  the same with four request queues
#     uml      (kernel uml) vhost-user without PCI, nearly all cases
#     conformance
#              (* but for kernel uml) a share does what a folder of the guest
#              does; vfio-user, or vhost-user for uml
#     killed   (kernel uml) guest and server are killed while files are copied
#     moved    (kernel forky) a guest is moved to another QEMU and server while
#              it uses a share
#     libvirt  (kernel 6.1) libvirtd starts a domain, where there is a libvirtd
#
# One server process of each kind serves one boot after the other, so it also
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
kernels='6.1 forky uml'
while getopts k:h option; do
	case $option in
	k) kernels=$OPTARG ;;
	h) usage; exit ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ "$(id -u)" -eq 0 ] || die "run as root"
[ -f "$rig/complete-uml" ] && [ -f "$rig/complete-older" ] ||
	die "no QEMU in $rig (run tools/guest/get-qemu.sh -u -o)"
PATH=$builddir/tests/guest:$PATH
program=$builddir/pciplug-vfio-user
plugin=$builddir/.libs/virtiofs.so

result() { # ok|FAILED|skipped... name
	printf '%-6s  %s/%s\n' "$1" "$kernel" "$2" | tee -a "$work/results"
}

server_pid() { # vfio-user|vhost-user
	cat "$work/$1.pid" 2>/dev/null
}

# The shares on sockets in $work/KIND; both programs take the same words.  The
# first has packed rings where the guest likes (vfio-user, or UML), the second
# split ones, the third either of them in order.
start_server() { # vfio-user|vhost-user
	case $1 in
	vfio-user) set -- "$1" "$program" --plugin "$plugin" ;;
	*) set -- "$1" "$builddir/vhost-user-virtiofs" ;;
	esac
	kind=$1
	shift
	rm -rf "${work:?}/$kind"
	mkdir "$work/$kind"
	"$@" --log-file "$work/$kind.log" \
		--socket-dir "$work/$kind" --virtio-fs "myfs:$share/myfs" \
		--virtio-fs "home:$share/home,no-packed" \
		--virtio-fs "safe:$share/safe,ro,no-locks" \
		--virtio-fs "$many" </dev/null >"$work/$kind.out" 2>&1 &
	echo $! >"$work/$kind.pid"
	for tag in $tags; do
		tries=300
		until [ -S "$work/$kind/$tag.sock" ]; do
			tries=$((tries - 1))
			if [ $tries -eq 0 ] || ! kill -0 "$(server_pid "$kind")"; then
				cat "$work/$kind.out"
				die "$kind: the server did not start"
			fi
			sleep 0.1
		done
	done
}

# Each server must have survived the boot.
check_servers() { # boot
	for kind in $kinds; do
		kill -0 "$(server_pid "$kind")" 2>/dev/null && continue
		result FAILED "$1/server"
		tail -n 30 "$work/$kind.out" "$work/$kind.log"
		start_server "$kind"
	done
}

stop_servers() {
	for kind in $kinds; do
		pid=$(server_pid "$kind") || continue
		kill "$pid" 2>/dev/null || true
		wait "$pid" || result FAILED "$kind/exit-status"
		[ -z "$(ls "$work/$kind")" ] || result FAILED "$kind/sockets"
		rm "$work/$kind.pid"
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
	if [ "$kernel" = uml ]; then
		booter='boot-uml.sh'
	else
		booter=boot.sh
		set -- -k "$kernel" "$@"
	fi
	for tag in myfs home safe root; do
		mkdir -p "$share/$tag"
		find "$share/$tag" -mindepth 1 -delete
	done
	find "$share/many" -mindepth 2 -delete  # not what is shared itself
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
	"$top/tools/guest/$booter" -i "$work/initrd" -t 300 "$@" \
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
		--virtio-fs "home:$share/home" --virtio-fs "safe:$share/safe,ro" \
		--virtio-fs "$many" --
}

# -OPTION and the socket of each share
sockets() { # vfio-user|vhost-user -OPTION [with-tag]
	for tag in $tags; do
		echo "$2" "${3:+$tag:}$work/$1/$tag.sock"
	done
}

# What needs nothing of a function of ours, and what a boot is good for.
most='shares folders data names metadata xattrs rename locks users readonly
	tree remount'
few='shares data'

run_boot() {
	vfio=$(sockets vfio-user -s)
	vhost=$(sockets vhost-user -u with-tag)
	uml=$(sockets vhost-user -s)
	# shellcheck disable=SC2086 # lists of words
	case $1 in
	msix)
		boot msix "$most msix lsvirtiofs rebind reboot" \
			-r -q '-smp 2' $vfio
		;;
	intx)
		boot intx 'intx data' -a pci=nomsi $vfio
		;;
	dma)
		boot dma 'shares data' -b ram $vfio
		;;
	root)
		boot_root
		;;
	vhost)
		boot vhost "$few" -p packed=on $vhost
		;;
	vhost-4)
		boot vhost-4 "$most msix rebind reboot" -n 4 -r -q '-smp 4' \
			$vhost
		;;
	older)
		boot older "$most msix rebind reboot" -Q qemu-7.2 -r $vhost
		;;
	older-4)
		boot older-4 "$few" -Q qemu-7.2 -n 4 -q '-smp 4' $vhost
		;;
	uml)
		boot uml "$most" $uml
		;;
	conformance)
		run_conformance
		;;
	killed)
		run_killed
		;;
	moved)
		run_moved
		;;
	libvirt)
		run_libvirt
		;;
	esac
}

run_conformance() {
	said=0
	serving="$program --plugin $plugin"
	[ "$kernel" != uml ] || serving=$builddir/vhost-user-virtiofs
	kernel=$kernel work=$work server=$serving \
		program=$builddir/test_conformance \
		"$here/conformance.sh" >"$work/conformance.out" 2>&1 || said=$?
	sed -n 's/^CONFORMANCE ok //p' "$work/conformance.out" |
		while read -r what; do
			result ok "conformance/$what"
		done
	[ "$said" -eq 0 ] || {
		result FAILED conformance
		tail -n 80 "$work/conformance.out"
	}
}

run_killed() {
	said=0
	kernel=$kernel work=$work server=$builddir/vhost-user-virtiofs \
		"$here/killed.sh" >"$work/killed.out" 2>&1 || said=$?
	sed -n 's/^KILLED ok //p' "$work/killed.out" | while read -r what; do
		result ok "killed/$what"
	done
	[ "$said" -eq 0 ] || {
		result FAILED killed
		tail -n 40 "$work/killed.out"
	}
}

run_moved() {
	said=0
	work=$work server=$builddir/vhost-user-virtiofs \
		tool=$builddir/tests/guest/guest_moving \
		"$here/moved.sh" >"$work/moved.out" 2>&1 || said=$?
	sed -n 's/^MOVED ok //p' "$work/moved.out" | while read -r what; do
		result ok "moved/$what"
	done
	[ "$said" -eq 0 ] || {
		result FAILED moved
		tail -n 40 "$work/moved.out"
	}
}

run_libvirt() {
	said=0
	work=$work server=$builddir/vhost-user-virtiofs \
		"$here/libvirt.sh" >"$work/libvirt.out" 2>&1 || said=$?
	case $said in
	0) result ok libvirt ;;
	77) result "$(tail -n 1 "$work/libvirt.out")" libvirt ;;
	*)
		result FAILED libvirt
		tail -n 40 "$work/libvirt.out"
		;;
	esac
}

# Those of the boots that the kernel has.
run_kernel() { # kernel boot...
	kernel=$1
	shift
	work=$builddir/tests/guest/work-$kernel
	share=$work/share
	rm -rf "$work"
	mkdir -p "$share/myfs" "$share/home" "$share/safe" "$share/root" \
		"$share/many/a" "$share/many/b"
	: >"$share/many/file"
	many="many:folder=a:$share/many/a,folder=b:$share/many/b,ro,folder=file:$share/many/file"
	tags='myfs home safe many'
	echo "$tags" >"$work/tags"
	: >"$work/results"
	more=''
	case $kernel in
	uml)
		has='uml conformance killed' kinds=vhost-user
		;;
	*)
		more=conformance
		has='msix intx dma root vhost vhost-4 older older-4'
		[ "$kernel" != 6.1 ] || has="$has libvirt"
		[ "$kernel" != forky ] || has="$has moved"
		kinds='vfio-user vhost-user'
		;;
	esac
	trap stop_servers EXIT
	for kind in $kinds; do
		start_server "$kind"
	done
	# shellcheck disable=SC2086 # a list of words
	[ $# -gt 0 ] || set -- $has
	for boot; do
		case " $has $more " in
		*" $boot "*) ;;
		*) continue ;;
		esac
		run_boot "$boot"
		check_servers "$boot"
	done
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
[ "$ok" -gt 0 ] || die "no such boot (see -h)"
# In the words of automake's summaries.
echo 'Testsuite summary for the guest tests'
echo "# PASS: $ok"
echo "# FAIL: $failed"
[ "$failed" -eq 0 ]
