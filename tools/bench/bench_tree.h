/* SPDX-License-Identifier: MIT */
/*
 * bench_tree.h - the files that all who are compared work on, in a folder of
 * their own below the one that the user gave:
 *
 *	dNNN/fNNN       small files, in a number of directories
 *	many/eNNNNN     a large directory
 *	big             one large file
 *	work/           where workloads create, with rNNN, to be renamed
 */
#ifndef BENCH_TREE_H
#define BENCH_TREE_H

#include <stdbool.h>
#include <stdint.h>

#define BENCH_DIRS 16u
#define BENCH_SMALL 4096u               /* bytes of a small file */
#define BENCH_USERS 1024u               /* slots or threads at a time */
#define BENCH_NAME 16u                  /* bytes of the longest name */

struct bench_tree {
	char *path;
	unsigned files;                 /* in each directory */
	unsigned entries;               /* of the large directory */
	uint64_t size;                  /* of the large file */
	bool direct;                    /* open it with O_DIRECT */
	int root, dir[BENCH_DIRS], work;
};

/*
 * Make it below `where`; path and descriptors are set.  Ends the program if
 * that can't be done.
 */
void bench_tree_make(struct bench_tree *tree, const char *where);
void bench_tree_remove(struct bench_tree *tree);

/* The name of a directory, a file in it, an entry of the large one. */
void bench_tree_dir_name(unsigned dir, char name[BENCH_NAME]);
void bench_tree_file_name(unsigned file, char name[BENCH_NAME]);
/* A name in work/ that only one slot or thread uses. */
void bench_tree_own_name(char name[BENCH_NAME], char kind, unsigned number);

#endif
