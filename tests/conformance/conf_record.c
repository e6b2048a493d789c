/* SPDX-License-Identifier: MIT */
#include "tests/conformance/conf_run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMES_MAX 16384
/* Of a longer file (it is a hole) only the size is told. */
#define CONTENT_MAX (8 << 20)

int conf_host_fd = -1;
unsigned conf_settle_ms;
static struct conf_record *record;
static char context[8192];
static struct stat marked;

/* ---- lines ------------------------------------------------------------- */

struct conf_record *conf_record_new(void)
{
	void *map = mmap(NULL, sizeof(struct conf_record),
			 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			 -1, 0);

	if (map == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return map;
}

void conf_record_use(struct conf_record *r)
{
	record = r;
	context[0] = '\0';
}

/* Bytes that are no plain text become '?', so that a line is a line. */
static void add(const char *text)
{
	for (; *text && record->len + 1 < sizeof(record->text); text++)
		record->text[record->len++] =
			*text >= ' ' && *text < 127 ? *text : '?';
}

void conf_say(const char *format, ...)
{
	char line[8192];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	if (context[0]) {
		add(context);
		add(": ");
	}
	add(line);
	if (record->len + 1 < sizeof(record->text))
		record->text[record->len++] = '\n';
	else
		record->broken = true;
}

void conf_on(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(context, sizeof(context), format, ap);
	va_end(ap);
}

const char *conf_errname(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : "E?";
}

long long conf_ret(const char *text, long long value)
{
	int err = errno;

	if (value == -1)
		conf_say("%s = -1 %s", text, conf_errname(err));
	else
		conf_say("%s = %lld", text, value);
	errno = err;
	return value;
}

int conf_fd(const char *text, int fd)
{
	int err = errno;

	conf_say("%s = %s", text, fd < 0 ? conf_errname(err) : "fd");
	errno = err;
	return fd;
}

long long conf_must(const char *text, long long value)
{
	if (value != -1)
		return value;
	conf_say("cannot go on: %s: %s", text, conf_errname(errno));
	record->broken = true;
	_exit(1);
}

/* ---- what is there ----------------------------------------------------- */

static const char *type_name(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: return "file";
	case S_IFDIR: return "dir";
	case S_IFLNK: return "symlink";
	case S_IFIFO: return "fifo";
	case S_IFSOCK: return "socket";
	case S_IFCHR: return "char";
	case S_IFBLK: return "block";
	default: return "unknown";
	}
}

/*
 * How much of a file is allocated, roughly: a file system takes blocks for
 * itself, and takes them when it likes.
 */
static const char *allocation(const struct stat *st)
{
	long long bytes = (long long)st->st_blocks * 512, slack = 65536;

	if (bytes + slack < st->st_size)
		return "sparse";
	return bytes > st->st_size + slack ? "beyond the end" : "whole";
}

void conf_statbuf(const char *what, const struct stat *st)
{
	conf_say("stat %s: %s %04o nlink %lu uid %u gid %u size %lld, %s, rdev %u:%u",
		 what, type_name(st->st_mode), st->st_mode & 07777,
		 (unsigned long)st->st_nlink, st->st_uid, st->st_gid,
		 (long long)st->st_size, allocation(st),
		 major(st->st_rdev), minor(st->st_rdev));
}

void conf_stat(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		conf_say("stat %s: %s", path, conf_errname(errno));
	else
		conf_statbuf(path, &st);
}

void conf_fstat(const char *what, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		conf_say("fstat %s: %s", what, conf_errname(errno));
	else
		conf_statbuf(what, &st);
}

void conf_content(const char *path)
{
	uint32_t digest = 2166136261u;  /* FNV-1a */
	static unsigned char buf[65536];
	unsigned char start[17] = "";
	long long total = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		conf_say("content %s: %s", path, conf_errname(errno));
		return;
	}
	while ((n = read(fd, buf, sizeof(buf))) > 0 && total <= CONTENT_MAX) {
		for (ssize_t i = 0; i < n; i++)
			digest = (digest ^ buf[i]) * 16777619u;
		if (!total)
			memcpy(start, buf, n < 16 ? (size_t)n : 16);
		total += n;
	}
	if (total > CONTENT_MAX)
		digest = 0;
	conf_say("content %s: %lld bytes %08x '%s'%s%s", path, total, digest,
		 start, n < 0 ? " then " : "", n < 0 ? conf_errname(errno) : "");
	close(fd);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void conf_list(const char *path)
{
	static char *names[NAMES_MAX];
	DIR *dir = opendir(path);
	struct dirent *entry;
	size_t count = 0;
	char line[300];

	if (!dir) {
		conf_say("list %s: %s", path, conf_errname(errno));
		return;
	}
	errno = 0;
	while (count < NAMES_MAX && (entry = readdir(dir))) {
		snprintf(line, sizeof(line), "%s type %d", entry->d_name,
			 entry->d_type);
		names[count++] = strdup(line);
	}
	if (errno)
		conf_say("list %s: %s", path, conf_errname(errno));
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; i < count; i++) {
		conf_say("list %s: %s", path, names[i]);
		free(names[i]);
	}
	closedir(dir);
}

