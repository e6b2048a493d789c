#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Each fuzz target runs the files of its corpus once.

corpus=${top_srcdir:?}/tests/fuzz/corpus
status=0
for folder in "$corpus"/*
do
	name=$(basename "$folder")
	if timeout 120 "${top_builddir:?}/fuzz_$name" "$folder"/* \
		>"replay-$$.log" 2>&1
	then
		echo "$name: $(find "$folder" -type f | wc -l) inputs"
	else
		cat "replay-$$.log"
		echo "fuzz_$name fails on an input of its corpus"
		status=1
	fi
	rm -f "replay-$$.log"
done
exit $status
