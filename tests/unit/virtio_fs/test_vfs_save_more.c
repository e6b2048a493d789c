/* SPDX-License-Identifier: MIT */
/* Shares of other kinds, and hosts that do something to them, on a move. */
#include "tests/unit/virtio_fs/folders.h"
#include "tests/unit/virtio_fs/saved.h"

#include "lxutil/lx.h"
#include "virtio/fs/vfs_saved.h"

#include <stdarg.h>
#include <setjmp.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static struct vfs_options options;

static int up(void **state)
{
	vfs_options_default(&options);
	return share_up_with(state, &options, UINT64_MAX, NULL);
}

static uint64_t open_file(struct share *s, uint64_t node)
{
	uint64_t fh;

	assert_int_equal(client_open(s->client, FUSE_OPEN, node, LX_O_RDWR,
				     &fh), 0);
	return fh;
}

static int read_text(struct share *s, uint64_t node, uint64_t fh,
		     const char *text)
{
	ssize_t n = client_read(s->client, FUSE_READ, node, fh, 0, 100);

	if (n < 0)
		return (int)n;
	assert_int_equal(n, strlen(text));
	assert_memory_equal(s->client->reply, text, strlen(text));
	return 0;
}

/* ---- several folders --------------------------------------------------- */

static int many_up(void **state)
{
	return folders_up(state, UINT64_MAX);
}

static void replace_folders(struct share *s)
{
	size_t failed;

	fuse_session_free(s->session);
	vfs_server_free(s->server);
	assert_int_equal(vfs_server_new_folders(folders, FOLDERS, &s->log,
						&failed, &s->server), 0);
	s->session = fuse_session_new(vfs_server_ops(s->server), s->server,
				      &s->log);
	assert_non_null(s->session);
	s->client->session = s->session;
}

static void folders_keep_what_is_theirs(void **state)
{
	struct share *s = *state;
	struct image *image = image_new();
	uint64_t a, x, file, deep, sub, root_fh, fh;
	struct fuse_attr attr, before;

	root_fh = open_root(s);
	a = node_of(s, FUSE_ROOT_ID, "a");
	x = node_of(s, a, "x");
	sub = node_of(s, a, "sub");
	file = node_of(s, FUSE_ROOT_ID, "file");
	deep = node_of(s, FUSE_ROOT_ID, "deep");
	fh = open_file(s, file);
	/* One inode of the host, by two folders. */
	assert_int_not_equal(deep, sub);
	assert_int_equal(client_getattr(s->client, file, &before), 0);
	assert_int_equal(image_save(image, s), 0);
	replace_folders(s);
	assert_int_equal(image_restore(image, s), 0);
	assert_int_equal(node_of(s, FUSE_ROOT_ID, "a"), a);
	assert_int_equal(node_of(s, a, "x"), x);
	assert_int_equal(node_of(s, a, "sub"), sub);
	assert_int_equal(node_of(s, FUSE_ROOT_ID, "file"), file);
	assert_int_equal(node_of(s, FUSE_ROOT_ID, "deep"), deep);
	assert_int_equal(read_text(s, file, fh, "alone"), 0);
	assert_int_equal(client_getattr(s->client, file, &attr), 0);
	assert_int_equal(attr.ino, before.ino);
	assert_true(client_read(s->client, FUSE_READDIR, FUSE_ROOT_ID, root_fh,
				2, 1000) > 0);
	assert_string_equal(list_root(s, false, 1000),
			    "./ ../ a/ b/ file deep/ ");
	image_free(image);
}

static void other_folders_are_refused(void **state)
{
	struct share *s = *state;
	struct image *image = image_new();

	assert_int_equal(image_save(image, s), 0);
	folders[A].name = "c";
	replace_folders(s);
	assert_int_equal(image_restore(image, s), -LX_EINVAL);
	assert_string_equal(image->reader.message,
			    "folder 1 is another one than was saved");
	folders[A].name = "a";
	folders[B].options.read_only = false;
	replace_folders(s);
	assert_int_equal(image_restore(image, s), -LX_EINVAL);
	assert_string_equal(image->reader.message,
			    "folder 2 was read-only when it was saved");
	image_free(image);
}

