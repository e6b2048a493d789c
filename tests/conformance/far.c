/* SPDX-License-Identifier: MIT */
/*
 * far.c - limits: far offsets, buffers that end in the middle, paths that are
 * longer than a path may be, arguments out of range.
 */
#include "tests/conformance/conf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#define GIB (1ll << 30)
#define TIB (1ll << 40)

static const off_t offsets[] = {
	2 * GIB - 3, 4 * GIB - 3, 4 * GIB + 4093, TIB, 8 * TIB - 3,
	16 * TIB - 8192, 16 * TIB - 4097, 16 * TIB - 4096, 16 * TIB,
	1ll << 50, LLONG_MAX - 5, LLONG_MAX,
};

static void reaches_far_offsets(void)
{
	char buf[8];
	int fd = (int)MUST(open("file", O_RDWR | O_CREAT, 0644));

	for (size_t i = 0; i < CONF_COUNT(offsets); i++) {
		off_t page = offsets[i] & ~4095ll;

		conf_on("at %#llx", (long long)offsets[i]);
		DO(pwrite(fd, "abcdef", 6, offsets[i]));
		DO(pread(fd, buf, 8, offsets[i]));
		DO(lseek(fd, page, SEEK_DATA));
		DO(lseek(fd, page, SEEK_HOLE));
		DO(lseek(fd, offsets[i], SEEK_SET));
		DO(fallocate(fd, FALLOC_FL_KEEP_SIZE, offsets[i], 1));
		DO(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE,
			     offsets[i], 4));
		conf_fstat("file", fd);
		DO(ftruncate(fd, offsets[i]));
		conf_fstat("file", fd);
		DO(ftruncate(fd, 0));
	}
	close(fd);
}

/* Two pages, of which the second is not there. */
static char *half_buffer(void)
{
	char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(at == MAP_FAILED ? -1 : 0);
	memset(at, 'b', 4096);
	MUST(mprotect(at + 4096, 4096, PROT_NONE));
	return at;
}

static void buffers_end_in_the_middle(void)
{
	char *at = half_buffer();
	struct iovec iov[2] = { { at, 4096 }, { at + 4096, 100 } };
	int fd = (int)MUST(open("file", O_RDWR | O_CREAT, 0644));

	DO(pwrite(fd, at + 4090, 12, 0));
	conf_fstat("file", fd);
	DO(pwrite(fd, at, 8192, 100));
	conf_fstat("file", fd);
	DO(pwritev(fd, iov, 2, 0));
	conf_fstat("file", fd);
	DO(pwrite(fd, at + 4096, 10, 0));
	DO(getdents64(fd, at + 4096, 100));
	DO(fgetxattr(fd, "user.x", at + 4096, 100));
	DO(fsetxattr(fd, "user.x", at + 4096, 100, 0));
	DO(fstat(fd, (struct stat *)(void *)(at + 4090)));
	memset(at, 'b', 4096);          /* some of it was written */
	/* A sanitizer would look at names that it is given. */
	DO(syscall(SYS_openat, AT_FDCWD, at + 4090, O_RDONLY));
	DO(syscall(SYS_mkdirat, AT_FDCWD, at + 4096, 0755));
	DO(syscall(SYS_renameat2, AT_FDCWD, "file", AT_FDCWD, at + 4096, 0));
	DO(syscall(SYS_symlinkat, at + 4096, AT_FDCWD, "link"));
	DO(utimensat(AT_FDCWD, "file", (void *)(at + 4096), 0));
	conf_content("file");
	close(fd);
	munmap(at, 8192);
}

/* Deeper than a path is long. */
static void paths_end_before_directories(void)
{
	char name[201], path[PATH_MAX];
	int top = (int)MUST(open(".", O_RDONLY | O_DIRECTORY)), i;

	memset(name, 'd', 200);
	name[200] = '\0';
	for (i = 0; i < 22; i++) {
		MUST(mkdir(name, 0755));
		MUST(chdir(name));
	}
	conf_say("getcwd %s", getcwd(path, sizeof(path)) ? "fine" :
		 conf_errname(errno));
	close(FD(open("file", O_WRONLY | O_CREAT, 0644)));
	conf_stat("file");
	DO(mkdir("dir", 0755));
	DO(rename("file", "dir/file"));
	DO(link("dir/file", "linked"));
	DO(symlink("linked", "link"));
	DO(chmod("link", 0600));
	conf_list(".");
	DO(unlink("dir/file"));
	DO(access("../dir", F_OK));
	DO(renameat(AT_FDCWD, "dir", top, "moved"));
	DO(fchdir(top));
	DO(rmdir("moved"));
	conf_remove(name);
	close(top);
}

