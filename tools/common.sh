# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# common.sh - what the scripts in tools/ and tests/guest/ share.  They set
# `top` to the source tree's folder and source it.
#
# Environment:
#   VIRTIOFS_RIG    folder of QEMU and the guest kernels, which get-qemu.sh
#                   fills.  Default: /var/cache/virtiofs-plugin for root, else
#                   $XDG_CACHE_HOME/virtiofs-plugin or ~/.cache/virtiofs-plugin.
#   VIRTIOFS_BUILD  folder that quickstart.sh and check.sh build in.  Default:
#                   build/ in the source tree.
# shellcheck disable=SC2034,SC2154 # variables of, and for, who sources this

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# Print the comment at the head of the running script, which is its help.
usage() {
	sed -n '4,/^[^#]/s/^# \{0,1\}//p' "$0"
}

# Configure (the first time) and build the project in a folder of its own.
build_in() { # folder configure-argument...
	folder=$1
	shift
	mkdir -p "$folder" || return
	if [ ! -x "$top/configure" ]; then
		(cd "$top" && autoreconf -fi) || return
	fi
	if [ ! -f "$folder/Makefile" ]; then
		(cd "$folder" && "$top/configure" -q "$@") || return
	fi
	make -C "$folder" -j"$(nproc)"
}

# Put a table where docs/benchmarks.md shows it: between the comment with its
# name and the next "end".
show_table() { # name file
	awk -v begin="<!-- build/bench/$1 -->" -v file="$2" '
	$0 == begin {
		print
		while ((getline line <file) > 0)
			print line
		skip = 1
		next
	}
	$0 == "<!-- end -->" { skip = 0 }
	!skip' "$top/docs/benchmarks.md" >"$2.new" &&
		cat "$2.new" >"$top/docs/benchmarks.md" && rm "$2.new"
}

# Where this system gets its own release from; apt knows once it has lists.
find_mirror() { # apt-get-option...
	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	# shellcheck disable=SC2016 # apt's own variables
	apt-get "$@" indextargets --format '$(REPO_URI) $(RELEASE)' \
		'Created-By: Packages' |
		sed -n "s/ $codename\$//p" | head -n 1
}

if [ -n "${VIRTIOFS_RIG:-}" ]; then
	rig=$VIRTIOFS_RIG
elif [ "$(id -u)" -eq 0 ]; then
	rig=/var/cache/virtiofs-plugin
else
	rig=${XDG_CACHE_HOME:-${HOME:?}/.cache}/virtiofs-plugin
fi
build=${VIRTIOFS_BUILD:-$top/build}
