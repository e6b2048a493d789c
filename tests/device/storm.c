/* SPDX-License-Identifier: MIT */
#include "tests/device/storm.h"

#include "common/bytes.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define ASIDE "aside"                   /* where things are made */

static unsigned pick(struct storm *s, unsigned n)
{
	return (unsigned)rand_r(&s->seed) / 7 % n;
}

static const char *name(struct storm *s)
{
	return s->name(pick(s, 64));
}

/* The share, or a directory in it; to be closed.  Or -1. */
static int directory(struct storm *s)
{
	return openat(s->share, pick(s, 2) ? "." : name(s), DIR_FLAGS);
}

/* ---- steps: each in directory d, and maybe in e ------------------------ */

static bool rename_one(struct storm *s, int d, int e)
{
	static const unsigned flags[] = {
		0, RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_EXCHANGE,
	};

	return !renameat2(d, name(s), e, name(s), flags[pick(s, 4)]);
}

/* Put a link where something was, which goes somewhere else. */
static bool replace_by_link(struct storm *s, int d, int e)
{
	char aside[32];

	snprintf(aside, sizeof(aside), ASIDE "%u", pick(s, 64));
	if (symlinkat(s->link, d, aside))
		return false;
	(void)renameat2(d, aside, d, name(s), RENAME_EXCHANGE);
	/* What is there now?  Whatever it is. */
	if (!unlinkat(d, aside, 0) || !unlinkat(d, aside, AT_REMOVEDIR))
		return true;
	return !renameat(d, aside, pick(s, 2) ? s->away : e, name(s));
}

static bool move_out(struct storm *s, int d, int e)
{
	(void)e;
	return !renameat(d, name(s), s->away, name(s));
}

static bool bring_back(struct storm *s, int d, int e)
{
	(void)e;
	return !renameat(s->away, name(s), d, name(s));
}

static bool remove_one(struct storm *s, int d, int e)
{
	(void)e;
	return !unlinkat(d, name(s), pick(s, 2) ? AT_REMOVEDIR : 0);
}

static bool remove_away(struct storm *s, int d, int e)
{
	(void)d;
	return remove_one(s, s->away, e);
}

static bool make_directory(struct storm *s, int d, int e)
{
	(void)e;
	return !mkdirat(d, name(s), 0755);
}

static bool make_file(struct storm *s, int d, int e)
{
	static const char content[] = "of the share";
	int fd = openat(d, name(s), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			0644);

	(void)e;
	if (fd < 0)
		return false;
	(void)!write(fd, content, sizeof(content));
	close(fd);
	return true;
}

static bool make_special(struct storm *s, int d, int e)
{
	(void)e;
	return pick(s, 2) ? !mkfifoat(d, name(s), 0644)
			  : !symlinkat(s->link, d, name(s));
}

static bool link_one(struct storm *s, int d, int e)
{
	return !linkat(d, name(s), e, name(s), 0);
}

static void path_of(int fd, char path[32])
{
	snprintf(path, 32, "/proc/self/fd/%d", fd);
}

/* Mount a directory below the share over another one, or undo it. */
static bool mount_one(struct storm *s, int d, int e)
{
	int from = openat(d, name(s), DIR_FLAGS);
	int to = openat(e, name(s), DIR_FLAGS);
	char from_path[32], to_path[32];
	bool done = false;

	path_of(from, from_path);
	path_of(to, to_path);
	if (s->mounts && to >= 0)
		done = pick(s, 4) ? !umount2(to_path, MNT_DETACH) :
				    !mount(from_path, to_path, NULL, MS_BIND,
					   NULL);
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return done;
}

static bool (*const steps[])(struct storm *s, int d, int e) = {
	rename_one, rename_one, rename_one, replace_by_link, replace_by_link,
	move_out, bring_back, bring_back, remove_one, remove_away,
	make_directory, make_directory, make_file, make_special, link_one,
	mount_one,
};

void *storm_run(void *storm)
{
	struct storm *s = storm;

	while (!atomic_load(s->stop)) {
		int d = directory(s), e = directory(s);

		if (d >= 0 && e >= 0)
			s->good += steps[pick(s, ARRAY_LEN(steps))](s, d, e);
		s->steps++;
		if (d >= 0)
			close(d);
		if (e >= 0)
			close(e);
	}
	return NULL;
}

/* ---- afterwards -------------------------------------------------------- */

/* The last one first, as it may be over others. */
static bool unmount_one_below(const char *path)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[2 * PATH_MAX], at[PATH_MAX], last[PATH_MAX] = "";
	size_t len = strlen(path);

	while (mounts && fgets(line, sizeof(line), mounts))
		if (sscanf(line, "%*s %*s %*s %*s %4095s", at) == 1 &&
		    !strncmp(at, path, len) && at[len] == '/')
			memcpy(last, at, sizeof(last));
	if (mounts)
		fclose(mounts);
	return *last && !umount2(last, MNT_DETACH | UMOUNT_NOFOLLOW);
}

void storm_unmount_below(const char *path)
{
	while (unmount_one_below(path))
		;
}
