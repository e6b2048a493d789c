# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Two mounts of one share, as two guests have, that keep nothing: what one does
# the other sees at once, and so does the host.  pingpong.c says what is done.
#
# mounts: cache=never cache=never

rounds=$(size 1500 100000)
# The seed differs from run to run; a failure names the one to try again.
seed=$(date +%s)
for other in "$mnt2" "$share"; do
	mkdir pingpong
	"$tools/programs/pingpong" "$mnt/pingpong" "$other/pingpong" "$rounds" \
		"$seed" || fail "the seed was $seed"
	rm -r pingpong
done
