/* SPDX-License-Identifier: MIT */
/*
 * guest_tool - what the guest tests do to files that busybox cannot.
 *
 * Linked statically, so that it runs in a guest's initramfs; the host runs it
 * too, to check what the guest made, and the other way round.  Each command
 * exits with 0, or says on standard error what differs and exits with 1.
 */
#include <sys/stat.h>
#include <sys/xattr.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#define LONG_NAME 255
#define HOLE_SIZE (64 << 20)
#define BLOCK 4096
/* Pieces that are no multiple of a sector or page, over several requests. */
#define PATTERN_SIZE 1234567

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		err(1, "open %s", path);
	return fd;
}

static void write_or_die(int fd, const void *buf, size_t len, off_t at)
{
	ssize_t n = pwrite(fd, buf, len, at);

	if (n < 0)
		err(1, "write at %lld", (long long)at);
	if ((size_t)n != len)
		errx(1, "wrote %zd of %zu bytes", n, len);
}

static void read_or_die(int fd, void *buf, size_t len, off_t at)
{
	ssize_t n = pread(fd, buf, len, at);

	if (n < 0)
		err(1, "read at %lld", (long long)at);
	if ((size_t)n != len)
		errx(1, "read %zd of %zu bytes", n, len);
}

/* A buffer that is page aligned, as O_DIRECT may want, with a pattern. */
static uint8_t *pattern_new(void)
{
	uint8_t *p = aligned_alloc(BLOCK, (PATTERN_SIZE / BLOCK + 1) * BLOCK);
	uint32_t x = 1;

	if (!p)
		err(1, "pattern");
	for (size_t i = 0; i < PATTERN_SIZE; i++) {
		x = x * 1103515245 + 12345;
		p[i] = (uint8_t)(x >> 16);
	}
	return p;
}

static void check_pattern(const char *path)
{
	uint8_t *want = pattern_new(), *got = pattern_new();
	int fd = open_or_die(path, O_RDONLY);

	memset(got, 0, PATTERN_SIZE);
	read_or_die(fd, got, PATTERN_SIZE, 0);
	if (memcmp(want, got, PATTERN_SIZE))
		errx(1, "%s: content differs", path);
	close(fd);
	free(want);
	free(got);
}

/* ---- names ------------------------------------------------------------ */

/*
 * Name number i of 256: number b is byte b alone; where that is no name, a
 * longer one.
 */
static void make_name(unsigned i, char name[LONG_NAME + 1])
{
	memset(name, 0, LONG_NAME + 1);
	if (i == 0) {
		for (unsigned b = 1; b <= LONG_NAME; b++)
			name[b - 1] = (char)(b == '/' ? '!' : b);
	} else if (i == '.') {
		strcpy(name, "...");
	} else if (i == '/') {
		strcpy(name, "..\\..");
	} else {
		name[0] = (char)i;
	}
}

static void names_make(char **argv)
{
	char name[LONG_NAME + 1];
	int dir = open_or_die(argv[0], O_RDONLY | O_DIRECTORY);

	for (unsigned i = 0; i < 256; i++) {
		int fd;

		make_name(i, name);
		fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
		if (fd < 0)
			err(1, "create name %u", i);
		write_or_die(fd, name, strlen(name), 0);
		close(fd);
	}
	close(dir);
}

static unsigned count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	if (!dir)
		err(1, "opendir %s", path);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;                   /* "." and ".." */
}

/* Each name is there once, with itself as content, and nothing else is. */
static void names_check(char **argv)
{
	char name[LONG_NAME + 1], got[LONG_NAME + 1];
	int dir = open_or_die(argv[0], O_RDONLY | O_DIRECTORY);

	if (count_entries(argv[0]) != 256)
		errx(1, "%u names, expected 256", count_entries(argv[0]));
	for (unsigned i = 0; i < 256; i++) {
		int fd;

		make_name(i, name);
		fd = openat(dir, name, O_RDONLY);
		if (fd < 0)
			err(1, "open name %u", i);
		read_or_die(fd, got, strlen(name), 0);
		if (memcmp(name, got, strlen(name)))
			errx(1, "name %u: content differs", i);
		close(fd);
	}
	close(dir);
}

/* ---- extended attributes ---------------------------------------------- */

static void xattr_set(char **argv)
{
	if (lsetxattr(argv[0], argv[1], argv[2], strlen(argv[2]), 0))
		err(1, "%s: set %s", argv[0], argv[1]);
}

static void xattr_get(char **argv)
{
	char value[65536];
	ssize_t n = lgetxattr(argv[0], argv[1], value, sizeof(value));

	if (n < 0)
		err(1, "%s: get %s", argv[0], argv[1]);
	printf("%.*s\n", (int)n, value);
}

