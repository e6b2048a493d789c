#!/bin/sh
# SPDX-License-Identifier: MIT
#
# accel.sh - print the QEMU accelerator to use here: kvm, or tcg (emulation).
#
# /dev/kvm may exist and yet be unusable, or many times slower than emulation
# (in a virtual machine without real nested virtualization).  So a kernel is
# booted with it, without a root file system: it must get as far as to panic
# within 5 seconds, which takes 1 where KVM is real.  The answer is kept in
# the rig's folder until the host's kernel changes.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/common.sh
. "$top/tools/common.sh"

host=$(uname -rv)
if [ "$(sed 1d "$rig/accel" 2>/dev/null)" != "$host" ]; then
	accel=tcg
	if [ -w /dev/kvm ] && timeout -k 1 5 "$rig/bin/qemu-system-x86_64" \
		-nodefaults -no-user-config -no-reboot -display none \
		-serial stdio -accel kvm -cpu host -machine q35 -m 256M \
		-kernel "$rig/kernels/6.1/vmlinux" \
		-append 'console=ttyS0 panic=-1' </dev/null 2>&1 |
		grep -q 'Kernel panic'; then
		accel=kvm
	fi
	printf '%s\n' "$accel" "$host" >"$rig/accel"
fi
head -n 1 "$rig/accel"
