# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# nfs: the share is exported by the kernel's NFS server and mounted again by its
# client, over the loopback of a network of its own.  NFS names files by the
# handles that the share gives (name_to_handle_at), so they must lead back to
# the right ones, whatever is renamed meanwhile.
#
# modules: nfsd nfsv4
# seconds: 240

for name in nfsd nfs4; do
	grep -qw $name /proc/filesystems || modprobe $name 2>/dev/null || :
	grep -qw $name /proc/filesystems || skip "the kernel has no $name"
done
needs rpc.nfsd rpc.mountd exportfs
# What these programs write goes to places of their own.
mount -t tmpfs nfs /var/lib/nfs
mkdir -p /var/lib/nfs/rpc_pipefs /var/lib/nfs/v4recovery /run/rpcbind
touch /var/lib/nfs/etab /var/lib/nfs/rmtab
mount -t nfsd nfsd /proc/fs/nfsd
ip link set lo up

stop_nfs() {
	umount -l "$scratch/nfs" 2>/dev/null || :
	rpc.nfsd 0 || :
	exportfs -ua || :
	[ -z "${mountd:-}" ] || kill "$mountd"
}
trap stop_nfs EXIT
mkdir -p "$scratch/nfs" files
echo content >files/file
exportfs -o rw,no_root_squash,no_subtree_check,fsid=0 "127.0.0.1:$mnt"
rpc.mountd -N 2 -N 3 -F >"$scratch/mountd" 2>&1 &
mountd=$!
rpc.nfsd -N 3 -V 4.2 --lease-time 10 --grace-time 10 2 ||
	fail 'the NFS server does not start'
tries=20
until mount -t nfs4 -o vers=4.2,soft,timeo=100 "127.0.0.1:/" "$scratch/nfs" \
	2>"$scratch/said"
do
	tries=$((tries - 1))
	[ $tries -gt 0 ] || fail "mount: $(cat "$scratch/said" "$scratch/mountd")"
	sleep 1
done

cd "$scratch/nfs"
same 'what is read' "$(cat files/file)" content
cp -r "$top/fuse" copy
diff -r "$top/fuse" copy
diff -r "$top/fuse" "$mnt/copy"
same 'what the host has' "$(on_host "cat copy/*.c | cksum")" \
	"$(cat "$top"/fuse/*.c | cksum)"
# A file that is open goes on being it, under another name.
exec 5<>files/file
mv files/file files/moved
on_host 'mv files other && mv other/moved other/elsewhere'
cat <&5 >/dev/null
echo more >&5
exec 5>&-
same 'a file that moved while it was open' "$(on_host 'cat other/elsewhere')" \
	"$(printf 'content\nmore')"
ln copy/fuse_proto.h linked
same 'links' "$(stat -c %h copy/fuse_proto.h)" 2
rm -r copy
same 'what is left' "$(ls)" "$(printf 'linked\nother')"
cmp linked "$top/fuse/fuse_proto.h"
# After everything is forgotten, handles that the client kept lead back still.
echo before >kept
exec 6<kept
echo 3 >/proc/sys/vm/drop_caches
same 'a file by a handle that was kept' "$(cat <&6)" before
exec 6<&-
cd /
