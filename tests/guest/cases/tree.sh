# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# A tree of 2,000 files, 64 MiB, copied in both directions.

prepare() {
	mkdir in out
	(
		cd in
		# The last file is a little shorter than the others.
		head -c 67108864 /dev/urandom | split -b 33555 -a 4 -d - f
		for tens in f00 f01 f02 f03 f04 f05 f06 f07 f08 f09 f10 f11 \
			f12 f13 f14 f15 f16 f17 f18 f19; do
			mkdir "d$tens"
			mv "$tens"?? "d$tens"
		done
		same files "$(find . -type f | wc -l)" 2000
		find . -type f -exec md5sum {} + >../sums
	)
}

guest() {
	cp -a in /tmp/tree
	(cd /tmp/tree && md5sum -c -s /mnt/myfs/tree/sums)
	cp -a /tmp/tree out/
	rm -r /tmp/tree
	same files "$(find out -type f | wc -l)" 2000
}

verify() {
	(cd out/tree && md5sum -c --quiet ../../sums)
	diff -r in out/tree
}