/* ---- times ------------------------------------------------------------- */

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

void conf_mark(const char *path)
{
	/* More than two ticks of the kernel's coarse clock, at 100 Hz. */
	const struct timespec tick = { .tv_nsec = 21 * 1000 * 1000 };

	MUST(lstat(path, &marked));
	nanosleep(&tick, NULL);
}

void conf_moved(const char *what, const char *path)
{
	struct stat st;

	if (lstat(path, &st)) {
		conf_say("%s: %s", what, conf_errname(errno));
		return;
	}
	conf_say("%s moves:%s%s%s", what,
		 same_time(&st.st_atim, &marked.st_atim) ? "" : " atime",
		 same_time(&st.st_mtim, &marked.st_mtim) ? "" : " mtime",
		 same_time(&st.st_ctim, &marked.st_ctim) ? "" : " ctime");
}

void conf_times(const char *path)
{
	struct stat st;

	if (lstat(path, &st)) {
		conf_say("times %s: %s", path, conf_errname(errno));
		return;
	}
	conf_say("times %s: atime %lld.%09ld mtime %lld.%09ld", path,
		 (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
		 (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

/* ---- making things ----------------------------------------------------- */

void conf_file(const char *path, mode_t mode, const char *content)
{
	size_t len = strlen(content);
	int fd = (int)MUST(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
				0600));

	MUST(write(fd, content, len) == (ssize_t)len ? 0 : -1);
	MUST(fchmod(fd, mode));
	close(fd);
}

void conf_dir(const char *path, mode_t mode)
{
	MUST(mkdir(path, 0700));
	MUST(chmod(path, mode));
}

void conf_remove(const char *path)
{
	struct stat st;

	if (unlink(path) && !lstat(path, &st)) {
		if (S_ISDIR(st.st_mode))
			conf_tree_remove(path);
		else
			(void)MUST(unlink(path));
	}
}

uint8_t conf_pattern_byte(uint64_t offset)
{
	return (uint8_t)(offset ^ offset >> 8 ^ offset >> 16 ^ 0x5a);
}

void conf_pattern(const char *path, size_t size)
{
	uint8_t *buf = malloc(size ? size : 1);
	int fd = (int)MUST(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
				0644));

	for (size_t i = 0; i < size; i++)
		buf[i] = conf_pattern_byte(i);
	MUST(write(fd, buf, size) == (ssize_t)size ? 0 : -1);
	close(fd);
	free(buf);
}

/* ---- other people ------------------------------------------------------ */

static const struct {
	const char *name;
	uid_t uid;
	size_t count;
	gid_t groups[2];                /* the first is the main one */
} people[] = {
	[CONF_AS_ROOT] = { "root", 0, 1, { 0 } },
	[CONF_AS_USER] = { "user", CONF_UID, 2, { CONF_GID, CONF_GROUP } },
	[CONF_AS_OTHER] = { "other", CONF_OTHER, 1, { CONF_OTHER } },
	[CONF_AS_MEMBER] = { "member", CONF_OTHER + 1, 2,
			     { CONF_OTHER + 1, CONF_GID } },
};

const char *conf_who_name(enum conf_who who)
{
	return people[who].name;
}

void conf_become(enum conf_who who)
{
	if (who == CONF_AS_ROOT)
		return;
	MUST(setgroups(people[who].count, people[who].groups));
	MUST(setresgid(people[who].groups[0], people[who].groups[0],
		       people[who].groups[0]));
	MUST(setresuid(people[who].uid, people[who].uid, people[who].uid));
	/* Else /proc/self would belong to root. */
	MUST(prctl(PR_SET_DUMPABLE, 1));
}

void conf_as(enum conf_who who, void (*fn)(void))
{
	pid_t pid = (pid_t)MUST(fork());
	int status;

	if (!pid) {
		conf_become(who);
		fn();
		_exit(0);
	}
	MUST(waitpid(pid, &status, 0));
	if (status)
		conf_say("a child ended with status %#x", status);
}

int conf_wait(void)
{
	int status = -1;

	MUST(wait(&status));
	return status;
}

void conf_settle(void)
{
	usleep(conf_settle_ms * 1000);
}
