/* SPDX-License-Identifier: MIT */
/* A root of our own: several folders in one server, each with its options. */
#include "tests/unit/virtio_fs/folders.h"

#include "lxutil/lx_volume.h"

#include <stdarg.h>
#include <setjmp.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define SUBMOUNTS_OFF (0x7fffffff & ~(FUSE_SETXATTR_EXT | FUSE_SUBMOUNTS))

static int set_up(void **state)
{
	return folders_up(state, 0);
}

static int set_up_without_submounts(void **state)
{
	return folders_up(state, SUBMOUNTS_OFF);
}

/* ---- the directory ----------------------------------------------------- */

static void the_root_is_a_directory(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	const struct fuse_statx_in in = { .sx_mask = LX_STATX_BTIME };
	struct fuse_statx_out stx;
	struct fuse_kstatfs st;
	struct fuse_attr attr;

	assert_int_equal(client_getattr(c, FUSE_ROOT_ID, &attr), 0);
	assert_int_equal(attr.mode, LX_S_IFDIR | 0555);
	assert_int_equal(attr.ino, 1);
	assert_int_equal(attr.nlink, 2 + 3);
	assert_int_equal(attr.uid, 0);
	assert_int_not_equal(attr.mtime, 0);
	assert_int_equal(client_getattr_fh(c, FUSE_ROOT_ID, open_root(s),
					   &attr), 0);
	assert_int_equal(attr.ino, 1);
	assert_int_equal(client_statx(c, FUSE_ROOT_ID, &in, &stx), 0);
	assert_int_equal(stx.stat.mode, attr.mode);
	assert_int_equal(stx.stat.btime.tv_sec, attr.mtime);
	assert_int_equal(client_statfs(c, FUSE_ROOT_ID, &st), 0);
	assert_int_equal(st.namelen, LX_NAME_MAX);
	assert_int_not_equal(st.bsize, 0);
	assert_int_equal(client_access(c, FUSE_ROOT_ID, LX_R_OK | LX_X_OK), 0);
	assert_int_equal(client_getxattr(c, FUSE_ROOT_ID, "user.a", 10),
			 -LX_ENODATA);
	assert_int_equal(client_getxattr(c, FUSE_ROOT_ID, NULL, 10), 0);
}

static void the_root_cannot_be_changed(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	const struct fuse_setattr_in mode = { .valid = FATTR_MODE };
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	uint64_t root = FUSE_ROOT_ID, fh;
	uint64_t x = node_of(s, node_of(s, root, "a"), "x");

	assert_int_equal(client_access(c, root, LX_W_OK), -LX_EROFS);
	assert_int_equal(client_mkdir(c, root, "n", 0755, &entry), -LX_EROFS);
	assert_int_equal(client_mknod(c, root, "n", LX_S_IFREG, 0, &entry),
			 -LX_EROFS);
	assert_int_equal(client_symlink(c, root, "n", "t", &entry), -LX_EROFS);
	assert_int_equal(client_create(c, root, "n", LX_O_RDWR, 0644, &entry,
				       &fh), -LX_EROFS);
	assert_int_equal(client_tmpfile(c, root, LX_O_RDWR, 0644, &entry, &fh),
			 -LX_EROFS);
	assert_int_equal(client_link(c, x, root, "n", &entry), -LX_EROFS);
	assert_int_equal(client_setattr(c, root, &mode, &attr), -LX_EROFS);
	assert_int_equal(client_setxattr(c, root, "user.a", "b", 1, 0),
			 -LX_EROFS);
	assert_int_equal(client_removexattr(c, root, "user.a"), -LX_EROFS);
}

static void names_in_the_root_are_busy(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t root = FUSE_ROOT_ID, a = node_of(s, root, "a");

	assert_int_equal(client_remove(c, FUSE_UNLINK, root, "file"),
			 -LX_EBUSY);
	assert_int_equal(client_remove(c, FUSE_RMDIR, root, "a"), -LX_EBUSY);
	assert_int_equal(client_remove(c, FUSE_UNLINK, root, "a"),
			 -LX_EISDIR);
	assert_int_equal(client_remove(c, FUSE_RMDIR, root, "file"),
			 -LX_ENOTDIR);
	assert_int_equal(client_remove(c, FUSE_UNLINK, root, "n"),
			 -LX_ENOENT);
	assert_int_equal(client_remove(c, FUSE_RMDIR, root, "n"), -LX_ENOENT);
	assert_int_equal(client_rename(c, root, "file", root, "g", 0),
			 -LX_EBUSY);
	assert_int_equal(client_rename(c, root, "a", root, "b",
				       LX_RENAME_EXCHANGE), -LX_EBUSY);
	assert_int_equal(client_rename(c, root, "n", root, "g", 0),
			 -LX_ENOENT);
	assert_int_equal(client_rename(c, root, "file", a, "g", 0),
			 -LX_EXDEV);
	assert_int_equal(client_rename(c, a, "x", root, "g", 0), -LX_EROFS);
	assert_int_equal(client_rename(c, a, "x", root, "file", 0),
			 -LX_EROFS);
	assert_int_equal(faccessat(s->root_fd, "a/x", F_OK, 0), 0);
	assert_int_equal(faccessat(s->root_fd, "f", F_OK, 0), 0);
}

