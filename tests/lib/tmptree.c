/* SPDX-License-Identifier: MIT */
#include "tests/lib/tmptree.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "tmptree: %s: %s\n", what, strerror(errno));
	abort();
}

const char *tmptree_path(const struct tmptree *tree, const char *name)
{
	static char path[PATH_MAX + NAME_MAX + 2];

	snprintf(path, sizeof(path), "%s/%s", tree->root, name);
	return path;
}

bool tmptree_exists(const struct tmptree *tree, const char *name)
{
	struct stat st;

	return !lstat(tmptree_path(tree, name), &st);
}

const char *tmptree_read(const struct tmptree *tree, const char *name)
{
	static char content[65537];
	FILE *file = fopen(tmptree_path(tree, name), "re");
	size_t n;

	if (!file)
		return NULL;
	n = fread(content, 1, sizeof(content) - 1, file);
	content[n] = '\0';
	fclose(file);
	return content;
}

void tmptree_write(const struct tmptree *tree, const char *name,
		   const char *content)
{
	FILE *file = fopen(tmptree_path(tree, name), "we");

	if (!file || fputs(content, file) == EOF || fclose(file))
		die(name);
}

static void make_one(const struct tmptree *tree, char *line)
{
	char *name = line + 2, *rest = strchr(name, ' ');

	if (rest)
		*rest++ = '\0';
	if (line[0] == 'd' && mkdir(tmptree_path(tree, name), 0777))
		die(name);
	if (line[0] == 'f')
		tmptree_write(tree, name, rest ? rest : "");
	if (line[0] == 'l' && symlink(rest, tmptree_path(tree, name)))
		die(name);
}

void tmptree_init(struct tmptree *tree, const char *description)
{
	const char *tmp = getenv("TMPDIR");
	char *copy = strdup(description), *save = NULL;

	snprintf(tree->root, sizeof(tree->root), "%s/virtiofs-test-XXXXXX",
		 tmp ? tmp : "/tmp");
	if (!copy || !mkdtemp(tree->root) || chmod(tree->root, 0755))
		die(tree->root);
	for (char *line = strtok_r(copy, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		make_one(tree, line);
	free(copy);
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void tmptree_done(struct tmptree *tree)
{
	if (nftw(tree->root, remove_one, 16, FTW_DEPTH | FTW_PHYS))
		die(tree->root);
}
