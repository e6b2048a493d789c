/* SPDX-License-Identifier: MIT */
/* What a name of a root of our own leads to: most of all, to a single file. */
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

/* Just the file. */
static int set_up(void **state)
{
	struct share *s;

	folders_tree(state);
	s = *state;
	return vfs_server_new(folders[F].root, &folders[F].options, &s->log,
			      &s->server) ||
	       share_mount(s, 0);
}

static void refuses_folders_that_do_not_go_together(void **state)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "a" };
	struct share *s = *state;
	struct vfs_server *server = NULL;
	unsigned fds = count_fds();
	size_t failed = 99;

	for (size_t i = 0; i < 5; i++) {
		folders[B].name = bad[i];
		assert_int_equal(vfs_server_new_folders(folders, 2, &s->log,
							&failed, &server),
				 -LX_EINVAL);
		assert_int_equal(failed, B);
	}
	folders[B].name = "b";
	folders[B].options.posix_acl = true;
	assert_int_equal(vfs_server_new_folders(folders, 3, &s->log, &failed,
						&server), -LX_EINVAL);
	assert_int_equal(failed, B);
	folders[B].options.posix_acl = false;
	folders[F].root = "/nowhere";
	assert_int_equal(vfs_server_new_folders(folders, 3, &s->log, &failed,
						&server), -LX_ENOENT);
	assert_int_equal(failed, F);
	assert_null(server);
	assert_int_equal(count_fds(), fds);
}

static void folders_have_equal_parts_of_the_descriptors(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;
	uint64_t dir[2], fh;
	size_t failed;
	int err = 0, opened = 0;

	folders[B].options.read_only = false;
	for (int i = 0; i < 2; i++) {
		folders[i].options.inode_file_handles = LX_HANDLES_NEVER;
		folders[i].options.max_descriptors = 2 * 40;
	}
	assert_int_equal(vfs_server_new_folders(folders, 2, &s->log, &failed,
						&s->server), 0);
	assert_int_equal(share_mount(s, 0), 0);
	dir[A] = node_of(s, FUSE_ROOT_ID, "a");
	dir[B] = node_of(s, FUSE_ROOT_ID, "b");
	while (!err && opened < 100) {
		char name[16];

		snprintf(name, sizeof(name), "n%d", opened++);
		err = client_create(s->client, dir[A], name, LX_O_RDWR, 0644,
				    &entry, &fh);
	}
	assert_int_equal(err, -LX_ENFILE);
	assert_in_range(opened, 10, 40);
	assert_int_equal(client_create(s->client, dir[B], "n", LX_O_RDWR, 0644,
				       &entry, &fh), 0);
}

/* What the file says now. */
static const char *text(struct share *s, uint64_t node)
{
	static char buf[32];
	uint64_t fh = 0;
	ssize_t n;

	assert_int_equal(client_open(s->client, FUSE_OPEN, node, LX_O_RDONLY,
				     &fh), 0);
	n = client_read(s->client, FUSE_READ, node, fh, 0, sizeof(buf) - 1);
	assert_in_range(n, 0, sizeof(buf) - 1);
	memcpy(buf, s->client->reply, (size_t)n);
	buf[n] = '\0';
	client_release(s->client, FUSE_RELEASE, node, fh);
	return buf;
}

static void a_file_is_shared_alone(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t fh = 0, node = node_of(s, FUSE_ROOT_ID, "f");
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	struct stat st;

	assert_string_equal(list_root(s, true, 4096), "./ ../ f ");
	assert_int_equal(client_getattr(c, FUSE_ROOT_ID, &attr), 0);
	assert_int_equal(attr.nlink, 2);
	assert_int_equal(look_up(s, FUSE_ROOT_ID, "f", &entry), 0);
	assert_int_equal(fstatat(s->root_fd, "f", &st, 0), 0);
	assert_int_equal(entry.attr.ino, st.st_ino);
	assert_int_equal(entry.attr.mode, st.st_mode);
	/* No way to its neighbours. */
	assert_int_equal(look_up(s, FUSE_ROOT_ID, "a", &entry), -LX_ENOENT);
	assert_int_equal(look_up(s, node, "..", &entry), -LX_ENOTDIR);
	assert_int_equal(look_up(s, node, "a", &entry), -LX_ENOTDIR);
	assert_int_equal(client_rename(c, FUSE_ROOT_ID, "f", FUSE_ROOT_ID,
				       "g", 0), -LX_EBUSY);
	assert_int_equal(client_rename(c, FUSE_ROOT_ID, "a", FUSE_ROOT_ID,
				       "g", 0), -LX_ENOENT);
	/* It is written like any other. */
	assert_int_equal(client_open(c, FUSE_OPEN, node, LX_O_RDWR, &fh), 0);
	assert_int_equal(client_write(c, node, fh, 0, "A", 1), 1);
	assert_string_equal(text(s, node), "Alone");
}

