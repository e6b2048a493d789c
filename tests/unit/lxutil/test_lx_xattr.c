/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_cred.h"

#include "tests/unit/lxutil/lx_fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

/* Does the file system here have user xattrs? */
#define need_xattrs(fx) \
	do { \
		if (setxattr((fx)->path, "user.probe", "", 0, 0)) \
			skip(); \
	} while (0)

static bool listed(struct fixture *fx, struct lx_node *node, const char *name)
{
	char list[4096];
	ssize_t len = lx_listxattr(fx->vol, node, list, sizeof(list));

	assert_true(len >= 0);
	assert_int_equal(lx_listxattr(fx->vol, node, NULL, 0), len);
	for (char *p = list; p < list + len; p += strlen(p) + 1) {
		if (!strcmp(p, name))
			return true;
	}
	return false;
}

static void round_trip(struct fixture *fx, struct lx_node *node,
		       const char *name)
{
	static const char value[] = "a\0b";
	char buf[8];

	assert_int_equal(lx_getxattr(fx->vol, node, name, buf, sizeof(buf)),
			 -LX_ENODATA);
	assert_false(listed(fx, node, name));
	assert_int_equal(lx_setxattr(fx->vol, node, name, "", 0,
				     LX_XATTR_REPLACE), -LX_ENODATA);
	assert_int_equal(lx_setxattr(fx->vol, node, name, value, 3,
				     LX_XATTR_CREATE), 0);
	assert_int_equal(lx_setxattr(fx->vol, node, name, value, 3,
				     LX_XATTR_CREATE), -LX_EEXIST);
	assert_int_equal(lx_getxattr(fx->vol, node, name, NULL, 0), 3);
	assert_int_equal(lx_getxattr(fx->vol, node, name, buf, 2),
			 -LX_ERANGE);
	assert_int_equal(lx_getxattr(fx->vol, node, name, buf, sizeof(buf)),
			 3);
	assert_memory_equal(buf, value, 3);
	assert_true(listed(fx, node, name));
	assert_int_equal(lx_listxattr(fx->vol, node, buf, 1), -LX_ERANGE);
	assert_int_equal(lx_setxattr(fx->vol, node, name, "", 0, 0), 0);
	assert_int_equal(lx_getxattr(fx->vol, node, name, buf, sizeof(buf)),
			 0);
	assert_int_equal(lx_removexattr(fx->vol, node, name), 0);
	assert_int_equal(lx_removexattr(fx->vol, node, name), -LX_ENODATA);
}

static void files_and_directories_have_user_attributes(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node;

	need_xattrs(fx);
	node = fixture_create(fx, "f");
	round_trip(fx, node, "user.test");
	assert_int_equal(unlinkat(fx->fd, "f", 0), 0);
	round_trip(fx, node, "user.test");
	fixture_close(fx, &node);
	assert_int_equal(mkdirat(fx->fd, "d", 0755), 0);
	node = fixture_lookup(fx, "d");
	round_trip(fx, node, "user.test");
	fixture_close(fx, &node);
	round_trip(fx, fx->root, "user.test");
}

static void every_type_has_trusted_attributes(void **state)
{
	static const char *const names[] = { "f", "d", "l", "p", "s", "c" };
	struct fixture *fx = *state;

	need_root();
	need_xattrs(fx);
	fixture_file(fx, "f", NULL);
	assert_int_equal(mkdirat(fx->fd, "d", 0755), 0);
	assert_int_equal(symlinkat("f", fx->fd, "l"), 0);
	assert_int_equal(mkfifoat(fx->fd, "p", 0600), 0);
	assert_int_equal(mknodat(fx->fd, "s", S_IFSOCK | 0600, 0), 0);
	assert_int_equal(mknodat(fx->fd, "c", S_IFCHR | 0600, makedev(240, 9)),
			 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct lx_node *node = fixture_lookup(fx, names[i]);

		round_trip(fx, node, "trusted.test");
		lx_node_close(fx->vol, node);
	}
}

static void a_symlinks_attributes_are_its_own(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *file, *link;
	char buf[8];

	need_root();
	need_xattrs(fx);
	file = fixture_create(fx, "f");
	assert_int_equal(symlinkat("f", fx->fd, "l"), 0);
	link = fixture_lookup(fx, "l");
	assert_int_equal(lx_setxattr(fx->vol, link, "trusted.a", "b", 1, 0), 0);
	assert_int_equal(lx_getxattr(fx->vol, file, "trusted.a", buf, 8),
			 -LX_ENODATA);
	assert_int_equal(lx_setxattr(fx->vol, link, "user.a", "b", 1, 0),
			 -LX_EPERM);
	assert_int_equal(lx_setxattr(fx->vol, file, "user.a", "b", 1, 0), 0);
	assert_true(lx_getxattr(fx->vol, link, "user.a", buf, 8) < 0);
	assert_false(listed(fx, link, "user.a"));
	lx_node_close(fx->vol, link);
	lx_node_close(fx->vol, file);
}

