/* SPDX-License-Identifier: MIT */
/* Which directories there are to be in the sandbox; tests/sandbox goes in. */
#include "tools/sandbox/sandbox_places.h"

#include "tests/lib/tmptree.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static struct tmptree tree;
static char root[PATH_MAX];             /* of it, without symbolic links */
static char err[SANDBOX_ERR_MAX];

static int set_up(void **state)
{
	(void)state;
	tmptree_init(&tree, "d a\nd a/b\nd c\nl link a/b\nf file x");
	return realpath(tree.root, root) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	tmptree_done(&tree);
	return 0;
}

static int find(const char *one, const char *two, struct sandbox_places *p)
{
	const struct sandbox_share shares[] = { { one, false }, { two, true } };

	err[0] = 0;
	return sandbox_places_find(shares, two ? 2 : 1, p, err, sizeof(err));
}

static char *below(const char *name)
{
	static char path[2][2 * PATH_MAX];
	static int next;

	next = !next;
	snprintf(path[next], sizeof(path[next]), "%s/%s", root, name);
	return path[next];
}

static void finds_them_in_order(void **state)
{
	struct sandbox_places p;

	(void)state;
	assert_int_equal(find(below("c"), below("a"), &p), 0);
	assert_int_equal(p.count, 2);
	assert_string_equal(p.place[0].real, below("a"));
	assert_true(p.place[0].read_only);
	assert_string_equal(p.place[1].real, below("c"));
	assert_false(p.place[1].read_only);
	assert_int_equal(p.place[0].tree_fd, -1);
	assert_false(p.has_root);
	sandbox_places_free(&p);
}

static void parents_come_before_children(void **state)
{
	struct sandbox_places p;

	(void)state;
	assert_int_equal(find(below("link"), below("a"), &p), 0);
	assert_string_equal(p.place[0].path, below("a"));
	assert_string_equal(p.place[1].path, below("link"));
	assert_string_equal(p.place[1].real, below("a/b"));
	sandbox_places_free(&p);
}

static void relative_paths_begin_where_we_are(void **state)
{
	struct sandbox_places p;
	char cwd[PATH_MAX];

	(void)state;
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(chdir(below("a")), 0);
	assert_int_equal(find("../c", ".", &p), 0);
	assert_int_equal(chdir(cwd), 0);
	assert_string_equal(p.cwd, below("a"));
	assert_string_equal(p.place[0].real, below("a"));
	assert_string_equal(p.place[0].path, below("a/."));
	assert_string_equal(p.place[1].real, below("c"));
	assert_string_equal(p.place[1].path, below("a/../c"));
	sandbox_places_free(&p);
}

static void takes_a_single_file(void **state)
{
	struct sandbox_places p;

	(void)state;
	assert_int_equal(find(below("file"), below("c"), &p), 0);
	assert_false(p.place[0].is_file);
	assert_true(p.place[1].is_file);
	assert_string_equal(p.place[1].real, below("file"));
	sandbox_places_free(&p);
}

static void sees_that_all_is_shared(void **state)
{
	struct sandbox_places p;

	(void)state;
	assert_int_equal(find("/usr/..", below("a"), &p), 0);
	assert_true(p.has_root);
	sandbox_places_free(&p);
}

static void names_what_is_not_there(void **state)
{
	struct sandbox_places p;

	(void)state;
	assert_int_equal(find(below("a"), below("none"), &p), -ENOENT);
	assert_non_null(strstr(err, below("none")));
	assert_non_null(strstr(err, "No such file"));
	sandbox_places_free(&p);
	assert_int_equal(find("/dev/null", NULL, &p), -ENOTDIR);
	assert_non_null(strstr(err, "Not a directory"));
	sandbox_places_free(&p);
	assert_int_equal(find("", NULL, &p), 0);
	sandbox_places_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_them_in_order),
		cmocka_unit_test(parents_come_before_children),
		cmocka_unit_test(relative_paths_begin_where_we_are),
		cmocka_unit_test(takes_a_single_file),
		cmocka_unit_test(sees_that_all_is_shared),
		cmocka_unit_test(names_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
