/* SPDX-License-Identifier: MIT */
/*
 * io.c - read(2), write(2) and their relatives: every size at odd offsets,
 * appending, vectors and their flags, O_DIRECT, copy_file_range(2).
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define BIG (3u << 20)

static const size_t sizes[] = {
	1, 2, 511, 512, 4095, 4096, 4097, 65535, 65536, 131072, 131073,
	(1 << 20) - 1, 1 << 20, (1 << 20) + 1, 2000003, BIG,
};
static const off_t offsets[] = { 0, 1, 511, 4095, 4096, 131071, 1000003 };

/* How many bytes from the start are what conf_pattern() puts there. */
static size_t right_bytes(const uint8_t *buf, size_t len, off_t offset)
{
	size_t i = 0;

	while (i < len && buf[i] == conf_pattern_byte((uint64_t)offset + i))
		i++;
	return i;
}

static void reads_every_size_at_odd_offsets(void)
{
	uint8_t *buf = malloc(BIG);
	int fd;

	conf_pattern("file", BIG);
	fd = (int)MUST(open("file", O_RDONLY));
	for (size_t s = 0; s < CONF_COUNT(sizes); s++)
	for (size_t o = 0; o < CONF_COUNT(offsets); o++) {
		long long n;

		conf_on("%zu at %lld", sizes[s], (long long)offsets[o]);
		n = DO(pread(fd, buf, sizes[s], offsets[o]));
		conf_say("right %zu", right_bytes(buf, (size_t)n, offsets[o]));
	}
	free(buf);
	close(fd);
}

static void write_pattern(int fd, uint8_t *buf, size_t size, off_t offset)
{
	for (size_t i = 0; i < size; i++)
		buf[i] = conf_pattern_byte((uint64_t)offset + i);
	DO(pwrite(fd, buf, size, offset));
}

static void writes_every_size_at_odd_offsets(void)
{
	uint8_t *buf = malloc(BIG);
	int fd = (int)MUST(open("file", O_RDWR | O_CREAT, 0644));

	for (size_t s = 0; s < CONF_COUNT(sizes); s++)
	for (size_t o = 0; o < CONF_COUNT(offsets); o += 1 + (s > 10)) {
		conf_on("%zu at %lld", sizes[s], (long long)offsets[o]);
		MUST(ftruncate(fd, 0));
		write_pattern(fd, buf, sizes[s], offsets[o]);
		conf_fstat("file", fd);
		conf_content("file");
	}
	free(buf);
	close(fd);
}

static void moves_the_offset(void)
{
	char *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	char buf[16];
	int fd, dup_fd;

	conf_file("file", 0644, "0123456789");
	fd = (int)MUST(open("file", O_RDWR));
	dup_fd = (int)MUST(dup(fd));
	DO(read(fd, buf, 4));
	DO(lseek(dup_fd, 0, SEEK_CUR));
	DO(write(dup_fd, "ab", 2));
	DO(read(fd, buf, 16));
	DO(read(fd, buf, 16));
	DO(lseek(fd, -3, SEEK_END));
	DO(read(fd, buf, 16));
	DO(lseek(fd, 20, SEEK_SET));
	DO(read(fd, buf, 16));
	DO(write(fd, "end", 3));
	DO(lseek(fd, -100, SEEK_CUR));
	DO(pread(fd, buf, 4, -1));
	DO(pwrite(fd, buf, 4, -1));
	DO(pread(fd, buf, 4, LLONG_MAX));
	DO(pwrite(fd, buf, 4, LLONG_MAX));
	DO(pwrite(fd, buf, 4, LLONG_MAX - 4));
	DO(read(fd, buf, 0));
	DO(write(fd, buf, 0));
	DO(read(fd, hole, 4));
	DO(write(fd, hole, 4));
	DO(read(fd, buf, 4));
	conf_fstat("file", fd);
	conf_content("file");
	close(fd);
	close(dup_fd);
	fd = FD(open(".", O_RDONLY));
	DO(read(fd, buf, 4));
	DO(pread(fd, buf, 4, 0));
	close(fd);
}

static void moves_times(void)
{
	char buf[4];
	int fd;

	conf_file("file", 0644, "content");
	fd = (int)MUST(open("file", O_RDWR));
	conf_mark("file");
	DO(write(fd, "x", 1));
	conf_moved("write", "file");
	conf_mark("file");
	DO(write(fd, "x", 0));
	conf_moved("write of nothing", "file");
	conf_mark("file");
	DO(pwrite(fd, "x", 1, 5000));
	conf_moved("write that makes it longer", "file");
	conf_mark("file");
	DO(pread(fd, buf, 4, 0));
	conf_moved("read", "file");
	conf_mark("file");
	DO(fsync(fd));
	conf_moved("fsync", "file");
	close(fd);
	conf_moved("close", "file");
}

/* ---- appending --------------------------------------------------------- */