static void use_arguments(int fd)
{
	/* Others are ENOTTY, whatever the host's file system has. */
	static const unsigned long requests[] = {
		FIGETBSZ, FIOQSIZE, FS_IOC_GETVERSION, FIONBIO, FIOASYNC,
		FIOCLEX, FIONCLEX,
	};
	char buf[64];

	for (size_t i = 0; i < CONF_COUNT(requests); i++) {
		memset(buf, 0, sizeof(buf));
		conf_say("ioctl %#lx %s", requests[i],
			 ioctl(fd, requests[i], buf) ? conf_errname(errno) :
			 "fine");
	}
	DO(sync_file_range(fd, 0, 0, 0));
	DO(sync_file_range(fd, -1, 0, 0));
	DO(sync_file_range(fd, 0, -1, 0));
	DO(sync_file_range(fd, 0, 10, 0x100));
	DO(sync_file_range(fd, 0, 10, 7));
	DO(posix_fadvise(fd, 0, 10, POSIX_FADV_WILLNEED));
	DO(posix_fadvise(fd, 0, -1, POSIX_FADV_NORMAL));
	DO(posix_fadvise(fd, 0, 10, 77));
	DO(readahead(fd, 0, 100));
	DO(fcntl(fd, F_ADD_SEALS, 1));
	DO(fcntl(fd, F_GETPIPE_SZ));
	DO(fcntl(fd, F_SETFL, O_NOATIME));
	DO(fcntl(fd, F_SETFL, O_ASYNC | O_APPEND));
	DO(fcntl(fd, F_GETFL));
	DO(fcntl(fd, F_SET_RW_HINT, &(uint64_t){ RWH_WRITE_LIFE_LONG }));
	memset(buf, 0, sizeof(buf));
	DO(fcntl(fd, F_GET_RW_HINT, buf));
	conf_say("hint %d", buf[0]);
	DO(fcntl(fd, F_SET_RW_HINT, &(uint64_t){ 77 }));
}

static void arguments_have_ranges(void)
{
	static const char *const names[] = { "file", "dir" };

	conf_file("file", 0644, "content");
	conf_dir("dir", 0755);
	for (size_t i = 0; i < CONF_COUNT(names); i++) {
		int fd = FD(open(names[i], O_RDONLY));

		conf_on("%s", names[i]);
		use_arguments(fd);
		close(fd);
	}
}

/* Those that headers may be too old for. */
static const struct {
	const char *name;
	int bits;
} vector_flags[] = {
	{ "NOWAIT", 0x8 }, { "NOAPPEND", 0x20 }, { "ATOMIC", 0x40 },
	{ "DONTCACHE", 0x80 }, { "APPEND|NOAPPEND", 0x30 },
	{ "unknown", 0x100000 },
};

static void vectors_have_flags(void)
{
	char in[4] = "", out[4] = "abc";
	const struct iovec from = { out, 3 }, to = { in, 3 };

	for (size_t i = 0; i < CONF_COUNT(vector_flags); i++)
	for (int append = 0; append <= O_APPEND; append += O_APPEND) {
		int fd;

		conf_on("%s append %d", vector_flags[i].name, append != 0);
		conf_file("file", 0644, "0123456789");
		fd = (int)MUST(open("file", O_RDWR | append));
		DO(preadv2(fd, &to, 1, 2, vector_flags[i].bits));
		DO(pwritev2(fd, &from, 1, 2, vector_flags[i].bits));
		conf_stat("file");
		conf_content("file");
		close(fd);
	}
}

static const struct conf_case cases[] = {
	/* What is written too far is then found out when it is written back. */
	{ .name = "reaches_far_offsets", .flags = CONF_USER,
	  .run = reaches_far_offsets, .options = "!(*writeback*)" },
	CONF_CASE(buffers_end_in_the_middle, CONF_BOTH),
	CONF_CASE(paths_end_before_directories, CONF_USER),
	CONF_CASE(arguments_have_ranges, CONF_BOTH),
	CONF_CASE(vectors_have_flags, CONF_USER),
};
CONF_AREA(far, cases);
