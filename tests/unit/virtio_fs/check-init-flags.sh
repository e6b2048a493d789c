#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every flag of INIT is decided in vfs_init.c and has its reason in fuse.md.

top=${top_srcdir:-.}
status=0
count=0
for flag in $(sed -n 's/^#define \(FUSE_[A-Z0-9_]*\) (1ull << .*/\1/p' \
	"$top/fuse/fuse_numbers.h" | sed '/SETUPMAPPING/d;/UNIQUE_RESEND/d')
do
	count=$((count + 1))
	grep -q "{ $flag," "$top/virtio/fs/vfs_init.c" ||
		{ echo "vfs_init.c does not decide on $flag"; status=1; }
	grep -q "^| $flag |" "$top/docs/fuse.md" ||
		{ echo "docs/fuse.md does not explain $flag"; status=1; }
done
[ "$count" -ge 43 ] || { echo "only $count flags found"; status=1; }
exit $status
