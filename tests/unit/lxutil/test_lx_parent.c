/* SPDX-License-Identifier: MIT */
#include "tests/unit/lxutil/lx_fixture.h"

#include <fcntl.h>
#include <stdio.h>

static uint64_t parent_of(struct fixture *fx, struct lx_node *dir)
{
	struct lx_node *node;
	struct lx_stat st;
	int err = lx_lookup_parent(fx->vol, dir, &node, &st);

	if (err)
		fail_msg("%s", lx_errname(err));
	lx_node_close(fx->vol, node);
	return st.ino;
}

static struct lx_node *below(struct fixture *fx, struct lx_node *dir,
			     const char *name)
{
	struct lx_node *node;
	struct lx_stat st;

	assert_int_equal(lx_lookup(fx->vol, dir, name, &node, &st), 0);
	return node;
}

static void leads_up_to_the_root_and_no_further(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *a, *b;
	struct lx_stat root;

	assert_int_equal(mkdirat(fx->fd, "a", 0755), 0);
	assert_int_equal(mkdirat(fx->fd, "a/b", 0755), 0);
	assert_int_equal(lx_getattr(fx->vol, fx->root, &root), 0);
	a = fixture_lookup(fx, "a");
	b = below(fx, a, "b");
	assert_int_equal(parent_of(fx, b), fixture_stat(fx, "a").st_ino);
	assert_int_equal(parent_of(fx, a), root.ino);
	assert_int_equal(parent_of(fx, fx->root), root.ino);
	/* It goes by where the directory is now. */
	assert_int_equal(renameat(fx->fd, "a/b", fx->fd, "c"), 0);
	assert_int_equal(parent_of(fx, b), root.ino);
	lx_node_close(fx->vol, a);
	lx_node_close(fx->vol, b);
}

static void only_directories_have_one(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *file = fixture_create(fx, "f"), *node;
	struct lx_stat st;

	assert_int_equal(lx_lookup_parent(fx->vol, file, &node, &st),
			 -LX_ENOTDIR);
	lx_node_close(fx->vol, file);
}

/* What the host has moved away does not lead to where it is. */
static void nothing_outside_is_found(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *d, *e, *node = NULL;
	struct lx_stat st;
	char away[48];

	snprintf(away, sizeof(away), "%s-away", fx->path);
	assert_int_equal(mkdirat(fx->fd, "d", 0755), 0);
	assert_int_equal(mkdirat(fx->fd, "d/e", 0755), 0);
	d = fixture_lookup(fx, "d");
	e = below(fx, d, "e");
	assert_int_equal(renameat(fx->fd, "d", AT_FDCWD, away), 0);
	/* The parent is where the root is; and one that is held already. */
	assert_int_equal(lx_lookup_parent(fx->vol, d, &node, &st),
			 -LX_ESTALE);
	assert_int_equal(lx_lookup_parent(fx->vol, e, &node, &st),
			 -LX_ESTALE);
	assert_null(node);
	assert_int_equal(renameat(AT_FDCWD, away, fx->fd, "d"), 0);
	assert_int_equal(parent_of(fx, e), fixture_stat(fx, "d").st_ino);
	/* Removed: it is nowhere. */
	assert_int_equal(unlinkat(fx->fd, "d/e", AT_REMOVEDIR), 0);
	assert_true(lx_lookup_parent(fx->vol, e, &node, &st) <= 0);
	lx_node_close(fx->vol, node);
	lx_node_close(fx->vol, d);
	lx_node_close(fx->vol, e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(leads_up_to_the_root_and_no_further),
		fixture_test(only_directories_have_one),
		fixture_test(nothing_outside_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
