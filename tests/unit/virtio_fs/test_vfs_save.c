/* SPDX-License-Identifier: MIT */
/* A guest goes on with another server, and finds all as it was. */
#include "tests/unit/virtio_fs/saved.h"

#include "lxutil/lx.h"

#include <stdarg.h>
#include <setjmp.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static struct vfs_options options;

static int up(void **state)
{
	vfs_options_default(&options);
	return share_up_with(state, &options, UINT64_MAX, NULL);
}

/* Without file handles: what has been found by a name is found by it again. */
static int up_with_names(void **state)
{
	vfs_options_default(&options);
	options.inode_file_handles = LX_HANDLES_NEVER;
	return share_up_with(state, &options, UINT64_MAX, NULL);
}

static uint64_t open_file(struct share *s, uint64_t node, uint32_t flags)
{
	uint64_t fh;

	assert_int_equal(client_open(s->client, FUSE_OPEN, node, flags, &fh),
			 0);
	return fh;
}

static void assert_reads(struct share *s, uint64_t node, uint64_t fh,
			 const char *text)
{
	ssize_t n = client_read(s->client, FUSE_READ, node, fh, 0, 100);

	assert_int_equal(n, strlen(text));
	assert_memory_equal(s->client->reply, text, strlen(text));
}

static void nodes_keep_their_numbers(void **state)
{
	struct share *s = *state;
	struct fuse_attr before, after;
	uint64_t a, b, f;

	host_dir(s->root_fd, "a");
	host_dir(s->root_fd, "a/b");
	host_file(s->root_fd, "a/b/f", "text");
	a = node_of(s, FUSE_ROOT_ID, "a");
	b = node_of(s, a, "b");
	f = node_of(s, b, "f");
	assert_int_equal(client_getattr(s->client, f, &before), 0);
	share_move(s, &options);
	assert_int_equal(vfs_server_stats(s->server).nodes, 4);
	assert_int_equal(client_getattr(s->client, f, &after), 0);
	assert_int_equal(before.ino, after.ino);
	assert_int_equal(node_of(s, FUSE_ROOT_ID, "a"), a);
	assert_int_equal(node_of(s, a, "b"), b);
	assert_int_equal(node_of(s, b, "f"), f);
	/* The lookups are those of both. */
	client_forget(s->client, f, 1);
	assert_int_equal(client_getattr(s->client, f, &after), 0);
	client_forget(s->client, f, 1);
	assert_int_equal(client_getattr(s->client, f, &after), -LX_ESTALE);
	assert_int_equal(s->log_lines, 0);
}

static void files_stay_open(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out e;
	uint64_t r, w, fh;

	assert_int_equal(client_create(s->client, FUSE_ROOT_ID, "f", LX_O_RDWR,
				       0600, &e, &w), 0);
	r = open_file(s, e.nodeid, LX_O_RDONLY);
	assert_int_equal(client_write(s->client, e.nodeid, w, 0, "ab", 2), 2);
	share_move(s, &options);
	assert_int_equal(vfs_server_stats(s->server).handles, 2);
	assert_int_equal(client_write(s->client, e.nodeid, w, 2, "cd", 2), 2);
	assert_reads(s, e.nodeid, r, "abcd");
	assert_int_equal(client_write(s->client, e.nodeid, r, 0, "x", 1),
			 -LX_EBADF);
	assert_int_equal(client_release(s->client, FUSE_RELEASE, e.nodeid, w),
			 0);
	assert_reads(s, e.nodeid, r, "abcd");
	/* No number that the guest had comes back. */
	fh = open_file(s, e.nodeid, LX_O_RDONLY);
	assert_true(fh != w && fh != r);
}

static void numbers_that_were_given_up_stay_so(void **state)
{
	struct share *s = *state;
	uint64_t node, stale, fh, stale_fh;
	struct fuse_attr attr;

	host_file(s->root_fd, "f", "text");
	host_file(s->root_fd, "g", "text");
	stale = node_of(s, FUSE_ROOT_ID, "f");
	stale_fh = open_file(s, stale, LX_O_RDONLY);
	assert_int_equal(client_release(s->client, FUSE_RELEASE, stale,
					stale_fh), 0);
	assert_int_equal(unlinkat(s->root_fd, "f", 0), 0);
	client_forget(s->client, stale, 1);
	share_move(s, &options);
	node = node_of(s, FUSE_ROOT_ID, "g");
	assert_int_not_equal(node, stale);
	fh = open_file(s, node, LX_O_RDONLY);
	assert_int_not_equal(fh, stale_fh);
	assert_int_equal(client_getattr(s->client, stale, &attr), -LX_ESTALE);
}

