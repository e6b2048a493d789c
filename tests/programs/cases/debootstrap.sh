# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# debootstrap: a Debian system is installed on the share, and works there: its
# own dpkg finds every file as it was packed, installs a package once more and
# removes another.  The packages are fetched once, from the mirror that apt
# uses here, and kept beside QEMU and the kernels.
#
# seconds: 600
needs debootstrap apt-get
# shellcheck source=tools/common.sh
. "$top/tools/common.sh"

release=$(. /etc/os-release && echo "$VERSION_CODENAME")
packages=$rig/$release.tgz
mirror=$(find_mirror)
[ -n "$mirror" ] || skip 'apt has no Debian mirror configured'

install_system() { # debootstrap-argument...
	debootstrap --variant=minbase "$@" "$mirror" >"$scratch/log" 2>&1 || {
		tail -n 5 "$scratch/log"
		fail 'debootstrap failed'
	}
}

if [ ! -f "$packages" ]; then
	mkdir -p "$rig"
	install_system --make-tarball="$packages.new" "$release" "$scratch/new"
	mv "$packages.new" "$packages"
fi
install_system --unpack-tarball="$packages" "$release" "$mnt/root"

inside() {
	LC_ALL=C chroot root "$@"
}

installed() {
	inside dpkg-query -f '${db:Status-Status}\n' -W
}

same 'packages that are not installed' "$(installed | grep -vx installed)" ''
same 'what dpkg --audit says' "$(inside dpkg --audit)" ''
# A few files of /etc and /usr/share are not as packed on any Debian system.
same 'what dpkg --verify says' "$(inside dpkg --verify | grep -v ' c /etc/')" ''
same 'who wrote this' "$(inside perl -e 'print "perl\n"')" perl
inside apt-get -qq --no-download -y install --reinstall \
	sed gzip >"$scratch/log" 2>&1 || {
	tail -n 5 "$scratch/log"
	fail 'packages cannot be installed again'
}
inside dpkg --purge --force-remove-essential --force-depends tzdata \
	>"$scratch/log" 2>&1 || {
	tail -n 5 "$scratch/log"
	fail 'a package cannot be removed'
}
same 'what dpkg --verify says in the end' \
	"$(inside dpkg --verify | grep -v ' c /etc/')" ''
# The host sees a system as well.
same 'on the host' "$(on_host 'chroot root dpkg-query -W | cksum')" \
	"$(inside dpkg-query -W | cksum)"
rm -r root
