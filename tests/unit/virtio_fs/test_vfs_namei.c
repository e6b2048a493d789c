/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_fs/share.h"

#include "lxutil/lx_volume.h"

#include <stdarg.h>
#include <setjmp.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static bool exists(struct share *s, const char *name)
{
	return !faccessat(s->root_fd, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

/* ---- LOOKUP, FORGET ---------------------------------------------------- */

static void looks_a_name_up(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;
	struct stat st;

	host_file(s->root_fd, "a", "hello");
	assert_int_equal(client_lookup(s->client, FUSE_ROOT_ID, "a", &entry),
			 0);
	assert_int_equal(fstatat(s->root_fd, "a", &st, 0), 0);
	assert_int_not_equal(entry.nodeid, 0);
	assert_int_not_equal(entry.nodeid, FUSE_ROOT_ID);
	assert_int_equal(entry.generation, 0);
	assert_int_equal(entry.entry_valid, 1);
	assert_int_equal(entry.entry_valid_nsec, 0);
	assert_int_equal(entry.attr_valid, 1);
	assert_int_equal(entry.attr.ino, st.st_ino);
	assert_int_equal(entry.attr.size, 5);
	assert_int_equal(entry.attr.mode, st.st_mode);
}

static void lookup_fails_where_there_is_nothing(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;
	uint64_t file;

	assert_int_equal(client_lookup(s->client, FUSE_ROOT_ID, "a", &entry),
			 -LX_ENOENT);
	host_file(s->root_fd, "a", "");
	file = node_of(s, FUSE_ROOT_ID, "a");
	assert_int_equal(client_lookup(s->client, file, "b", &entry),
			 -LX_ENOTDIR);
	assert_int_equal(client_lookup(s->client, file + 1, "b", &entry),
			 -LX_ESTALE);
	assert_int_equal(client_lookup(s->client, 0, "a", &entry), -LX_ESTALE);
	assert_int_equal(vfs_server_stats(s->server).nodes, 2);
}

static void a_node_is_the_same_whatever_the_name(void **state)
{
	struct share *s = *state;
	struct fuse_attr attr;
	uint64_t node, dir;

	host_file(s->root_fd, "a", "12345");
	host_dir(s->root_fd, "d");
	node = node_of(s, FUSE_ROOT_ID, "a");
	dir = node_of(s, FUSE_ROOT_ID, "d");
	assert_int_equal(linkat(s->root_fd, "a", s->root_fd, "d/b", 0), 0);
	assert_int_equal(node_of(s, dir, "b"), node);
	assert_int_equal(renameat(s->root_fd, "d", s->root_fd, "e"), 0);
	assert_int_equal(renameat(s->root_fd, "a", s->root_fd, "e/c"), 0);
	assert_int_equal(node_of(s, dir, "c"), node);
	assert_int_equal(client_getattr(s->client, node, &attr), 0);
	assert_int_equal(attr.nlink, 2);
	/* Another file of the old name is another node. */
	host_file(s->root_fd, "a", "other");
	assert_int_not_equal(node_of(s, FUSE_ROOT_ID, "a"), node);
}

static void a_node_outlives_its_names(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	uint64_t node, fh;

	host_file(s->root_fd, "a", "12345");
	node = node_of(s, FUSE_ROOT_ID, "a");
	assert_int_equal(unlinkat(s->root_fd, "a", 0), 0);
	assert_int_equal(client_lookup(s->client, FUSE_ROOT_ID, "a", &entry),
			 -LX_ENOENT);
	assert_int_equal(client_getattr(s->client, node, &attr), 0);
	assert_int_equal(attr.nlink, 0);
	assert_int_equal(client_open(s->client, FUSE_OPEN, node, LX_O_RDONLY,
				     &fh), 0);
	assert_int_equal(client_read(s->client, FUSE_READ, node, fh, 0, 9), 5);
	assert_memory_equal(s->client->reply, "12345", 5);
}

static void an_inode_number_used_again_is_a_new_node(void **state)
{
	struct share *s = *state;
	struct fuse_attr attr;
	uint64_t last = 0;

	for (int i = 0; i < 50; i++) {
		uint64_t node;

		host_file(s->root_fd, "a", "");
		node = node_of(s, FUSE_ROOT_ID, "a");
		assert_int_not_equal(node, last);
		assert_int_equal(unlinkat(s->root_fd, "a", 0), 0);
		client_forget(s->client, node, 1);
		assert_int_equal(client_getattr(s->client, node, &attr),
				 -LX_ESTALE);
		last = node;
	}
	assert_int_equal(vfs_server_stats(s->server).nodes, 1);
}

static void forgets_what_was_looked_up(void **state)
{
	struct share *s = *state;
	struct fuse_attr attr;
	uint64_t node;

	host_file(s->root_fd, "a", "");
	node = node_of(s, FUSE_ROOT_ID, "a");
	assert_int_equal(node_of(s, FUSE_ROOT_ID, "a"), node);
	assert_int_equal(node_of(s, FUSE_ROOT_ID, "a"), node);
	client_forget(s->client, node, 2);
	assert_int_equal(client_getattr(s->client, node, &attr), 0);
	client_forget(s->client, node, 1);
	assert_int_equal(client_getattr(s->client, node, &attr), -LX_ESTALE);
	assert_int_equal(vfs_server_stats(s->server).nodes, 1);
	assert_int_equal(s->log_lines, 0);
}

static void survives_what_was_never_looked_up(void **state)
{
	struct share *s = *state;
	struct fuse_attr attr;
	uint64_t node;

	host_file(s->root_fd, "a", "");
	node = node_of(s, FUSE_ROOT_ID, "a");
	client_forget(s->client, FUSE_ROOT_ID, UINT64_MAX);
	client_forget(s->client, FUSE_ROOT_ID, 1);
	client_forget(s->client, 0, 1);
	client_forget(s->client, node + 1, 1);
	client_forget(s->client, UINT64_MAX, UINT64_MAX);
	assert_int_equal(client_getattr(s->client, FUSE_ROOT_ID, &attr), 0);
	assert_int_equal(client_getattr(s->client, node, &attr), 0);
	client_forget(s->client, node, UINT64_MAX);
	client_forget(s->client, node, UINT64_MAX);
	assert_int_equal(client_getattr(s->client, node, &attr), -LX_ESTALE);
	/* It may have its old number again (vfs_forgotten.h), or a new one. */
	node = node_of(s, FUSE_ROOT_ID, "a");
	assert_int_equal(client_getattr(s->client, node, &attr), 0);
	client_forget(s->client, node, 1);
	assert_int_equal(client_getattr(s->client, node, &attr), -LX_ESTALE);
	assert_int_equal(s->log_lines, 1);      /* more than it had */
}

/* ---- creation ---------------------------------------------------------- */

static void makes_directories(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry, below;
	struct stat st;

	assert_int_equal(client_mkdir(s->client, FUSE_ROOT_ID, "d", 0777,
				      &entry), 0);
	/* The guest's kernel has applied the umask that it tells. */
	assert_int_equal(entry.attr.mode, LX_S_IFDIR | 0777);
	assert_int_equal(client_mkdir(s->client, entry.nodeid, "e", 01750,
				      &below), 0);
	assert_int_equal(fstatat(s->root_fd, "d/e", &st, 0), 0);
	assert_int_equal(st.st_mode, LX_S_IFDIR | 01750);
	assert_int_equal(st.st_ino, below.attr.ino);
	assert_int_equal(client_mkdir(s->client, FUSE_ROOT_ID, "d", 0777,
				      &entry), -LX_EEXIST);
	assert_int_equal(vfs_server_stats(s->server).nodes, 3);
}

static void makes_nodes_of_each_type(void **state)
{
	static const uint32_t types[] = { LX_S_IFREG, LX_S_IFIFO,
					  LX_S_IFSOCK };
	struct share *s = *state;
	struct fuse_entry_out entry;
	char name[8];

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		snprintf(name, sizeof(name), "%zu", i);
		assert_int_equal(client_mknod(s->client, FUSE_ROOT_ID, name,
					      types[i] | 0666, 0, &entry), 0);
		assert_int_equal(entry.attr.mode, types[i] | 0666);
		assert_int_equal(node_of(s, FUSE_ROOT_ID, name), entry.nodeid);
	}
	assert_int_equal(client_mknod(s->client, FUSE_ROOT_ID, "x",
				      LX_S_IFDIR | 0666, 0, &entry),
			 -LX_EINVAL);
}

static void new_files_are_their_callers(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;
	uint64_t fh;

	if (geteuid() != 0)
		skip();
	assert_int_equal(fchmod(s->root_fd, 0777), 0);
	s->client->uid = 1234;
	s->client->gid = 4321;
	assert_int_equal(client_mkdir(s->client, FUSE_ROOT_ID, "d", 0700,
				      &entry), 0);
	assert_int_equal(entry.attr.uid, 1234);
	assert_int_equal(entry.attr.gid, 4321);
	assert_int_equal(client_create(s->client, FUSE_ROOT_ID, "f",
				       LX_O_RDWR, 0600, &entry, &fh), 0);
	assert_int_equal(entry.attr.uid, 1234);
	assert_int_equal(client_symlink(s->client, FUSE_ROOT_ID, "s", "t",
					&entry), 0);
	assert_int_equal(entry.attr.gid, 4321);
}

static void makes_and_reads_symlinks(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;
	char target[LX_PATH_MAX];

	memset(target, 'x', sizeof(target));
	target[sizeof(target) - 1] = 0;
	assert_int_equal(client_symlink(s->client, FUSE_ROOT_ID, "l",
					"/../etc/passwd", &entry), 0);
	assert_true(LX_S_ISLNK(entry.attr.mode));
	assert_int_equal(client_readlink(s->client, entry.nodeid, 4095), 14);
	assert_memory_equal(s->client->reply, "/../etc/passwd", 14);
	assert_int_equal(client_readlink(s->client, entry.nodeid, 13),
			 -LX_ENAMETOOLONG);
	assert_int_equal(client_readlink(s->client, FUSE_ROOT_ID, 4095),
			 -LX_EINVAL);
	/* Nothing is looked up below, or through, a symlink. */
	assert_int_equal(client_lookup(s->client, entry.nodeid, "x", &entry),
			 -LX_ENOTDIR);
	assert_int_equal(client_symlink(s->client, FUSE_ROOT_ID, "long",
					target, &entry), 0);
	assert_int_equal(client_readlink(s->client, entry.nodeid, 4095), 4095);
}

static void creates_and_opens(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry, again;
	uint64_t fh, second;
	struct stat st;

	assert_int_equal(client_create(s->client, FUSE_ROOT_ID, "f",
				       LX_O_RDWR | LX_O_CREAT | LX_O_EXCL,
				       LX_S_IFREG | 04755, &entry, &fh), 0);
	assert_int_equal(client_write(s->client, entry.nodeid, fh, 0, "abc",
				      3), 3);
	assert_int_equal(fstatat(s->root_fd, "f", &st, 0), 0);
	assert_int_equal(st.st_size, 3);
	assert_int_equal(client_create(s->client, FUSE_ROOT_ID, "f",
				       LX_O_RDWR | LX_O_CREAT | LX_O_EXCL,
				       0600, &again, &second), -LX_EEXIST);
	assert_int_equal(client_create(s->client, FUSE_ROOT_ID, "f",
				       LX_O_RDONLY | LX_O_CREAT, 0600, &again,
				       &second), 0);
	assert_int_equal(again.nodeid, entry.nodeid);
	assert_int_not_equal(second, fh);
	assert_int_equal(again.attr.size, 3);
	/* Two lookups were counted, by two creations. */
	client_forget(s->client, entry.nodeid, 1);
	assert_int_equal(vfs_server_stats(s->server).nodes, 2);
	client_forget(s->client, entry.nodeid, 1);
	assert_int_equal(vfs_server_stats(s->server).nodes, 1);
	assert_int_equal(vfs_server_stats(s->server).handles, 2);
}

static void a_failed_create_leaves_nothing(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;
	unsigned fds = count_fds();
	uint64_t fh;

	host_dir(s->root_fd, "d");
	assert_int_equal(mkfifoat(s->root_fd, "p", 0600), 0);
	assert_int_equal(client_create(s->client, FUSE_ROOT_ID, "d",
				       LX_O_RDWR, 0600, &entry, &fh),
			 -LX_EISDIR);
	assert_int_equal(client_create(s->client, FUSE_ROOT_ID, "p",
				       LX_O_RDWR, 0600, &entry, &fh),
			 -LX_ENXIO);
	assert_int_equal(client_create(s->client, 77, "f", LX_O_RDWR, 0600,
				       &entry, &fh), -LX_ESTALE);
	assert_false(exists(s, "f"));
	assert_int_equal(vfs_server_stats(s->server).handles, 0);
	assert_int_equal(vfs_server_stats(s->server).nodes, 1);
	assert_int_equal(count_fds(), fds);
}

static void links(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;
	uint64_t node, dir;

	host_file(s->root_fd, "a", "");
	host_dir(s->root_fd, "d");
	node = node_of(s, FUSE_ROOT_ID, "a");
	dir = node_of(s, FUSE_ROOT_ID, "d");
	assert_int_equal(client_link(s->client, node, dir, "b", &entry), 0);
	assert_int_equal(entry.nodeid, node);
	assert_int_equal(entry.attr.nlink, 2);
	client_forget(s->client, node, 1);      /* that of link remains */
	assert_int_equal(node_of(s, dir, "b"), node);
	assert_int_equal(client_link(s->client, node, dir, "b", &entry),
			 -LX_EEXIST);
	assert_int_equal(client_link(s->client, dir, FUSE_ROOT_ID, "c",
				     &entry), -LX_EPERM);
	assert_int_equal(client_link(s->client, 99, dir, "c", &entry),
			 -LX_ESTALE);
	assert_int_equal(client_link(s->client, node, 99, "c", &entry),
			 -LX_ESTALE);
}

/* ---- removal and renaming ---------------------------------------------- */

static void removes_names(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;

	host_file(s->root_fd, "a", "");
	host_dir(s->root_fd, "d");
	host_file(s->root_fd, "d/x", "");
	assert_int_equal(client_remove(c, FUSE_RMDIR, FUSE_ROOT_ID, "d"),
			 -LX_ENOTEMPTY);
	assert_int_equal(client_remove(c, FUSE_UNLINK, FUSE_ROOT_ID, "d"),
			 -LX_EISDIR);
	assert_int_equal(client_remove(c, FUSE_RMDIR, FUSE_ROOT_ID, "a"),
			 -LX_ENOTDIR);
	assert_int_equal(client_remove(c, FUSE_UNLINK, FUSE_ROOT_ID, "a"), 0);
	assert_int_equal(client_remove(c, FUSE_UNLINK, FUSE_ROOT_ID, "a"),
			 -LX_ENOENT);
	assert_int_equal(client_remove(c, FUSE_UNLINK,
				       node_of(s, FUSE_ROOT_ID, "d"), "x"), 0);
	assert_int_equal(client_remove(c, FUSE_RMDIR, FUSE_ROOT_ID, "d"), 0);
	assert_int_equal(client_remove(c, FUSE_RMDIR, 99, "d"), -LX_ESTALE);
	assert_int_equal(client_remove(c, FUSE_UNLINK, 99, "d"), -LX_ESTALE);
	assert_false(exists(s, "a") || exists(s, "d"));
}

static void renames(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t node, dir;

	host_file(s->root_fd, "a", "a");
	host_dir(s->root_fd, "d");
	node = node_of(s, FUSE_ROOT_ID, "a");
	dir = node_of(s, FUSE_ROOT_ID, "d");
	assert_int_equal(client_rename(c, FUSE_ROOT_ID, "a", dir, "b", 0), 0);
	assert_int_equal(node_of(s, dir, "b"), node);
	host_file(s->root_fd, "a", "second");
	assert_int_equal(client_rename(c, FUSE_ROOT_ID, "a", dir, "b",
				       LX_RENAME_NOREPLACE), -LX_EEXIST);
	assert_int_equal(client_rename(c, FUSE_ROOT_ID, "a", dir, "b",
				       LX_RENAME_EXCHANGE), 0);
	assert_int_equal(node_of(s, FUSE_ROOT_ID, "a"), node);
	assert_int_equal(client_rename(c, FUSE_ROOT_ID, "a", dir, "b", 8),
			 -LX_EINVAL);
	assert_int_equal(client_rename(c, FUSE_ROOT_ID, "d", dir, "x", 0),
			 -LX_EINVAL);
	assert_int_equal(client_rename(c, FUSE_ROOT_ID, "a", 99, "x", 0),
			 -LX_ESTALE);
	assert_int_equal(client_rename(c, 99, "a", dir, "x", 0), -LX_ESTALE);
}

static void names_never_walk(void **state)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "/a", "../a" };
	struct share *s = *state;
	struct fuse_entry_out entry;
	uint64_t fh;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		/* Dots may be looked up: test_vfs_lookup.c. */
		if (strcmp(bad[i], ".") && strcmp(bad[i], ".."))
			assert_true(client_lookup(s->client, FUSE_ROOT_ID,
						  bad[i], &entry) < 0);
		assert_true(client_mkdir(s->client, FUSE_ROOT_ID, bad[i], 0755,
					 &entry) < 0);
		assert_true(client_create(s->client, FUSE_ROOT_ID, bad[i],
					  LX_O_RDWR, 0644, &entry, &fh) < 0);
		assert_true(client_symlink(s->client, FUSE_ROOT_ID, bad[i],
					   "x", &entry) < 0);
	}
	assert_int_equal(vfs_server_stats(s->server).nodes, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, share_up, share_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(looks_a_name_up),
		TEST(lookup_fails_where_there_is_nothing),
		TEST(a_node_is_the_same_whatever_the_name),
		TEST(a_node_outlives_its_names),
		TEST(an_inode_number_used_again_is_a_new_node),
		TEST(forgets_what_was_looked_up),
		TEST(survives_what_was_never_looked_up),
		TEST(makes_directories),
		TEST(makes_nodes_of_each_type),
		TEST(new_files_are_their_callers),
		TEST(makes_and_reads_symlinks),
		TEST(creates_and_opens),
		TEST(a_failed_create_leaves_nothing),
		TEST(links),
		TEST(removes_names),
		TEST(renames),
		TEST(names_never_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
