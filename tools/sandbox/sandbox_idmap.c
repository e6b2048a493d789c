/* SPDX-License-Identifier: MIT */
#include "tools/sandbox/sandbox_idmap.h"

#include "tools/sandbox/sandbox_fail.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define IDS_END UINT32_MAX              /* (uid_t)-1 is no id */
#define NUMBER_MAX 12                   /* bytes of an id as text */
#define ARGS_MAX (3 + SANDBOX_RANGES_MAX * 3)

/* ---- text -------------------------------------------------------------- */

/* A number and the separator behind it; *text moves on. */
static bool parse_number(const char **text, char separator, uint32_t *ret)
{
	const char *s = *text;
	uint64_t value = 0;

	if (*s < '0' || *s > '9')
		return false;
	for (; *s >= '0' && *s <= '9'; s++) {
		value = value * 10 + (uint64_t)(*s - '0');
		if (value > IDS_END)
			return false;
	}
	if (*s != separator)
		return false;
	*text = s + 1;
	*ret = (uint32_t)value;
	return true;
}

static bool parse_range(const char *text, struct sandbox_range *range)
{
	char separator = *text;

	if (!separator || (separator >= '0' && separator <= '9'))
		return false;
	text++;
	return parse_number(&text, separator, &range->inside) &&
	       parse_number(&text, separator, &range->outside) &&
	       parse_number(&text, separator, &range->count) && !*text &&
	       range->count && range->count <= IDS_END - range->inside &&
	       range->count <= IDS_END - range->outside;
}

static bool overlap(uint32_t a, uint32_t b, const struct sandbox_range *x,
		    const struct sandbox_range *y)
{
	return a < b + (uint64_t)y->count && b < a + (uint64_t)x->count;
}

bool sandbox_idmap_add(struct sandbox_idmap *map, const char *text, char *err,
		       size_t err_size)
{
	struct sandbox_range range;

	if (!parse_range(text, &range)) {
		snprintf(err, err_size,
			 "'%s' is no range of ids; expected :INSIDE:OUTSIDE:COUNT:, as in :0:100000:65536:",
			 text);
		return false;
	}
	for (size_t i = 0; i < map->count; i++) {
		const struct sandbox_range *r = &map->range[i];

		if (overlap(range.inside, r->inside, &range, r) ||
		    overlap(range.outside, r->outside, &range, r)) {
			snprintf(err, err_size,
				 "'%s' maps an id that is mapped already",
				 text);
			return false;
		}
	}
	if (map->count == SANDBOX_RANGES_MAX) {
		snprintf(err, err_size, "more than %d ranges of ids",
			 SANDBOX_RANGES_MAX);
		return false;
	}
	map->range[map->count++] = range;
	return true;
}

/* ---- who to be --------------------------------------------------------- */

uint32_t sandbox_idmap_self(const struct sandbox_idmap *map, uint32_t own)
{
	uint32_t self = map->count ? map->range[0].inside : own;

	for (size_t i = 0; i < map->count; i++) {
		const struct sandbox_range *r = &map->range[i];

		if (!r->inside)
			return 0;
		if (own >= r->outside && own - r->outside < r->count)
			self = r->inside + (own - r->outside);
	}
	return self;
}

/* ---- writing ----------------------------------------------------------- */

/* A map on its way into /proc/PID. */
struct writer {
	pid_t pid;
	const char *file;               /* "uid_map" */
	const char *program;            /* for an ordinary user */
	uint32_t own;
	struct sandbox_idmap map;       /* not empty */
};

static int write_file(pid_t pid, const char *file, const char *text)
{
	size_t len = strlen(text);
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, text, len) == (ssize_t)len ? 0 : -errno;
	close(fd);
	errno = -ret;
	return ret;
}

