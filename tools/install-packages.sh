#!/bin/sh
# SPDX-License-Identifier: MIT
#
# install-packages.sh - install the Debian packages that this project needs.
#
# usage: install-packages.sh [build] [guest] [check] [programs]
#
#   build     to build it (and its unit tests)
#   guest     to boot test guests, besides what get-qemu.sh unpacks
#   check     to pass every test
#   programs  besides, to run real programs on a share
#
# Nothing happens where all are installed already; otherwise it needs root.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/common.sh
. "$top/tools/common.sh"

want=''
for set; do
	case $set in
	build)
		want="$want gcc libc6-dev make autoconf automake libtool
			pkg-config libglib2.0-dev libjson-c-dev
			libpciaccess-dev libseccomp-dev liburing-dev
			libcmocka-dev"
		;;
	guest)
		want="$want ca-certificates cpio kmod lz4 xz-utils zstd"
		;;
	check)
		want="$want g++ clang clang-tidy cppcheck python3 pciutils
			shellcheck uidmap xz-utils
			libvirt-daemon libvirt-daemon-driver-qemu
			libvirt-clients"
		;;
	programs)
		want="$want fio stress-ng dbench sqlite3 git rsync attr acl
			libcap2-bin debootstrap nfs-kernel-server iproute2"
		;;
	*)
		usage >&2
		exit 2
		;;
	esac
done

missing=''
for package in $want; do
	case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>&1) in
	installed) ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0
[ "$(id -u)" -eq 0 ] || die "run as root to install:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
# shellcheck disable=SC2086 # a list of words
apt-get -q -y install --no-install-recommends $missing
