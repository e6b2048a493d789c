/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_fs/share.h"

#include "common/limits.h"
#include "lxutil/lx_volume.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <cmocka.h>

/* A file system without user attributes has nothing to test here. */
static uint64_t make_file(struct share *s)
{
	int err;
	uint64_t node;

	host_file(s->root_fd, "a", "");
	node = node_of(s, FUSE_ROOT_ID, "a");
	err = client_setxattr(s->client, node, "user.one", "hello", 5, 0);
	if (err == -LX_EOPNOTSUPP)
		skip();
	assert_int_equal(err, 0);
	return node;
}

static void stores_and_tells_values(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t node = make_file(s);

	assert_int_equal(client_getxattr(c, node, "user.one", 0), 5);
	assert_int_equal(client_getxattr(c, node, "user.one", 5), 5);
	assert_memory_equal(c->reply, "hello", 5);
	assert_int_equal(client_getxattr(c, node, "user.one", 65536), 5);
	assert_memory_equal(c->reply, "hello", 5);
	assert_int_equal(client_getxattr(c, node, "user.one", 4), -LX_ERANGE);
	assert_int_equal(client_getxattr(c, node, "user.two", 0),
			 -LX_ENODATA);
	assert_int_equal(client_getxattr(c, node, "user.two", 9),
			 -LX_ENODATA);
	assert_int_equal(client_setxattr(c, node, "user.none", "", 0, 0), 0);
	assert_int_equal(client_getxattr(c, node, "user.none", 9), 0);
	/* More than there can be costs nothing. */
	assert_int_equal(client_getxattr(c, node, "user.one", 1 << 20), 5);
}

static void heeds_create_and_replace(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t node = make_file(s);

	assert_int_equal(client_setxattr(c, node, "user.one", "x", 1,
					 LX_XATTR_CREATE), -LX_EEXIST);
	assert_int_equal(client_setxattr(c, node, "user.two", "x", 1,
					 LX_XATTR_REPLACE), -LX_ENODATA);
	assert_int_equal(client_setxattr(c, node, "user.one", "x", 1,
					 LX_XATTR_REPLACE), 0);
	assert_int_equal(client_getxattr(c, node, "user.one", 9), 1);
}

static bool listed(const struct client *c, const char *name)
{
	size_t len = strlen(name) + 1;

	for (size_t at = 0; at + len <= c->reply_len; at++)
		if (!memcmp(c->reply + at, name, len))
			return true;
	return false;
}

static void lists_and_removes_names(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t node = make_file(s);
	ssize_t len;

	assert_int_equal(client_setxattr(c, node, "user.two", "", 0, 0), 0);
	len = client_getxattr(c, node, NULL, 0);
	assert_true(len >= 18);
	assert_int_equal(client_getxattr(c, node, NULL, (uint32_t)len), len);
	assert_true(listed(c, "user.one") && listed(c, "user.two"));
	assert_int_equal(client_getxattr(c, node, NULL, 1), -LX_ERANGE);
	assert_int_equal(client_removexattr(c, node, "user.one"), 0);
	assert_int_equal(client_removexattr(c, node, "user.one"),
			 -LX_ENODATA);
	assert_true(client_getxattr(c, node, NULL, 65536) > 0);
	assert_true(!listed(c, "user.one") && listed(c, "user.two"));
}

/* On a file system that holds any number of them. */
static int shm_up(void **state)
{
	const char *old = getenv("TMPDIR");
	char *tmp = old ? strdup(old) : NULL;
	int ret;

	setenv("TMPDIR", "/dev/shm", 1);
	ret = share_up(state);
	if (tmp)
		setenv("TMPDIR", tmp, 1);
	else
		unsetenv("TMPDIR");
	free(tmp);
	return ret;
}

static void a_list_that_is_too_long_is_an_error(void **state)
{
	struct share *s = *state;
	char path[128], name[201];
	uint64_t node;
	unsigned n = 0;

	host_file(s->root_fd, "a", "");
	snprintf(path, sizeof(path), "%s/a", s->root);
	memset(name, 'x', sizeof(name));
	memcpy(name, "trusted.", 8);
	for (size_t len = 0; len <= LX_XATTR_LIST_MAX; len += sizeof(name)) {
		snprintf(name + 190, sizeof(name) - 190, "%010u", n++);
		/* Not there, not allowed, or not so many. */
		if (setxattr(path, name, "", 0, 0))
			skip();
	}
	node = node_of(s, FUSE_ROOT_ID, "a");
	assert_int_equal(client_getxattr(s->client, node, NULL, 0), -LX_E2BIG);
	assert_int_equal(client_getxattr(s->client, node, NULL, 65536),
			 -LX_E2BIG);
	/* Each by itself is still there. */
	assert_int_equal(removexattr(path, name), 0);
	assert_true(client_getxattr(s->client, node, NULL, 0) >= 0);
}

static void attributes_belong_to_the_inode(void **state)
{
	struct share *s = *state;
	uint64_t node = make_file(s);

	assert_int_equal(renameat(s->root_fd, "a", s->root_fd, "b"), 0);
	host_file(s->root_fd, "a", "");
	assert_int_equal(client_getxattr(s->client, node, "user.one", 9), 5);
	assert_int_equal(client_getxattr(s->client,
					 node_of(s, FUSE_ROOT_ID, "a"),
					 "user.one", 9), -LX_ENODATA);
}

