# SPDX-License-Identifier: MIT
#
# All conformance cases twice, side by side: with the default options in the
# build folder's file system (but see lanes.sh), and in a tmpfs (where there is
# one) with ACLs and nothing that a guest keeps.  Needs root and /dev/fuse.
. "$(dirname "$0")/lanes.sh"

run default "$disk" '' &
run acl "$tmpfs" posix-acl,cache=never,allow-mmap
finish default acl
