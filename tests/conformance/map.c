/* SPDX-License-Identifier: MIT */
/*
 * map.c - mmap(2), private and shared: coherent with read and write, kept
 * after close and unlink, ended by the file's end.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LENGTH 16384

static sigjmp_buf on_bus_error;

static char *map(const char *what, int fd, int prot, int flags, off_t at)
{
	char *map = mmap(NULL, LENGTH, prot, flags, fd, at);

	conf_say("mmap %s: %s", what,
		 map == MAP_FAILED ? conf_errname(errno) : "fine");
	return map == MAP_FAILED ? NULL : map;
}

static void bus_error(int number)
{
	siglongjmp(on_bus_error, number);
}

/* The byte at p, or that there is none. */
static void say_byte(const char *what, const char *p)
{
	signal(SIGBUS, bus_error);
	if (!sigsetjmp(on_bus_error, 1))
		conf_say("%s: %#x", what, *(const volatile unsigned char *)p);
	else
		conf_say("%s: SIGBUS", what);
	signal(SIGBUS, SIG_DFL);
}

static void maps_what_the_access_mode_allows(void)
{
	static const int prots[] = { PROT_READ, PROT_WRITE,
				     PROT_READ | PROT_WRITE,
				     PROT_READ | PROT_EXEC };
	static const int kinds[] = { MAP_PRIVATE, MAP_SHARED };

	conf_pattern("file", LENGTH);
	for (int mode = O_RDONLY; mode <= O_RDWR; mode++)
	for (size_t p = 0; p < CONF_COUNT(prots); p++)
	for (size_t k = 0; k < CONF_COUNT(kinds); k++) {
		int fd = (int)MUST(open("file", mode));
		char *at;

		conf_on("mode %d prot %d flags %d", mode, prots[p], kinds[k]);
		at = map("file", fd, prots[p], kinds[k], 0);
		close(fd);
		if (at && prots[p] & PROT_READ)
			say_byte("byte", at + 100);
		if (at)
			munmap(at, LENGTH);
	}
}

static void private_maps_change_nothing(void)
{
	int fd;
	char *at;

	conf_pattern("file", LENGTH);
	fd = (int)MUST(open("file", O_RDONLY));
	at = map("file", fd, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);
	if (!at)
		return;
	memcpy(at, "private", 7);
	conf_content("file");
	DO(msync(at, LENGTH, MS_SYNC));
	DO(munmap(at, LENGTH));
	close(fd);
	conf_content("file");
}