static void stale_nodes_have_none(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;

	assert_int_equal(client_setxattr(c, 99, "user.x", "", 0, 0),
			 -LX_ESTALE);
	assert_int_equal(client_getxattr(c, 99, "user.x", 9), -LX_ESTALE);
	assert_int_equal(client_getxattr(c, 99, NULL, 9), -LX_ESTALE);
	assert_int_equal(client_removexattr(c, 99, "user.x"), -LX_ESTALE);
}

/* ---- options ------------------------------------------------------------- */

static int no_xattr_up(void **state)
{
	struct vfs_options options;

	vfs_options_default(&options);
	options.xattr = false;
	return share_up_with(state, &options, 0, NULL);
}

static void without_xattr_there_are_none(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;

	assert_int_equal(client_setxattr(c, FUSE_ROOT_ID, "user.x", "", 0, 0),
			 -LX_ENOSYS);
	assert_int_equal(client_getxattr(c, FUSE_ROOT_ID, "user.x", 9),
			 -LX_ENOSYS);
	assert_int_equal(client_getxattr(c, FUSE_ROOT_ID, NULL, 9),
			 -LX_ENOSYS);
	assert_int_equal(client_removexattr(c, FUSE_ROOT_ID, "user.x"),
			 -LX_ENOSYS);
}

/* u::rwx,u:1000:r-x,g::rwx,m::rwx,o::--- */
static const uint8_t acl[] = {
	2, 0, 0, 0,
	1, 0, 7, 0, 255, 255, 255, 255,
	2, 0, 5, 0, 232, 3, 0, 0,
	4, 0, 7, 0, 255, 255, 255, 255,
	16, 0, 7, 0, 255, 255, 255, 255,
	32, 0, 0, 0, 255, 255, 255, 255,
};
static const char access_acl[] = "system.posix_acl_access";

static void without_posix_acl_there_are_no_acls(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t node = make_file(s);
	char path[96];
	ssize_t len;

	assert_int_equal(client_setxattr(c, node, access_acl, acl,
					 sizeof(acl), 0), -LX_EOPNOTSUPP);
	snprintf(path, sizeof(path), "%s/a", s->root);
	if (setxattr(path, access_acl, acl, sizeof(acl), 0))
		skip();
	assert_int_equal(client_getxattr(c, node, access_acl, 99),
			 -LX_EOPNOTSUPP);
	assert_int_equal(client_removexattr(c, node, access_acl),
			 -LX_EOPNOTSUPP);
	len = client_getxattr(c, node, NULL, 0);
	assert_int_equal(client_getxattr(c, node, NULL, 65536), len);
	assert_true(listed(c, "user.one") && !listed(c, access_acl));
}

static int acl_up(void **state)
{
	struct vfs_options options;

	vfs_options_default(&options);
	options.posix_acl = true;
	return share_up_with(state, &options, UINT64_MAX, NULL);
}

static int set_acl(struct client *c, uint64_t node, uint32_t setxattr_flags)
{
	struct fuse_setxattr_in in = {
		.size = sizeof(acl),
		.setxattr_flags = setxattr_flags,
	};

	client_begin(c, FUSE_SETXATTR, node);
	client_put(c, &in, sizeof(in));
	client_put_name(c, access_acl);
	client_put(c, acl, sizeof(acl));
	return client_send_for(c, NULL, 0);
}

static void an_acl_by_a_stranger_drops_setgid(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t node = make_file(s);
	struct fuse_attr attr;

	assert_int_equal(fchmodat(s->root_fd, "a", 02770, 0), 0);
	if (set_acl(c, node, 0) == -LX_EOPNOTSUPP)
		skip();
	assert_int_equal(client_getxattr(c, node, access_acl, 99),
			 sizeof(acl));
	assert_memory_equal(c->reply, acl, sizeof(acl));
	if (geteuid())
		skip();
	assert_int_equal(client_getattr(c, node, &attr), 0);
	assert_int_equal(attr.mode, LX_S_IFREG | 02770);
	assert_int_equal(fchownat(s->root_fd, "a", 0, 4242, 0), 0);
	assert_int_equal(fchmodat(s->root_fd, "a", 02770, 0), 0);
	assert_int_equal(set_acl(c, node, FUSE_SETXATTR_ACL_KILL_SGID), 0);
	assert_int_equal(client_getattr(c, node, &attr), 0);
	assert_int_equal(attr.mode, LX_S_IFREG | 0770);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, share_up, share_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stores_and_tells_values),
		TEST(heeds_create_and_replace),
		TEST(lists_and_removes_names),
		cmocka_unit_test_setup_teardown(
			a_list_that_is_too_long_is_an_error, shm_up,
			share_down),
		TEST(attributes_belong_to_the_inode),
		TEST(stale_nodes_have_none),
		cmocka_unit_test_setup_teardown(without_xattr_there_are_none,
						no_xattr_up, share_down),
		TEST(without_posix_acl_there_are_no_acls),
		cmocka_unit_test_setup_teardown(
			an_acl_by_a_stranger_drops_setgid, acl_up,
			share_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
