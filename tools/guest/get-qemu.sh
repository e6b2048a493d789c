#!/bin/sh
# SPDX-License-Identifier: MIT
#
# get-qemu.sh - fetch QEMU, guest kernels and User-Mode Linux into one folder,
# without installing or changing anything on this system.
#
# usage: get-qemu.sh [-u] [-o] [-p] [DIR]
#
#   -u  User-Mode Linux, too
#   -o  an older QEMU, too: Debian 12's 7.2, which has no vfio-user-pci
#   -p  virtiofsd of both QEMUs, to be compared with (implies -o)
#
# QEMU comes from Debian forky, as vfio-user-pci needs 10.1 or later.  DIR
# (default: VIRTIOFS_RIG of tools/common.sh) then holds:
#   bin/qemu-system-x86_64    a wrapper, to be run as it is
#   bin/busybox               statically linked
#   kernels/forky/vmlinux     forky's kernel; all that a virtio-fs guest needs
#                             is built in
#   kernels/6.1/vmlinux       Debian 12's kernel, and its
#   kernels/6.1/modules/      modules
#   bin/linux.uml             with -u: forky's User-Mode Linux, to be run by
#                             root, and its
#   kernels/uml/modules/      modules
#   bin/qemu-7.2              with -o: the older QEMU
#   bin/virtiofsd, bin/virtiofsd-7.2
#                             with -p: forky's, and the one that was QEMU's
#   root/, uml/, root-7.2/    the unpacked packages
#
# The packages come through apt-get, with its signature checks, from the mirror
# that this system uses (MIRROR=URL overrides it) into an apt state of DIR's
# own, whose empty dpkg status makes apt resolve everything down to libc.  The
# wrappers run the programs with that libc, so the system's can be older.
# About 75 MB are fetched and 400 MB unpacked; -u adds 36 and 180 MB, -o 50 and
# 140 MB.  Run again, it does nothing.
#
# needs: apt-get, dpkg-deb, the Debian keyring, lz4, xz, zstd; not root.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/common.sh
. "$top/tools/common.sh"
version=1       # of the folder's layout
uml='' older='' peer=''
while getopts uoph option; do
	case $option in
	u) uml=uml ;;
	o) older=older ;;
	p) peer=peer ;;
	h) usage; exit ;;
	*) usage >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ -z "$peer" ] || older=older
case $# in
0) ;;
1) rig=$1 ;;
*) usage >&2; exit 2 ;;
esac

mkdir -p "$rig"
rig=$(cd "$rig" && pwd)
exec 9>"$rig/lock"
flock 9

# What is in the folder: each part leaves a file when it is complete.
has() { # complete[-uml|-older|-peer]
	[ "$(cat "$rig/$1" 2>/dev/null)" = "$version" ]
}

missing=''
for part in complete ${uml:+complete-uml} ${older:+complete-older} \
	${peer:+complete-peer}; do
	has "$part" || missing=yes
done
[ -n "$missing" ] || exit 0
has complete || (cd "$rig" && rm -rf complete* apt root* uml kernels bin)

mirror=${MIRROR:-$(find_mirror)}
if [ -z "$mirror" ]; then
	lists=Dir::State::lists=$rig/apt/lists
	mkdir -p "$rig/apt/lists/partial"
	apt-get -qq -o "$lists" -o APT::Sandbox::User=root update
	mirror=$(find_mirror -o "$lists")
fi
[ -n "$mirror" ] ||
	die "apt has no Debian mirror configured; set MIRROR to the address of one"

# Make an apt state that knows one suite and believes nothing is installed.
use_suite() { # suite
	apt=$rig/apt/$1
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	: >"$apt/status"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" \
		>"$apt/sources.list"
	cat >"$apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Architecture "amd64";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
CONF
	export APT_CONFIG="$apt/apt.conf"
	apt-get -qq update
}

# Unpack packages, given as .deb files, without running their scripts.
unpack() { # folder deb...
	to=$1
	shift
	mkdir -p "$to"
	for deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -xf - -C "$to" \
			--exclude=./usr/share/doc --exclude=./usr/share/man \
			--exclude=./usr/share/locale
	done
}

# Fetch single packages, without what they depend on, into the current folder.
download() {
	(cd "$apt/cache" && apt-get -qq download "$@")
}

depends() { # package regular-expression
	apt-cache depends --important "$1" |
		sed -n "s/^ *Depends: \($2\)\$/\1/p" | head -n 1
}