static void append_records(int who)
{
	int fd = open("log", O_WRONLY | O_APPEND);
	char record[64];

	for (int i = 0; i < 200; i++) {
		snprintf(record, sizeof(record), "writer %d record %015d\n",
			 who, i);
		if (write(fd, record, 32) != 32)
			_exit(1);
	}
	_exit(0);
}

/* Each record is there once and whole, and each writer's are in order. */
static void two_writers_append(void)
{
	int next[2] = { 0, 0 }, wrong = 0, status, who, number;
	char line[64];
	FILE *log;

	conf_file("log", 0666, "");
	for (int i = 0; i < 2; i++)
		if (!MUST(fork()))
			append_records(i);
	while (wait(&status) > 0)
		conf_say("writer ended with %d", status);
	log = fopen("log", "r");
	while (log && fgets(line, sizeof(line), log)) {
		if (sscanf(line, "writer %d record %d\n", &who, &number) != 2 ||
		    who < 0 || who > 1 || number != next[who]++)
			wrong++;
	}
	conf_say("%d and %d records, %d wrong", next[0], next[1], wrong);
	conf_stat("log");
	if (log)
		fclose(log);
	conf_remove("log");
}

static void appends_whatever_the_offset(void)
{
	char buf[32] = "";
	int fd, other;

	conf_file("file", 0644, "start");
	fd = (int)MUST(open("file", O_RDWR | O_APPEND));
	other = (int)MUST(open("file", O_RDWR));
	DO(lseek(fd, 0, SEEK_CUR));
	DO(write(fd, "1", 1));
	DO(lseek(fd, 0, SEEK_CUR));
	DO(pwrite(fd, "2", 1, 0));
	DO(pwrite(other, "longer", 6, 10));
	DO(write(fd, "3", 1));
	DO(fcntl(fd, F_SETFL, 0));
	DO(pwrite(fd, "4", 1, 0));
	DO(fcntl(other, F_SETFL, O_APPEND));
	DO(pwrite(other, "5", 1, 0));
	DO(write(other, "6", 1));
	DO(lseek(other, 0, SEEK_CUR));
	DO(ftruncate(fd, 3));
	DO(write(other, "7", 1));
	DO(pread(fd, buf, 31, 0));
	conf_content("file");
	close(fd);
	close(other);
}

/* ---- vectors ----------------------------------------------------------- */

static void reads_and_writes_vectors(void)
{
	static const int flag_sets[] = {
		0, RWF_DSYNC, RWF_SYNC, RWF_APPEND, RWF_HIPRI, 0x4000,
	};
	char a[3] = "abc", b[1000], c[5000];
	struct iovec iov[] = {
		{ a, 3 }, { NULL, 0 }, { b, sizeof(b) }, { c, sizeof(c) },
	};
	struct iovec many[IOV_MAX + 1];
	int fd = (int)MUST(open("file", O_RDWR | O_CREAT, 0644));

	memset(b, 'b', sizeof(b));
	memset(c, 'c', sizeof(c));
	DO(writev(fd, iov, 4));
	DO(readv(fd, iov, 4));
	DO(pwritev(fd, iov, 4, 7));
	DO(preadv(fd, iov, 4, 1));
	DO(writev(fd, iov, 0));
	for (int i = 0; i <= IOV_MAX; i++)
		many[i] = (struct iovec){ b, (size_t)i % 7 };
	DO(pwritev(fd, many, IOV_MAX, 100000));
	DO(preadv(fd, many, IOV_MAX, 0));
	DO(pwritev(fd, many, IOV_MAX + 1, 0));
	for (size_t i = 0; i < CONF_COUNT(flag_sets); i++) {
		conf_on("flags %#x", flag_sets[i]);
		DO(pwritev2(fd, iov, 4, 3, flag_sets[i]));
		DO(preadv2(fd, iov, 4, 3, flag_sets[i]));
		DO(pwritev2(fd, iov, 4, -1, flag_sets[i]));
		DO(lseek(fd, 0, SEEK_CUR));
		conf_content("file");
	}
	close(fd);
}

