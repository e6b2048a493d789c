#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The checks of this folder can fail: each is run over a small tree in which a
# mistake was planted, and must name it.

here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d) || exit 1
trap 'rm -rf "$tree"' EXIT
status=0

# refuses CHECK TEXT [ARGUMENT]: the check fails and its output has TEXT.
refuses()
{
	check=$1
	shift
	if out=$(sh "$here/$check.sh" "${2:-$tree}" 2>&1)
	then
		echo "$check does not see: $1"
		status=1
	elif ! printf '%s\n' "$out" | grep -qF -- "$1"
	then
		echo "$check does not say: $1; but: $out"
		status=1
	fi
}

# accepts CHECK [ARGUMENT]
accepts()
{
	if ! out=$(sh "$here/$1.sh" "${2:-$tree}" 2>&1)
	then
		echo "$1 refuses what is right: $out"
		status=1
	fi
}

# plant FILE LINE...: a file with the licence line and these lines.
plant()
{
	mkdir -p "$tree/$(dirname "$1")"
	planted=$tree/$1
	shift
	{
		echo '/* SPDX-License-Identifier: MIT */'
		printf '%s\n' "$@"
	} >"$planted"
}

# Includes: FILE INCLUDED MESSAGE
while read -r file included message
do
	plant "$file" "#include \"$included\""
	refuses check-layers "$file:2: $message $included"
	rm "$tree/$file"
done <<-EOT
	common/x.c fuse/fuse_ops.h common must not include
	pci/x.c virtio/virtio_core.h pci must not include
	virtio/x.c pci/pci_msix.h virtio must not include
	virtio/x.c virtio/pci/virtio_pci.h virtio must not include
	virtio/fs/x.c pci/pci_msix.h virtio/fs must not include
	virtio/pci/x.h lxutil/lx.h virtio/pci must not include
	lxutil/linux/x.c fuse/fuse_proto.h lxutil must not include
	fuse/x.c lxutil/lx_volume.h fuse must not include
	fuse/x.c plugin/plugin.h fuse must not include
	tools/x.c virtio/virtio_core.h tools must not include
	common/x.c gmem.h not written from the top folder:
	common/x.c ../common/gmem.h not written from the top folder:
	tests/device/x.c fake_host.h not written from the top folder:
	plugin/x.c plugin.h not written from the top folder:
EOT
plant fuse/x.c '#include "fuse/fuse_ops.h"' '#include "common/iov.h"' \
	'#include "lxutil/lx.h"' '#include "config.h"' '#include <stdio.h>'
plant lxutil/linux/x.c '#include "lxutil/linux/y.h"' '#include "lxutil/lx.h"'
plant plugin/x.c '#include "virtio/fs/vfs_server.h"'
accepts check-layers

# Sizes
lines=$(yes '	x;' | head -n 79)
plant common/long.c 'int long_one(int a,' '	     int b)' '{' "$lines" '}'
refuses check-size 'common/long.c:long_one has 81 lines'
lines=$(yes '	x;' | head -n 78)
plant common/long.c 'static int long_one(void)' '{' "$lines" '}'
accepts check-size
lines=$(yes '/* */' | head -n 600)
plant common/long.c "$lines"
refuses check-size 'common/long.c has 601 lines'
rm "$tree/common/long.c"

# Style
undone=TO
while read -r message line
do
	plant common/style.c "$(printf "$line")"
	refuses check-style "common/style.c:2: $(echo "$message" | tr _ ' ')"
done <<-EOT
	blanks_at_the_end int x; \040
	indentation_by_blanks \040       int x;
	longer_than_80_columns \t/* $(yes a | head -n 36 | tr '\n' ' ')*/
	something_undone /* ${undone}DO: later */
	dead_code #if 0
	ends_the_process \tabort();
	ends_the_process \tassert(x);
EOT
plant common/style.c '	f("XXXXXX, a literal that may be as long as it needs to be, for people search for it");' \
	'	assert_true(lx_exit(x));'
accepts check-style
echo 'int x;' >"$tree/common/style.c"
refuses check-style 'common/style.c:1: no SPDX-License-Identifier'
rm "$tree/common/style.c"

# Headers
plant common/lonely.h 'static inline uint8_t lonely(void) { return 0; }'
plant include/pciplug.h '#ifndef X' '#define X' 'struct x { char c; int i; };' \
	'#endif'
refuses check-headers 'common/lonely.h: does not compile alone'
refuses check-headers 'include/pciplug.h: does not compile alone'
plant common/lonely.h 'struct lonely { int x; };'
refuses check-headers 'common/lonely.h: does not compile alone'

# What pages say
plant common/limits.h '#define X_MAX 2048' '#define Y_MAX 1'
plant tests/test_x.c 'static void holds(void **state)'
mkdir -p "$tree/docs"
printf '%s\n' '`test_x:fails`' '| `X_MAX` | 3 KiB | bytes |' \
	>"$tree/docs/security.md"