static void refuses_names_and_sizes_that_make_no_sense(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node = fixture_create(fx, "f");
	char *big = calloc(1, LX_XATTR_SIZE_MAX + 1);
	char name[300];
	char buf[8];

	assert_non_null(big);
	memset(name, 'x', sizeof(name));
	memcpy(name, "user.", 5);
	name[LX_XATTR_NAME_MAX + 1] = '\0';
	assert_int_equal(lx_setxattr(fx->vol, node, name, "", 0, 0),
			 -LX_ERANGE);
	assert_int_equal(lx_getxattr(fx->vol, node, "", buf, 8), -LX_ERANGE);
	assert_int_equal(lx_setxattr(fx->vol, node, "user.a", big,
				     LX_XATTR_SIZE_MAX + 1, 0), -LX_E2BIG);
	assert_int_equal(lx_setxattr(fx->vol, node, "user.a", "", 0, 64),
			 -LX_EINVAL);
	assert_int_equal(lx_setxattr(fx->vol, node, "nonsense.a", "", 0, 0),
			 -LX_EOPNOTSUPP);
	free(big);
	lx_node_close(fx->vol, node);
}

/* An ACL as the kernel takes it: u::rwx g::r-x o::r-x. */
static const struct {
	uint32_t version;
	struct {
		uint16_t tag, perm;
		uint32_t id;
	} entry[3];
} acl = {
	2, { { 1, 7, UINT32_MAX }, { 4, 5, UINT32_MAX },
	     { 32, 5, UINT32_MAX } },
};

static void an_acl_drops_setgid_where_asked(void **state)
{
	static const char name[] = "system.posix_acl_access";
	struct fixture *fx = *state;
	struct lx_node *node;

	need_root();
	fixture_file(fx, "f", NULL);
	assert_int_equal(fchownat(fx->fd, "f", 12, 34, 0), 0);
	assert_int_equal(fchmodat(fx->fd, "f", 02777, 0), 0);
	node = fixture_lookup(fx, "f");
	if (lx_setxattr(fx->vol, node, name, &acl, sizeof(acl), 0)) {
		lx_node_close(fx->vol, node);
		skip();
	}
	assert_int_equal(fixture_stat(fx, "f").st_mode, S_IFREG | 02755);
	assert_int_equal(lx_setxattr(fx->vol, node, name, &acl, sizeof(acl),
				     LX_XATTR_KILL_SGID), 0);
	assert_int_equal(fixture_stat(fx, "f").st_mode, S_IFREG | 0755);
	lx_cred_fsetid(true);
	assert_int_equal(fchmodat(fx->fd, "f", 02777, 0), 0);
	lx_cred_fsetid(false);
	assert_int_equal(lx_setxattr(fx->vol, node, name, &acl, sizeof(acl),
				     0), 0);
	assert_int_equal(fixture_stat(fx, "f").st_mode, S_IFREG | 02755);
	lx_node_close(fx->vol, node);
}

static void a_read_only_volume_keeps_its_attributes(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node;
	char buf[8];

	need_xattrs(fx);
	node = fixture_create(fx, "f");
	assert_int_equal(lx_setxattr(fx->vol, node, "user.a", "b", 1, 0), 0);
	assert_int_equal(lx_setxattr(fx->ro, node, "user.a", "c", 1, 0),
			 -LX_EROFS);
	assert_int_equal(lx_removexattr(fx->ro, node, "user.a"), -LX_EROFS);
	assert_int_equal(lx_getxattr(fx->ro, node, "user.a", buf, 8), 1);
	assert_int_equal(buf[0], 'b');
	assert_true(lx_listxattr(fx->ro, node, NULL, 0) > 0);
	lx_node_close(fx->vol, node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(files_and_directories_have_user_attributes),
		fixture_test(every_type_has_trusted_attributes),
		fixture_test(a_symlinks_attributes_are_its_own),
		fixture_test(refuses_names_and_sizes_that_make_no_sense),
		fixture_test(an_acl_drops_setgid_where_asked),
		fixture_test(a_read_only_volume_keeps_its_attributes),
	};

	lx_thread_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
