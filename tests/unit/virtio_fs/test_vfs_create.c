/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_fs/share.h"

#include "lxutil/lx_volume.h"

#include <stdarg.h>
#include <setjmp.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <cmocka.h>

static struct stat host_stat(struct share *s, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(s->root_fd, name, &st, AT_SYMLINK_NOFOLLOW),
			 0);
	return st;
}

static bool exists(struct share *s, const char *name)
{
	return !faccessat(s->root_fd, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

/* ---- TMPFILE ------------------------------------------------------------- */

static void a_tmpfile_has_no_name_until_it_is_linked(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	struct fuse_entry_out e, linked;
	uint64_t fh;
	int err;

	c->uid = c->gid = geteuid() ? 0 : 1000;
	err = client_tmpfile(c, FUSE_ROOT_ID, LX_O_RDWR, LX_S_IFREG | 0640, &e,
			     &fh);
	if (err == -LX_EOPNOTSUPP)
		skip();
	assert_int_equal(err, 0);
	assert_int_equal(e.attr.nlink, 0);
	assert_int_equal(e.attr.mode, LX_S_IFREG | 0640);
	assert_int_equal(client_write(c, e.nodeid, fh, 0, "hello", 5), 5);
	assert_int_equal(client_link(c, e.nodeid, FUSE_ROOT_ID, "a", &linked),
			 0);
	assert_int_equal(linked.nodeid, e.nodeid);
	assert_int_equal(host_stat(s, "a").st_size, 5);
	if (!geteuid())
		assert_int_equal(host_stat(s, "a").st_uid, 1000);
}

static void an_exclusive_tmpfile_stays_without_a_name(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	struct fuse_entry_out e;
	uint64_t fh;
	int err;

	err = client_tmpfile(c, FUSE_ROOT_ID, LX_O_RDWR | LX_O_EXCL, 0600, &e,
			     &fh);
	if (err == -LX_EOPNOTSUPP)
		skip();
	assert_int_equal(err, 0);
	assert_true(client_link(c, e.nodeid, FUSE_ROOT_ID, "a", &e) < 0);
	assert_int_equal(client_tmpfile(c, 99, LX_O_RDWR, 0600, &e, &fh),
			 -LX_ESTALE);
	assert_false(exists(s, "a"));
}

/* ---- who owns it --------------------------------------------------------- */

static void nobody_creates_nothing(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	struct fuse_entry_out e;
	uint64_t fh;

	c->uid = FUSE_INVALID_UIDGID;
	assert_int_equal(client_mkdir(c, FUSE_ROOT_ID, "a", 0755, &e),
			 -LX_EOVERFLOW);
	assert_int_equal(client_create(c, FUSE_ROOT_ID, "a", LX_O_RDWR, 0644,
				       &e, &fh), -LX_EOVERFLOW);
	assert_int_equal(client_tmpfile(c, FUSE_ROOT_ID, LX_O_RDWR, 0644, &e,
					&fh), -LX_EOVERFLOW);
	c->uid = 0;
	c->gid = FUSE_INVALID_UIDGID;
	assert_int_equal(client_symlink(c, FUSE_ROOT_ID, "a", "b", &e),
			 -LX_EOVERFLOW);
	assert_int_equal(client_mknod(c, FUSE_ROOT_ID, "a", LX_S_IFIFO | 0600,
				      0, &e), -LX_EOVERFLOW);
	assert_false(exists(s, "a"));
	assert_int_equal(vfs_server_stats(s->server).handles, 0);
}

static int groups_up(void **state)
{
	struct vfs_options options;

	vfs_options_default(&options);
	return share_up_with(state, &options, UINT64_MAX, NULL);
}

/* In a directory that hands its group down, a member may keep setgid. */
static void a_further_group_counts(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	struct fuse_entry_out e;
	uint64_t dir, fh;

	if (geteuid())
		skip();
	host_dir(s->root_fd, "d");
	assert_int_equal(fchownat(s->root_fd, "d", 0, 2000, 0), 0);
	assert_int_equal(fchmodat(s->root_fd, "d", 02777, 0), 0);
	dir = node_of(s, FUSE_ROOT_ID, "d");
	c->uid = c->gid = 1000;
	assert_int_equal(client_create(c, dir, "stranger", LX_O_RDWR, 02770,
				       &e, &fh), 0);
	assert_int_equal(e.attr.gid, 2000);
	assert_int_equal(e.attr.mode, LX_S_IFREG | 0770);
	c->group = 2000;
	assert_int_equal(client_create(c, dir, "member", LX_O_RDWR, 02770, &e,
				       &fh), 0);
	assert_int_equal(e.attr.gid, 2000);
	assert_int_equal(e.attr.mode, LX_S_IFREG | 02770);
}

/* ---- umask --------------------------------------------------------------- */

static int acl_up(void **state)
{
	struct vfs_options options;

	vfs_options_default(&options);
	options.posix_acl = true;
	return share_up_with(state, &options, UINT64_MAX, NULL);
}

/* A default ACL of u::rwx,g::rwx,o::rwx. */
static const uint8_t open_acl[] = {
	2, 0, 0, 0,
	1, 0, 7, 0, 255, 255, 255, 255,
	4, 0, 7, 0, 255, 255, 255, 255,
	32, 0, 7, 0, 255, 255, 255, 255,
};

static void the_umask_counts_where_no_default_acl_does(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	struct fuse_entry_out e;
	uint64_t dir, fh;
	int err;

	assert_true(c->flags & FUSE_DONT_MASK);
	c->umask = 027;
	assert_int_equal(client_mkdir(c, FUSE_ROOT_ID, "d", 0777, &e), 0);
	assert_int_equal(e.attr.mode, LX_S_IFDIR | 0750);
	dir = e.nodeid;
	assert_int_equal(client_create(c, dir, "a", LX_O_RDWR, 0666, &e, &fh),
			 0);
	assert_int_equal(e.attr.mode, LX_S_IFREG | 0640);
	err = client_setxattr(c, dir, "system.posix_acl_default", open_acl,
			      sizeof(open_acl), 0);
	if (err == -LX_EOPNOTSUPP)
		skip();
	assert_int_equal(err, 0);
	assert_int_equal(client_create(c, dir, "b", LX_O_RDWR, 0666, &e, &fh),
			 0);
	assert_int_equal(e.attr.mode, LX_S_IFREG | 0666);
	assert_int_equal(client_mkdir(c, dir, "e", 0777, &e), 0);
	assert_int_equal(e.attr.mode, LX_S_IFDIR | 0777);
}

static void without_posix_acl_the_guest_has_applied_it(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out e;

	s->client->umask = 077;
	assert_int_equal(client_mkdir(s->client, FUSE_ROOT_ID, "d", 0755, &e),
			 0);
	assert_int_equal(e.attr.mode, LX_S_IFDIR | 0755);
}

/* ---- existing files ------------------------------------------------------ */

static void create_opens_what_is_there(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	struct fuse_entry_out e;
	uint64_t fh, node;

	host_file(s->root_fd, "a", "hello");
	node = node_of(s, FUSE_ROOT_ID, "a");
	assert_int_equal(client_create(c, FUSE_ROOT_ID, "a", LX_O_RDWR, 0600,
				       &e, &fh), 0);
	assert_int_equal(e.nodeid, node);
	assert_int_equal(e.attr.size, 5);
	assert_int_equal(e.attr.mode, LX_S_IFREG | 0644);
	assert_int_equal(client_create(c, FUSE_ROOT_ID, "a",
				       LX_O_RDWR | LX_O_EXCL, 0600, &e, &fh),
			 -LX_EEXIST);
	assert_int_equal(client_create(c, FUSE_ROOT_ID, "a",
				       LX_O_RDWR | LX_O_TRUNC, 0600, &e, &fh),
			 0);
	assert_int_equal(e.attr.size, 0);
	host_dir(s->root_fd, "d");
	assert_int_equal(client_create(c, FUSE_ROOT_ID, "d", LX_O_RDWR, 0600,
				       &e, &fh), -LX_EISDIR);
	assert_int_equal(vfs_server_stats(s->server).handles, 2);
}

/* Truncated by O_TRUNC, an old file loses setuid; a new one may have it. */
static void truncating_drops_setuid_of_old_files_only(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	struct fuse_entry_out e;
	uint64_t fh;

	if (geteuid())
		skip();
	c->in_open_flags = FUSE_OPEN_KILL_SUIDGID;
	assert_int_equal(client_create(c, FUSE_ROOT_ID, "a",
				       LX_O_RDWR | LX_O_TRUNC, 04755, &e,
				       &fh), 0);
	assert_int_equal(host_stat(s, "a").st_mode, S_IFREG | 04755);
	assert_int_equal(client_create(c, FUSE_ROOT_ID, "a",
				       LX_O_RDWR | LX_O_TRUNC, 04755, &e,
				       &fh), 0);
	assert_int_equal(host_stat(s, "a").st_mode, S_IFREG | 0755);
	assert_int_equal(fchmodat(s->root_fd, "a", 04755, 0), 0);
	assert_int_equal(client_open(c, FUSE_OPEN, e.nodeid, LX_O_RDWR, &fh),
			 0);
	assert_int_equal(host_stat(s, "a").st_mode, S_IFREG | 04755);
	assert_int_equal(client_open(c, FUSE_OPEN, e.nodeid,
				     LX_O_RDWR | LX_O_TRUNC, &fh), 0);
	assert_int_equal(host_stat(s, "a").st_mode, S_IFREG | 0755);
}

/* ---- security contexts --------------------------------------------------- */

static int label_up(void **state)
{
	struct vfs_options options;

	vfs_options_default(&options);
	options.security_label = true;
	return share_up_with(state, &options, UINT64_MAX, NULL);
}

static void what_is_created_gets_its_label(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	struct fuse_entry_out e;
	uint64_t fh;
	int err;

	c->label_name = "user.label";
	c->label = "a_label_t";
	err = client_mkdir(c, FUSE_ROOT_ID, "d", 0755, &e);
	if (err == -LX_EOPNOTSUPP)
		skip();
	assert_int_equal(err, 0);
	assert_int_equal(client_getxattr(c, e.nodeid, "user.label", 99), 9);
	assert_memory_equal(c->reply, "a_label_t", 9);
	assert_int_equal(client_create(c, FUSE_ROOT_ID, "a", LX_O_RDWR, 0600,
				       &e, &fh), 0);
	assert_int_equal(client_getxattr(c, e.nodeid, "user.label", 99), 9);
	/* What was there keeps its own. */
	host_file(s->root_fd, "b", "");
	assert_int_equal(client_create(c, FUSE_ROOT_ID, "b", LX_O_RDWR, 0600,
				       &e, &fh), 0);
	assert_int_equal(client_getxattr(c, e.nodeid, "user.label", 99),
			 -LX_ENODATA);
}

static void what_cannot_be_labelled_is_not_created(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	unsigned fds = count_fds();
	struct fuse_entry_out e;
	uint64_t fh;

	c->label_name = "nonsense";
	c->label = "x";
	assert_int_equal(client_mkdir(c, FUSE_ROOT_ID, "d", 0755, &e),
			 -LX_EOPNOTSUPP);
	assert_int_equal(client_create(c, FUSE_ROOT_ID, "a", LX_O_RDWR, 0600,
				       &e, &fh), -LX_EOPNOTSUPP);
	assert_false(exists(s, "d"));
	assert_false(exists(s, "a"));
	assert_int_equal(vfs_server_stats(s->server).handles, 0);
	assert_int_equal(vfs_server_stats(s->server).nodes, 1);
	assert_true(count_fds() <= fds + 1);     /* lxutil's reserve */
}

/* It would bind the host, while the guest neither sees nor heeds it. */
static void no_label_is_an_acl(void **state)
{
	/* user::rw- group::r-- other::--- */
	static const uint8_t acl[28] = {
		2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255,
		4, 0, 4, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255,
	};
	struct share *s = *state;
	struct client *c = s->client;
	struct fuse_entry_out e;

	c->label_name = "system.posix_acl_default";
	c->label = (const char *)acl;
	c->label_len = sizeof(acl);
	assert_int_equal(client_mkdir(c, FUSE_ROOT_ID, "d", 0755, &e),
			 -LX_EOPNOTSUPP);
	assert_false(exists(s, "d"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, share_up, share_down)
#define WITH(up, f) cmocka_unit_test_setup_teardown(f, up, share_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tmpfile_has_no_name_until_it_is_linked),
		TEST(an_exclusive_tmpfile_stays_without_a_name),
		TEST(nobody_creates_nothing),
		WITH(groups_up, a_further_group_counts),
		WITH(acl_up, the_umask_counts_where_no_default_acl_does),
		TEST(without_posix_acl_the_guest_has_applied_it),
		TEST(create_opens_what_is_there),
		TEST(truncating_drops_setuid_of_old_files_only),
		WITH(label_up, what_is_created_gets_its_label),
		WITH(label_up, what_cannot_be_labelled_is_not_created),
		WITH(label_up, no_label_is_an_acl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
