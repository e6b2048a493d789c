/* SPDX-License-Identifier: MIT */
/*
 * locks - two paths to one file must show each other's locks.
 *
 * usage: locks [-n] A B
 *
 * A and B are one file, by two mounts or by a mount and on the host.  A process
 * for each opens it and takes locks of each kind, as the steps of a table say;
 * each step's result must be that of two processes on a local file.  Waiting
 * locks are granted when the other lets go, closes or dies, or are interrupted:
 * not with -n, for the virtio-fs driver of Linux, which cannot.
 */
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { A, B, SIDES };
enum kind { FLOCK, RECORD, OFD };
enum op { TRY, WAIT, GET, REOPEN };
enum { RD = F_RDLCK, WR = F_WRLCK, UN = F_UNLCK };

static const char *const kind_names[] = { "flock", "record", "open file" };

struct command {
	enum op op;
	enum kind kind;
	short type;
	off_t start, len;
};

struct answer {
	int error;
	struct flock lock;              /* of GET */
};

static struct process {
	pid_t pid;
	int socket;
} processes[SIDES];

static const char *paths[SIDES];
static const char *doing = "nothing yet";

/* ---- a process that locks ----------------------------------------------- */

static int do_flock(int fd, const struct command *c)
{
	int op = c->type == RD ? LOCK_SH : c->type == WR ? LOCK_EX : LOCK_UN;

	return flock(fd, c->op == WAIT ? op : op | LOCK_NB);
}

static int do_fcntl(int fd, const struct command *c, struct flock *lock)
{
	static const int commands[][2] = {
		[TRY] = { F_SETLK, F_OFD_SETLK },
		[WAIT] = { F_SETLKW, F_OFD_SETLKW },
		[GET] = { F_GETLK, F_OFD_GETLK },
	};

	*lock = (struct flock){ .l_type = c->type, .l_whence = SEEK_SET,
				.l_start = c->start, .l_len = c->len };
	return fcntl(fd, commands[c->op][c->kind == OFD], lock);
}

static void interrupted(int signal)
{
	(void)signal;
}

__attribute__((noreturn))
static void serve(const char *path, int socket)
{
	const struct sigaction action = { .sa_handler = interrupted };
	struct command c;
	int fd = -1;

	sigaction(SIGUSR1, &action, NULL);
	while (read(socket, &c, sizeof(c)) == sizeof(c)) {
		struct answer answer = { 0 };
		int result = 0;

		if (c.op == REOPEN) {
			if (fd >= 0)
				close(fd);
			result = fd = open(path, O_RDWR);
		} else if (c.kind == FLOCK) {
			result = do_flock(fd, &c);
		} else {
			result = do_fcntl(fd, &c, &answer.lock);
		}
		answer.error = result < 0 ? errno : 0;
		if (write(socket, &answer, sizeof(answer)) != sizeof(answer))
			break;
	}
	_exit(0);
}