/* A link is followed once; the guest knows the file by the link's name. */
static void a_file_may_be_named_by_a_link(void **state)
{
	struct share *s = *state;
	char path[96];
	uint64_t node;

	assert_int_equal(symlinkat("f", s->root_fd, "link"), 0);
	snprintf(path, sizeof(path), "%s/link", s->root);
	assert_int_equal(vfs_server_new(path, &folders[F].options, &s->log,
					&s->server), 0);
	assert_int_equal(share_mount(s, 0), 0);
	node = node_of(s, FUSE_ROOT_ID, "link");
	assert_string_equal(text(s, node), "alone");
	assert_string_equal(list_root(s, false, 4096), "./ ../ link ");
	unlinkat(s->root_fd, "link", 0);
	assert_int_equal(node_of(s, FUSE_ROOT_ID, "link"), node);
}

static void a_file_is_what_has_its_name(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t fh = 0, node = node_of(s, FUSE_ROOT_ID, "f"), now;
	struct fuse_entry_out entry;

	assert_int_equal(client_open(c, FUSE_OPEN, node, LX_O_RDWR, &fh), 0);
	host_file(s->root_fd, "new", "replaced");
	assert_int_equal(renameat(s->root_fd, "new", s->root_fd, "f"), 0);
	now = node_of(s, FUSE_ROOT_ID, "f");
	assert_int_not_equal(now, node);
	assert_string_equal(text(s, now), "replaced");
	/* Who has the old one open keeps it. */
	assert_int_equal(client_read(c, FUSE_READ, node, fh, 0, 10), 5);
	assert_memory_equal(c->reply, "alone", 5);
	/* Something else is no file. */
	unlinkat(s->root_fd, "f", 0);
	assert_int_equal(look_up(s, FUSE_ROOT_ID, "f", &entry), -LX_ENOENT);
	assert_int_equal(symlinkat("a", s->root_fd, "f"), 0);
	assert_int_equal(look_up(s, FUSE_ROOT_ID, "f", &entry), -LX_ENOENT);
	unlinkat(s->root_fd, "f", 0);
	host_dir(s->root_fd, "f");
	assert_int_equal(look_up(s, FUSE_ROOT_ID, "f", &entry), -LX_ENOENT);
	assert_string_equal(list_root(s, true, 4096), "./ ../ ");
	assert_int_equal(client_mkdir(c, FUSE_ROOT_ID, "f", 0755, &entry),
			 -LX_EROFS);
}

static void a_missing_file_may_be_believed_missing(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;
	size_t failed;

	folders[F].options.negative_timeout = (struct lx_time){ 3, 0 };
	assert_int_equal(vfs_server_new_folders(folders, FOLDERS, &s->log,
						&failed, &s->server), 0);
	assert_int_equal(share_mount(s, 0), 0);
	unlinkat(s->root_fd, "f", 0);
	assert_int_equal(look_up(s, FUSE_ROOT_ID, "file", &entry), 0);
	assert_int_equal(entry.nodeid, 0);
	assert_int_equal(entry.entry_valid, 3);
}

static void a_read_only_file_is_only_read(void **state)
{
	struct share *s = *state;
	uint64_t fh, node;

	folders[F].options.read_only = true;
	assert_int_equal(vfs_server_new(folders[F].root, &folders[F].options,
					&s->log, &s->server), 0);
	assert_int_equal(share_mount(s, 0), 0);
	node = node_of(s, FUSE_ROOT_ID, "f");
	assert_string_equal(text(s, node), "alone");
	assert_int_equal(client_open(s->client, FUSE_OPEN, node, LX_O_RDWR,
				     &fh), -LX_EROFS);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, share_down)
#define TREE_TEST(f) \
	cmocka_unit_test_setup_teardown(f, folders_tree, share_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(refuses_folders_that_do_not_go_together),
		TREE_TEST(folders_have_equal_parts_of_the_descriptors),
		TEST(a_file_is_shared_alone),
		TREE_TEST(a_file_may_be_named_by_a_link),
		TEST(a_file_is_what_has_its_name),
		TREE_TEST(a_missing_file_may_be_believed_missing),
		TREE_TEST(a_read_only_file_is_only_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
