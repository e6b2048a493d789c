/* SPDX-License-Identifier: MIT */
/*
 * lock.c - flock(2) and record locks (POSIX and of open file descriptions):
 * what stands against what, waiting, ends, and all of it between a mount and
 * the host directory underneath.
 */
#include "tests/conformance/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS 60

static const struct {
	const char *name;
	short type;
	off_t start, len;
} ranges[] = {
	{ "read 0-9", F_RDLCK, 0, 10 }, { "write 0-9", F_WRLCK, 0, 10 },
	{ "write 5-14", F_WRLCK, 5, 10 }, { "read 20-", F_RDLCK, 20, 0 },
	{ "write all", F_WRLCK, 0, 0 }, { "write 10", F_WRLCK, 10, 1 },
};

static struct flock range(size_t i)
{
	return (struct flock){ .l_type = ranges[i].type,
			       .l_whence = SEEK_SET,
			       .l_start = ranges[i].start,
			       .l_len = ranges[i].len };
}

static struct flock unlocked(void)
{
	return (struct flock){ .l_type = F_UNLCK, .l_whence = SEEK_SET };
}

/* Whether probe() looks at the host directory; the holder's process id. */
static bool from_host;
static pid_t holder;

static int open_probe(void)
{
	return (int)MUST(openat(from_host ? conf_host_fd : AT_FDCWD, "file",
				O_RDWR));
}

/* What somebody else finds: each lock, tried and asked for. */
static void probe(void)
{
	int fd = open_probe();

	for (size_t i = 0; i < CONF_COUNT(ranges); i++) {
		struct flock lock = range(i);

		conf_say("%s", ranges[i].name);
		if (!DO(fcntl(fd, F_SETLK, &lock))) {
			lock.l_type = F_UNLCK;
			DO(fcntl(fd, F_SETLK, &lock));
		}
		lock = range(i);
		DO(fcntl(fd, F_GETLK, &lock));
		/* The host sees the server's, which are nobody's. */
		conf_say("type %d start %lld len %lld%s", lock.l_type,
			 (long long)lock.l_start, (long long)lock.l_len,
			 lock.l_type == F_UNLCK || from_host ? "" :
			 lock.l_pid == holder ? " of the holder" :
			 " of another");
	}
	close(fd);
}

/*
 * After the last close of a file its locks are let go: at once, or through
 * FUSE, which tells of that close a moment after close(2) has returned.
 */
static void wait_until_free(void)
{
	int fd = (int)MUST(open("file", O_RDWR));
	struct flock lock = range(4);

	MUST(fcntl(fd, F_OFD_SETLKW, &lock));
	MUST(flock(fd, LOCK_EX));
	lock.l_type = F_UNLCK;
	MUST(fcntl(fd, F_OFD_SETLK, &lock));
	MUST(flock(fd, LOCK_UN));
	close(fd);
}

static void probe_from(const char *what)
{
	conf_on("%s", what);
	from_host = false;
	conf_as(CONF_AS_ROOT, probe);
	conf_on("%s, on the host", what);
	from_host = true;
	conf_as(CONF_AS_ROOT, probe);
	from_host = false;
	conf_on("%s", "");
}

static void record_locks_stand_against_others(void)
{
	int fd;

	conf_file("file", 0666, "0123456789");
	holder = getpid();
	fd = FD(open("file", O_RDWR));
	for (size_t i = 0; i < CONF_COUNT(ranges); i++) {
		struct flock lock = range(i);

		DO(fcntl(fd, F_SETLK, &lock));
		probe_from(ranges[i].name);
		lock = unlocked();
		DO(fcntl(fd, F_SETLK, &lock));
	}
	probe_from("none");
	close(fd);
}

static void record_locks_split_and_join(void)
{
	struct flock lock = range(4);
	int fd;

	conf_file("file", 0666, "0123456789");
	holder = getpid();
	fd = FD(open("file", O_RDWR));
	DO(fcntl(fd, F_SETLK, &lock));
	lock.l_type = F_UNLCK;
	lock.l_start = 8;
	lock.l_len = 4;
	DO(fcntl(fd, F_SETLK, &lock));
	probe_from("with a hole");
	lock.l_type = F_RDLCK;
	lock.l_start = 0;
	lock.l_len = 6;
	DO(fcntl(fd, F_SETLK, &lock));
	probe_from("downgraded");
	lock.l_whence = SEEK_END;
	lock.l_type = F_WRLCK;
	lock.l_start = -4;
	lock.l_len = -3;
	DO(fcntl(fd, F_SETLK, &lock));
	probe_from("from the end");
	close(fd);
}

