#!/bin/sh
# SPDX-License-Identifier: MIT
#
# boot.sh - boot a guest, its serial console on standard output.
#
# usage: boot.sh [OPTION]... [--] [LAUNCHER...]
#
#   -k KERNEL    6.1 or forky (default)
#   -i INITRD    initramfs (mkinitrd.sh)
#   -a ARGS      more kernel arguments
#   -s SOCKET    add a device: the socket of a vfio-user server (repeats)
#   -u TAG:SOCKET
#                add a vhost-user-fs-pci: the socket of its back-end (repeats)
#   -n QUEUES    request queues of each vhost-user-fs-pci (default 1)
#   -p PROPERTY,...
#                more properties of each vhost-user-fs-pci
#   -Q PROGRAM   QEMU: qemu-system-x86_64 (default) or qemu-7.2
#   -q WORDS     more QEMU arguments, split at blanks
#   -b BACKEND   guest memory: memfd, which a device in another process can map
#                (default); ram, which only QEMU can reach; or none: leave it
#                to QEMU or LAUNCHER
#   -m SIZE      guest memory (default 512M)
#   -t SECONDS   after which the guest is given up (default 120)
#   -r           let the guest reboot; otherwise a reboot ends it
#   LAUNCHER     command that runs QEMU, put in front of it, such as
#                pciplug-vfio-user --virtio-fs TAG:DIR --
#
# environment: ACCEL=tcg  CPU=Nehalem (fastest to emulate; "host" for ACCEL=kvm)
# exit status: console.sh's
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/common.sh
. "$top/tools/common.sh"

kernel=forky initrd='' args='' sockets='' back_ends='' queues=1 props='' words=''
qemu=qemu-system-x86_64 backend=memfd mem=512M seconds=120 reboot=-no-reboot
while getopts k:i:a:s:u:n:p:Q:q:b:m:t:rh option; do
	case $option in
	k) kernel=$OPTARG ;;
	i) initrd=$OPTARG ;;
	a) args=$OPTARG ;;
	s) sockets="$sockets $OPTARG" ;;
	u) back_ends="$back_ends $OPTARG" ;;
	n) queues=$OPTARG ;;
	p) props=$OPTARG ;;
	Q) qemu=$OPTARG ;;
	q) words=$OPTARG ;;
	b) backend=$OPTARG ;;
	m) mem=$OPTARG ;;
	t) seconds=$OPTARG ;;
	r) reboot='' ;;
	h) usage; exit ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
vmlinux=$rig/kernels/$kernel/vmlinux
[ -f "$vmlinux" ] || die "no kernel $vmlinux (run get-qemu.sh)"

# An ELF kernel starts without decompressing, which halves the time of a boot
# under TCG.
set -- "$@" "$rig/bin/$qemu" -nodefaults -no-user-config \
	-display none -serial stdio -accel "${ACCEL:-tcg}" -cpu "${CPU:-Nehalem}" \
	-m "$mem" -kernel "$vmlinux" -append "console=ttyS0 quiet panic=-1 mitigations=off nokaslr no_timer_check $args"
[ -z "$reboot" ] || set -- "$@" "$reboot"
[ -z "$initrd" ] || set -- "$@" -initrd "$initrd"
case $backend in
memfd)
	set -- "$@" -machine q35,memory-backend=ram0 \
		-object "memory-backend-memfd,id=ram0,size=$mem,share=on"
	;;
ram)
	set -- "$@" -machine q35,memory-backend=ram0 \
		-object "memory-backend-ram,id=ram0,size=$mem"
	;;
none)
	set -- "$@" -machine q35
	;;
*)
	die "unknown memory backend '$backend' (memfd, ram or none)"
	;;
esac
for socket in $sockets; do
	set -- "$@" -device "{\"driver\":\"vfio-user-pci\",\"socket\":{\"type\":\"unix\",\"path\":\"$socket\"}}"
done
for back_end in $back_ends; do
	tag=${back_end%%:*}
	set -- "$@" -chardev "socket,id=$tag,path=${back_end#*:}" -device \
		"vhost-user-fs-pci,chardev=$tag,tag=$tag,num-request-queues=$queues${props:+,$props}"
done
# shellcheck disable=SC2086 # words
set -- "$@" $words

exec "$top/tools/guest/console.sh" "$seconds" "$@"