static void lists_the_names(void **state)
{
	struct share *s = *state;

	/* In one piece, and one by one. */
	assert_string_equal(list_root(s, false, 4096), "./ ../ a/ b/ file deep/ ");
	assert_string_equal(list_root(s, false, 32), "./ ../ a/ b/ file deep/ ");
	assert_string_equal(list_root(s, true, 4096), "./ ../ a/ b/ file deep/ ");
	assert_string_equal(list_root(s, true, 160), "./ ../ a/ b/ file deep/ ");
	/* What is not there is not in it, wherever a reply ends. */
	unlinkat(s->root_fd, "f", 0);
	assert_string_equal(list_root(s, false, 4096), "./ ../ a/ b/ deep/ ");
	assert_string_equal(list_root(s, true, 160), "./ ../ a/ b/ deep/ ");
}

static void counts_a_lookup_for_each_name_it_sends(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t node[FOLDERS], fh = open_root(s);
	struct client_dirent e;
	struct fuse_attr attr;
	size_t at = 0;
	int count = 0;

	assert_true(client_read(c, FUSE_READDIRPLUS, FUSE_ROOT_ID, fh, 2,
				4096) > 0);
	while (client_next_dirent(c, true, &at, &e))
		node[count++] = e.entry.nodeid;
	assert_int_equal(count, FOLDERS);
	for (int i = 0; i < FOLDERS; i++) {
		assert_int_equal(node_of(s, FUSE_ROOT_ID, folders[i].name),
				 node[i]);
		client_forget(c, node[i], 1);
		assert_int_equal(client_getattr(c, node[i], &attr), 0);
		client_forget(c, node[i], 1);
		assert_int_equal(client_getattr(c, node[i], &attr),
				 -LX_ESTALE);
	}
}

static void a_hostile_guest_gets_errors(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	struct fuse_file_lock lock = { .end = 9, .type = LX_F_WRLCK };
	uint64_t root = FUSE_ROOT_ID, fh = open_root(s), dummy;
	const struct fuse_copy_file_range_in copy = {
		.fh_in = fh, .fh_out = fh, .nodeid_out = root, .len = 1,
	};
	struct fuse_entry_out entry;

	assert_int_equal(client_read(c, FUSE_READDIR, root, fh, UINT64_MAX,
				     4096), 0);
	assert_int_equal(client_read(c, FUSE_READDIR, root, fh, 0, 8),
			 -LX_EINVAL);
	assert_int_equal(client_read(c, FUSE_READDIR, root, fh + 1, 0, 4096),
			 -LX_EBADF);
	assert_int_equal(client_read(c, FUSE_READ, root, fh, 0, 10),
			 -LX_EISDIR);
	assert_int_equal(client_write(c, root, fh, 0, "a", 1), -LX_EISDIR);
	assert_int_equal(client_fallocate(c, root, fh, 0, 0, 1), -LX_EISDIR);
	assert_int_equal(client_lseek(c, root, fh, 0, 0), -LX_EISDIR);
	assert_int_equal(client_copy(c, &copy, root), -LX_EISDIR);
	assert_int_equal(client_lock(c, FUSE_SETLK, root, fh, 1, &lock),
			 -LX_EISDIR);
	assert_int_equal(client_flush(c, root, fh), -LX_EISDIR);
	assert_int_equal(client_fsync(c, FUSE_FSYNC, root, fh, 0),
			 -LX_EISDIR);
	assert_int_equal(client_release(c, FUSE_RELEASE, root, fh),
			 -LX_EISDIR);
	assert_int_equal(client_ioctl(c, root, fh, 0x80086601, NULL, 0, 8),
			 -LX_ENOTTY);
	assert_true(client_open(c, FUSE_OPEN, root, 0, &dummy) < 0);
	assert_true(client_readlink(c, root, 100) < 0);
	assert_true(client_link(c, root, root, "n", &entry) < 0);
	assert_true(client_link(c, root, node_of(s, root, "a"), "n",
				&entry) < 0);
	assert_int_equal(client_fsync(c, FUSE_FSYNCDIR, root, fh, 0), 0);
	assert_int_equal(client_fsync(c, FUSE_FSYNCDIR, root, 99, 0),
			 -LX_EBADF);
	client_forget(c, root, UINT64_MAX);
	assert_int_equal(client_syncfs(c, root), 0);
	assert_int_equal(look_up(s, root, "a", &entry), 0);
}