static void shared_maps_are_the_file(void)
{
	char buf[16] = "";
	char *at, *second;
	int fd;

	conf_pattern("file", LENGTH);
	fd = (int)MUST(open("file", O_RDWR));
	at = map("file", fd, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	second = map("second", fd, PROT_READ, MAP_SHARED, 4096);
	if (!at || !second)
		return;
	DO(pwrite(fd, "written", 7, 5000));
	conf_say("the map has %.7s", at + 5000);
	conf_say("the second has %.7s", second + 904);
	memcpy(at + 5000, "mapped!", 7);
	DO(pread(fd, buf, 7, 5000));
	conf_say("the file has %s", buf);
	conf_say("the second has %.7s", second + 904);
	DO(msync(at, LENGTH, MS_SYNC));
	conf_content("file");
	memcpy(at + LENGTH - 4, "end!", 4);
	close(fd);
	DO(unlink("file"));
	memcpy(at, "gone", 4);
	conf_say("the second has %.4s", second + LENGTH - 4 - 4096);
	DO(munmap(at, LENGTH));
	DO(munmap(second, LENGTH));
}

static void what_is_mapped_is_written(void)
{
	char *at;
	int fd;

	conf_pattern("file", LENGTH - 100);
	fd = (int)MUST(open("file", O_RDWR));
	at = map("file", fd, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	if (!at)
		return;
	conf_mark("file");
	memcpy(at + 10, "mapped", 6);
	DO(msync(at, LENGTH, MS_SYNC));
	conf_moved("msync", "file");
	DO(munmap(at, LENGTH));
	close(fd);
	conf_content("file");
	conf_stat("file");
	DO(truncate("file", LENGTH));
	conf_content("file");
}

static void maps_end_where_the_file_ends(void)
{
	char *at;
	int fd;

	conf_pattern("file", 5000);
	fd = (int)MUST(open("file", O_RDWR));
	at = map("file", fd, PROT_READ, MAP_SHARED, 0);
	if (!at)
		return;
	say_byte("last byte", at + 4999);
	say_byte("behind it", at + 5000);
	say_byte("next page", at + 8192);
	DO(ftruncate(fd, 8193));
	say_byte("next page, longer", at + 8192);
	DO(ftruncate(fd, 100));
	say_byte("second page, shorter", at + 4096);
	say_byte("first page, behind the end", at + 200);
	DO(pwrite(fd, "x", 1, 9000));
	say_byte("again longer", at + 9000);
	say_byte("hole", at + 5000);
	munmap(at, LENGTH);
	close(fd);
	/* tmpfs gives holes that are looked at blocks; through FUSE, nobody. */
	conf_remove("file");
}

static void maps_change_as_they_may(void)
{
	char *at;
	int fd;

	conf_pattern("file", LENGTH);
	fd = (int)MUST(open("file", O_RDONLY));
	at = map("read-only", fd, PROT_READ, MAP_SHARED, 0);
	if (!at)
		return;
	DO(mprotect(at, LENGTH, PROT_READ | PROT_WRITE));
	DO(madvise(at, LENGTH, MADV_WILLNEED));
	DO(madvise(at, LENGTH, MADV_DONTNEED));
	DO(madvise(at, LENGTH, MADV_REMOVE));
	DO(mlock(at, 4096));
	DO(msync(at, LENGTH, MS_ASYNC));
	DO(msync(at, LENGTH, MS_SYNC | MS_INVALIDATE));
	DO(msync(at + 1, 10, MS_SYNC));
	munmap(at, LENGTH);
	close(fd);
	fd = (int)MUST(open("file", O_RDWR));
	at = map("writable", fd, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	DO(madvise(at, 4096, MADV_REMOVE));
	conf_content("file");
	at[5000] = 'x';
	if (!MUST(fork())) {
		at[5001] = 'y';
		_exit(0);
	}
	conf_wait();
	conf_say("the child wrote %c", at[5001]);
	DO(msync(at, LENGTH, MS_SYNC));
	conf_content("file");
	munmap(at, LENGTH);
	close(fd);
	fd = (int)MUST(open("file", O_WRONLY));
	map("write-only", fd, PROT_WRITE, MAP_SHARED, 0);
	close(fd);
	fd = (int)MUST(open("file", O_RDWR | O_APPEND));
	at = map("appending", fd, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	at[0] = 'a';
	munmap(at, LENGTH);
	close(fd);
	conf_content("file");
}

static void maps_no_directories(void)
{
	int fd = (int)MUST(open(".", O_RDONLY));

	map("directory", fd, PROT_READ, MAP_PRIVATE, 0);
	map("directory", fd, PROT_READ, MAP_SHARED, 0);
	close(fd);
	conf_file("file", 0644, "");
	fd = (int)MUST(open("file", O_PATH));
	map("path", fd, PROT_READ, MAP_PRIVATE, 0);
	close(fd);
	fd = (int)MUST(open("file", O_RDWR));
	map("empty", fd, PROT_READ, MAP_SHARED, 0);
	map("odd", fd, PROT_READ, MAP_SHARED, 1);
	close(fd);
}

static void runs_programs(void)
{
	int fd;

	conf_file("script", 0755, "#!/bin/sh\nexit 7\n");
	conf_file("plain", 0644, "#!/bin/sh\nexit 7\n");
	DO(access("script", X_OK));
	if (!MUST(fork())) {
		execl("./plain", "plain", NULL);
		conf_say("exec: %s", conf_errname(errno));
		fd = (int)MUST(open("script", O_WRONLY));
		execl("./script", "script", NULL);
		conf_say("exec of an open file: %s", conf_errname(errno));
		close(fd);
		execl("./script", "script", NULL);
		conf_say("exec: %s", conf_errname(errno));
		_exit(1);
	}
	conf_say("ended with %#x", conf_wait());
}

static const struct conf_case cases[] = {
	CONF_CASE(maps_what_the_access_mode_allows, CONF_BOTH),
	CONF_CASE(private_maps_change_nothing, CONF_BOTH),
	CONF_MAPPED(shared_maps_are_the_file, CONF_BOTH),
	CONF_MAPPED(what_is_mapped_is_written, CONF_BOTH),
	CONF_MAPPED(maps_end_where_the_file_ends, CONF_BOTH),
	CONF_MAPPED(maps_change_as_they_may, CONF_BOTH),
	CONF_MAPPED(maps_no_directories, CONF_BOTH),
	CONF_CASE(runs_programs, CONF_BOTH),
};
CONF_AREA(map, cases);
