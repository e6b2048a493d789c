#!/bin/sh
# SPDX-License-Identifier: MIT
#
# boot-uml.sh - boot User-Mode Linux as a guest, its console on standard output.
#
# usage: boot-uml.sh [OPTION]... -i INITRD
#
#   -i INITRD    initramfs (mkinitrd.sh -k uml -m virtiofs ...)
#   -a ARGS      more kernel arguments
#   -s SOCKET    add a device: the socket of a vhost-user back-end (repeats)
#   -d DIR       where it keeps its state: its process id is in DIR/guest/pid
#   -m SIZE      guest memory (default 512M)
#   -t SECONDS   after which the guest is given up (default 120)
#
# A whole Linux in one process: the same virtio-fs driver as in a guest of
# QEMU, and the same protocol as vhost-user-fs-pci, at about ten times the speed
# of an emulated guest.  It has one CPU and no PCI, and reads tag and number of
# queues from the back-end, which must offer VHOST_USER_PROTOCOL_F_CONFIG.
#
# Wants root (see get-qemu.sh -u).
# exit status: console.sh's
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/common.sh
. "$top/tools/common.sh"

initrd='' args='' sockets='' state='' mem=512M seconds=120
while getopts i:a:s:d:m:t:h option; do
	case $option in
	i) initrd=$OPTARG ;;
	a) args=$OPTARG ;;
	s) sockets="$sockets $(realpath "$OPTARG")" ;;
	d) state=$OPTARG ;;
	m) mem=$OPTARG ;;
	t) seconds=$OPTARG ;;
	h) usage; exit ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
if [ -z "$initrd" ] || [ $# -ne 0 ]; then
	usage >&2
	exit 2
fi
[ -x "$rig/bin/linux.uml" ] || die "no User-Mode Linux in $rig (run get-qemu.sh -u)"
[ "$(id -u)" -eq 0 ] || die "run as root"

if [ -n "$state" ]; then
	mkdir -p "$state"
else
	state=$(mktemp -d)
	trap 'rm -rf "$state"' EXIT
fi
# The guest's memory is a file in TMPDIR.
set -- "$rig/bin/linux.uml" "mem=$mem" "uml_dir=$state/" umid=guest "initrd=$initrd" \
	root=/dev/ram0 rdinit=/init ubd0c=/dev/null con=null con0=null,fd:1 \
	quiet panic=-1 seccomp=on
for socket in $sockets; do
	set -- "$@" "virtio_uml.device=$socket:26"      # 26: virtio-fs
done
# shellcheck disable=SC2086 # words
set -- "$@" $args
TMPDIR=/dev/shm "$top/tools/guest/console.sh" "$seconds" "$@"
