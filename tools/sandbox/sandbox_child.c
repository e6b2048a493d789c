/* SPDX-License-Identifier: MIT */
/*
 * The order matters.  The limit of descriptors takes a privilege that a user
 * namespace does not give.  Mounts are taken by who one was outside, for he can
 * reach them, and placed by who one is inside.  Capabilities are given up when
 * all of that is done, and the system calls at the very end, in two steps:
 * servers make their rings of io_uring between them.
 */
#include "tools/sandbox/sandbox_child.h"

#include "common/bytes.h"
#include "tools/nofile.h"
#include "tools/sandbox/sandbox_caps.h"
#include "tools/sandbox/sandbox_fail.h"
#include "tools/sandbox/sandbox_landlock.h"
#include "tools/sandbox/sandbox_seccomp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct child {
	const struct sandbox_options *options;
	struct sandbox_places *places;
	int sock;
	bool mapped;                    /* in a user namespace of its own */
	uint32_t uid, gid;              /* outside */
	struct sandbox_report report;
};

/* ---- talking ----------------------------------------------------------- */

static void report(struct child *c, enum sandbox_what what)
{
	c->report.what = what;
	if (send(c->sock, &c->report, sizeof(c->report), MSG_NOSIGNAL) !=
	    (ssize_t)sizeof(c->report))
		_exit(1);
}

static void wait_answer(const struct child *c)
{
	char byte;
	ssize_t n;

	do
		n = recv(c->sock, &byte, 1, 0);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(1);               /* the parent has given up */
}

/* The result of a step that has written c->report.text where it failed. */
static void check(struct child *c, int ret)
{
	if (!ret)
		return;
	c->report.error = ret;
	report(c, SANDBOX_HAS_FAILED);
	_exit(1);
}

#define FAIL(c, help, ...)                                                   \
	sandbox_fail((c)->report.text, sizeof((c)->report.text), help,       \
		     __VA_ARGS__)

/* ---- steps ------------------------------------------------------------- */

static int set_nofile(struct child *c)
{
	if (!(c->options->nofile_given ? nofile_set(c->options->nofile) :
					 nofile_raise()))
		return 0;
	return FAIL(c, "--rlimit-nofile 0 leaves it",
		    "set the limit of descriptors");
}