/* Any close of any descriptor of the file ends a process' POSIX locks. */
static void record_locks_end_with_a_close(void)
{
	struct flock lock = range(1);
	int fd, other;

	conf_file("file", 0666, "0123456789");
	holder = getpid();
	fd = FD(open("file", O_RDWR));
	DO(fcntl(fd, F_SETLK, &lock));
	other = FD(open("file", O_RDONLY));
	probe_from("held");
	close(other);
	probe_from("another descriptor closed");
	DO(fcntl(fd, F_SETLK, &lock));
	other = dup(fd);
	close(other);
	probe_from("a copy closed");
	DO(fcntl(fd, F_SETLK, &lock));
	if (!MUST(fork()))
		_exit(0);
	conf_wait();
	probe_from("a child gone");
	close(fd);
}

static void description_locks_live_with_it(void)
{
	struct flock lock = range(1);
	int fd, other;

	conf_file("file", 0666, "0123456789");
	fd = FD(open("file", O_RDWR));
	DO(fcntl(fd, F_OFD_SETLK, &lock));
	other = FD(open("file", O_RDWR));
	DO(fcntl(other, F_OFD_SETLK, &lock));
	lock = range(0);
	DO(fcntl(other, F_OFD_GETLK, &lock));
	conf_say("type %d pid %d", lock.l_type, lock.l_pid);
	close(other);
	probe_from("held");
	other = dup(fd);
	close(fd);
	probe_from("a copy left");
	lock = range(1);
	lock.l_pid = 7;
	DO(fcntl(other, F_OFD_SETLK, &lock));
	close(other);
	wait_until_free();
	probe_from("closed");
}

static void refuses_wrong_locks(void)
{
	struct flock lock = range(1);
	int fd;

	conf_file("file", 0666, "0123456789");
	fd = FD(open("file", O_RDONLY));
	DO(fcntl(fd, F_SETLK, &lock));
	lock = range(0);
	DO(fcntl(fd, F_SETLK, &lock));
	lock.l_type = 77;
	DO(fcntl(fd, F_SETLK, &lock));
	lock = range(0);
	lock.l_start = -1;
	DO(fcntl(fd, F_SETLK, &lock));
	lock.l_start = 5;
	lock.l_len = -6;
	DO(fcntl(fd, F_SETLK, &lock));
	lock.l_start = 0x7fffffffffffffff;
	lock.l_len = 2;
	DO(fcntl(fd, F_SETLK, &lock));
	DO(flock(fd, 77));
	DO(flock(fd, LOCK_EX | LOCK_NB));
	close(fd);
	fd = FD(open("file", O_WRONLY));
	lock = range(0);
	DO(fcntl(fd, F_SETLK, &lock));
	DO(flock(fd, LOCK_SH | LOCK_NB));
	close(fd);
	fd = FD(open(".", O_RDONLY));
	DO(fcntl(fd, F_SETLK, &lock));
	DO(flock(fd, LOCK_EX | LOCK_NB));
	close(fd);
	fd = FD(open("file", O_PATH));
	DO(flock(fd, LOCK_SH | LOCK_NB));
	close(fd);
}

/* ---- flock ------------------------------------------------------------- */

static void probe_flock(void)
{
	int fd = open_probe();

	if (!DO(flock(fd, LOCK_SH | LOCK_NB)))
		DO(flock(fd, LOCK_UN));
	if (!DO(flock(fd, LOCK_EX | LOCK_NB)))
		DO(flock(fd, LOCK_UN));
	close(fd);
}

static void probe_flock_from(const char *what)
{
	conf_on("%s", what);
	from_host = false;
	conf_as(CONF_AS_ROOT, probe_flock);
	conf_on("%s, on the host", what);
	from_host = true;
	conf_as(CONF_AS_ROOT, probe_flock);
	from_host = false;
	conf_on("%s", "");
}

static void flocks_stand_against_others(void)
{
	int fd, other;

	conf_file("file", 0666, "0123456789");
	fd = FD(open("file", O_RDWR));
	other = FD(open("file", O_RDONLY));
	DO(flock(fd, LOCK_SH));
	probe_flock_from("shared");
	DO(flock(other, LOCK_SH | LOCK_NB));
	DO(flock(fd, LOCK_EX | LOCK_NB));
	probe_flock_from("after a conversion that failed");
	DO(flock(other, LOCK_UN));
	DO(flock(fd, LOCK_EX | LOCK_NB));
	probe_flock_from("exclusive");
	DO(flock(other, LOCK_SH | LOCK_NB));
	close(other);
	probe_flock_from("another closed");
	other = dup(fd);
	close(fd);
	probe_flock_from("a copy left");
	if (!MUST(fork()))
		_exit(0);
	conf_wait();
	probe_flock_from("a child gone");
	close(other);
	wait_until_free();
	probe_flock_from("closed");
}

/* The two kinds do not know of each other. */
static void kinds_are_apart(void)
{
	struct flock lock = range(4);
	int fd, other;

	conf_file("file", 0666, "0123456789");
	fd = FD(open("file", O_RDWR));
	other = FD(open("file", O_RDWR));
	DO(flock(fd, LOCK_EX | LOCK_NB));
	DO(fcntl(fd, F_SETLK, &lock));
	DO(fcntl(other, F_SETLK, &lock));
	DO(fcntl(other, F_OFD_SETLK, &lock));
	DO(flock(other, LOCK_EX | LOCK_NB));
	close(fd);
	DO(flock(other, LOCK_EX));
	close(other);
}

