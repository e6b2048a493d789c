/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_fs/share.h"

#include "common/marks.h"
#include "lxutil/lx_volume.h"

#include <stdarg.h>
#include <setjmp.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <cmocka.h>

static void needs_a_directory_or_a_file(void **state)
{
	static const struct vfs_options options;
	struct share *s = *state;
	struct vfs_server *server = NULL;
	char path[96];

	assert_int_equal(mkfifoat(s->root_fd, "a", 0600), 0);
	snprintf(path, sizeof(path), "%s/a", s->root);
	assert_int_equal(vfs_server_new(path, &options, &s->log, &server),
			 -LX_ENOTDIR);
	snprintf(path, sizeof(path), "%s/b", s->root);
	assert_int_equal(vfs_server_new(path, &options, &s->log, &server),
			 -LX_ENOENT);
	assert_null(server);
	vfs_server_free(NULL);
}

static void tells_how_full_it_is(void **state)
{
	struct share *s = *state;
	struct fuse_kstatfs st;
	struct statvfs host;

	assert_int_equal(client_statfs(s->client, FUSE_ROOT_ID, &st), 0);
	assert_int_equal(fstatvfs(s->root_fd, &host), 0);
	assert_int_equal(st.blocks, host.f_blocks);
	assert_int_equal(st.frsize, host.f_frsize);
	assert_int_equal(st.bsize, host.f_bsize);
	assert_int_equal(st.namelen, host.f_namemax);
	assert_int_equal(st.files, host.f_files);
	assert_true(st.bavail <= st.bfree && st.bfree <= st.blocks);
	assert_true(st.ffree <= st.files);
	assert_int_equal(client_statfs(s->client, 99, &st), -LX_ESTALE);
}

static void destroy_leaves_nothing_open(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	unsigned fds = count_fds();
	struct fuse_attr attr;
	uint64_t node = 0, fh = 0, dir_fh;
	char name[16];

	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "%d", i);
		host_file(s->root_fd, name, "");
		node = node_of(s, FUSE_ROOT_ID, name);
		assert_int_equal(client_open(c, FUSE_OPEN, node, LX_O_RDWR,
					     &fh), 0);
	}
	assert_int_equal(client_open(c, FUSE_OPENDIR, FUSE_ROOT_ID, 0,
				     &dir_fh), 0);
	assert_int_equal(count_fds(), fds + 101);
	assert_int_equal(client_destroy(c), 0);
	assert_int_equal(count_fds(), fds);
	assert_int_equal(vfs_server_stats(s->server).nodes, 1);
	assert_int_equal(vfs_server_stats(s->server).handles, 0);
	/* The next mount knows nothing of this one. */
	assert_int_equal(client_init(c), 0);
	assert_int_equal(client_getattr(c, FUSE_ROOT_ID, &attr), 0);
	assert_int_equal(client_getattr(c, node, &attr), -LX_ESTALE);
	assert_int_equal(client_read(c, FUSE_READ, node, fh, 0, 9), -LX_EBADF);
	assert_int_equal(client_read(c, FUSE_READDIR, FUSE_ROOT_ID, dir_fh, 0,
				     4096), -LX_EBADF);
	assert_int_not_equal(node_of(s, FUSE_ROOT_ID, name), node);
}

static void no_room_for_a_reply_opens_nothing(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	struct fuse_create_in create = { .flags = LX_O_RDWR, .mode = 0600 };
	struct fuse_open_in open = { .flags = LX_O_RDONLY };

	host_file(s->root_fd, "a", "");
	client_begin(c, FUSE_CREATE, FUSE_ROOT_ID);
	client_put(c, &create, sizeof(create));
	client_put_name(c, "b");
	assert_true(client_send(c, 100) < 0);
	client_begin(c, FUSE_OPEN, node_of(s, FUSE_ROOT_ID, "a"));
	client_put(c, &open, sizeof(open));
	assert_true(client_send(c, 8) < 0);
	assert_int_equal(vfs_server_stats(s->server).handles, 0);
	assert_int_equal(vfs_server_stats(s->server).nodes, 2);
	assert_true(faccessat(s->root_fd, "b", F_OK, 0) < 0);
}

/* ---- descriptors run out ------------------------------------------------ */