static int write_directly(const struct writer *w, char *err, size_t err_size)
{
	char text[SANDBOX_RANGES_MAX * 3 * NUMBER_MAX];
	size_t len = 0;

	for (size_t i = 0; i < w->map.count; i++) {
		const struct sandbox_range *r = &w->map.range[i];

		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"%u %u %u\n", r->inside, r->outside,
					r->count);
	}
	if (!write_file(w->pid, w->file, text))
		return 0;
	return sandbox_fail(err, err_size, SANDBOX_HELP_MODE, "write the %s",
			    w->file);
}

/* What the program said, up to the end of a line, for the one who asked. */
static void read_complaint(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size - 1 &&
	       ((n = read(fd, buf + len, size - 1 - len)) > 0 ||
		(n < 0 && errno == EINTR)))
		len += n > 0 ? (size_t)n : 0;
	buf[len] = 0;
	buf[strcspn(buf, "\n")] = 0;
}

/* Run it with its stderr on a pipe.  Its exit status, or -errno. */
static int run(char **args, char *complaint, size_t size)
{
	posix_spawn_file_actions_t files;
	int fds[2], status, ret;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, fds[1], STDERR_FILENO);
	ret = -posix_spawnp(&pid, args[0], &files, NULL, args, environ);
	posix_spawn_file_actions_destroy(&files);
	close(fds[1]);
	if (!ret) {
		read_complaint(fds[0], complaint, size);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		ret = WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
	}
	close(fds[0]);
	return ret;
}

static int write_by_program(const struct writer *w, char *err, size_t err_size)
{
	char numbers[1 + SANDBOX_RANGES_MAX * 3][NUMBER_MAX];
	char *args[ARGS_MAX];
	char complaint[256] = "";
	size_t n = 0;
	int ret;

	snprintf(numbers[n++], NUMBER_MAX, "%d", (int)w->pid);
	for (size_t i = 0; i < w->map.count; i++) {
		const struct sandbox_range *r = &w->map.range[i];

		snprintf(numbers[n++], NUMBER_MAX, "%u", r->inside);
		snprintf(numbers[n++], NUMBER_MAX, "%u", r->outside);
		snprintf(numbers[n++], NUMBER_MAX, "%u", r->count);
	}
	args[0] = (char *)w->program;
	for (size_t i = 0; i < n; i++)
		args[1 + i] = numbers[i];
	args[1 + n] = NULL;
	ret = run(args, complaint, sizeof(complaint));
	if (ret < 0) {
		errno = -ret;
		return sandbox_fail(err, err_size,
				    "it is in Debian's package uidmap",
				    "run %s", w->program);
	}
	if (!ret)
		return 0;
	snprintf(err, err_size,
		 "%s; /etc/sub%.3s says who may use which ids",
		 *complaint ? complaint : w->program, w->file);
	return -EPERM;
}

/* The kernel lets an ordinary user do so. */
static bool is_own(const struct writer *w)
{
	return w->map.count == 1 && w->map.range[0].count == 1 &&
	       w->map.range[0].outside == w->own;
}

static int write_map(const struct writer *w, char *err, size_t err_size)
{
	if (!geteuid() || is_own(w))
		return write_directly(w, err, err_size);
	return write_by_program(w, err, err_size);
}

/* The map, or just the own id. */
static struct sandbox_idmap complete(const struct sandbox_idmap *map,
				     uint32_t own)
{
	struct sandbox_idmap own_only = { 1, { { own, own, 1 } } };

	return map->count ? *map : own_only;
}

int sandbox_idmap_write(pid_t pid, const struct sandbox_idmap *uids,
			const struct sandbox_idmap *gids, char *err,
			size_t err_size)
{
	const struct writer uid = { pid, "uid_map", "newuidmap", geteuid(),
				    complete(uids, geteuid()) };
	const struct writer gid = { pid, "gid_map", "newgidmap", getegid(),
				    complete(gids, getegid()) };
	int ret = write_map(&uid, err, err_size);

	if (ret)
		return ret;
	/* The price of writing it without privilege. */
	if (geteuid() && is_own(&gid) && write_file(pid, "setgroups", "deny"))
		return sandbox_fail(err, err_size, SANDBOX_HELP_MODE,
				    "forbid setgroups");
	return write_map(&gid, err, err_size);
}
