#!/bin/sh
# SPDX-License-Identifier: MIT
#
# quickstart.sh - boot a Linux guest that has host folders mounted by virtio-fs.
#
# usage: sudo tools/quickstart.sh [OPTION]...
#
#   --share TAG:DIR[,OPTION...]  share DIR; the guest mounts it at /mnt/TAG.
#                    May be repeated.  Default: build/share, as myfs.
#   --exec COMMAND   run COMMAND in the guest instead of an interactive shell:
#                    its output is all of the standard output, and its exit
#                    status that of this script
#   --kernel NAME    guest kernel: forky (the newest, default) or 6.1 (Debian 12)
#   --help
#
# On a fresh Debian 12 it first installs the packages that the build needs,
# unpacks QEMU and the guest kernels into a folder of their own (see
# tools/common.sh) and builds the project.  The guest uses KVM where that
# works, and is emulated in software elsewhere.
#
# In the guest: `poweroff -f` ends it; so does Ctrl-A x.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/common.sh
. "$top/tools/common.sh"

shares='' command='' kernel=forky
newline='
'
need_value() { # option number-of-arguments
	[ "$2" -ge 2 ] || die "$1 needs a value (see --help)"
}
while [ $# -gt 0 ]; do
	case $1 in
	--share)
		need_value "$1" $#
		case $2 in
		*"$newline"*) die "a share may not contain a newline" ;;
		*:* | *,*) ;;
		*) die "share '$2': expected TAG:DIR[,OPTION...]" ;;
		esac
		shares="$shares$2$newline"
		shift 2
		;;
	--exec)
		need_value "$1" $#
		command=$2
		[ -n "$command" ] || die "--exec: the command is empty"
		shift 2
		;;
	--kernel)
		need_value "$1" $#
		case $2 in
		6.1 | forky) ;;
		*) die "kernel '$2': expected 6.1 or forky" ;;
		esac
		kernel=$2
		shift 2
		;;
	--help | -h)
		usage
		exit
		;;
	*)
		die "unknown argument '$1' (see --help)"
		;;
	esac
done
if [ -z "$shares" ]; then
	mkdir -p "$build/share"
	echo 'Hello from the host.' >"$build/share/hello.txt"
	# A comma in a path is written twice.
	shares="myfs:$(echo "$build/share" | sed 's/,/,,/g')$newline"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# With --exec nothing but the command writes to standard output.
prepare() {
	"$top/tools/install-packages.sh" build guest &&
		"$top/tools/guest/get-qemu.sh" &&
		build_in "$build/default"
}
echo "building (log: $build/quickstart.log)" >&2
mkdir -p "$build"
prepare >"$build/quickstart.log" 2>&1 || {
	tail -n 30 "$build/quickstart.log" >&2
	die "could not build; see $build/quickstart.log"
}

printf %s "$shares" | sed 's/[:,].*//' >"$work/tags"
printf '%s\n' "$command" >"$work/command"
cat >"$work/init.sh" <<'INIT'
while IFS= read -r tag; do
	at=/mnt/$(echo "$tag" | tr / _)
	mkdir -p "$at"
	mount -t virtiofs "$tag" "$at" || echo "cannot mount $tag"
done </tags
if [ -s /command ] && [ -n "$(cat /command)" ]; then
	stty -F /dev/ttyS1 raw -echo
	sh /command </dev/null >/dev/ttyS1 2>&1
else
	echo
	echo "This is the guest, Linux $(uname -r), with the shares:"
	mount -t virtiofs
	echo "Type 'poweroff -f' (or Ctrl-A x) to leave."
	cd /mnt
	setsid cttyhack sh
fi
INIT
"$top/tools/guest/mkinitrd.sh" -o "$work/initrd" -k "$kernel" \
	-m "virtio_pci virtiofs" -p "$build/default/lsvirtiofs" \
	-a "$work/tags:/tags" -a "$work/command:/command" "$work/init.sh"

accel=$("$top/tools/guest/accel.sh")
case $accel in
kvm) cpu=host ;;
*) cpu=Nehalem ;;
esac
set -- "$rig/bin/qemu-system-x86_64" -nodefaults -no-user-config -no-reboot \
	-display none -accel "$accel" -cpu "$cpu" -m 512M \
	-machine q35 -kernel "$rig/kernels/$kernel/vmlinux" \
	-initrd "$work/initrd" \
	-append "console=ttyS0 quiet panic=-1 mitigations=off nokaslr no_timer_check"
if [ -n "$command" ]; then
	set -- "$@" -serial "file:$work/console" -serial stdio
else
	set -- "$@" -serial mon:stdio
fi
# In front of the QEMU command comes the program that serves the shares to it.
server=$build/default/pciplug-vfio-user
set -- --plugin "$build/default/.libs/virtiofs.so" -- "$@"
# Containers may forbid namespaces.
user=''
[ "$(id -u)" -eq 0 ] || user=--user
unshare $user -mpinu true 2>/dev/null || set -- --sandbox none "$@"
while IFS= read -r share; do
	set -- --virtio-fs "$share" "$@"
done <<SHARES
${shares%"$newline"}
SHARES
echo "starting the guest ($accel)" >&2
if [ -z "$command" ]; then
	status=0
	"$server" "$@" || status=$?
	exit "$status"
fi
"$server" "$@" </dev/null || true
status=$(tr -d '\r' <"$work/console" | sed -n 's/^GUEST-RC \([0-9]*\)$/\1/p')
[ -n "$status" ] || {
	tail -n 20 "$work/console" >&2
	die "the guest ended before the command did"
}
exit "$status"
