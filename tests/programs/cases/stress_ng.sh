# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# stress-ng's class of stressors for file systems, all at once; in the long run
# one after the other, each on every CPU.  Left out are those that do not touch
# the file system they are run on; and in a guest lockf, which kills a process
# that waits for a lock and keeps the lock until it is dead: Linux' virtio-fs
# driver lets nobody die who waits.
needs stress-ng
left_out=binderfs,bind-mount,procfs
! in_guest || left_out=$left_out,lockf

if [ "$long" ]; then
	set -- --sequential 0 --timeout 5
else
	set -- --all 1 --timeout 10
fi
stress-ng --class filesystem --exclude $left_out "$@" \
	--verify --temp-path . --log-file "$scratch/log" >/dev/null 2>&1 || {
	grep -E 'fail|error' "$scratch/log"
	fail 'stress-ng is not content'
}
# When its time is up in the middle of it, its chattr leaves a file that nobody
# may change.
chattr -R -i . 2>/dev/null || :
rm -rf tmp-stress-ng-chattr-*
same 'what it left behind' "$(ls -A)" ''
