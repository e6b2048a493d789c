/* SPDX-License-Identifier: MIT */
#include "tools/bench/bench_tree.h"

#include "tools/bench/bench_fail.h"

#include <fcntl.h>
#include <ftw.h>
#include <glib.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK (1024 * 1024)

void bench_tree_dir_name(unsigned dir, char name[BENCH_NAME])
{
	snprintf(name, BENCH_NAME, "d%03u", dir);
}

void bench_tree_file_name(unsigned file, char name[BENCH_NAME])
{
	snprintf(name, BENCH_NAME, "f%05u", file);
}

void bench_tree_own_name(char name[BENCH_NAME], char kind, unsigned number)
{
	snprintf(name, BENCH_NAME, "%c%u", kind, number);
}

static int make_dir(int at, const char *name)
{
	int fd;

	if (mkdirat(at, name, 0755))
		bench_fail_errno("mkdir %s", name);
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		bench_fail_errno("%s", name);
	return fd;
}

/* A file of `size` bytes that are really there. */
static void make_file(int at, const char *name, uint64_t size)
{
	static char block[BLOCK];       /* what it holds does not matter */
	int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			0644);

	if (fd < 0)
		bench_fail_errno("%s", name);
	while (size) {
		size_t n = size < BLOCK ? size : BLOCK;

		if (write(fd, block, n) != (ssize_t)n)
			bench_fail_errno("%s", name);
		size -= n;
	}
	close(fd);
}

void bench_tree_make(struct bench_tree *tree, const char *where)
{
	char name[BENCH_NAME];
	int many;

	tree->path = g_build_filename(where, "virtiofs-bench-XXXXXX", NULL);
	if (!g_mkdtemp(tree->path))
		bench_fail_errno("%s", where);
	tree->root = open(tree->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tree->root < 0)
		bench_fail_errno("%s", tree->path);
	for (unsigned d = 0; d < BENCH_DIRS; d++) {
		bench_tree_dir_name(d, name);
		tree->dir[d] = make_dir(tree->root, name);
		for (unsigned f = 0; f < tree->files; f++) {
			bench_tree_file_name(f, name);
			make_file(tree->dir[d], name, BENCH_SMALL);
		}
	}
	many = make_dir(tree->root, "many");
	for (unsigned e = 0; e < tree->entries; e++) {
		bench_tree_file_name(e, name);
		make_file(many, name, 0);
	}
	close(many);
	make_file(tree->root, "big", tree->size);
	tree->work = make_dir(tree->root, "work");
	for (unsigned i = 0; i < BENCH_USERS; i++) {
		bench_tree_own_name(name, 'r', i);
		make_file(tree->work, name, 0);
	}
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void bench_tree_remove(struct bench_tree *tree)
{
	if (!tree->path)
		return;
	nftw(tree->path, remove_one, 64, FTW_DEPTH | FTW_PHYS);
	for (unsigned d = 0; d < BENCH_DIRS; d++)
		close(tree->dir[d]);
	close(tree->root);
	close(tree->work);
	g_free(tree->path);
	tree->path = NULL;
}
