/* SPDX-License-Identifier: MIT */
/*
 * tree_print.h - a directory tree as text, to see whether it is what it was.
 */
#ifndef TESTS_LIB_TREE_PRINT_H
#define TESTS_LIB_TREE_PRINT_H

/*
 * A line for `root` and for each file below, sorted by name: its path, type and
 * mode, owner, links, size, times of change, the target of a symbolic link and
 * the sum of a regular file's bytes.  Left out are what is at or below `but` (a
 * path relative to root, or NULL), and what is mounted.  To be freed; ends the
 * test program when it cannot be made.
 */
char *tree_print(const char *root, const char *but);

/*
 * The same without times, and with extended attributes: two trees that were
 * made alike are alike.
 */
char *tree_print_state(const char *root);

#endif
