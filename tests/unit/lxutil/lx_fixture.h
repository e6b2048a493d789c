/* SPDX-License-Identifier: MIT */
/*
 * lx_fixture.h - a fresh directory tree with a volume on it, for one test.
 *
 * The test plays both sides: the guest through `vol`, the host through `fd`,
 * a descriptor of the same directory.  Teardown fails when the test has left
 * a descriptor open, so every test is a leak test.
 */
#ifndef TESTS_LX_FIXTURE_H
#define TESTS_LX_FIXTURE_H

#include "lxutil/lx_volume.h"
#include "tests/lib/count_fds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

struct fixture {
	char path[32];
	int fd;
	struct log log;
	struct lx_volume *vol, *ro;     /* ro: the same tree, read-only */
	struct lx_node *root;           /* good for both */
	unsigned fds;                   /* open before all this */
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

#define fixture_test(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

/* Tests that need privilege say so. */
#define need_root() \
	do { \
		if (geteuid()) \
			skip(); \
	} while (0)

static const struct lx_caller fixture_root = { .uid = 0 };

/* The host makes a file; `text` may be NULL. */
void fixture_file(struct fixture *fx, const char *name, const char *text);
/* Two records of attributes are equal, in all but ctime. */
void fixture_same(const struct lx_stat *a, const struct lx_stat *b);
/* What the host sees. */
struct stat fixture_stat(struct fixture *fx, const char *name);
/* The guest looks up a name in the root, which must be there. */
struct lx_node *fixture_lookup(struct fixture *fx, const char *name);
/* The guest makes an empty regular file owned by root. */
struct lx_node *fixture_create(struct fixture *fx, const char *name);
struct lx_file *fixture_open(struct fixture *fx, const char *name,
			     uint32_t flags);
/* Close and forget. */
void fixture_close(struct fixture *fx, struct lx_node **node);

/* One piece. */
ssize_t fixture_read(struct lx_file *file, void *buf, size_t size,
		     uint64_t offset);
ssize_t fixture_write(struct lx_file *file, const void *buf, size_t size,
		      uint64_t offset);

/* Run fn in a thread of its own; it must not assert. */
void fixture_in_thread(void (*fn)(void *arg), void *arg);
/* The same with that thread being user and group 1000, no privilege. */
void fixture_as_user(void (*fn)(void *arg), void *arg);

#endif
