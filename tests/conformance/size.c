/* SPDX-License-Identifier: MIT */
/*
 * size.c - how long files are and where their data is: truncate(2), holes,
 * lseek(2), fallocate(2).
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const off_t sizes[] = {
	0, 1, 4095, 4096, 4097, 10000, 65536, 65537, 1 << 20, 3 << 20,
	(off_t)1 << 31, ((off_t)1 << 32) + 1, -1, 5,
};

static void sets_every_size(void)
{
	int fd;

	conf_pattern("file", 10000);
	for (size_t i = 0; i < CONF_COUNT(sizes); i++) {
		conf_on("truncate to %lld", (long long)sizes[i]);
		DO(truncate("file", sizes[i]));
		conf_stat("file");
		if (sizes[i] < 4 << 20)
			conf_content("file");
	}
	fd = (int)MUST(open("file", O_RDWR));
	for (size_t i = CONF_COUNT(sizes); i-- > 0; ) {
		conf_on("ftruncate to %lld", (long long)sizes[i]);
		DO(ftruncate(fd, sizes[i]));
		conf_fstat("file", fd);
		conf_stat("file");
	}
	DO(unlink("file"));
	DO(ftruncate(fd, 12345));
	conf_fstat("unlinked", fd);
	close(fd);
}

static void truncates_only_files(void)
{
	int fd;

	conf_file("file", 0644, "content");
	conf_dir("dir", 0755);
	MUST(symlink("file", "link"));
	MUST(mkfifo("fifo", 0644));
	DO(truncate("dir", 0));
	DO(truncate("fifo", 0));
	DO(truncate("link", 3));
	DO(truncate("missing", 3));
	DO(truncate("file", 0x7fffffffffffffff));
	conf_stat("file");
	fd = FD(open("file", O_RDONLY));
	DO(ftruncate(fd, 1));
	close(fd);
	DO(chmod("file", 0));
	DO(truncate("file", 2));
	fd = FD(open("file", O_RDWR));
	close(fd);
	conf_stat("file");
}

static void moves_times(void)
{
	int fd;

	conf_file("file", 0644, "content");
	fd = (int)MUST(open("file", O_RDWR));
	conf_mark("file");
	DO(truncate("file", 7));
	conf_moved("truncate to the same", "file");
	conf_mark("file");
	DO(ftruncate(fd, 7));
	conf_moved("ftruncate to the same", "file");
	conf_mark("file");
	DO(truncate("file", 9));
	conf_moved("truncate", "file");
	conf_mark("file");
	DO(ftruncate(fd, 3));
	conf_moved("ftruncate", "file");
	conf_mark("file");
	DO(fallocate(fd, 0, 0, 3));
	conf_moved("fallocate of what is there", "file");
	conf_mark("file");
	DO(fallocate(fd, 0, 0, 10000));
	conf_moved("fallocate", "file");
	close(fd);
}

/* ---- holes ------------------------------------------------------------- */

#define MIB (1 << 20)

/* Data at 0, 1 MiB and 3 MiB, 4 MiB in all. */
static int make_holes(const char *name)
{
	int fd = (int)MUST(open(name, O_RDWR | O_CREAT | O_TRUNC, 0644));

	MUST(pwrite(fd, "start", 5, 0));
	MUST(pwrite(fd, "middle", 6, MIB));
	MUST(pwrite(fd, "end", 3, 3 * MIB));
	MUST(ftruncate(fd, 4 * MIB));
	MUST(fsync(fd));
	return fd;
}

static void seek_all(int fd)
{
	static const off_t offsets[] = {
		-1, 0, 1, 4096, 5000, MIB - 1, MIB, MIB + 1, 2 * MIB, 3 * MIB,
		3 * MIB + 4096, 4 * MIB - 1, 4 * MIB, 5 * MIB,
	};
	static const int whences[] = { SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA,
				       SEEK_HOLE, 5, -1 };

	for (size_t w = 0; w < CONF_COUNT(whences); w++)
	for (size_t i = 0; i < CONF_COUNT(offsets); i++) {
		conf_on("whence %d offset %lld", whences[w],
			(long long)offsets[i]);
		MUST(lseek(fd, 100, SEEK_SET));
		DO(lseek(fd, offsets[i], whences[w]));
		DO(lseek(fd, 0, SEEK_CUR));
	}
}

static void seeks_data_and_holes(void)
{
	int fd = make_holes("holes");

	seek_all(fd);
	conf_fstat("holes", fd);
	close(fd);
	conf_file("empty", 0644, "");
	fd = FD(open("empty", O_RDONLY));
	seek_all(fd);
	close(fd);
}

