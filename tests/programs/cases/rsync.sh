# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# rsync: a tree is copied to the share with all that rsync can preserve.  A
# second run that compares checksums finds nothing to do, in both directions;
# after a few changes it finds those, and nothing else.
#
# mounts: posix-acl
# seconds: 300
needs rsync setfattr setfacl

same_trees() { # what from to
	same "$1" "$(rsync -aHAX --checksum --delete --dry-run \
		--itemize-changes "$2/" "$3/")" ''
}

tree=$(size /usr/share/perl /usr)
mkdir "$scratch/from" copy
rsync -aHAX --one-file-system "$tree/" "$scratch/from/"
# Besides what is found in /usr:
cd "$scratch/from"
mkfifo fifo
mknod null c 1 3
ln -s dangling link
echo data >attributes
ln attributes hard-link
setfattr -n user.name -v value attributes
setfattr -n trusted.name -v value attributes
chown 1234:5678 attributes
chmod 6751 attributes
touch -d '1999-12-31 23:59:59.123456789' attributes
truncate -s 1M sparse
mkdir sticky
chmod 1777 sticky
cd "$mnt"

rsync -aHAX --sparse "$scratch/from/" copy/
same_trees 'to the share' "$scratch/from" copy
same_trees 'from the share' copy "$scratch/from"
same_trees 'on the host' "$scratch/from" "$share/copy"
same 'blocks of a sparse file' "$(stat -c %b copy/sparse)" 0

echo more >>copy/attributes
rm copy/link
mkdir copy/new
same 'the changes' "$(rsync -aHAX --checksum --delete --itemize-changes \
	"$scratch/from/" copy/ | sort)" \
	"$(printf '%s\n' '*deleting   new/' '.d..t...... ./' \
		'>fcst...... attributes' 'hf.st...... hard-link => attributes' \
		'cL+++++++++ link -> dangling' | sort)"
same_trees 'mended' "$scratch/from" copy
same_trees 'mended, on the host' "$scratch/from" "$share/copy"
# In place, through the mount, from a tree on the share to another.
rsync -aHAX --inplace --no-whole-file copy/ again/
same_trees 'on the share' copy again