/* Whoever started the program may have left some open. */
static int close_directories(struct child *c)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	struct stat st;

	if (!dir)
		return FAIL(c, "/proc must be mounted, or --sandbox none",
			    "read /proc/self/fd");
	while ((entry = readdir(dir))) {
		/* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
		int fd = atoi(entry->d_name);

		if (*entry->d_name == '.' || fd == dirfd(dir))
			continue;
		if (!fstat(fd, &st) && S_ISDIR(st.st_mode))
			close(fd);
	}
	closedir(dir);
	return 0;
}

static int make_namespaces(struct child *c)
{
	int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
		    CLONE_NEWUTS;

	if (c->options->mode == SANDBOX_CHROOT)
		flags = CLONE_NEWNS;
	if (c->mapped)
		flags |= CLONE_NEWUSER;
	if (!unshare(flags))
		return 0;
	if (c->mapped)
		return FAIL(c, "an ordinary user needs user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns), --sandbox landlock or none",
			    "make namespaces");
	return FAIL(c, "it needs CAP_SYS_ADMIN, or --sandbox landlock or none",
		    "make namespaces");
}

/* Root of the user namespace, or whoever there is. */
static int become_self(struct child *c)
{
	const uid_t uid = sandbox_idmap_self(&c->options->uid_map, c->uid);
	const gid_t gid = sandbox_idmap_self(&c->options->gid_map, c->gid);

	/* Where there is just the own group, it is not allowed. */
	(void)setgroups(0, NULL);
	if (setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		return FAIL(c, "see --uid-map and --gid-map",
			    "become user %u, group %u", uid, gid);
	return 0;
}

static int change_root(struct child *c)
{
	char *text = c->report.text;
	const size_t size = sizeof(c->report.text);
	int ret = sandbox_places_take(c->places, text, size);

	if (!ret && c->mapped)
		ret = become_self(c);
	if (!ret)
		ret = sandbox_places_enter(c->places, text, size);
	return ret;
}

static uint64_t caps_to_keep(const struct child *c)
{
	uint64_t caps = SANDBOX_CAPS_FILES;

	if (!c->options->no_file_handles && !c->mapped &&
	    c->options->mode != SANDBOX_LANDLOCK)
		caps |= SANDBOX_CAP(CAP_DAC_READ_SEARCH);
	return (caps | c->options->caps_add) & ~c->options->caps_drop;
}

static int enter_landlock(struct child *c)
{
	const bool handles = sandbox_caps_get() &
			     SANDBOX_CAP(CAP_DAC_READ_SEARCH);
	const char **paths;
	int ret;

	if (c->options->mode == SANDBOX_NONE)
		return 0;
	if (c->options->mode == SANDBOX_LANDLOCK &&
	    !sandbox_landlock_has_files()) {
		errno = EOPNOTSUPP;
		return FAIL(c, "it takes Linux 5.19 with Landlock enabled, or --sandbox none",
			    "enter Landlock");
	}
	paths = calloc(c->places->count + 1, sizeof(*paths));
	if (!paths)
		return FAIL(c, SANDBOX_HELP_REPORT, "enter Landlock");
	for (size_t i = 0; i < c->places->count; i++)
		paths[i] = c->places->place[i].real;
	ret = sandbox_landlock(!handles || c->options->mode == SANDBOX_LANDLOCK,
			       paths, c->places->count, c->report.text,
			       sizeof(c->report.text));
	free(paths);
	return ret;
}

/* Get to know when the parent ends; it may have ended before. */
static void tie_to_parent(const struct child *c)
{
	struct pollfd fd = { .fd = c->sock };

	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (poll(&fd, 1, 0) && fd.revents & POLLHUP)
		_exit(1);
}

/* ---- the way in -------------------------------------------------------- */

static bool has_own_mounts(const struct child *c)
{
	return c->options->mode == SANDBOX_NAMESPACE ||
	       c->options->mode == SANDBOX_CHROOT;
}

/* A user namespace gives an ordinary user what the others take. */
static bool wants_user_namespace(const struct sandbox_options *options)
{
	return options->mode == SANDBOX_NAMESPACE &&
	       (geteuid() || options->uid_map.count || options->gid_map.count);
}

/* Go on as a new process, which is the first in a PID namespace. */
static void be_born(struct child *c)
{
	pid_t pid = fork();

	if (pid < 0)
		check(c, FAIL(c, SANDBOX_HELP_REPORT, "fork"));
	if (!pid)
		return;
	c->report.pid = pid;
	report(c, SANDBOX_IS_BORN);
	_exit(0);
}

/* Besides those of a server: to make rings, and to be denied that. */
static const int until_closed[] = {
	SYS_io_uring_setup, SYS_io_uring_register, SYS_seccomp,
};

void sandbox_child_enter(const struct sandbox_options *options,
			 struct sandbox_places *places, int sock)
{
	struct child c = { .options = options, .places = places, .sock = sock,
			   .mapped = wants_user_namespace(options),
			   .uid = geteuid(), .gid = getegid() };

	check(&c, set_nofile(&c));
	if (has_own_mounts(&c)) {
		check(&c, close_directories(&c));
		check(&c, make_namespaces(&c));
	}
	if (c.mapped) {
		report(&c, SANDBOX_WANTS_IDS);
		wait_answer(&c);
	}
	c.report.pid = getpid();
	if (options->mode == SANDBOX_NAMESPACE)
		be_born(&c);
	else
		report(&c, SANDBOX_IS_BORN);
	wait_answer(&c);
	umask(0);
	if (has_own_mounts(&c))
		check(&c, change_root(&c));
	check(&c, sandbox_caps_keep(caps_to_keep(&c), c.report.text,
				    sizeof(c.report.text)));
	check(&c, enter_landlock(&c));
	tie_to_parent(&c);
	check(&c, sandbox_seccomp(options->seccomp, until_closed,
				  ARRAY_LEN(until_closed), c.report.text,
				  sizeof(c.report.text)));
	report(&c, SANDBOX_IS_IN);
	close(sock);
}

int sandbox_close(const struct sandbox_options *options, char *err,
		  size_t err_size)
{
	return sandbox_seccomp(options->seccomp, NULL, 0, err, err_size);
}
