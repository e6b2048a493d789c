# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# tar: parts of /usr, or all of it in the long run, are copied in by tar and out
# again.  The host has what was copied, and each way of reading gives the same
# archive as /usr itself, byte for byte: names, types, modes, owners, times, hard
# links, extended attributes, data.
#
# mounts: posix-acl
# seconds: 300
needs tar cksum

tree=$(size 'usr/sbin usr/share/perl usr/share/zoneinfo' usr)
pack() { # folder
	# Directories of a file system of their own stay out of it.
	# shellcheck disable=SC2086 # a list of words
	tar -C "$1" --one-file-system --sort=name --xattrs --acls --format=posix \
		--pax-option=exthdr.name=%d/%f,delete=atime,delete=ctime \
		--numeric-owner -cf - $tree
}
unpack() { # folder
	tar -C "$1" --xattrs --xattrs-include='*' --acls --numeric-owner -pxf -
}

pack / | unpack .
pack / | cksum >"$scratch/original"
pack . | cksum >"$scratch/mount"
pack "$share" | cksum >"$scratch/host"
cmp "$scratch/original" "$scratch/mount" || fail 'the copy on the mount differs'
cmp "$scratch/original" "$scratch/host" || fail 'the copy on the host differs'
# Many small files, in an archive that is on the share itself.
pack . >archive.tar
mkdir again
unpack again <archive.tar
pack again | cksum >"$scratch/again"
cmp "$scratch/original" "$scratch/again" || fail 'the second copy differs'
rm -r again usr archive.tar
same 'what is left' "$(ls -A)" ''