/* All names of a directory, in two parts with a move between them. */
static void directories_are_read_on(void **state)
{
	struct share *s = *state;
	unsigned seen[100] = { 0 }, count = 0;
	struct client_dirent d;
	uint64_t fh, next = 0;
	bool moved = false;
	char name[16];
	size_t at;

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		host_file(s->root_fd, name, "");
	}
	assert_int_equal(client_open(s->client, FUSE_OPENDIR, FUSE_ROOT_ID, 0,
				     &fh), 0);
	while (client_read(s->client, FUSE_READDIR, FUSE_ROOT_ID, fh, next,
			   1000) > 0) {
		at = 0;
		while (client_next_dirent(s->client, false, &at, &d)) {
			next = d.next;
			if (d.name[0] == 'n') {
				seen[atoi(d.name + 1)]++;
				count++;
			}
		}
		if (!moved)
			share_move(s, &options);
		moved = true;
	}
	assert_int_equal(count, 100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(client_release(s->client, FUSE_RELEASEDIR,
					FUSE_ROOT_ID, fh), 0);
}

static bool has_handles(struct share *s)
{
	struct lx_volume_options o = {
		.inode_file_handles = LX_HANDLES_MANDATORY,
	};
	struct log quiet;
	struct lx_volume *vol;

	log_init(&quiet, -1);
	if (lx_volume_open(s->root, &o, &quiet, &vol))
		return false;
	lx_volume_close(vol);
	return true;
}

/* What the host renames meanwhile is found by its handle, and what is below. */
static void follows_what_the_host_has_renamed(void **state)
{
	struct share *s = *state;
	struct image *image = image_new();
	struct fuse_attr attr;
	uint64_t d, f, g;

	if (!has_handles(s)) {
		image_free(image);
		skip();
	}
	host_dir(s->root_fd, "d");
	host_file(s->root_fd, "d/f", "in d");
	host_file(s->root_fd, "g", "text");
	d = node_of(s, FUSE_ROOT_ID, "d");
	f = node_of(s, d, "f");
	g = node_of(s, FUSE_ROOT_ID, "g");
	assert_int_equal(image_save(image, s), 0);
	assert_int_equal(renameat(s->root_fd, "d", s->root_fd, "e"), 0);
	assert_int_equal(renameat(s->root_fd, "g", s->root_fd, "h"), 0);
	host_dir(s->root_fd, "d");
	host_file(s->root_fd, "g", "another");
	share_replace(s, &options);
	assert_int_equal(image_restore(image, s), 0);
	assert_reads(s, f, open_file(s, f, LX_O_RDONLY), "in d");
	assert_reads(s, g, open_file(s, g, LX_O_RDONLY), "text");
	assert_int_equal(client_getattr(s->client, d, &attr), 0);
	assert_int_equal(node_of(s, FUSE_ROOT_ID, "e"), d);
	assert_int_not_equal(node_of(s, FUSE_ROOT_ID, "d"), d);
	image_free(image);
}

static void what_is_another_file_by_now_is_stale(void **state)
{
	struct share *s = *state;
	struct image *image = image_new();
	struct fuse_attr attr;
	uint64_t f, fh;

	host_file(s->root_fd, "f", "text");
	f = node_of(s, FUSE_ROOT_ID, "f");
	fh = open_file(s, f, LX_O_RDONLY);
	assert_int_equal(image_save(image, s), 0);
	host_file(s->root_fd, "g", "other");
	assert_int_equal(renameat(s->root_fd, "g", s->root_fd, "f"), 0);
	share_replace(s, &options);
	assert_int_equal(image_restore(image, s), 0);
	assert_int_equal(client_getattr(s->client, f, &attr), -LX_ESTALE);
	assert_int_equal(client_read(s->client, FUSE_READ, f, fh, 0, 10),
			 -LX_EBADF);
	/* Nor does its number come back for the new one. */
	assert_int_not_equal(node_of(s, FUSE_ROOT_ID, "f"), f);
	client_forget(s->client, f, 1);
	assert_int_equal(client_getattr(s->client, f, &attr), -LX_ESTALE);
	image_free(image);
}

static void a_copy_of_the_tree_does_as_well(void **state)
{
	struct share *s = *state;
	struct image *image = image_new();
	uint64_t d, f, l, fh;

	host_dir(s->root_fd, "d");
	host_file(s->root_fd, "d/f", "text");
	assert_int_equal(symlinkat("f", s->root_fd, "l"), 0);
	d = node_of(s, FUSE_ROOT_ID, "d");
	f = node_of(s, d, "f");
	l = node_of(s, FUSE_ROOT_ID, "l");
	fh = open_file(s, f, LX_O_RDONLY);
	assert_int_equal(image_save(image, s), 0);
	share_down(state);
	up(state);
	s = *state;
	client_destroy(s->client);
	host_dir(s->root_fd, "d");
	host_file(s->root_fd, "d/f", "copy");
	/* What is of another type is another thing. */
	host_file(s->root_fd, "l", "");
	share_replace(s, &options);
	assert_int_equal(image_restore(image, s), 0);
	assert_reads(s, f, fh, "copy");
	assert_int_equal(node_of(s, d, "f"), f);
	assert_int_equal(client_readlink(s->client, l, 100), -LX_ESTALE);
	image_free(image);
}