# A command that runs a program of one of the folders with the folder's loader.
wrap() { # name folder program argument...
	name=$1 folder=$2 program=$3
	shift 3
	cat >"$rig/bin/$name" <<WRAPPER
#!/bin/sh
root=\$(cd "\$(dirname "\$0")/../$folder" && pwd) || exit
lib=\$root/usr/lib/x86_64-linux-gnu
loader=\$root/lib64/ld-linux-x86-64.so.2
[ -e "\$loader" ] || loader=\$root/usr/lib64/ld-linux-x86-64.so.2
export QEMU_MODULE_DIR="\$lib/qemu"
exec "\$loader" --library-path "\$lib:\$root/lib/x86_64-linux-gnu" \\
	--argv0 ${program##*/} "\$root/$program" $* "\$@"
WRAPPER
	chmod 755 "$rig/bin/$name"
}

# -L and QEMU_MODULE_DIR keep it from the data and modules of an installed QEMU.
wrap_qemu() { # name folder
	# shellcheck disable=SC2016 # the wrapper's own variable
	wrap "$1" "$2" usr/bin/qemu-system-x86_64 \
		-L '"$root/usr/share/qemu"' -L '"$root/usr/share/seabios"'
	"$rig/bin/$1" --version | head -n 1
}

get_qemu() {
	use_suite forky
	apt-get -qq -y --download-only install qemu-system-x86 >/dev/null
	unpack "$rig/root" "$apt"/cache/archives/*.deb
	# forky's kernel is in a package of its own, apart from what installs it.
	image=$(depends linux-image-cloud-amd64 'linux-image-[^ ]*')
	binary=$(depends "$image" 'linux-binary-[^ ]*')
	[ -n "$binary" ] || die "$image has no linux-binary package"
	download "$binary"
	unpack "$rig/apt/kernel" "$apt"/cache/linux-binary-*.deb
	mkdir -p "$rig/kernels/forky" "$rig/kernels/6.1"
	"$top/tools/guest/vmlinux.sh" "$rig"/apt/kernel/usr/lib/modules/*/vmlinuz \
		"$rig/kernels/forky/vmlinux"

	use_suite bookworm
	image=$(depends linux-image-cloud-amd64 'linux-image-[^ ]*')
	download "$image" busybox-static
	unpack "$rig/apt/kernel-6.1" "$apt"/cache/linux-image-*.deb
	"$top/tools/guest/vmlinux.sh" "$rig"/apt/kernel-6.1/boot/vmlinuz-* \
		"$rig/kernels/6.1/vmlinux"
	mv "$rig"/apt/kernel-6.1/lib/modules/* "$rig/kernels/6.1/modules"
	unpack "$rig/apt/busybox" "$apt"/cache/busybox-static_*.deb
	mkdir -p "$rig/bin"
	cp "$rig/apt/busybox/bin/busybox" "$rig/bin/busybox"
	wrap_qemu qemu-system-x86_64 root
}

# UML executes /proc/self/exe again, so it cannot be run by the loader: it gets
# the newer libc by a bind mount over the system's, in a mount namespace.
get_uml() {
	use_suite forky
	download user-mode-linux
	unpack "$rig/uml" "$apt"/cache/user-mode-linux_*.deb
	mkdir -p "$rig/kernels/uml"
	mv "$rig"/uml/usr/lib/uml/modules/* "$rig/kernels/uml/modules"
	cat >"$rig/bin/linux.uml" <<'WRAPPER'
#!/bin/sh
rig=$(cd "$(dirname "$0")/.." && pwd) || exit
exec unshare --mount --propagation private "$rig/bin/busybox" sh -c '
rig=$1
shift
for file in libc.so.6 ld-linux-x86-64.so.2; do
	"$rig/bin/busybox" mount -o bind \
		"$rig/root/usr/lib/x86_64-linux-gnu/$file" \
		"$("$rig/bin/busybox" readlink -f "/lib/x86_64-linux-gnu/$file")" ||
		exit
done
exec "$rig/uml/usr/bin/linux.uml" "$@"' uml "$rig" "$@"
WRAPPER
	chmod 755 "$rig/bin/linux.uml"
	"$rig/bin/linux.uml" --version
}

get_older() {
	use_suite bookworm
	apt-get -qq -y --download-only install qemu-system-x86 >/dev/null
	unpack "$rig/root-7.2" "$apt"/cache/archives/*.deb
	wrap_qemu qemu-7.2 root-7.2
}

get_peer() {
	use_suite forky
	download virtiofsd libseccomp2 libcap-ng0 libgcc-s1
	unpack "$rig/root" "$apt"/cache/*.deb
	wrap virtiofsd root usr/libexec/virtiofsd
	wrap virtiofsd-7.2 root-7.2 usr/lib/qemu/virtiofsd
	"$rig/bin/virtiofsd" --version
}

get() { # part's-file function
	! has "$1" || return 0
	"$2"
	rm -rf "$rig/apt"
	echo "$version" >"$rig/$1"
}

echo "fetching QEMU and guest kernels into $rig"
get complete get_qemu
[ -z "$uml" ] || get complete-uml get_uml
[ -z "$older" ] || get complete-older get_older
[ -z "$peer" ] || get complete-peer get_peer
