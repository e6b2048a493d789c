# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# fio: what is written by each way of doing I/O is what is read back, and what
# the host has.  Each block bears a checksum of its own.
needs fio

mib=$(size 24 1024)
fio_job() { # name fio-option...
	job=$1
	shift
	fio --name="$job" --directory=. --size="${mib}M" --verify=crc32c \
		--verify_fatal=1 --verify_dump=0 --do_verify=1 --end_fsync=1 \
		--group_reporting --eta=never --output="$scratch/fio.out" "$@" || {
		tail -n 20 "$scratch/fio.out"
		fail "fio: $job"
	}
}

fio_job write --ioengine=psync --rw=write --bs=128k
fio_job randwrite --ioengine=psync --rw=randwrite --bs=4k
fio_job randrw --ioengine=pvsync2 --rw=randrw --bssplit=512/20:4k/40:60k/40
fio_job mmap --ioengine=mmap --rw=randwrite --bs=4k
fio_job direct --ioengine=libaio --direct=1 --rw=randwrite --bs=16k --iodepth=16
fio_job uring --ioengine=io_uring --rw=randrw --bs=64k --iodepth=8
fio_job splice --ioengine=splice --rw=write --bs=64k
fio_job fsync --ioengine=psync --rw=randwrite --bs=8k --fallocate=keep \
	--overwrite=1 --fsync=64
fio_job shared --ioengine=psync --rw=randwrite --bs=4k --numjobs=4 \
	--filename=shared --size=$((mib / 4))M \
	--offset_increment=$((mib / 4))M
# The host reads the same.
on_host 'cksum *' >"$scratch/host"
cksum ./* | sed 's| \./| |' >"$scratch/mount"
cmp "$scratch/host" "$scratch/mount"