/* The share is one file of a directory, whatever the image asks for. */
static void a_file_leads_to_no_other(void **state)
{
	struct share *s = *state;
	struct image *image = image_new();
	struct fuse_attr attr;
	uint64_t file;
	uint32_t len;
	uint8_t *node;

	file = node_of(s, FUSE_ROOT_ID, "file");
	assert_int_equal(image_save(image, s), 0);
	node = image_find(image, VFS_TAG_NODE, 0, &len);
	assert_memory_equal(node + 50, "\1\0\0\0f", 5);
	node[54] = 'g';
	host_file(s->root_fd, "g", "secret");
	replace_folders(s);
	assert_int_equal(image_restore(image, s), 0);
	assert_int_equal(client_getattr(s->client, file, &attr), 0);
	assert_int_equal(attr.size, strlen("alone"));
	/* Replaced on the host, it is another file; the old one is gone. */
	assert_int_equal(renameat(s->root_fd, "g", s->root_fd, "f"), 0);
	replace_folders(s);
	assert_int_equal(image_restore(image, s), 0);
	assert_int_equal(client_getattr(s->client, file, &attr), -LX_ESTALE);
	image_free(image);
}

/* ---- what the host does ------------------------------------------------ */

static void the_root_may_be_moved(void **state)
{
	struct share *s = *state;
	struct image *image = image_new();
	struct fuse_attr attr;
	char moved[80];
	uint64_t f;

	host_file(s->root_fd, "f", "text");
	f = node_of(s, FUSE_ROOT_ID, "f");
	snprintf(moved, sizeof(moved), "%s.moved", s->root);
	/* Before it is saved, and before it is restored. */
	assert_int_equal(rename(s->root, moved), 0);
	assert_int_equal(image_save(image, s), 0);
	assert_int_equal(rename(moved, s->root), 0);
	share_replace(s, &options);
	assert_int_equal(image_restore(image, s), 0);
	assert_int_equal(client_getattr(s->client, f, &attr), 0);
	image_free(image);
}

/* Into a mount namespace of its own, with the share on a mount of its own. */
static bool mount_root(struct share *s)
{
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(s->root, s->root, NULL, MS_BIND, NULL))
		return false;
	share_replace(s, &options);
	assert_int_equal(client_init(s->client), 0);
	return true;
}

/* Open files without a name go on, if the first server has them until then. */
static void a_removed_file_stays_open(void **state)
{
	struct share *s = *state;
	struct image *image = image_new();
	struct fuse_session *first_session;
	struct vfs_server *first;
	struct fuse_entry_out e;
	uint64_t fh;
	int rc;

	if (!mount_root(s)) {
		image_free(image);
		skip();
	}
	assert_int_equal(client_create(s->client, FUSE_ROOT_ID, "f", LX_O_RDWR,
				       0600, &e, &fh), 0);
	assert_int_equal(client_write(s->client, e.nodeid, fh, 0, "ab", 2), 2);
	assert_int_equal(client_remove(s->client, FUSE_UNLINK, FUSE_ROOT_ID,
				       "f"), 0);
	assert_int_equal(image_save(image, s), 0);
	first = s->server;
	first_session = s->session;
	assert_int_equal(vfs_server_new(s->root, &options, &s->log, &s->server),
			 0);
	s->session = fuse_session_new(vfs_server_ops(s->server), s->server,
				      &s->log);
	s->client->session = s->session;
	assert_int_equal(image_restore(image, s), 0);
	fuse_session_free(first_session);
	vfs_server_free(first);
	rc = read_text(s, e.nodeid, fh, "ab");
	if (rc)
		assert_int_equal(rc, -LX_EBADF);        /* no file handles */
	else
		assert_int_equal(client_write(s->client, e.nodeid, fh, 2, "cd",
					      2), 2);
	/* Without it the file is no more. */
	image_save(image, s);
	share_replace(s, &options);
	assert_int_equal(image_restore(image, s), 0);
	assert_int_equal(read_text(s, e.nodeid, fh, ""), -LX_EBADF);
	assert_int_equal(umount2(s->root, MNT_DETACH), 0);
	image_free(image);
}