printf '%s\n' '`test_y:holds` `x.c:gone`' >"$tree/docs/other.md"
refuses check-security 'security.md: there is no test test_x:fails'
refuses check-security 'other.md: there is no test test_y:holds'
refuses check-security 'other.md: there is no function x.c:gone'
refuses check-security 'its limits are not those of common/limits.h'
refuses check-security 'the limit Y_MAX is missing'
printf '%s\n' '| `X_MAX` | 2 KiB | bytes | `test_x:holds` |' \
	'| `Y_MAX` | 1 | bytes |' >"$tree/docs/security.md"
refuses check-security 'the limit Y_MAX has no test'
printf '%s\n' '| `X_MAX` | 2 KiB | bytes | `test_x:holds` |' \
	'| `Y_MAX` | 1 | bytes | `test_x:holds` |' >"$tree/docs/security.md"
printf '%s\n' '`test_x:holds` `x.c:virtio_x`' >"$tree/docs/other.md"
plant virtio/x.c 'void virtio_x(void)'
accepts check-security

# Symbols
mkdir "$tree/.libs"
for layer in common lxutil fuse pci virtio virtio_pci virtio_fs
do
	ar cr "$tree/.libs/lib$layer.a" 2>/dev/null
done
plant pci/names.c 'int pci_good, pci_device_taken; static int hidden;' \
	'int *pci_pointer(void) { return &hidden; }'
${CC:-cc} -c -o "$tree/names.o" "$tree/pci/names.c"
ar cr "$tree/.libs/libpci.a" "$tree/names.o"
refuses check-prefix 'libpci: pci_device_taken'
plant fuse/names.c 'int lx_wrong;'
${CC:-cc} -c -o "$tree/names.o" "$tree/fuse/names.c"
ar cr "$tree/.libs/libfuse.a" "$tree/names.o"
refuses check-prefix 'libfuse: lx_wrong'
plant plugin/names.c 'int pciplug_entry_v1(void) { return 0; }' 'int other;'
${CC:-cc} -shared -fPIC -o "$tree/names.so" "$tree/plugin/names.c"
refuses check-symbols 'exports other pciplug_entry_v1' "$tree/names.so"
plant plugin/names.c 'int fork(void);' \
	'int pciplug_entry_v1(void) { return fork(); }'
${CC:-cc} -shared -fPIC -o "$tree/names.so" "$tree/plugin/names.c"
refuses check-symbols 'calls fork' "$tree/names.so"

# Hardening: COMPLAINT and the flags that make what is complained of
plant tools/main.c '#include <stdio.h>' 'int main(int argc, char **argv)' \
	'{' '	char text[64];' '	sprintf(text, "%s", argv[argc - 1]);' \
	'	puts(text);' '	return 0;' '}'
hard='-O2 -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2'
hard="$hard -fPIE -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack"
hard="$hard -Wl,-z,separate-code"
HARDEN=$hard
export HARDEN
while read -r complaint flags
do
	# shellcheck disable=SC2086 # a list of words
	${CC:-cc} $hard $flags -o "$tree/main" "$tree/tools/main.c"
	refuses check-hardening "$(echo "$complaint" | tr _ ' ')" "$tree/main"
done <<-EOT
	relocations_stay_writable -Wl,-z,norelro
	symbols_are_bound_lazily -Wl,-z,lazy
	has_an_executable_stack -Wl,-z,execstack
	is_not_position-independent -no-pie
	its_stack_is_unprotected -fno-stack-protector
	it_calls_nothing_fortified -U_FORTIFY_SOURCE
	its_code_shares_pages_with_data -Wl,-z,noseparate-code
EOT
# shellcheck disable=SC2086
${CC:-cc} $hard -o "$tree/main" "$tree/tools/main.c"
accepts check-hardening "$tree/main"
HARDEN="$hard -fcf-protection"
# shellcheck disable=SC2086
${CC:-cc} $hard -fcf-protection=none -o "$tree/main" "$tree/tools/main.c"
refuses check-hardening 'main is no target' "$tree/main"
plant plugin/frame.c 'void fill(char *text);' 'int pciplug_entry_v1(void)' \
	'{' '	char text[9000];' '	fill(text);' '	return text[0];' '}'
probed='-O2 -fPIC -fcf-protection -fstack-clash-protection'
HARDEN=$probed
# shellcheck disable=SC2086
${CC:-cc} $probed -shared -o "$tree/frame.so" "$tree/plugin/frame.c"
accepts check-hardening "$tree/frame.so"
# shellcheck disable=SC2086
${CC:-cc} $probed -fno-stack-clash-protection -shared -o "$tree/frame.so" \
	"$tree/plugin/frame.c"
refuses check-hardening 'its large frames are not probed' "$tree/frame.so"

exit $status
