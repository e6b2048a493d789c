# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# dbench: the file system's part of a file server with several clients.  Every
# call's result is known, and a call with another ends it.
needs dbench

load=/usr/share/dbench/client.txt
[ -f "$load" ] || skip "no $load"
dbench -D . -c "$load" -t "$(size 6 120)" "$(size 4 16)" >"$scratch/log" 2>&1 ||
	{ tail -n 20 "$scratch/log"; fail 'dbench failed'; }
grep Throughput "$scratch/log"
# Without semaphores the clients start one by one.
! grep -v semaphore "$scratch/log" | grep -iE 'failed|error|unexpected' || fail 'a call went wrong'