static void syncs(void)
{
	int fd;

	conf_pattern("file", 100000);
	conf_dir("dir", 0755);
	fd = FD(open("file", O_RDONLY));
	DO(fsync(fd));
	DO(fdatasync(fd));
	DO(syncfs(fd));
	DO(sync_file_range(fd, 0, 4096, SYNC_FILE_RANGE_WRITE));
	DO(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	DO(readahead(fd, 0, 65536));
	close(fd);
	fd = FD(open("dir", O_RDONLY));
	DO(fsync(fd));
	DO(fdatasync(fd));
	DO(syncfs(fd));
	close(fd);
	fd = FD(open("file", O_PATH));
	DO(fsync(fd));
	DO(syncfs(fd));
	close(fd);
	fd = FD(open("file", O_WRONLY | O_SYNC));
	DO(write(fd, "x", 1));
	DO(unlink("file"));
	DO(fsync(fd));
	close(fd);
}

/* ---- O_DIRECT ---------------------------------------------------------- */

/* Aligned to blocks only: what is not, each file system treats its own way. */
static void passes_the_page_cache_by(void)
{
	static const size_t lengths[] = { 4096, 65536, 1 << 20, 3 << 20 };
	int fd = open("file", O_RDWR | O_CREAT | O_DIRECT, 0644), plain;
	void *buf = NULL;

	if (fd < 0)
		return;         /* the host has none */
	MUST(posix_memalign(&buf, 4096, BIG) ? -1 : 0);
	for (size_t i = 0; i < CONF_COUNT(lengths); i++) {
		conf_on("%zu", lengths[i]);
		write_pattern(fd, buf, lengths[i], 8192);
		conf_fstat("file", fd);
		memset(buf, 0, lengths[i]);
		DO(pread(fd, buf, lengths[i], 8192));
		conf_say("right %zu", right_bytes(buf, lengths[i], 8192));
		conf_content("file");
	}
	conf_on("%s", "");
	plain = (int)MUST(open("file", O_RDWR));
	DO(pwrite(plain, "buffered", 8, 4096));
	DO(pread(fd, buf, 4096, 4096));
	conf_say("direct sees %.8s", (char *)buf);
	memcpy(buf, "direct!!", 8);
	DO(pwrite(fd, buf, 4096, 4096));
	DO(pread(plain, buf, 8, 4096));
	conf_say("buffered sees %.8s", (char *)buf);
	DO(pread(fd, buf, 4096, 16 << 20));
	close(fd);
	close(plain);
	free(buf);
}

/* ---- copying ----------------------------------------------------------- */

static void copies_ranges(void)
{
	static const struct {
		off_t from, to;
		size_t len;
	} ranges[] = {
		{ 0, 0, 100000 }, { 0, 50000, 100000 }, { 3, 5, 70000 },
		{ 99999, 0, 10 }, { 100000, 0, 10 }, { 200000, 0, 10 },
		{ 0, 0, 0 }, { -1, 0, 10 }, { 0, -1, 10 }, { 4096, 8192, 4096 },
		{ 0, 0, (size_t)1 << 40 },
	};
	int from, to, other;

	conf_pattern("from", 100000);
	from = (int)MUST(open("from", O_RDWR));
	for (size_t i = 0; i < CONF_COUNT(ranges); i++) {
		loff_t in = ranges[i].from, out = ranges[i].to;

		conf_on("%lld to %lld, %zu", (long long)in, (long long)out,
			ranges[i].len);
		to = (int)MUST(open("to", O_RDWR | O_CREAT | O_TRUNC, 0644));
		DO(copy_file_range(from, &in, to, &out, ranges[i].len, 0));
		conf_say("offsets %lld %lld", (long long)in, (long long)out);
		conf_content("to");
		conf_fstat("to", to);
		DO(copy_file_range(from, NULL, to, NULL, 7, 0));
		DO(lseek(from, 0, SEEK_CUR));
		DO(lseek(to, 0, SEEK_CUR));
		close(to);
	}
	conf_on("errors");
	to = (int)MUST(open("to", O_RDONLY));
	other = (int)MUST(open("from", O_RDWR | O_APPEND));
	DO(copy_file_range(from, NULL, to, NULL, 10, 0));
	DO(copy_file_range(from, NULL, other, NULL, 10, 0));
	DO(copy_file_range(from, NULL, from, NULL, 10, 1));
	DO(copy_file_range(from, &(loff_t){ 0 }, from, &(loff_t){ 5 }, 10, 0));
	DO(copy_file_range(from, &(loff_t){ 0 }, from, &(loff_t){ 50000 }, 10,
			   0));
	close(other);
	other = (int)MUST(open(".", O_RDONLY));
	DO(copy_file_range(other, NULL, from, NULL, 10, 0));
	DO(copy_file_range(from, NULL, other, NULL, 10, 0));
	conf_content("from");
	DO(sendfile(from, to, &(off_t){ 0 }, 1000));
	conf_content("from");
	close(other);
	close(from);
	close(to);
}

static const struct conf_case cases[] = {
	CONF_CASE(reads_every_size_at_odd_offsets, CONF_ROOT),
	CONF_CASE(writes_every_size_at_odd_offsets, CONF_USER),
	CONF_CASE(moves_the_offset, CONF_BOTH),
	CONF_CASE(moves_times, CONF_BOTH),
	CONF_CASE(two_writers_append, CONF_USER),
	CONF_CASE(appends_whatever_the_offset, CONF_BOTH),
	CONF_CASE(reads_and_writes_vectors, CONF_ROOT),
	CONF_CASE(syncs, CONF_BOTH),
	CONF_CASE(passes_the_page_cache_by, CONF_ROOT),
	CONF_CASE(copies_ranges, CONF_BOTH),
};
CONF_AREA(io, cases);
