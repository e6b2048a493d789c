#!/bin/sh
# SPDX-License-Identifier: MIT
#
# libvirt.sh - a real libvirtd starts a domain whose file system is served by
# vhost-user-virtiofs, as its XML says.
#
# usage: libvirt.sh, from run.sh, which sets:
#   work    folder for files
#   server  vhost-user-virtiofs
#
# The daemon runs in a mount namespace in which its folders are empty, so that
# it sees nothing of this system, and leaves no more than those empty folders
# where there were none.  Wants root.
# exit status: 0; 77 and a reason when it cannot be run here; 1
set -eu
top=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
# shellcheck source=tools/common.sh
. "$top/tools/common.sh"
: "${work:?}" "${server:?}"

skip() {
	echo "skipped: $*"
	exit 77
}

if [ "${1:-}" != inside ]; then
	command -v libvirtd >/dev/null || skip 'there is no libvirtd'
	command -v virsh >/dev/null || skip 'there is no virsh'
	unshare --mount true 2>/dev/null || skip 'no mount namespaces here'
	exec unshare --mount --propagation private "$0" inside
fi

work=$work/libvirt
rm -rf "$work"
mkdir -p "$work/share"
echo 'from the host' >"$work/share/host"

for folder in /etc/libvirt /var/lib/libvirt /var/cache/libvirt \
	/var/log/libvirt /run/libvirt; do
	mkdir -p "$folder"
	mount -t tmpfs tmpfs "$folder"
done
# The user that Debian's libvirtd wants to exist, though it runs QEMU as root.
for file in passwd group; do
	cp "/etc/$file" "$work/$file"
	mount --bind "$work/$file" "/etc/$file"
done
grep -q ^libvirt-qemu: "$work/passwd" || {
	echo 'libvirt-qemu:x:64055:64055::/:/bin/false' >>"$work/passwd"
	echo 'libvirt-qemu:x:64055:' >>"$work/group"
}
cat >/etc/libvirt/qemu.conf <<'CONF'
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = [ ]
namespaces = [ ]
remember_owner = 0
stdio_handler = "file"
CONF
cat >/etc/libvirt/libvirtd.conf <<CONF
log_outputs = "3:file:$work/libvirtd.log"
unix_sock_dir = "/run/libvirt"
auth_unix_ro = "none"
auth_unix_rw = "none"
CONF

cat >"$work/init.sh" <<'GUEST'
mount -t virtiofs myfs /mnt && cat /mnt/host && uname -r >/mnt/guest
GUEST
"$top/tools/guest/mkinitrd.sh" -o "$work/initrd" -k 6.1 \
	-m 'virtio_pci virtiofs' "$work/init.sh"
# libvirt 9's QEMU; it asks a newer one for modules that are not there.
cat >"$work/domain.xml" <<XML
<domain type='qemu'>
  <name>virtiofs-plugin-test</name>
  <memory unit='MiB'>512</memory>
  <vcpu>2</vcpu>
  <memoryBacking>
    <source type='memfd'/>
    <access mode='shared'/>
  </memoryBacking>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>$rig/kernels/6.1/vmlinux</kernel>
    <initrd>$work/initrd</initrd>
    <cmdline>console=ttyS0 quiet panic=-1 mitigations=off no_timer_check</cmdline>
  </os>
  <features><acpi/></features>
  <on_reboot>destroy</on_reboot>
  <devices>
    <emulator>$rig/bin/qemu-7.2</emulator>
    <filesystem type='mount' accessmode='passthrough'>
      <driver type='virtiofs' queue='1024'/>
      <binary path='$server' xattr='on'>
        <cache mode='always'/>
        <sandbox mode='chroot'/>
        <lock posix='off' flock='off'/>
      </binary>
      <source dir='$work/share'/>
      <target dir='myfs'/>
    </filesystem>
    <serial type='file'><source path='$work/console'/></serial>
    <memballoon model='none'/>
  </devices>
</domain>
XML

libvirtd -f /etc/libvirt/libvirtd.conf -p /run/libvirt/test.pid \
	>"$work/libvirtd.out" 2>&1 </dev/null &
daemon=$!
# A domain would live on without its daemon.
trap 'virsh -q destroy virtiofs-plugin-test >/dev/null 2>&1 || true
	kill $daemon 2>/dev/null || true' EXIT
export LIBVIRT_DEFAULT_URI='qemu+unix:///system?socket=/run/libvirt/libvirt-sock'

await() { # seconds command...
	tries=$(($1 * 5))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return
		sleep 0.2
	done
}

connects() {
	virsh -q list >/dev/null 2>&1
}

fail() {
	echo "$*"
	tail -n 20 "$work/libvirtd.log" /var/log/libvirt/qemu/*.log \
		"$work/console" 2>&1
	exit 1
}

await 15 connects || {
	cat "$work/libvirtd.out"
	skip 'libvirtd does not start here'
}
virsh -q create "$work/domain.xml" || fail 'the domain does not start'
# The command lines of the servers.
served() {
	{ grep -ls "^$server" /proc/[0-9]*/cmdline || true; } |
		while read -r line; do
			tr '\0' ' ' <"$line" || true
			echo
		done | grep -e "$work/share"
}
served >"$work/cmdline" || fail 'the server does not run'
grep -q -e '--fd=' "$work/cmdline" ||
	fail "the server is not as libvirt starts it: $(cat "$work/cmdline")"
ended() {
	[ -z "$(virsh -q list --name)" ]
}
await 60 ended || fail 'the domain does not end'
tr -d '\r' <"$work/console" | grep -qx 'from the host' ||
	fail 'the guest has not seen the file'
grep -q '^6\.1' "$work/share/guest" || fail 'the guest has not made its file'
gone() {
	! served >/dev/null
}
await 10 gone || fail "the server is left: $(served)"
