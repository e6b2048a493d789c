#!/bin/sh
# SPDX-License-Identifier: MIT
#
# mkinitrd.sh - make a small busybox initramfs for a guest.
#
# usage: mkinitrd.sh -o OUT [-k KERNEL] [-m "MODULE ..."] [-a SRC:DST]...
#                    [-p PROGRAM]... INIT
#
#   -o OUT         the (uncompressed) cpio archive to write
#   -k KERNEL      6.1, forky or uml: whose modules (default: forky)
#   -m "MODULE .." modules to load before INIT runs, and what they depend on.
#                  One that the kernel's folder lacks is taken for built in.
#   -a SRC:DST     add the file or folder SRC as DST (absolute, in the guest)
#   -p PROGRAM     add a program to /bin, with its shared libraries
#   INIT           script for busybox sh, sourced by PID 1 when /proc, /sys,
#                  /dev and /tmp are mounted and modules loaded, with every
#                  busybox applet in PATH.  When it ends, the guest prints
#                  "GUEST-RC n", n being its status, and powers off.
#
# needs: cpio, kmod, xz or zstd for compressed modules, and get-qemu.sh's folder
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/common.sh
. "$top/tools/common.sh"

out='' kernel=forky modules='' adds='' programs=''
newline='
'
while getopts o:k:m:a:p:h option; do
	case $option in
	o) out=$OPTARG ;;
	k) kernel=$OPTARG ;;
	m) modules=$OPTARG ;;
	a) adds="$adds$OPTARG$newline" ;;
	p) programs="$programs$OPTARG$newline" ;;
	h) usage; exit ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
if [ -z "$out" ] || [ $# -ne 1 ]; then
	usage >&2
	exit 2
fi
case $out in
/*) ;;
*) out=$PWD/$out ;;
esac
[ -d "$rig/kernels/$kernel" ] || die "no kernel $kernel in $rig/kernels"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/tmp" \
	"$root/mnt" "$root/etc" "$root/lib/modules"
cp "$rig/bin/busybox" "$root/bin/busybox"
cp "$1" "$root/init.sh"
: >"$root/lib/modules/order"

# index: "module_name path"
find "$rig/kernels/$kernel/" -name '*.ko' -o -name '*.ko.xz' -o -name '*.ko.zst' |
	awk -F/ '{
		name = $NF
		sub(/\.ko(\.[a-z]+)?$/, "", name)
		gsub(/-/, "_", name)
		print name " " $0
	}' >"$work/index"

find_module() {
	sed -n "s|^$(echo "$1" | tr - _) ||p" "$work/index"
}

# Copy a module after all that it depends on; "order" keeps the load order.
# (No local variables in sh: each call works from $1 after the recursion.)
add_module() {
	! grep -qx "$1" "$work/seen" 2>/dev/null || return 0
	echo "$1" >>"$work/seen"
	[ -n "$(find_module "$1")" ] || return 0
	for needed in $(modinfo -F depends "$(find_module "$1")" | tr , ' '); do
		add_module "$needed"
	done
	file=$(find_module "$1")
	case $file in
	*.xz) xz -dc "$file" ;;
	*.zst) zstd -qdc "$file" ;;
	*) cat "$file" ;;
	esac >"$root/lib/modules/$1.ko"
	echo "$1" >>"$root/lib/modules/order"
}
for module in $modules; do
	add_module "$module"
done

printf %s "$adds" | while IFS=: read -r src dst; do
	mkdir -p "$root$(dirname "$dst")"
	cp -a "$src" "$root$dst"
done

# A program's libraries go where its loader looks for them on this system.
printf %s "$programs" | while read -r program; do
	cp "$program" "$root/bin/"
	{ ldd "$program" 2>/dev/null || true; } |
		sed -n 's|^[^/]*\(/[^ ]*\) (0x.*|\1|p' |
		while read -r library; do
			mkdir -p "$root$(dirname "$library")"
			cp -L "$library" "$root$library"
		done
done

cat >"$root/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/ TERM=linux
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
for module in $(cat /lib/modules/order); do
	insmod /lib/modules/$module.ko || echo "insmod $module failed"
done
. /init.sh
echo "GUEST-RC $?"
sync
poweroff -f
INIT
chmod 755 "$root/init"
(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) >"$out.tmp"
mv "$out.tmp" "$out"
