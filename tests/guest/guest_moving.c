/* SPDX-License-Identifier: MIT */
/*
 * guest_moving - what a guest has in use while it is moved to another host.
 *
 * usage: guest_moving FOLDER, a new one on a share
 *
 * It opens files, reads half of a directory, holds locks for which others wait,
 * and goes on writing; says READY; and when there is a file "moved" in the
 * folder, uses it all again and looks for what is different.
 *
 * Linked statically.
 */
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ENTRIES 300                     /* of the directory */
#define BLOCK 4096u
#define PATIENCE_MS 20000

/* ---- files ------------------------------------------------------------- */

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		err(1, "open %s", path);
	return fd;
}

/* Every block has its number all over it. */
static void write_block(int fd, uint32_t number)
{
	uint32_t block[BLOCK / sizeof(number)];

	for (size_t i = 0; i < BLOCK / sizeof(number); i++)
		block[i] = number;
	if (write(fd, block, BLOCK) != BLOCK)
		err(1, "write block %u", number);
}

static void check_block(int fd, const char *name, uint32_t number)
{
	uint32_t block[BLOCK / sizeof(number)];
	ssize_t n = read(fd, block, BLOCK);

	if (n != BLOCK)
		err(1, "read block %u of %s: %zd", number, name, n);
	for (size_t i = 0; i < BLOCK / sizeof(number); i++) {
		if (block[i] != number)
			errx(1, "block %u of %s has %u", number, name,
			     block[i]);
	}
}

/* At its second block of three. */
static int half_read(const char *path)
{
	int fd = open_or_die(path, O_RDWR | O_CREAT);

	for (uint32_t i = 0; i < 3; i++)
		write_block(fd, i);
	if (fsync(fd) || lseek(fd, 0, SEEK_SET))
		err(1, "%s", path);
	check_block(fd, path, 0);
	return fd;
}

static void check_half_read(int fd, const char *name, nlink_t links)
{
	struct stat st;

	check_block(fd, name, 1);
	check_block(fd, name, 2);
	write_block(fd, 3);
	if (fsync(fd) || fstat(fd, &st))
		err(1, "%s", name);
	if (st.st_size != 4 * BLOCK || st.st_nlink != links)
		errx(1, "%s has %lld bytes and %lu links", name,
		     (long long)st.st_size, (unsigned long)st.st_nlink);
}

/* ---- a directory ------------------------------------------------------- */

static bool seen[ENTRIES];

/* Read on until `count` names were seen; how many there were. */
static unsigned read_names(int fd, unsigned count, unsigned limit)
{
	char buf[512];

	while (count < limit) {
		long n = syscall(SYS_getdents64, fd, buf, sizeof(buf));

		if (n < 0)
			err(1, "getdents64");
		if (!n)
			break;
		for (long at = 0; at < n;) {
			/* struct linux_dirent64 */
			uint16_t len;
			unsigned i;

			memcpy(&len, buf + at + 16, sizeof(len));
			if (sscanf(buf + at + 19, "entry%u", &i) == 1) {
				if (i >= ENTRIES || seen[i])
					errx(1, "%s again", buf + at + 19);
				seen[i] = true;
				count++;
			}
			at += len;
		}
	}
	return count;
}

static void make_entries(void)
{
	if (mkdir("dir", 0755))
		err(1, "mkdir");
	for (unsigned i = 0; i < ENTRIES; i++) {
		char path[32];

		(void)snprintf(path, sizeof(path), "dir/entry%u", i);
		close(open_or_die(path, O_WRONLY | O_CREAT | O_EXCL));
	}
}

/* ---- locks ------------------------------------------------------------- */

static bool record_lock(int fd, short type, bool wait)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET };

	return !fcntl(fd, wait ? F_SETLKW : F_SETLK, &lock);
}

static bool take_flock(int fd, bool wait)
{
	return !flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB));
}

/* A process with an open file of its own gets the lock, or fails. */
static pid_t start_locker(const char *path, bool record, bool wait)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		int fd = open_or_die(path, O_RDWR);
		bool got = record ? record_lock(fd, F_WRLCK, wait) :
				    take_flock(fd, wait);

		_exit(got ? 0 : errno == EAGAIN ? 2 : 3);
	}
	return pid;
}

