#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Each call of the layers to the C library is one that wrap.ld stands in for,
# so that the tests make it fail, or one of these, which cannot fail or change
# nothing of the host's.

harmless='bcmp|mem(chr|cmp|cpy|move|set)|v?snprintf|sscanf|__isoc(99|23)_sscanf'
harmless="$harmless|str(chr|cmp|cpy|cspn|error|len|ncasecmp|ncat|ncmp|nlen|rchr|spn)"
harmless="$harmless|strto(ul|ull)|__isoc23_strto(ul|ull)"
harmless="$harmless|free|umask|nanosleep|getrlimit|getrusage|geteuid"
harmless="$harmless|secure_getenv|qsort|io_uring_queue_exit|__io_uring_get_cqe"
harmless="$harmless|sig(fillset|delset|emptyset|action)|raise|shutdown"
# Who cannot ask whether another process blocks a writer takes it that none does.
harmless="$harmless|sched_yield|poll"
harmless="$harmless|pthread_(self|join|sigmask|setname_np)"
harmless="$harmless|pthread_(mutex|cond|condattr|rwlock)_[a-z]*"
# What the compiler and the C library's headers add, and glib's.
harmless="$harmless|__open(at)?_(missing_mode|too_many_args)"
harmless="$harmless|_GLOBAL_OFFSET_TABLE_|__(errno|ctype|tls|stack_chk)_.*"
harmless="$harmless|__(asan|ubsan|tsan|lsan|sanitizer|gcov|sancov)_.*"
harmless="$harmless|__start___sancov.*|__stop___sancov.*|(g|json)_.*"

libs=
for layer in ${layers:-common lxutil fuse virtio virtio_fs}
do
	libs="$libs ${top_builddir:?}/.libs/lib$layer.a"
done
list=${top_srcdir:?}/tests/faults/wrap.ld

forgotten=$(nm $libs | awk -v ok="^($harmless)\$" '
	FILENAME == "'"$list"'" { sub(/^--wrap=/, ""); double[$1]; next }
	NF == 3 { defined[$3] }
	NF == 2 && $1 == "U" {
		name = $2
		if (name ~ /^__.*_chk$/)
			gsub(/^__|_chk$/, "", name)
		called[name]
	}
	END {
		for (name in called)
			if (!(name in defined) && !(name in double) &&
			    name !~ ok)
				print name
	}' "$list" -)
if [ -n "$forgotten" ]
then
	echo "no double in tests/faults (faults.c, wrap.ld) for:" $forgotten
	exit 1
fi
