/* SPDX-License-Identifier: MIT */
/*
 * pipe.c - data that goes between files without a buffer of the program:
 * splice(2), sendfile(2), and the ioctls that clone and deduplicate.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define LENGTH 50000

static int pipes[2];

static void begin(void)
{
	conf_pattern("from", LENGTH);
	conf_file("to", 0644, "0123456789");
	MUST(pipe2(pipes, O_NONBLOCK));
}

static void splices_out(void)
{
	static const size_t sizes[] = { 1, 4096, 10000, 65536 };
	static char buf[65536];
	int fd;

	begin();
	fd = FD(open("from", O_RDONLY));
	for (size_t i = 0; i < CONF_COUNT(sizes); i++) {
		loff_t at = 40000;
		ssize_t n;
		bool same = true;

		conf_on("%zu", sizes[i]);
		MUST(lseek(fd, 0, SEEK_SET));
		n = splice(fd, NULL, pipes[1], NULL, sizes[i], 0);
		conf_say("some: %d", n > 0);
		conf_say("position as far: %d", lseek(fd, 0, SEEK_CUR) == n);
		conf_say("read as much: %d", read(pipes[0], buf,
						  sizeof(buf)) == n);
		for (ssize_t j = 0; j < n; j++)
			same &= (uint8_t)buf[j] ==
				conf_pattern_byte((uint64_t)j);
		conf_say("same %d", same);
		n = splice(fd, &at, pipes[1], NULL, sizes[i], 0);
		conf_say("at an offset: %d %d", n > 0, at == 40000 + n);
		MUST(read(pipes[0], buf, sizeof(buf)));
	}
	conf_on("%s", "");
	DO(splice(fd, &(loff_t){ LENGTH }, pipes[1], NULL, 100, 0));
	DO(splice(fd, &(loff_t){ -1 }, pipes[1], NULL, 100, 0));
	DO(splice(fd, NULL, fd, NULL, 100, 0));
	DO(splice(fd, NULL, pipes[1], &(loff_t){ 0 }, 100, 0));
	close(fd);
	fd = FD(open("from", O_WRONLY));
	DO(splice(fd, NULL, pipes[1], NULL, 100, 0));
	close(fd);
	fd = FD(open(".", O_RDONLY));
	DO(splice(fd, NULL, pipes[1], NULL, 100, 0));
	close(fd);
}

static void splices_in(void)
{
	int fd;

	begin();
	fd = FD(open("to", O_RDWR));
	MUST(write(pipes[1], "abcdefgh", 8));
	DO(splice(pipes[0], NULL, fd, NULL, 3, 0));
	DO(lseek(fd, 0, SEEK_CUR));
	conf_content("to");
	DO(splice(pipes[0], NULL, fd, &(loff_t){ 8 }, 100, SPLICE_F_MOVE));
	DO(lseek(fd, 0, SEEK_CUR));
	conf_content("to");
	DO(splice(pipes[0], NULL, fd, NULL, 100, 0));
	MUST(write(pipes[1], "more", 4));
	DO(splice(pipes[0], NULL, fd, &(loff_t){ 100000 }, 4, 0));
	conf_stat("to");
	close(fd);
	MUST(write(pipes[1], "more", 4));
	fd = FD(open("to", O_WRONLY | O_APPEND));
	DO(splice(pipes[0], NULL, fd, NULL, 4, 0));
	close(fd);
	fd = FD(open("to", O_RDONLY));
	DO(splice(pipes[0], NULL, fd, NULL, 4, 0));
	close(fd);
	conf_content("to");
}

static void sends_files(void)
{
	off_t at = 49000;
	int from, to;

	begin();
	from = FD(open("from", O_RDONLY));
	to = FD(open("to", O_RDWR));
	DO(sendfile(to, from, NULL, 20000));
	DO(lseek(from, 0, SEEK_CUR));
	DO(lseek(to, 0, SEEK_CUR));
	DO(sendfile(to, from, &at, 20000));
	conf_say("offset %lld", (long long)at);
	DO(lseek(from, 0, SEEK_CUR));
	DO(sendfile(to, from, &at, 10));
	DO(sendfile(to, from, &(off_t){ -1 }, 10));
	DO(sendfile(from, to, NULL, 10));
	conf_content("to");
	close(to);
	to = FD(open("to", O_WRONLY | O_APPEND));
	DO(sendfile(to, from, NULL, 10));
	close(to);
	close(from);
	conf_content("to");
}

static void clones_as_the_host_does(void)
{
	struct file_clone_range range = { .src_length = 4096 };
	struct file_dedupe_range *dedupe =
		calloc(1, sizeof(*dedupe) + sizeof(dedupe->info[0]));
	int from, to;

	begin();
	from = FD(open("from", O_RDONLY));
	to = FD(open("to", O_RDWR));
	DO(ioctl(to, FICLONE, from));
	range.src_fd = from;
	DO(ioctl(to, FICLONERANGE, &range));
	dedupe->src_length = 4096;
	dedupe->dest_count = 1;
	dedupe->info[0].dest_fd = to;
	DO(ioctl(from, FIDEDUPERANGE, dedupe));
	conf_content("to");
	close(from);
	close(to);
	free(dedupe);
}

static const struct conf_case cases[] = {
	CONF_CASE(splices_out, CONF_BOTH),
	CONF_CASE(splices_in, CONF_BOTH),
	CONF_CASE(sends_files, CONF_BOTH),
	CONF_CASE(clones_as_the_host_does, CONF_BOTH),
};
CONF_AREA(pipe, cases);