/* ---- folders ----------------------------------------------------------- */

static void each_folder_is_a_file_system(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out a, file, up;

	assert_int_equal(look_up(s, FUSE_ROOT_ID, "a", &a), 0);
	assert_int_equal(a.attr.flags, FUSE_ATTR_SUBMOUNT);
	assert_int_equal(look_up(s, FUSE_ROOT_ID, "file", &file), 0);
	assert_int_equal(file.attr.flags, 0);
	assert_int_equal(look_up(s, a.nodeid, "x", &file), 0);
	assert_int_equal(file.attr.flags, 0);
	assert_int_equal(look_up(s, FUSE_ROOT_ID, "n", &up), -LX_ENOENT);
	/* And the way up. */
	assert_int_equal(look_up(s, a.nodeid, "..", &up), 0);
	assert_int_equal(up.nodeid, FUSE_ROOT_ID);
	assert_int_equal(up.attr.ino, 1);
	assert_int_equal(look_up(s, FUSE_ROOT_ID, "..", &up), 0);
	assert_int_equal(up.nodeid, FUSE_ROOT_ID);
	assert_int_equal(look_up(s, node_of(s, a.nodeid, "sub"), "..", &up),
			 0);
	assert_int_equal(up.nodeid, a.nodeid);
}

static void folders_may_lie_in_one_another(void **state)
{
	struct share *s = *state;
	uint64_t a = node_of(s, FUSE_ROOT_ID, "a");
	uint64_t deep = node_of(s, FUSE_ROOT_ID, "deep");
	struct fuse_entry_out one, other;

	assert_int_equal(look_up(s, node_of(s, a, "sub"), "deep", &one), 0);
	assert_int_equal(look_up(s, deep, "deep", &other), 0);
	assert_int_not_equal(one.nodeid, other.nodeid);
	assert_int_equal(one.attr.ino, other.attr.ino);
	assert_int_equal(look_up(s, deep, "..", &other), 0);
	assert_int_equal(other.nodeid, FUSE_ROOT_ID);
}

static void numbers_differ_where_folders_are_one_file_system(void **state)
{
	struct share *s = *state;
	uint64_t a = node_of(s, FUSE_ROOT_ID, "a");
	uint64_t deep = node_of(s, FUSE_ROOT_ID, "deep"), fh = 0;
	uint64_t sub = node_of(s, a, "sub");
	const struct fuse_statx_in in = { .sx_mask = 0 };
	struct fuse_entry_out one, other;
	struct fuse_statx_out stx;
	struct client_dirent e;
	size_t at = 0;

	assert_int_equal(look_up(s, FUSE_ROOT_ID, "a", &one), 0);
	assert_int_equal(one.attr.flags, 0);
	assert_int_equal(look_up(s, sub, "deep", &one), 0);
	assert_int_equal(look_up(s, deep, "deep", &other), 0);
	assert_int_not_equal(one.attr.ino, other.attr.ino);
	assert_int_equal(client_statx(s->client, other.nodeid, &in, &stx), 0);
	assert_int_equal(stx.stat.ino, other.attr.ino);
	assert_int_equal(client_open(s->client, FUSE_OPENDIR, deep, 0, &fh),
			 0);
	assert_true(client_read(s->client, FUSE_READDIR, deep, fh, 0,
				4096) > 0);
	while (client_next_dirent(s->client, false, &at, &e))
		if (!strcmp(e.name, "deep"))
			assert_int_equal(e.ino, other.attr.ino);
	assert_string_equal(list_root(s, true, 4096), "./ ../ a/ b/ file deep/ ");
}

static void names_do_not_move_between_folders(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t a = node_of(s, FUSE_ROOT_ID, "a");
	uint64_t deep = node_of(s, FUSE_ROOT_ID, "deep");
	struct fuse_entry_out entry;

	assert_int_equal(client_rename(c, a, "x", deep, "x", 0), -LX_EXDEV);
	assert_int_equal(client_link(c, node_of(s, a, "x"), deep, "x",
				     &entry), -LX_EXDEV);
	assert_int_equal(client_link(c, node_of(s, FUSE_ROOT_ID, "file"), a,
				     "f", &entry), -LX_EXDEV);
	assert_int_equal(client_rename(c, a, "x", node_of(s, a, "sub"), "x",
				       0), 0);
	assert_int_equal(node_of(s, deep, "x"), node_of(s, deep, "x"));
}