static void mounts_below_are_found_again(void **state)
{
	struct share *s = *state;
	struct fuse_attr attr;
	uint64_t m, f, fh;
	char path[80];

	snprintf(path, sizeof(path), "%s/m", s->root);
	host_dir(s->root_fd, "m");
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", path, "tmpfs", 0, "size=1m"))
		skip();
	share_replace(s, &options);
	assert_int_equal(client_init(s->client), 0);
	strcat(path, "/f");
	host_file(AT_FDCWD, path, "text");
	m = node_of(s, FUSE_ROOT_ID, "m");
	f = node_of(s, m, "f");
	fh = open_file(s, f);
	share_move(s, &options);
	assert_int_equal(read_text(s, f, fh, "text"), 0);
	assert_int_equal(node_of(s, FUSE_ROOT_ID, "m"), m);
	assert_int_equal(node_of(s, m, "f"), f);
	/* Without the mount, there is what is below it. */
	path[strlen(path) - 2] = '\0';
	{
		struct image *image = image_new();

		assert_int_equal(image_save(image, s), 0);
		client_destroy(s->client);
		assert_int_equal(umount2(path, MNT_DETACH), 0);
		share_replace(s, &options);
		assert_int_equal(image_restore(image, s), 0);
		image_free(image);
	}
	assert_int_equal(client_getattr(s->client, m, &attr), -LX_ESTALE);
	assert_int_equal(read_text(s, f, fh, "text"), -LX_EBADF);
}

/* ---- many, and those that were forgotten ------------------------------- */

/* What the guest has forgotten and may ask for by a file handle of its own. */
static void the_forgotten_are_remembered(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out e;
	uint64_t f;

	host_file(s->root_fd, "f", "text");
	f = node_of(s, FUSE_ROOT_ID, "f");
	client_forget(s->client, f, 1);
	if (client_lookup(s->client, f, ".", &e))
		skip();                 /* there are no file handles */
	client_forget(s->client, f, 1);
	share_move(s, &options);
	assert_int_equal(vfs_server_stats(s->server).nodes, 1);
	assert_int_equal(client_lookup(s->client, f, ".", &e), 0);
	assert_int_equal(e.nodeid, f);
	assert_int_equal(vfs_server_stats(s->server).nodes, 2);
}

#define MANY 300
#define FEW 24

/* More nodes than descriptors, in directories within each other. */
static void move_many(struct share *s)
{
	char name[16], path[64];
	uint64_t dir[10], node[MANY];
	struct fuse_attr attr;

	options.max_descriptors = FEW;
	share_replace(s, &options);
	assert_int_equal(client_init(s->client), 0);
	strcpy(path, "");
	for (int i = 0; i < 10; i++) {
		snprintf(path + strlen(path), sizeof(path) - strlen(path),
			 "%sd%d", i ? "/" : "", i);
		host_dir(s->root_fd, path);
		dir[i] = node_of(s, i ? dir[i - 1] : FUSE_ROOT_ID,
				 strrchr(path, 'd'));
	}
	for (int i = 0; i < MANY; i++) {
		char file[96];

		snprintf(name, sizeof(name), "f%d", i);
		snprintf(file, sizeof(file), "%.*s/%s", 2 + 3 * (i % 10), path,
			 name);
		host_file(s->root_fd, file, name);
		node[i] = node_of(s, dir[i % 10], name);
	}
	share_move(s, &options);
	assert_int_equal(vfs_server_stats(s->server).nodes, MANY + 11);
	for (int i = 0; i < MANY; i++) {
		uint64_t fh;

		assert_int_equal(client_getattr(s->client, node[i], &attr), 0);
		fh = open_file(s, node[i]);
		snprintf(name, sizeof(name), "f%d", i);
		assert_int_equal(read_text(s, node[i], fh, name), 0);
		assert_int_equal(client_release(s->client, FUSE_RELEASE,
						node[i], fh), 0);
	}
}

static void many_nodes_take_few_descriptors(void **state)
{
	move_many(*state);
}

static void many_nodes_come_by_their_names(void **state)
{
	options.inode_file_handles = LX_HANDLES_NEVER;
	move_many(*state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, share_down)
#define MANY_TEST(f) cmocka_unit_test_setup_teardown(f, many_up, share_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MANY_TEST(folders_keep_what_is_theirs),
		MANY_TEST(other_folders_are_refused),
		MANY_TEST(a_file_leads_to_no_other),
		TEST(the_root_may_be_moved),
		TEST(a_removed_file_stays_open),
		TEST(mounts_below_are_found_again),
		TEST(the_forgotten_are_remembered),
		TEST(many_nodes_take_few_descriptors),
		TEST(many_nodes_come_by_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
