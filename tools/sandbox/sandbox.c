/* SPDX-License-Identifier: MIT */
/*
 * The parent forks a child, which goes in step by step and reports to the
 * parent over a socket: that it needs its ids mapped (which only somebody
 * outside can do), that it is in, or what went wrong.
 *
 * A process cannot change its own PID namespace, just that of its children.
 * So with one there is a middle process, which makes the namespaces, forks the
 * child as the first process in there, and ends; by then the parent has made
 * itself the heir of orphans, so that the child is its own.
 */
#include "tools/sandbox/sandbox.h"

#include "tools/sandbox/sandbox_child.h"
#include "tools/sandbox/sandbox_fail.h"

#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the parent knows about whom it has started. */
struct entry {
	const struct sandbox_options *options;
	pid_t pid;                      /* the middle one's, then the child's */
	int sock;
	char *err;
	size_t err_size;
};

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int answer(const struct entry *e)
{
	return send(e->sock, "", 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

/* Of a middle process, which ends then, or of the child itself. */
static int adopt(struct entry *e, pid_t child)
{
	if (child != e->pid)
		reap(e->pid);
	e->pid = child;
	return answer(e);
}

static int map_ids(const struct entry *e)
{
	int ret = sandbox_idmap_write(e->pid, &e->options->uid_map,
				      &e->options->gid_map, e->err,
				      e->err_size);

	return ret ? ret : answer(e);
}

/* Do what the other side needs until it is in; 0 or -errno. */
static int guide(struct entry *e)
{
	struct sandbox_report report;
	int ret = 0;

	while (!ret) {
		ssize_t n = recv(e->sock, &report, sizeof(report), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(report)) {
			snprintf(e->err, e->err_size,
				 "the process that was to be shut in has ended");
			return -ECHILD;
		}
		if (report.what == SANDBOX_IS_IN)
			return 0;
		if (report.what == SANDBOX_WANTS_IDS) {
			ret = map_ids(e);
		} else if (report.what == SANDBOX_IS_BORN) {
			ret = adopt(e, report.pid);
		} else {
			snprintf(e->err, e->err_size, "%s", report.text);
			ret = report.error;
		}
	}
	return ret;
}

static int fork_child(struct entry *e, struct sandbox_places *places,
		      pid_t *ret_child)
{
	int socks[2], ret;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks))
		return sandbox_fail(e->err, e->err_size, SANDBOX_HELP_REPORT,
				    "make a pair of sockets");
	fflush(NULL);
	e->sock = socks[0];
	e->pid = fork();
	if (!e->pid) {
		close(socks[0]);
		sandbox_child_enter(e->options, places, socks[1]);
		*ret_child = 0;
		return 0;
	}
	close(socks[1]);
	ret = e->pid > 0 ? guide(e) :
			   sandbox_fail(e->err, e->err_size,
					SANDBOX_HELP_REPORT, "fork");
	close(e->sock);                 /* who waits for an answer ends */
	if (!ret)
		*ret_child = e->pid;
	else if (e->pid > 0)
		reap(e->pid);
	return ret;
}

static bool check(const struct sandbox_options *options, char *err,
		  size_t err_size)
{
	bool maps = options->uid_map.count || options->gid_map.count;

	if (maps && options->mode != SANDBOX_NAMESPACE) {
		snprintf(err, err_size,
			 "--uid-map and --gid-map need --sandbox namespace");
		return false;
	}
	return true;
}

int sandbox_enter(const struct sandbox_options *options,
		  const struct sandbox_share *shares, size_t count, char *err,
		  size_t err_size, pid_t *ret_child)
{
	struct entry entry = { .options = options, .err = err,
			       .err_size = err_size };
	struct sandbox_places places;
	pid_t child = -1;
	int heir = 0, ret;

	if (!check(options, err, err_size))
		return -EINVAL;
	ret = sandbox_places_find(shares, count, &places, err, err_size);
	if (!ret) {
		prctl(PR_GET_CHILD_SUBREAPER, &heir, 0, 0, 0);
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
		ret = fork_child(&entry, &places, &child);
		if (child)
			prctl(PR_SET_CHILD_SUBREAPER, heir, 0, 0, 0);
	}
	sandbox_places_free(&places);
	if (!ret)
		*ret_child = child;
	return ret;
}
