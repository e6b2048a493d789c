# SPDX-License-Identifier: MIT
#
# For the check scripts: go to the tree that is checked, which is the first
# argument or else the source tree, and set `here`, the folder of the scripts,
# and `folders`, those that hold our files (the top folders in layers.txt that
# are there).  Only they are looked at: a build folder may be in the tree.

here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-${top_srcdir:?}}" || exit 1

folders=
for folder in $(sed -n 's|^\([a-z]*\).*:.*|\1|p' "$here/layers.txt" | sort -u)
do
	[ ! -d "$folder" ] || folders="$folders $folder"
done