static void await_exit(pid_t pid, int wanted, const char *what)
{
	const struct timespec t = { 0, 10000000 };
	int status = 0;

	for (int ms = 0; ms < PATIENCE_MS; ms += 10) {
		if (waitpid(pid, &status, WNOHANG) == pid) {
			if (!WIFEXITED(status) || WEXITSTATUS(status) != wanted)
				errx(1, "%s ended with %d", what, status);
			return;
		}
		nanosleep(&t, NULL);
	}
	errx(1, "%s does not end", what);
}

static void check_lock(const char *path, bool record, int fd, pid_t waiter)
{
	/* Others do not get it yet... */
	await_exit(start_locker(path, record, false), 2, path);
	if (waitpid(waiter, NULL, WNOHANG))
		errx(1, "%s: who waits for it has got it", path);
	/* ...and then who has waited all the time. */
	if (record ? !record_lock(fd, F_UNLCK, false) : !!flock(fd, LOCK_UN))
		err(1, "unlock %s", path);
	await_exit(waiter, 0, path);
}

/* ---- writing all the time ---------------------------------------------- */

static volatile sig_atomic_t stop;

static void on_term(int signal)
{
	(void)signal;
	stop = 1;
}

static pid_t start_writer(void)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		int fd = open_or_die("stream", O_RDWR | O_CREAT | O_APPEND);
		int read_fd = open_or_die("stream", O_RDONLY);
		uint32_t i = 0;

		(void)signal(SIGTERM, on_term);
		for (; !stop; i++) {
			char name[32];

			write_block(fd, i);
			check_block(read_fd, "stream", i);
			(void)snprintf(name, sizeof(name), "written%u", i % 8);
			if (i >= 8 && unlink(name))
				err(1, "unlink %s", name);
			close(open_or_die(name, O_CREAT | O_EXCL | O_WRONLY));
		}
		printf("%u blocks\n", i);
		(void)fflush(stdout);
		_exit(0);
	}
	return pid;
}

static void check_stream(void)
{
	int fd = open_or_die("stream", O_RDONLY);
	struct stat st;

	if (fstat(fd, &st) || st.st_size % BLOCK || !st.st_size)
		errx(1, "the stream has %lld bytes", (long long)st.st_size);
	for (uint32_t i = 0; i < st.st_size / BLOCK; i++)
		check_block(fd, "stream", i);
	close(fd);
}

/* ------------------------------------------------------------------------ */

static void await_move(void)
{
	const struct timespec t = { 0, 100000000 };

	while (access("moved", F_OK))
		nanosleep(&t, NULL);
}

int main(int argc, char **argv)
{
	int file, gone, dir, record, whole;
	pid_t writer, waiters[2];
	unsigned names;
	char *map;

	if (argc != 2)
		errx(2, "usage: guest_moving FOLDER");
	if (chdir(argv[1]))
		err(1, "%s", argv[1]);
	file = half_read("file");
	gone = half_read("gone");
	if (unlink("gone"))
		err(1, "unlink");
	map = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");
	make_entries();
	dir = open_or_die("dir", O_RDONLY | O_DIRECTORY);
	names = read_names(dir, 0, ENTRIES / 2);
	record = open_or_die("record", O_RDWR | O_CREAT);
	whole = open_or_die("whole", O_RDWR | O_CREAT);
	if (!record_lock(record, F_WRLCK, false) || !take_flock(whole, false))
		err(1, "lock");
	waiters[0] = start_locker("record", true, true);
	waiters[1] = start_locker("whole", false, true);
	writer = start_writer();
	puts("READY");
	(void)fflush(stdout);
	await_move();

	check_half_read(file, "file", 1);
	check_half_read(gone, "gone", 0);
	memset(map, 0xff, BLOCK);
	if (msync(map, BLOCK, MS_SYNC))
		err(1, "msync");
	names = read_names(dir, names, ENTRIES + 1);
	if (names != ENTRIES)
		errx(1, "%u names, not %u", names, ENTRIES);
	check_lock("record", true, record, waiters[0]);
	check_lock("whole", false, whole, waiters[1]);
	kill(writer, SIGTERM);
	await_exit(writer, 0, "the writer");
	check_stream();
	puts("all is well");
	return 0;
}