static void reads_zeros_in_holes(void)
{
	int fd = make_holes("holes");
	char buf[4];

	for (off_t at = 0; at <= 4 * MIB; at += MIB / 4) {
		memset(buf, 'x', sizeof(buf));
		conf_on("at %lld", (long long)at);
		DO(pread(fd, buf, sizeof(buf), at));
		conf_say("bytes %02x %02x %02x %02x", buf[0], buf[1], buf[2],
			 buf[3]);
	}
	conf_on("%s", "");
	conf_content("holes");
	/* What is cut off is zero when it comes back. */
	DO(ftruncate(fd, MIB + 3));
	DO(ftruncate(fd, 2 * MIB));
	conf_content("holes");
	DO(pwrite(fd, "far", 3, 3 * MIB));
	conf_content("holes");
	conf_fstat("holes", fd);
	close(fd);
}

/* ---- fallocate --------------------------------------------------------- */

static const struct {
	const char *name;
	int mode;
} modes[] = {
	{ "0", 0 },
	{ "keep", FALLOC_FL_KEEP_SIZE },
	{ "punch", FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE },
	{ "punch alone", FALLOC_FL_PUNCH_HOLE },
	{ "zero", FALLOC_FL_ZERO_RANGE },
	{ "zero keep", FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE },
	{ "collapse", FALLOC_FL_COLLAPSE_RANGE },
	{ "insert", FALLOC_FL_INSERT_RANGE },
	{ "unshare", FALLOC_FL_UNSHARE_RANGE },
	{ "collapse insert",
	  FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE },
	{ "unknown", 0x4000 },
};

static const struct {
	off_t offset, len;
} ranges[] = {
	{ 0, 4096 }, { 4096, 8192 }, { 100, 200 }, { 8000, 20000 },
	{ 20000, 4096 }, { 0, 0 }, { -1, 10 }, { 10, -1 },
	{ 0x7fffffffffffffff, 1 }, { 0x7ffffffffffff000, 0xfff },
};

static void allocates_in_every_mode(void)
{
	for (size_t m = 0; m < CONF_COUNT(modes); m++)
	for (size_t r = 0; r < CONF_COUNT(ranges); r++) {
		int fd;

		conf_on("%s at %lld for %lld", modes[m].name,
			(long long)ranges[r].offset, (long long)ranges[r].len);
		conf_pattern("file", 10000);
		fd = (int)MUST(open("file", O_RDWR));
		DO(fallocate(fd, modes[m].mode, ranges[r].offset,
			     ranges[r].len));
		conf_stat("file");
		conf_content("file");
		close(fd);
		conf_remove("file");
	}
}

static void allocates_in_files_only(void)
{
	int fd;

	conf_file("file", 0644, "content");
	MUST(mkfifo("fifo", 0644));
	fd = FD(open("file", O_RDONLY));
	DO(fallocate(fd, 0, 0, 100));
	close(fd);
	fd = FD(open(".", O_RDONLY));
	DO(fallocate(fd, 0, 0, 100));
	close(fd);
	fd = FD(open("fifo", O_RDWR));
	DO(fallocate(fd, 0, 0, 100));
	close(fd);
	fd = FD(open("file", O_WRONLY | O_APPEND));
	DO(fallocate(fd, 0, 0, 100));
	DO(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 3));
	DO(posix_fallocate(fd, 0, 20000));
	conf_fstat("file", fd);
	conf_content("file");
	close(fd);
}

static void obeys_the_size_limit(void)
{
	struct rlimit limit = { 10000, 10000 };
	int fd;

	signal(SIGXFSZ, SIG_IGN);
	conf_file("file", 0644, "content");
	fd = (int)MUST(open("file", O_RDWR));
	MUST(setrlimit(RLIMIT_FSIZE, &limit));
	DO(ftruncate(fd, 10000));
	DO(ftruncate(fd, 10001));
	DO(truncate("file", 10001));
	DO(pwrite(fd, "12345678", 8, 9996));
	DO(pwrite(fd, "x", 1, 10000));
	DO(fallocate(fd, 0, 9000, 2000));
	conf_fstat("file", fd);
	close(fd);
}

static const struct conf_case cases[] = {
	CONF_CASE(sets_every_size, CONF_BOTH),
	CONF_CASE(truncates_only_files, CONF_BOTH),
	CONF_CASE(moves_times, CONF_BOTH),
	CONF_CASE(seeks_data_and_holes, CONF_ROOT),
	CONF_CASE(reads_zeros_in_holes, CONF_ROOT),
	CONF_CASE(allocates_in_every_mode, CONF_BOTH),
	CONF_CASE(allocates_in_files_only, CONF_BOTH),
	CONF_CASE(obeys_the_size_limit, CONF_USER),
};
CONF_AREA(size, cases);
