#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What is installed was hardened by the flags that configure found, which are
# in $HARDEN: each has left its trace in every one of the files.
#
# usage: check-hardening.sh [FILE]...

[ -n "${HARDEN# }" ] || { echo 'SKIP: built without hardening'; exit 77; }
[ $# -gt 0 ] || {
	cd "${top_builddir:?}" || exit 1
	# shellcheck disable=SC2086 # a list of words
	set -- .libs/virtiofs.so ${PROGRAMS:?}
}
export LC_ALL=C
status=0

# flag FLAG: is it among those of this build?
flag()
{
	case " $HARDEN " in
	*" $1"*) ;;
	*) return 1 ;;
	esac
}

# shows TEXT PATTERN COMPLAINT
shows()
{
	printf '%s\n' "$1" | grep -Eq -- "$2" || {
		echo "$file: $3"
		status=1
	}
}

for file
do
	segments=$(readelf -Wl "$file") || exit 1
	dynamic=$(readelf -Wd "$file")
	calls=$(nm -D --undefined-only "$file")
	case $file in
	*.so) entry=pciplug_entry_v1 ;;
	*) entry=main ;;
	esac

	! flag -Wl,-z,relro ||
		shows "$segments" GNU_RELRO 'relocations stay writable'
	! flag -Wl,-z,now ||
		shows "$dynamic" BIND_NOW 'symbols are bound lazily'
	! flag -Wl,-z,noexecstack ||
		shows "$segments" 'GNU_STACK .* RW +0x' 'has an executable stack'
	! flag -pie || [ "$entry" != main ] ||
		shows "$dynamic" 'FLAGS_1.* PIE' 'is not position-independent'
	! flag -fstack-protector ||
		shows "$calls" ' __stack_chk_fail(@|$)' 'its stack is unprotected'
	! flag -D_FORTIFY_SOURCE ||
		shows "$calls" ' __[a-z]+_chk(@|$)' 'it calls nothing fortified'
	! flag -Wl,-z,separate-code ||
		shows "$(printf '%s\n' "$segments" | grep -m1 LOAD)" \
			' R  +0x' 'its code shares pages with data'
	! flag -fcf-protection ||
		shows "$(objdump -d --disassemble="$entry" "$file")" \
			endbr "$entry is no target of indirect branches"
	# Frames larger than a page, of which the plugin has some; on x86.
	[ "$entry" = main ] || ! flag -fcf-protection ||
		! flag -fstack-clash-protection ||
		shows "$(objdump -d "$file")" \
			'(or|mov)[lq] +\$0x0,(0x[0-9a-f]+)?\(%rsp\)' \
			'its large frames are not probed'
	if printf '%s\n' "$segments" | grep -q ' RWE '
	then
		echo "$file: has memory that is writable and executable"
		status=1
	fi
done
exit $status
