#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The plugin exports its entry and nothing else, and calls nothing that would
# change or end its host's process (rule T5 of pciplug.h).

plugin=${1:-${top_builddir:?}/.libs/virtiofs.so}
status=0

exported=$(nm -D --defined-only "$plugin" | awk '$NF !~ /^__/ { print $NF }')
if [ "$exported" != pciplug_entry_v1 ]
then
	echo "$plugin exports" $exported
	status=1
fi

forbidden='_?exit|quick_exit|abort|__assert_fail|v?fork|posix_spawnp?'
forbidden="$forbidden|system|popen|exec[lv]p?e?|raise|kill|signal|sigaction"
forbidden="$forbidden|setr?e?s?[ug]id|setgroups|setrlimit(64)?|chroot"
called=$(nm -D --undefined-only "$plugin" |
	awk -v bad="^($forbidden)(@.*)?\$" '$NF ~ bad { print $NF }')
if [ -n "$called" ]
then
	echo "$plugin calls" $called
	status=1
fi
exit $status