/* ---- waiting ----------------------------------------------------------- */

static void on_alarm(int number)
{
	(void)number;
}

static void interrupt_in(unsigned ms)
{
	struct sigaction action = { .sa_handler = on_alarm };
	/* Again and again, as the first may come before there is a wait. */
	struct itimerval timer = { .it_value.tv_usec = ms * 1000,
				   .it_interval.tv_usec = ms * 1000 };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Which lock a child waits for: record, description's, flock. */
static int wait_for;
static bool interrupted;

static void wait_for_lock(void)
{
	struct flock lock = range(4);
	int fd = open_probe();

	if (interrupted)
		interrupt_in(WAIT_MS);
	if (wait_for == 0)
		DO(fcntl(fd, F_SETLKW, &lock));
	else if (wait_for == 1)
		DO(fcntl(fd, F_OFD_SETLKW, &lock));
	else
		DO(flock(fd, LOCK_EX));
	close(fd);
}

static void take(int fd)
{
	struct flock lock = range(1);

	if (wait_for < 2)
		MUST(fcntl(fd, F_OFD_SETLK, &lock));
	else
		MUST(flock(fd, LOCK_SH));
}

static void waiting_can_be_interrupted(void)
{
	int fd;

	conf_file("file", 0666, "0123456789");
	fd = (int)MUST(open("file", O_RDWR));
	interrupted = true;
	for (int host = 0; host < 2; host++)
	for (wait_for = 0; wait_for < 3; wait_for++) {
		conf_on("kind %d host %d", wait_for, host);
		take(fd);
		from_host = host;
		conf_as(CONF_AS_ROOT, wait_for_lock);
		MUST(flock(fd, LOCK_UN));
		MUST(fcntl(fd, F_OFD_SETLK, &(struct flock){
			.l_type = F_UNLCK, .l_whence = SEEK_SET }));
	}
	close(fd);
}

/* The waiter must be there before, and gone after the lock. */
static void waiting_ends_with_the_lock(void)
{
	conf_file("file", 0666, "0123456789");
	interrupted = false;
	for (int direction = 0; direction < 3; direction++)
	for (wait_for = 0; wait_for < 3; wait_for++) {
		int fd = (int)MUST(openat(direction == 1 ? conf_host_fd :
					  AT_FDCWD, "file", O_RDWR));
		int status;
		pid_t pid;

		conf_on("kind %d direction %d", wait_for, direction);
		take(fd);
		from_host = direction == 2;
		pid = (pid_t)MUST(fork());
		if (!pid) {
			close(fd);
			wait_for_lock();
			_exit(0);
		}
		usleep(WAIT_MS * 1000);
		conf_say("waits: %d", waitpid(pid, &status, WNOHANG) == 0);
		close(fd);
		MUST(waitpid(pid, &status, 0));
		conf_say("ended with %#x", status);
		wait_until_free();
	}
}

static void killed_waiters_leave_nothing(void)
{
	conf_file("file", 0666, "0123456789");
	interrupted = false;
	for (wait_for = 0; wait_for < 3; wait_for++) {
		int fd = (int)MUST(open("file", O_RDWR));
		int status;
		pid_t pid;

		conf_on("kind %d", wait_for);
		take(fd);
		pid = (pid_t)MUST(fork());
		if (!pid) {
			close(fd);
			wait_for_lock();
			_exit(0);
		}
		usleep(WAIT_MS * 1000);
		MUST(kill(pid, SIGKILL));
		MUST(waitpid(pid, &status, 0));
		conf_say("ended with %#x", status);
		close(fd);
		wait_until_free();
		if (wait_for < 2)
			probe_from("afterwards");
		else
			probe_flock_from("afterwards");
	}
}

/* Linux' virtio-fs driver does not tell the server of signals. */
#define INTERRUPTED(function) \
	{ .name = #function, .flags = CONF_ROOT, .run = function, \
	  .options = "!(*guest*)" }

static const struct conf_case cases[] = {
	CONF_CASE(record_locks_stand_against_others, CONF_BOTH),
	CONF_CASE(record_locks_split_and_join, CONF_ROOT),
	CONF_CASE(record_locks_end_with_a_close, CONF_ROOT),
	CONF_CASE(description_locks_live_with_it, CONF_ROOT),
	CONF_CASE(refuses_wrong_locks, CONF_BOTH),
	CONF_CASE(flocks_stand_against_others, CONF_BOTH),
	CONF_CASE(kinds_are_apart, CONF_ROOT),
	INTERRUPTED(waiting_can_be_interrupted),
	CONF_CASE(waiting_ends_with_the_lock, CONF_ROOT),
	INTERRUPTED(killed_waiters_leave_nothing),
};
CONF_AREA(lock, cases);
