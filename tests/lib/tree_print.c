/* SPDX-License-Identifier: MIT */
#include "tests/lib/tree_print.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

struct print {
	FILE *out;
	const char *but;                /* or NULL */
	bool attributes;                /* instead of times */
	dev_t dev;
};

static void die(const char *what)
{
	fprintf(stderr, "tree_print: %s: %s\n", what, strerror(errno));
	abort();
}

/* A sum that tells one content from another. */
static uint64_t sum(int dir, const char *name)
{
	uint64_t hash = 0xcbf29ce484222325;
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint8_t buf[4096];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++)
			hash = (hash ^ buf[i]) * 0x100000001b3;
	if (n < 0 || close(fd))
		die(name);
	return hash;
}

/* In the order in which the file system has them. */
static void print_attributes(struct print *p, int dir, const char *name)
{
	char path[PATH_MAX], list[4096], value[4096];
	ssize_t len, size;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
	len = llistxattr(path, list, sizeof(list));
	for (const char *at = list; len > 0 && at < list + len;
	     at += strlen(at) + 1) {
		size = lgetxattr(path, at, value, sizeof(value));
		fprintf(p->out, " %s=", at);
		for (ssize_t i = 0; i < size; i++)
			fprintf(p->out, "%02x", (unsigned char)value[i]);
	}
}

static void print_one(struct print *p, int dir, const char *name,
		      const struct stat *st)
{
	char target[PATH_MAX] = "";

	fprintf(p->out, " %o %u:%u %ju %jd", (unsigned)st->st_mode,
		(unsigned)st->st_uid, (unsigned)st->st_gid,
		(uintmax_t)st->st_nlink, (intmax_t)st->st_size);
	if (p->attributes)
		print_attributes(p, dir, name);
	else
		fprintf(p->out, " %jd.%09ld %jd.%09ld",
			(intmax_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
			(intmax_t)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
	if (S_ISLNK(st->st_mode) &&
	    readlinkat(dir, name, target, sizeof(target) - 1) >= 0)
		fprintf(p->out, " -> %s", target);
	if (S_ISREG(st->st_mode))
		fprintf(p->out, " %016jx", (uintmax_t)sum(dir, name));
	fputc('\n', p->out);
}

static int real_names(const struct dirent *d)
{
	return strcmp(d->d_name, ".") && strcmp(d->d_name, "..");
}

/* What is in the directory `name`, which is at `path` (of the tree). */
static void print_dir(struct print *p, int parent, const char *name,
		      const char *path)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **list;
	int n = fd < 0 ? -1 : scandirat(fd, ".", &list, real_names, alphasort);

	if (n < 0)
		die(name);
	for (int i = 0; i < n; i++) {
		const char *child = list[i]->d_name;
		char *below;
		struct stat st;

		if (asprintf(&below, "%s%s%s", path, *path ? "/" : "",
			     child) < 0 ||
		    fstatat(fd, child, &st, AT_SYMLINK_NOFOLLOW))
			die(child);
		if (!p->but || strcmp(below, p->but)) {
			fprintf(p->out, "%s", below);
			print_one(p, fd, child, &st);
			if (S_ISDIR(st.st_mode) && st.st_dev == p->dev)
				print_dir(p, fd, child, below);
		}
		free(below);
		free(list[i]);
	}
	free(list);
	close(fd);
}

static char *print(const char *root, struct print p)
{
	struct stat st;
	char *text;
	size_t len;

	p.out = open_memstream(&text, &len);
	if (!p.out || lstat(root, &st))
		die(root);
	p.dev = st.st_dev;
	fputc('.', p.out);
	print_one(&p, AT_FDCWD, root, &st);
	print_dir(&p, AT_FDCWD, root, "");
	if (fclose(p.out))
		die(root);
	return text;
}

char *tree_print(const char *root, const char *but)
{
	return print(root, (struct print){ .but = but });
}

char *tree_print_state(const char *root)
{
	return print(root, (struct print){ .attributes = true });
}