static void xattr_list(char **argv)
{
	char names[65536];
	ssize_t n = llistxattr(argv[0], names, sizeof(names));

	if (n < 0)
		err(1, "%s: list", argv[0]);
	for (char *p = names; p < names + n; p += strlen(p) + 1)
		puts(p);
}

static void xattr_remove(char **argv)
{
	if (lremovexattr(argv[0], argv[1]))
		err(1, "%s: remove %s", argv[0], argv[1]);
}

/* ---- times ------------------------------------------------------------ */

static struct timespec parse_time(const char *text)
{
	struct timespec ts = { 0 };
	char *dot;

	ts.tv_sec = strtoll(text, &dot, 10);
	if (*dot != '.' || strlen(dot) != 10)
		errx(1, "time '%s': expected SECONDS.NNNNNNNNN", text);
	ts.tv_nsec = strtol(dot + 1, NULL, 10);
	return ts;
}

static void times_set(char **argv)
{
	struct timespec ts[2] = { parse_time(argv[1]), parse_time(argv[2]) };

	if (utimensat(AT_FDCWD, argv[0], ts, AT_SYMLINK_NOFOLLOW))
		err(1, "%s: set times", argv[0]);
}

static void times_get(char **argv)
{
	struct stat st;

	if (lstat(argv[0], &st))
		err(1, "%s", argv[0]);
	printf("%lld.%09ld %lld.%09ld\n", (long long)st.st_atim.tv_sec,
	       st.st_atim.tv_nsec, (long long)st.st_mtim.tv_sec,
	       st.st_mtim.tv_nsec);
}

/* ---- data ------------------------------------------------------------- */

static void sparse_make(char **argv)
{
	uint8_t block[BLOCK];
	int fd = open_or_die(argv[0], O_WRONLY | O_CREAT | O_TRUNC);

	memset(block, 0xa5, BLOCK);
	write_or_die(fd, block, BLOCK, 0);
	write_or_die(fd, block, BLOCK, BLOCK + HOLE_SIZE);
	if (fsync(fd))
		err(1, "fsync");
	close(fd);
}

static void sparse_check(char **argv)
{
	uint8_t block[3 * BLOCK];
	struct stat st;
	int fd = open_or_die(argv[0], O_RDONLY);

	if (fstat(fd, &st))
		err(1, "%s", argv[0]);
	if (st.st_size != HOLE_SIZE + 2 * BLOCK)
		errx(1, "size is %lld", (long long)st.st_size);
	if (st.st_blocks * 512 > HOLE_SIZE / 4)
		errx(1, "%lld blocks are no sparse file",
		     (long long)st.st_blocks);
	read_or_die(fd, block, BLOCK, 0);
	read_or_die(fd, block + BLOCK, BLOCK, HOLE_SIZE / 2);
	read_or_die(fd, block + 2 * BLOCK, BLOCK, HOLE_SIZE + BLOCK);
	for (int i = 0; i < 3 * BLOCK; i++)
		if (block[i] != (i / BLOCK == 1 ? 0 : 0xa5))
			errx(1, "block %d byte %d is %#x", i / BLOCK,
			     i % BLOCK, block[i]);
	close(fd);
}

static void data_write(char **argv)
{
	const size_t piece = 77777;
	uint8_t *p = pattern_new();
	int fd = open_or_die(argv[0], O_WRONLY | O_CREAT | O_TRUNC);

	for (size_t at = 0; at < PATTERN_SIZE; at += piece) {
		size_t n = PATTERN_SIZE - at;

		write_or_die(fd, p + at, n < piece ? n : piece, (off_t)at);
	}
	close(fd);
	free(p);
}

/* Whole blocks past the guest's cache, and then the rest through it. */
static void data_direct(char **argv)
{
	const size_t whole = PATTERN_SIZE / BLOCK * BLOCK;
	uint8_t *p = pattern_new();
	int fd = open_or_die(argv[0], O_WRONLY | O_CREAT | O_TRUNC | O_DIRECT);

	write_or_die(fd, p, whole, 0);
	close(fd);
	fd = open_or_die(argv[0], O_WRONLY);
	write_or_die(fd, p + whole, PATTERN_SIZE - whole, (off_t)whole);
	close(fd);
	free(p);
	check_pattern(argv[0]);
}