static void a_guest_hears_of_missing_descriptors(void **state)
{
	enum { FILES = 40 };
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t node[FILES], fh[2 * FILES], dir_fh;
	struct rlimit old, low;
	char name[16];
	int err = 0, n = 0;

	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "%d", i);
		host_file(s->root_fd, name, "");
		node[i] = node_of(s, FUSE_ROOT_ID, name);
	}
	assert_int_equal(client_open(c, FUSE_OPENDIR, FUSE_ROOT_ID, 0,
				     &dir_fh), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = count_fds() + 2;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	/* Where they have handles, nodes give theirs up for open files. */
	while (n < 2 * FILES) {
		err = client_open(c, FUSE_OPEN, node[n % FILES], LX_O_RDONLY,
				  &fh[n]);
		if (err)
			break;
		n++;
	}
	assert_int_equal(err, -LX_EMFILE);
	assert_true(s->log_lines > 0);
	assert_true(n >= 2);
	/* What is closed makes room: known nodes go on, names are listed. */
	for (int i = 0; i < 2; i++) {
		n--;
		assert_int_equal(client_release(c, FUSE_RELEASE,
						node[n % FILES], fh[n]), 0);
	}
	assert_int_equal(node_of(s, FUSE_ROOT_ID, "0"), node[0]);
	assert_true(client_read(c, FUSE_READDIRPLUS, FUSE_ROOT_ID, dir_fh, 0,
				65536) > (ssize_t)(FILES * 152));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

/* ---- read-only shares --------------------------------------------------- */

static void make_tree(int root_fd)
{
	host_file(root_fd, "a", "12345");
	host_file(root_fd, "b", "");
	host_dir(root_fd, "d");
}

static int read_only_up(void **state)
{
	return share_up_read_only(state, make_tree);
}

static void refuses_names_to_change(struct share *s, uint64_t file)
{
	struct client *c = s->client;
	struct fuse_entry_out e;
	uint64_t root = FUSE_ROOT_ID, fh;

	assert_int_equal(client_mkdir(c, root, "x", 0755, &e), -LX_EROFS);
	assert_int_equal(client_mknod(c, root, "x", LX_S_IFREG | 0644, 0, &e),
			 -LX_EROFS);
	assert_int_equal(client_symlink(c, root, "x", "y", &e), -LX_EROFS);
	assert_int_equal(client_link(c, file, root, "x", &e), -LX_EROFS);
	assert_int_equal(client_create(c, root, "x", LX_O_RDONLY, 0644, &e,
				       &fh), -LX_EROFS);
	assert_int_equal(client_create(c, root, "x", LX_O_RDWR | LX_O_EXCL,
				       0644, &e, &fh), -LX_EROFS);
	assert_int_equal(client_create(c, root, "a", LX_O_RDWR, 0644, &e,
				       &fh), -LX_EROFS);
	assert_int_equal(client_remove(c, FUSE_UNLINK, root, "a"), -LX_EROFS);
	assert_int_equal(client_remove(c, FUSE_RMDIR, root, "d"), -LX_EROFS);
	for (uint32_t flags = 0; flags <= LX_RENAME_EXCHANGE; flags++)
		assert_int_equal(client_rename(c, root, "a", root, "b",
					       flags), -LX_EROFS);
}

static void refuses_files_to_change(struct share *s, uint64_t file)
{
	static const uint32_t flags[] = { LX_O_WRONLY, LX_O_RDWR,
					  LX_O_RDONLY | LX_O_TRUNC };
	struct client *c = s->client;
	struct fuse_attr attr;
	uint64_t fh;

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		assert_int_equal(client_open(c, FUSE_OPEN, file, flags[i],
					     &fh), -LX_EROFS);
	for (uint32_t valid = 1; valid <= FATTR_CTIME; valid <<= 1) {
		struct fuse_setattr_in in = { .valid = valid, .mode = 0777 };

		if (valid == FATTR_FH || valid == FATTR_LOCKOWNER)
			continue;       /* no changes in themselves */
		assert_int_equal(client_setattr(c, file, &in, &attr),
				 -LX_EROFS);
	}
	assert_int_equal(client_setxattr(c, file, "user.x", "", 0, 0),
			 -LX_EROFS);
	assert_int_equal(client_removexattr(c, file, "user.x"), -LX_EROFS);
	assert_int_equal(client_access(c, file, LX_W_OK), -LX_EROFS);
	assert_int_equal(client_open(c, FUSE_OPEN, file, LX_O_RDONLY, &fh), 0);
	assert_int_equal(client_write(c, file, fh, 0, "x", 1), -LX_EROFS);
	assert_int_equal(client_read(c, FUSE_READ, file, fh, 0, 9), 5);
}

static void a_read_only_share_refuses_every_change(void **state)
{
	struct share *s = *state;
	struct fuse_kstatfs st;
	struct stat before, after;
	uint64_t file = node_of(s, FUSE_ROOT_ID, "a"), fh;

	assert_int_equal(fstatat(s->root_fd, "a", &before, 0), 0);
	refuses_names_to_change(s, file);
	refuses_files_to_change(s, file);
	assert_int_equal(client_statfs(s->client, FUSE_ROOT_ID, &st), 0);
	assert_int_equal(client_access(s->client, file, LX_R_OK), 0);
	assert_int_equal(client_open(s->client, FUSE_OPENDIR, FUSE_ROOT_ID, 0,
				     &fh), 0);
	assert_int_equal(fstatat(s->root_fd, "a", &after, 0), 0);
	assert_int_equal(after.st_size, 5);
	assert_int_equal(after.st_mode, before.st_mode);
	assert_int_equal(after.st_nlink, 1);
	assert_int_equal(after.st_ctim.tv_sec, before.st_ctim.tv_sec);
	assert_int_equal(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
	assert_true(faccessat(s->root_fd, "x", F_OK, 0) < 0);
}

/* ---- many threads ------------------------------------------------------- */

enum { THREADS = 4, NAMES = 8, ROUNDS = 1500 };

struct worker {
	struct client *client;
	unsigned seed;
	size_t wrong;
};

/*
 * Look names up, use the nodes and forget them, also more than is due and
 * those of others: a node is what was looked up, or it is stale.
 */
static void *work(void *arg)
{
	struct worker *w = arg;
	struct client *c = w->client;

	lx_thread_init();
	/* Half of them mark what they use, the others count. */
	marks_thread_init(w->seed & 1 ? w->seed : MARKS_LINES);
	for (int i = 0; i < ROUNDS; i++) {
		struct fuse_entry_out e;
		struct fuse_attr attr;
		uint64_t fh;
		char name[8];
		unsigned n;
		int err;

		w->seed = w->seed * 1103515245 + 12345;
		n = (w->seed >> 16) % NAMES;
		snprintf(name, sizeof(name), "%u", n);
		if (client_lookup(c, FUSE_ROOT_ID, name, &e)) {
			w->wrong++;
			continue;
		}
		err = client_getattr(c, e.nodeid, &attr);
		if (err != -LX_ESTALE && (err || attr.size != n))
			w->wrong++;
		err = client_open(c, FUSE_OPEN, e.nodeid, LX_O_RDONLY, &fh);
		if (!err) {
			ssize_t len = client_read(c, FUSE_READ, e.nodeid, fh,
						  0, 64);

			w->wrong += len != (ssize_t)n;
			w->wrong += client_release(c, FUSE_RELEASE, e.nodeid,
						   fh) != 0;
		} else if (err != -LX_ESTALE) {
			w->wrong++;
		}
		client_forget(c, e.nodeid, w->seed % 5 == 0 ? 100 : 1);
	}
	return NULL;
}

static void forgetting_beside_other_requests_is_safe(void **state)
{
	struct share *s = *state;
	struct worker w[THREADS] = { 0 };
	pthread_t thread[THREADS];
	unsigned fds = count_fds();
	char name[8], text[NAMES + 1] = "";

	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "%d", i);
		host_file(s->root_fd, name, text);
		strcat(text, "x");
	}
	for (int i = 0; i < THREADS; i++) {
		w[i].client = client_new(s->session);
		w[i].seed = (unsigned)i;
		assert_int_equal(pthread_create(&thread[i], NULL, work, &w[i]),
				 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		client_free(w[i].client);
		assert_int_equal(w[i].wrong, 0);
	}
	assert_int_equal(client_destroy(s->client), 0);
	assert_int_equal(vfs_server_stats(s->server).nodes, 1);
	assert_int_equal(vfs_server_stats(s->server).handles, 0);
	assert_int_equal(count_fds(), fds);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, share_up, share_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(needs_a_directory_or_a_file),
		TEST(tells_how_full_it_is),
		TEST(destroy_leaves_nothing_open),
		TEST(no_room_for_a_reply_opens_nothing),
		TEST(a_guest_hears_of_missing_descriptors),
		cmocka_unit_test_setup_teardown(
			a_read_only_share_refuses_every_change, read_only_up,
			share_down),
		TEST(forgetting_beside_other_requests_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
