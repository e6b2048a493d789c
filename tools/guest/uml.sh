#!/bin/sh
# SPDX-License-Identifier: MIT
#
# uml.sh - run a script in User-Mode Linux, with directories shared by
# vhost-user-virtiofs.
#
# usage: uml.sh [OPTION]... SCRIPT
#
#   -v SHARE     TAG:DIR[,OPTION...]: DIR is at /mnt/TAG in the guest (repeats)
#   -a SRC:DST   add the file or folder SRC as DST (absolute, in the guest)
#   -p PROGRAM   add a program to /bin, with its shared libraries
#   -l MODULE    load a module of the guest's kernel, too (repeats)
#   -m SIZE      guest memory (default 512M)
#   -t SECONDS   after which the guest is given up (default 120)
#
# SCRIPT is run by busybox sh, as root, with every busybox applet in PATH, and
# with its output on standard output.  It takes about a second until it runs.
#
# environment: SERVER, the command of the server (default: the program in
# top_builddir); and see tools/common.sh
# exit status: SCRIPT's; or see console.sh
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/common.sh
. "$top/tools/common.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/sockets"
for file in shares initrd-options tags; do
	: >"$work/$file"
done
mem=512M seconds=120 modules=virtiofs
while getopts v:a:p:l:m:t:h option; do
	case $option in
	v) echo "--virtio-fs=$OPTARG" >>"$work/shares"
	   echo "${OPTARG%%:*}" >>"$work/tags" ;;
	a | p) printf '%s\n' "-$option" "$OPTARG" >>"$work/initrd-options" ;;
	l) modules="$modules $OPTARG" ;;
	m) mem=$OPTARG ;;
	t) seconds=$OPTARG ;;
	h) usage; exit ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
if [ $# -ne 1 ] || [ ! -s "$work/shares" ]; then
	usage >&2
	exit 2
fi
script=$1

# Put the lines of a file in front of the arguments of a command.
with_lines() { # file command argument...
	lines=$1
	shift
	while IFS= read -r line; do
		set -- "$@" "$line"
	done <"$lines"
	"$@"
}

cat >"$work/init" <<'INIT'
for tag in $(cat /tags); do
	mkdir -p "/mnt/$tag" && mount -t virtiofs "$tag" "/mnt/$tag" ||
		echo "cannot mount $tag"
done
sh /script
INIT
cp "$script" "$work/script"
initrd() {
	"$top/tools/guest/mkinitrd.sh" -o "$work/initrd" -k uml -m "$modules" \
		-a "$work/tags:/tags" -a "$work/script:/script" "$@" \
		"$work/init"
}
with_lines "$work/initrd-options" initrd

# shellcheck disable=SC2086 # a command
with_lines "$work/shares" exec \
	${SERVER:-"${top_builddir:-$build/default}/vhost-user-virtiofs"} \
	--log-file="$work/log" --socket-dir="$work/sockets" </dev/null &
server=$!
trap 'kill "$server" && wait "$server"; rm -rf "$work"' EXIT
set --
while IFS= read -r tag; do
	tries=300
	until [ -S "$work/sockets/$tag.sock" ]; do
		tries=$((tries - 1))
		if [ $tries -eq 0 ] || ! kill -0 "$server" 2>/dev/null; then
			cat "$work/log" >&2 || true
			die "the server did not start"
		fi
		sleep 0.1
	done
	set -- "$@" -s "$work/sockets/$tag.sock"
done <"$work/tags"
"$top/tools/guest/boot-uml.sh" -i "$work/initrd" -m "$mem" -t "$seconds" "$@"