static void each_folder_has_its_options(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t a = node_of(s, FUSE_ROOT_ID, "a"), fh;
	uint64_t b = node_of(s, FUSE_ROOT_ID, "b");
	uint64_t deep = node_of(s, FUSE_ROOT_ID, "deep");
	struct fuse_entry_out entry;

	assert_int_equal(client_create(c, b, "n", LX_O_RDWR, 0644, &entry,
				       &fh), -LX_EROFS);
	assert_int_equal(client_create(c, a, "n", LX_O_RDWR, 0644, &entry,
				       &fh), 0);
	assert_int_equal(c->open_flags, 0);
	assert_int_equal(entry.entry_valid, VFS_TIMEOUT_AUTO_S);
	host_file(s->root_fd, "b/y", "");
	assert_int_equal(look_up(s, b, "y", &entry), 0);
	assert_int_equal(entry.entry_valid, 0);
	assert_int_equal(client_open(c, FUSE_OPEN, entry.nodeid, LX_O_RDONLY,
				     &fh), 0);
	assert_int_equal(c->open_flags, FOPEN_DIRECT_IO);
	assert_int_equal(look_up(s, FUSE_ROOT_ID, "file", &entry), 0);
	assert_int_equal(entry.entry_valid, 7);
	assert_int_equal(entry.attr_valid_nsec, 5);
	/* ENOSYS would be believed of all. */
	assert_int_equal(client_getxattr(c, deep, "user.a", 10),
			 -LX_EOPNOTSUPP);
	assert_int_equal(client_getxattr(c, deep, NULL, 10), -LX_EOPNOTSUPP);
	assert_int_equal(client_getxattr(c, a, NULL, 10), 0);
}

static void what_holds_for_the_mount_is_what_all_can_bear(void **state)
{
	struct share *s = *state;

	/* b keeps nothing. */
	assert_false(s->client->flags & FUSE_CACHE_SYMLINKS);
	assert_true(s->client->flags & FUSE_DO_READDIRPLUS);
	assert_true(s->client->flags & FUSE_SUBMOUNTS);
}

static void a_folder_stays_what_it_was(void **state)
{
	struct share *s = *state;
	uint64_t a = node_of(s, FUSE_ROOT_ID, "a");

	assert_int_equal(renameat(s->root_fd, "a", s->root_fd, "old"), 0);
	host_dir(s->root_fd, "a");
	assert_int_equal(node_of(s, FUSE_ROOT_ID, "a"), a);
	client_forget(s->client, a, 2);
	a = node_of(s, FUSE_ROOT_ID, "a");
	assert_int_not_equal(node_of(s, a, "x"), 0);
}

static void a_mount_leaves_nothing_open(void **state)
{
	struct share *s = *state;
	unsigned fds = count_fds();
	struct fuse_attr attr;
	uint64_t a;

	for (int i = 0; i < 2; i++) {
		a = node_of(s, FUSE_ROOT_ID, "a");
		open_root(s);
		node_of(s, FUSE_ROOT_ID, "file");
		assert_int_equal(vfs_server_stats(s->server).nodes, 3);
		assert_int_equal(client_destroy(s->client), 0);
		assert_int_equal(vfs_server_stats(s->server).nodes, 1);
		assert_int_equal(vfs_server_stats(s->server).handles, 0);
		assert_int_equal(count_fds(), fds);
		assert_int_equal(client_init(s->client), 0);
		assert_int_equal(client_getattr(s->client, a, &attr),
				 -LX_ESTALE);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, share_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_root_is_a_directory),
		TEST(the_root_cannot_be_changed),
		TEST(names_in_the_root_are_busy),
		TEST(lists_the_names),
		TEST(counts_a_lookup_for_each_name_it_sends),
		TEST(a_hostile_guest_gets_errors),
		TEST(each_folder_is_a_file_system),
		TEST(folders_may_lie_in_one_another),
		cmocka_unit_test_setup_teardown(
			numbers_differ_where_folders_are_one_file_system,
			set_up_without_submounts, share_down),
		TEST(names_do_not_move_between_folders),
		TEST(each_folder_has_its_options),
		TEST(what_holds_for_the_mount_is_what_all_can_bear),
		TEST(a_folder_stays_what_it_was),
		TEST(a_mount_leaves_nothing_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
