#!/bin/sh
# SPDX-License-Identifier: MIT
#
# conformance.sh - the conformance cases (tests/conformance) in a guest: a share
# against a folder of the guest, both of them in a tmpfs.
#
# usage: conformance.sh, from run.sh, which sets:
#   kernel   6.1, forky or uml
#   work     folder for files
#   server   command of the server: pciplug-vfio-user; for uml,
#            vhost-user-virtiofs
#   program  test_conformance
#
# The guest has the share, a read-only one, and one that has both of their
# folders without any cache, which is to it what the host directory is to a
# mount on the host.  All of this twice, with different options.  The cases of
# full file systems are run with virtiofs-mount inside of a guest, whose kernel
# has quotas.  It prints "CONFORMANCE ok NAME" for each, and fails if one fails.
set -eu
top=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tools/common.sh
. "$top/tools/common.sh"
: "${kernel:?}" "${work:?}" "${server:?}" "${program:?}"
tmpfs=/dev/shm
[ "$(stat -fc %T "$tmpfs" 2>/dev/null)" = tmpfs ] || die "$tmpfs is no tmpfs"
work=$work/conformance
# An emulated guest takes many minutes.
case $kernel in
uml) booter='boot-uml.sh -t 600' ;;
*) booter="boot.sh -k $kernel -t 3600" ;;
esac
rm -rf "$work"
mkdir -p "$work"
share=$(mktemp -d "$tmpfs/conformance-XXXXXX")
trap 'rm -rf "$share"' EXIT
options=cache=auto uncached=posix-acl,cache=never,allow-mmap
areas='open rename link attr priv size io far map dir stat times tmpfile lock
	under event pipe path exec special caps'
uncached_areas='open priv size io map dir stat acl tmpfile lock under pipe'
# Before Linux 6.6 a tmpfs has no such attributes.
if [ "$kernel" = 6.1 ]; then
	options=cache=auto,no-xattr uncached=cache=never,allow-mmap,no-xattr
	areas='open names rename attr size io map dir stat tmpfile lock under
		event pipe path priv/directories_* priv/setgid_*'
	uncached_areas='open size io map dir stat tmpfile lock under pipe'
elif guest_tool xattr-set "$share" user.test 1 2>/dev/null; then
	areas="$areas names xattr acl flags readonly"
fi

boot() { # name options pattern...
	dir=$work/$1 folder=$share/$1 options=$2
	shift 2
	exited=0
	mkdir -p "$dir" "$folder/rw" "$folder/ro"
	cat >"$dir/guest.sh" <<-GUEST
		mkdir /mnt/rw /mnt/ro /mnt/under
		mount -t virtiofs rw /mnt/rw &&
		mount -t virtiofs -o ro ro /mnt/ro &&
		mount -t virtiofs under /mnt/under &&
		test_conformance -g /mnt -o '$options' $(printf "'%s' " "$@")
		status=\$?
		umount /mnt/*
		(exit \$status)
	GUEST
	"$top/tools/guest/mkinitrd.sh" -o "$dir/initrd" -k "$kernel" \
		-m 'virtio_pci virtiofs' -p "$program" "$dir/guest.sh"
	# shellcheck disable=SC2086 # a command
	$server --virtio-fs "rw:$folder/rw,$options" \
		--virtio-fs "ro:$folder/ro,ro,$options" \
		--virtio-fs "under:$folder,cache=never,posix-acl" \
		--modcaps +sys_admin:+linux_immutable:+dac_read_search \
		--socket-dir "$dir" --log-file "$dir/log" >"$dir/said" \
		</dev/null &
	pid=$!
	tries=300
	until [ -S "$dir/rw.sock" ] && [ -S "$dir/ro.sock" ] &&
		[ -S "$dir/under.sock" ]; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || die 'the server did not start'
		sleep 0.1
	done
	# shellcheck disable=SC2086 # a command
	"$top/tools/guest/"$booter -i "$dir/initrd" -s "$dir/rw.sock" \
		-s "$dir/ro.sock" -s "$dir/under.sock" \
		>"$dir/console" 2>&1 || exited=$?
	kill "$pid" 2>/dev/null || true
	wait "$pid" && return "$exited"
}

# In a guest that has this host's root file system, read-only.
full() { # name options
	dir=$work/$1
	mkdir -p "$dir"
	cat >"$dir/script" <<-GUEST
		root=/mnt/root
		mkdir -p /dev/shm && mount -t proc proc \$root/proc &&
			mount -o bind /dev \$root/dev &&
			mount -t tmpfs shm \$root/dev/shm &&
			mount -t tmpfs run \$root/run &&
			mount -t tmpfs tmp \$root/tmp || exit
		top_builddir=${program%/*} exec chroot \$root "$program" \
			-d /dev/shm -o '$2' full
	GUEST
	SERVER=$server "$top/tools/guest/uml.sh" -t 600 -l fuse -l loop \
		-l quota_v2 -v root:/,ro,cache=always "$dir/script" \
		>"$dir/console" 2>&1 &&
		! grep -q SKIPPED "$dir/console"
}

try() { # function name argument...
	if "$@"; then
		echo "CONFORMANCE ok $2"
	else
		grep -avE '^\[( RUN |       OK )' "$work/$2/console" | tail -n 40
		echo "CONFORMANCE FAILED $2"
		: >"$work/failed"
	fi
}

# The patterns in them are the program's.
set -f
# shellcheck disable=SC2086 # words
try boot default $options $areas &
first=$!
# shellcheck disable=SC2086 # words
try boot never $uncached $uncached_areas
[ "$kernel" != uml ] || try full full cache=auto
wait "$first"
[ ! -e "$work/failed" ]