static void every_type_comes_back(void **state)
{
	static const char *const names[] = { "fifo", "socket", "link", "dir" };
	struct share *s = *state;
	uint64_t node[4];
	struct fuse_attr before[4], attr;

	assert_int_equal(mkfifoat(s->root_fd, "fifo", 0600), 0);
	assert_int_equal(mknodat(s->root_fd, "socket", S_IFSOCK | 0600, 0), 0);
	assert_int_equal(symlinkat("fifo", s->root_fd, "link"), 0);
	host_dir(s->root_fd, "dir");
	for (int i = 0; i < 4; i++) {
		node[i] = node_of(s, FUSE_ROOT_ID, names[i]);
		assert_int_equal(client_getattr(s->client, node[i],
						&before[i]), 0);
	}
	share_move(s, &options);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(client_getattr(s->client, node[i], &attr), 0);
		assert_int_equal(attr.mode, before[i].mode);
		assert_int_equal(attr.ino, before[i].ino);
	}
}

/* One whose directory the guest has forgotten is found by its whole path. */
static void a_directory_need_not_be_known(void **state)
{
	struct share *s = *state;
	uint64_t a, b, f;

	host_dir(s->root_fd, "a");
	host_dir(s->root_fd, "a/b");
	host_file(s->root_fd, "a/b/f", "text");
	a = node_of(s, FUSE_ROOT_ID, "a");
	b = node_of(s, a, "b");
	f = node_of(s, b, "f");
	client_forget(s->client, b, 1);
	client_forget(s->client, a, 1);
	share_move(s, &options);
	assert_reads(s, f, open_file(s, f, LX_O_RDONLY), "text");
}

static void a_closed_session_is_saved_too(void **state)
{
	struct share *s = *state;

	assert_int_equal(client_destroy(s->client), 0);
	share_move(s, &options);
	assert_int_equal(vfs_server_stats(s->server).nodes, 1);
	assert_int_equal(client_init(s->client), 0);
}

static void moves_as_often_as_one_likes(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out e;
	uint64_t fh;

	assert_int_equal(client_create(s->client, FUSE_ROOT_ID, "f", LX_O_RDWR,
				       0600, &e, &fh), 0);
	assert_int_equal(client_write(s->client, e.nodeid, fh, 0, "ab", 2), 2);
	for (int i = 0; i < 5; i++)
		share_move(s, &options);
	assert_reads(s, e.nodeid, fh, "ab");
	assert_int_equal(vfs_server_stats(s->server).nodes, 2);
}

static void saving_changes_nothing(void **state)
{
	struct share *s = *state;
	struct image *one = image_new(), *two = image_new();
	struct fuse_entry_out e;
	unsigned fds;
	uint64_t fh;

	assert_int_equal(client_create(s->client, FUSE_ROOT_ID, "f", LX_O_RDWR,
				       0600, &e, &fh), 0);
	fds = count_fds();
	assert_int_equal(image_save(one, s), 0);
	assert_int_equal(image_save(two, s), 0);
	assert_int_equal(count_fds(), fds);
	assert_int_equal(one->of.len, two->of.len);
	assert_memory_equal(one->of.data, two->of.data, one->of.len);
	assert_int_equal(client_write(s->client, e.nodeid, fh, 0, "ab", 2), 2);
	image_free(one);
	image_free(two);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, share_down)
#define WITH_NAMES(f) \
	{ #f " (names)", f, up_with_names, share_down, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nodes_keep_their_numbers),
		WITH_NAMES(nodes_keep_their_numbers),
		TEST(files_stay_open),
		WITH_NAMES(files_stay_open),
		TEST(numbers_that_were_given_up_stay_so),
		TEST(directories_are_read_on),
		TEST(follows_what_the_host_has_renamed),
		TEST(what_is_another_file_by_now_is_stale),
		WITH_NAMES(what_is_another_file_by_now_is_stale),
		TEST(a_copy_of_the_tree_does_as_well),
		TEST(every_type_comes_back),
		WITH_NAMES(every_type_comes_back),
		TEST(a_directory_need_not_be_known),
		TEST(a_closed_session_is_saved_too),
		TEST(moves_as_often_as_one_likes),
		TEST(saving_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
