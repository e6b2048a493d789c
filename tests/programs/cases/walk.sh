# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# A walk over more files than the server may have descriptors: everything is
# found, with the host's attributes, and stays right while the host moves and
# replaces things; and each inode that the guest knows costs the server little.
#
# mounts: default cache=never
# nofile: 256

files=$(size 20000 1000000)
folders=$((files / 100))

# A hundred files a folder, ten folders in each of those above.
names() {
	awk -v files="$files" 'BEGIN {
		for (i = 0; i < files; i++)
			printf "%d/%d/%d\n", i / 1000, i / 100 % 10, i
	}'
}

memory() { # in KiB, of the server of the first mount
	set -- $servers
	[ -z "${1:-}" ] || sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}

describe() { # folder
	find "$1" -mindepth 1 -printf '%P %y %i %m %n %U %G %s %T@ %C@\n' | sort
}

now() {
	date +%s%N
}

names | sed 's|/[^/]*$||' | uniq >"$scratch/folders"
on_host "xargs mkdir -p <'$scratch/folders'"
names >"$scratch/names"
on_host "xargs touch <'$scratch/names'"

before=$(memory)
start=$(now)
same 'files found' "$(find . -type f -size 0 | wc -l)" "$files"
echo "first walk: $(((($(now) - start) / 1000000))) ms"
after=$(memory)
start=$(now)
describe . >"$scratch/mount"
echo "second walk, with all attributes: $(((($(now) - start) / 1000000))) ms"
describe "$share" >"$scratch/host"
cmp "$scratch/mount" "$scratch/host"
same 'lines' "$(wc -l <"$scratch/mount")" $((files + folders + files / 1000))
describe "$mnt2" | cmp - "$scratch/host"
if [ -n "$before" ]; then
	each=$(((after - before) * 1024 / files))
	echo "memory: $before KiB before, $after KiB after, $each bytes an inode"
	[ $each -lt 400 ] || fail "$each bytes an inode"
fi

# What was walked over long ago can still be opened, whatever it is called now.
cd "$mnt/0/0"
on_host 'mv 0 moved && mv moved/0 moved/moved && echo text >moved/moved/0'
cd "$mnt2"
same 'moved' "$(cat moved/moved/0)" text
cd "$mnt/0/0" 2>/dev/null || cd "$mnt/moved/moved"
same 'a file of a moved folder' "$(cat "$mnt/moved/moved/0")" text
# All of it changes underneath: each name is another file now.
on_host 'for folder in */*; do
	mv "$folder" "$folder.old"
	mkdir "$folder"
	touch "$folder/new"
	rm -r "$folder.old"
done'
cd "$mnt2"
describe . >"$scratch/mount"
describe "$share" | cmp - "$scratch/mount"
same 'files of the new tree' "$(find . -type f | wc -l)" "$folders"
sleep 1.1                       # names and attributes are kept for a second
describe "$mnt" | cmp - "$scratch/mount"