static void start(int side)
{
	int sockets[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		err(1, "socketpair");
	processes[side].pid = fork();
	if (processes[side].pid < 0)
		err(1, "fork");
	if (!processes[side].pid) {
		/* The other's end goes with the other. */
		if (processes[!side].pid)
			close(processes[!side].socket);
		close(sockets[0]);
		serve(paths[side], sockets[1]);
	}
	close(sockets[1]);
	processes[side].socket = sockets[0];
}

static void stop(int side)
{
	kill(processes[side].pid, SIGKILL);
	waitpid(processes[side].pid, NULL, 0);
	close(processes[side].socket);
	processes[side].pid = 0;
}

/* ---- the steps ---------------------------------------------------------- */

static void send_command(int side, struct command c)
{
	if (write(processes[side].socket, &c, sizeof(c)) != sizeof(c))
		err(1, "command");
}

static bool answered(int side, int milliseconds)
{
	struct pollfd p = { .fd = processes[side].socket, .events = POLLIN };

	return poll(&p, 1, milliseconds) > 0;
}

static struct answer receive(int side)
{
	struct answer answer;

	if (!answered(side, 10000))
		errx(1, "%s: no answer, doing %s", paths[side], doing);
	if (read(processes[side].socket, &answer, sizeof(answer)) !=
	    sizeof(answer))
		errx(1, "%s: the process has ended", paths[side]);
	return answer;
}

static struct answer run(int side, struct command c)
{
	send_command(side, c);
	return receive(side);
}

static void reopen(void)
{
	for (int side = 0; side < SIDES; side++)
		if (run(side, (struct command){ .op = REOPEN }).error)
			errx(1, "%s: cannot be opened", paths[side]);
}

static const struct step {
	int side;
	short type;
	off_t start, len;
	int error;
} steps[] = {
	/* Conflicts, and what is none. */
	{ A, WR, 0, 10, 0 },
	{ B, WR, 0, 10, EAGAIN }, { B, RD, 9, 1, EAGAIN },
	{ B, RD, 0, 0, EAGAIN }, { B, UN, 0, 0, 0 },
	{ A, WR, 0, 10, 0 },            /* again, which changes nothing */
	/* A writer becomes a reader; a reader a writer when it is alone. */
	{ A, RD, 0, 10, 0 }, { B, RD, 0, 10, 0 }, { B, UN, 0, 10, 0 },
	{ A, WR, 0, 10, 0 }, { A, UN, 0, 0, 0 },
	{ B, WR, 0, 0, 0 }, { A, RD, 0, 1, EAGAIN }, { B, UN, 0, 0, 0 },
}, ranges[] = {
	{ A, WR, 0, 10, 0 }, { B, WR, 10, 10, 0 }, { B, WR, 5, 2, EAGAIN },
	{ A, WR, 15, 0, EAGAIN }, { A, WR, 20, 0, 0 },
	{ B, RD, 1ll << 40, 1, EAGAIN },
	/* Neither of two readers becomes a writer; flock(2) would drop one. */
	{ A, RD, 0, 3, 0 }, { B, RD, 0, 3, 0 }, { A, WR, 0, 3, EAGAIN },
	{ B, WR, 0, 3, EAGAIN }, { B, UN, 0, 3, 0 }, { A, WR, 0, 3, 0 },
	/* A hole in a lock, and a lock in the hole. */
	{ A, UN, 3, 4, 0 }, { B, WR, 3, 4, 0 }, { A, RD, 6, 1, EAGAIN },
	{ B, RD, 2, 1, EAGAIN }, { B, RD, 7, 1, EAGAIN },
	{ A, UN, 0, 0, 0 }, { B, UN, 0, 0, 0 },
	{ A, RD, 0, 0, 0 }, { B, RD, 0, 0, 0 },
	{ A, UN, 0, 0, 0 }, { B, UN, 0, 0, 0 },
};

static void run_steps(enum kind kind, const struct step *all, size_t count)
{
	doing = "steps";
	for (size_t i = 0; i < count; i++) {
		const struct step *s = &all[i];
		int error = run(s->side, (struct command){
			.op = TRY, .kind = kind, .type = s->type,
			.start = s->start, .len = s->len }).error;

		if (error != s->error)
			errx(1, "%s: %s lock, step %zu: %s, expected %s",
			     paths[s->side], kind_names[kind], i,
			     strerror(error), strerror(s->error));
	}
}

static void must(int side, enum kind kind, enum op op, short type)
{
	int error = run(side, (struct command){ .op = op, .kind = kind,
						.type = type }).error;

	if (error)
		errx(1, "%s: %s lock: %s", paths[side], kind_names[kind],
		     strerror(error));
}

/* Somebody waits; and after what ends the wait, has the lock or an error. */
static void wait_for(enum kind kind, const char *end, int error)
{
	int got;

	doing = end;
	must(A, kind, TRY, WR);
	send_command(B, (struct command){ .op = WAIT, .kind = kind,
					  .type = WR });
	if (answered(B, 150))
		errx(1, "%s: %s lock: did not wait", paths[B],
		     kind_names[kind]);
	if (!strcmp(end, "unlock")) {
		must(A, kind, TRY, UN);
	} else if (!strcmp(end, "close")) {
		must(A, kind, REOPEN, 0);
	} else if (!strcmp(end, "death")) {
		stop(A);
	} else {
		kill(processes[B].pid, SIGUSR1);
	}
	got = receive(B).error;
	if (got != error)
		errx(1, "%s: %s lock, after %s: %s, expected %s", paths[B],
		     kind_names[kind], end, strerror(got), strerror(error));
	if (!processes[A].pid)
		start(A);
	reopen();
}

/* Who asks what is in the way learns it. */
static void ask(enum kind kind)
{
	struct command set = { TRY, kind, WR, 100, 50 };
	struct command get = { GET, kind, RD, 0, 0 };
	struct flock l;

	if (run(A, set).error)
		errx(1, "%s: cannot lock", paths[A]);
	l = run(B, get).lock;
	if (l.l_type != F_WRLCK || l.l_start != 100 || l.l_len != 50)
		errx(1, "%s: %s lock: got type %d, %lld, %lld", paths[B],
		     kind_names[kind], l.l_type, (long long)l.l_start,
		     (long long)l.l_len);
	get.len = 100;
	l = run(B, get).lock;
	if (l.l_type != F_UNLCK)
		errx(1, "%s: %s lock: got type %d where none is", paths[B],
		     kind_names[kind], l.l_type);
	reopen();
}

int main(int argc, char **argv)
{
	bool interrupt = argc < 2 || strcmp(argv[1], "-n") != 0;

	argv += !interrupt;
	if (argc != 4 - interrupt)
		errx(2, "usage: locks [-n] A B");
	for (int side = 0; side < SIDES; side++) {
		paths[side] = argv[1 + side];
		start(side);
	}
	reopen();
	for (enum kind kind = FLOCK; kind <= OFD; kind++) {
		run_steps(kind, steps, sizeof(steps) / sizeof(*steps));
		wait_for(kind, "unlock", 0);
		wait_for(kind, "close", 0);
		wait_for(kind, "death", 0);
		if (interrupt)
			wait_for(kind, "signal", EINTR);
		if (kind == FLOCK)
			continue;
		run_steps(kind, ranges, sizeof(ranges) / sizeof(*ranges));
		ask(kind);
	}
	stop(A);
	stop(B);
	return 0;
}
