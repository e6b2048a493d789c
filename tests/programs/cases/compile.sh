# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# This project is configured and built on the share, from a copy of its source
# there, and what was built passes its tests there; in the short run a few
# libraries and tests.  A second make finds that nothing is to be done, which
# rests on the times of files.
#
# seconds: 300
needs make gcc autoreconf

mkdir source build
tar -C "$top" --exclude=./build --exclude=./.git --exclude='*.o' -cf - . |
	tar -xf - -C source
[ -x source/configure ] || (cd source && autoreconf -fi >/dev/null 2>&1)
cd build
# No compiler cache, which would keep the files elsewhere.
../source/configure -q CC=gcc CXX=g++ >/dev/null
jobs=$(nproc)
if [ "$long" ]; then
	make -s -j"$jobs"
	make -s -j"$jobs" check >"$scratch/check" 2>&1 || {
		grep -E '^(FAIL|ERROR|#)' "$scratch/check"
		fail 'the tests of what was built here fail'
	}
	set -- virtiofs.la virtiofs-mount
	./virtiofs-mount --version
else
	set -- liblxutil.la libfuse.la libpci.la
	make -s -j"$jobs" "$@" test_iov test_pci_bar test_fuse_proto
	for test in test_iov test_pci_bar test_fuse_proto; do
		./$test 2>"$scratch/$test" || {
			cat "$scratch/$test"
			fail "$test, built here, fails"
		}
	done
fi
for target; do
	make -q "$target" || fail "$target is built already, and yet not"
done
# The host sees the same times.
on_host 'cd build && make -q liblxutil.la' || fail 'on the host it is not built'
make -s distclean >/dev/null