static void data_mmap(char **argv)
{
	uint8_t *p = pattern_new(), *map;
	int fd = open_or_die(argv[0], O_RDWR | O_CREAT | O_TRUNC);

	if (ftruncate(fd, PATTERN_SIZE))
		err(1, "ftruncate");
	map = mmap(NULL, PATTERN_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   0);
	if (map == MAP_FAILED)
		err(1, "mmap");
	memcpy(map, p, PATTERN_SIZE);
	if (msync(map, PATTERN_SIZE, MS_SYNC))
		err(1, "msync");
	munmap(map, PATTERN_SIZE);
	close(fd);
	free(p);
	check_pattern(argv[0]);
}

static void data_check(char **argv)
{
	check_pattern(argv[0]);
}

/* An open file outlives its name. */
static void data_unlinked(char **argv)
{
	char got[5] = "";
	struct stat st;
	int fd = open_or_die(argv[0], O_RDWR | O_CREAT | O_TRUNC);

	if (unlink(argv[0]))
		err(1, "unlink %s", argv[0]);
	write_or_die(fd, "alive", 5, 0);
	if (fsync(fd) || fstat(fd, &st))
		err(1, "fstat");
	read_or_die(fd, got, 5, 0);
	if (memcmp(got, "alive", 5) || st.st_nlink != 0 || st.st_size != 5)
		errx(1, "nlink %u size %lld", (unsigned)st.st_nlink,
		     (long long)st.st_size);
	if (!access(argv[0], F_OK) || errno != ENOENT)
		errx(1, "%s is still there", argv[0]);
	close(fd);
}

/* ---- locks ------------------------------------------------------------ */

/* Lock a file by flock(2) or by fcntl(2); returns its descriptor. */
static int lock_or_die(const char *kind, const char *path, bool wait)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open_or_die(path, O_RDWR);
	int ret = !strcmp(kind, "flock") ?
		  flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)) :
		  fcntl(fd, wait ? F_SETLKW : F_SETLK, &whole);

	if (ret)
		err(1, "lock %s", path);
	return fd;
}

static void lock_try(char **argv)
{
	close(lock_or_die(argv[0], argv[1], false));
}

/* Run a shell command with the lock held. */
static void lock_run(char **argv)
{
	int fd = lock_or_die(argv[0], argv[1], true);

	if (system(argv[2]))
		errx(1, "'%s' failed", argv[2]);
	close(fd);
}

/* ---- the rest --------------------------------------------------------- */

static void rename_exchange(char **argv)
{
	if (renameat2(AT_FDCWD, argv[0], AT_FDCWD, argv[1], RENAME_EXCHANGE))
		err(1, "exchange %s and %s", argv[0], argv[1]);
}

static void rename_noreplace(char **argv)
{
	if (renameat2(AT_FDCWD, argv[0], AT_FDCWD, argv[1], RENAME_NOREPLACE))
		err(1, "rename %s to %s", argv[0], argv[1]);
}

/* Run a program as another user and group, without supplementary groups. */
static void run_as(char **argv)
{
	if (setgroups(0, NULL) || setgid((gid_t)atoi(argv[1])) ||
	    setuid((uid_t)atoi(argv[0])))
		err(1, "cannot become %s:%s", argv[0], argv[1]);
	execvp(argv[2], argv + 2);
	err(1, "%s", argv[2]);
}

static const struct command {
	const char *name;
	int args;
	bool more;                      /* further arguments are allowed */
	void (*run)(char **argv);
} commands[] = {
	{ "names-make", 1, false, names_make },
	{ "names-check", 1, false, names_check },
	{ "xattr-set", 3, false, xattr_set },
	{ "xattr-get", 2, false, xattr_get },
	{ "xattr-list", 1, false, xattr_list },
	{ "xattr-remove", 2, false, xattr_remove },
	{ "times-set", 3, false, times_set },
	{ "times-get", 1, false, times_get },
	{ "sparse-make", 1, false, sparse_make },
	{ "sparse-check", 1, false, sparse_check },
	{ "data-write", 1, false, data_write },
	{ "data-direct", 1, false, data_direct },
	{ "data-mmap", 1, false, data_mmap },
	{ "data-check", 1, false, data_check },
	{ "data-unlinked", 1, false, data_unlinked },
	{ "lock-try", 2, false, lock_try },
	{ "lock-run", 3, false, lock_run },
	{ "rename-exchange", 2, false, rename_exchange },
	{ "rename-noreplace", 2, false, rename_noreplace },
	{ "as", 3, true, run_as },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *c = &commands[i];

		if (argc < 2 || strcmp(argv[1], c->name))
			continue;
		if (argc - 2 < c->args || (argc - 2 > c->args && !c->more))
			errx(2, "%s takes %d arguments", c->name, c->args);
		c->run(argv + 2);
		return 0;
	}
	errx(2, "usage: guest_tool COMMAND ARGUMENT... (see the source)");
}
