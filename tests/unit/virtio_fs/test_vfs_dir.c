/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_fs/share.h"

#include "lxutil/lx_volume.h"

#include <stdarg.h>
#include <setjmp.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define ENTRIES 500

static uint64_t open_dir(struct share *s, uint64_t node)
{
	uint64_t fh = 0;

	assert_int_equal(client_open(s->client, FUSE_OPENDIR, node, 0, &fh),
			 0);
	return fh;
}

static void make_entries(struct share *s)
{
	char name[16];

	for (int i = 0; i < ENTRIES; i++) {
		snprintf(name, sizeof(name), "%03d", i);
		host_file(s->root_fd, name, "");
	}
}

/* Read the whole root and check that each entry is there once. */
static void read_all(struct client *c, uint64_t fh, bool plus, uint32_t size,
		     uint64_t ret_node[ENTRIES])
{
	uint32_t opcode = plus ? FUSE_READDIRPLUS : FUSE_READDIR;
	unsigned dots = 0, seen[ENTRIES] = { 0 };
	uint64_t offset = 0;
	ssize_t n;

	while ((n = client_read(c, opcode, FUSE_ROOT_ID, fh, offset, size))) {
		struct client_dirent e;
		size_t at = 0;

		assert_true(n > 0);
		while (client_next_dirent(c, plus, &at, &e)) {
			int i = atoi(e.name);

			offset = e.next;
			if (e.name[0] == '.') {
				dots++;
				continue;
			}
			assert_in_range(i, 0, ENTRIES - 1);
			seen[i]++;
			if (ret_node)
				ret_node[i] = e.entry.nodeid;
		}
	}
	assert_int_equal(dots, 2);
	for (int i = 0; i < ENTRIES; i++)
		assert_int_equal(seen[i], 1);
}

/* The entry `name` of the root. */
static struct client_dirent find(struct share *s, uint32_t opcode,
				 const char *name)
{
	struct client_dirent e;
	uint64_t fh = open_dir(s, FUSE_ROOT_ID);
	size_t at = 0;

	assert_true(client_read(s->client, opcode, FUSE_ROOT_ID, fh, 0,
				65536) > 0);
	do {
		assert_true(client_next_dirent(s->client,
					       opcode == FUSE_READDIRPLUS,
					       &at, &e));
	} while (strcmp(e.name, name));
	assert_int_equal(client_release(s->client, FUSE_RELEASEDIR,
					FUSE_ROOT_ID, fh), 0);
	return e;
}

static void reads_names_without_lookups(void **state)
{
	struct share *s = *state;
	struct client_dirent e;
	struct stat st;

	host_dir(s->root_fd, "d");
	assert_int_equal(mkfifoat(s->root_fd, "p", 0600), 0);
	e = find(s, FUSE_READDIR, "p");
	assert_int_equal(fstatat(s->root_fd, "p", &st, 0), 0);
	assert_int_equal(e.ino, st.st_ino);
	assert_int_equal(e.type, LX_DT(LX_S_IFIFO));
	e = find(s, FUSE_READDIR, "d");
	assert_int_equal(e.type, LX_DT(LX_S_IFDIR));
	assert_int_equal(vfs_server_stats(s->server).nodes, 1);
}

static void readdirplus_counts_each_lookup_once(void **state)
{
	struct share *s = *state;
	struct client_dirent e;
	struct stat st;
	uint64_t node;

	host_file(s->root_fd, "a", "12345");
	e = find(s, FUSE_READDIRPLUS, "a");
	node = e.entry.nodeid;
	assert_int_equal(fstatat(s->root_fd, "a", &st, 0), 0);
	assert_int_equal(e.ino, st.st_ino);
	assert_int_equal(e.entry.attr.ino, st.st_ino);
	assert_int_equal(e.entry.attr.size, 5);
	assert_int_equal(e.entry.attr_valid, 1);
	assert_int_equal(vfs_server_stats(s->server).nodes, 2);
	e = find(s, FUSE_READDIRPLUS, "a");
	assert_int_equal(e.entry.nodeid, node);
	assert_int_equal(node_of(s, FUSE_ROOT_ID, "a"), node);
	/* Two readings and a LOOKUP. */
	client_forget(s->client, node, 2);
	assert_int_equal(vfs_server_stats(s->server).nodes, 2);
	client_forget(s->client, node, 1);
	assert_int_equal(vfs_server_stats(s->server).nodes, 1);
	assert_int_equal(s->log_lines, 0);
}

static void dots_have_no_node(void **state)
{
	struct share *s = *state;
	struct client_dirent e;
	struct stat st;

	assert_int_equal(fstat(s->root_fd, &st), 0);
	e = find(s, FUSE_READDIRPLUS, ".");
	assert_int_equal(e.entry.nodeid, 0);
	assert_int_equal(e.ino, st.st_ino);
	assert_int_equal(e.entry.attr.ino, st.st_ino);
	assert_int_equal(e.entry.attr.mode, LX_S_IFDIR);
	assert_int_equal(e.type, LX_DT(LX_S_IFDIR));
	/* Nothing tells what is above the root. */
	e = find(s, FUSE_READDIRPLUS, "..");
	assert_int_equal(e.entry.nodeid, 0);
	assert_int_equal(e.ino, st.st_ino);
	assert_int_equal(e.entry.attr.ino, st.st_ino);
	assert_int_equal(find(s, FUSE_READDIR, "..").ino, st.st_ino);
	assert_int_equal(vfs_server_stats(s->server).nodes, 1);
}

static void reads_all_entries_with_any_buffer(void **state)
{
	static const uint32_t sizes[] = { 32, 100, 1000, 4096, 65536 };
	struct share *s = *state;
	uint64_t fh = open_dir(s, FUSE_ROOT_ID);

	make_entries(s);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		s->client->piece = i & 1 ? 77 : 0;
		read_all(s->client, fh, false, sizes[i], NULL);
	}
	assert_int_equal(vfs_server_stats(s->server).nodes, 1);
}

static void lookups_are_exact_with_small_buffers(void **state)
{
	static const uint32_t sizes[] = { 160, 500, 4096, 65536 };
	struct share *s = *state;
	uint64_t fh = open_dir(s, FUSE_ROOT_ID), node[ENTRIES];

	make_entries(s);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		read_all(s->client, fh, true, sizes[i], node);
		assert_int_equal(vfs_server_stats(s->server).nodes,
				 1 + ENTRIES);
		for (int j = 0; j < ENTRIES; j++)
			client_forget(s->client, node[j], 1);
		assert_int_equal(vfs_server_stats(s->server).nodes, 1);
	}
	assert_int_equal(s->log_lines, 0);
}

static void a_buffer_for_no_entry_is_an_error(void **state)
{
	struct share *s = *state;
	uint64_t fh = open_dir(s, FUSE_ROOT_ID);

	assert_int_equal(client_read(s->client, FUSE_READDIR, FUSE_ROOT_ID, fh,
				     0, 24), -LX_EINVAL);
	assert_int_equal(client_read(s->client, FUSE_READDIRPLUS, FUSE_ROOT_ID,
				     fh, 0, 152), -LX_EINVAL);
	assert_int_equal(client_read(s->client, FUSE_READDIR, FUSE_ROOT_ID, fh,
				     0, 0), -LX_EINVAL);
}

/*
 * The handle has buffered entries that are gone when they are looked up: so
 * many that a whole buffer of them is left out.  That must not look like the
 * end of the directory.
 */
static void leaves_out_what_has_vanished(void **state)
{
	enum { MANY = 4000, GONE = 3000 };
	struct share *s = *state;
	struct client *c = s->client;
	struct client_dirent e;
	uint64_t fh = open_dir(s, FUSE_ROOT_ID), offset = 0;
	size_t at = 0, gone = 0, seen = 0;
	char name[16];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "%d", i);
		host_file(s->root_fd, name, "");
	}
	assert_true(client_read(c, FUSE_READDIR, FUSE_ROOT_ID, fh, 0, 64) > 0);
	while (client_next_dirent(c, false, &at, &e))
		offset = e.next;
	/* The first ones in the directory's own order. */
	assert_true(client_read(c, FUSE_READDIR, FUSE_ROOT_ID,
				open_dir(s, FUSE_ROOT_ID), 0, 1 << 20) > 0);
	for (at = 0; client_next_dirent(c, false, &at, &e);)
		if (e.name[0] != '.' && gone < GONE)
			gone += !unlinkat(s->root_fd, e.name, 0);
	assert_true(gone > 500);
	while (client_read(c, FUSE_READDIRPLUS, FUSE_ROOT_ID, fh, offset,
			   4096) > 0)
		for (at = 0; client_next_dirent(c, true, &at, &e);) {
			seen += e.name[0] != '.';
			offset = e.next;
		}
	assert_int_equal(c->reply_len, 0);
	assert_int_equal(seen, MANY - gone);
	client_destroy(c);      /* they are more than descriptors should be */
}

static void checks_what_is_read(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t fh = open_dir(s, FUSE_ROOT_ID), dir, file, file_fh, dir_fh;

	host_file(s->root_fd, "a", "");
	host_dir(s->root_fd, "d");
	file = node_of(s, FUSE_ROOT_ID, "a");
	dir = node_of(s, FUSE_ROOT_ID, "d");
	assert_int_equal(client_open(c, FUSE_OPENDIR, file, 0, &file_fh),
			 -LX_ENOTDIR);
	assert_int_equal(client_open(c, FUSE_OPENDIR, 99, 0, &file_fh),
			 -LX_ESTALE);
	assert_int_equal(client_open(c, FUSE_OPEN, file, 0, &file_fh), 0);
	assert_int_equal(client_read(c, FUSE_READDIR, file, file_fh, 0, 4096),
			 -LX_ENOTDIR);
	assert_int_equal(client_read(c, FUSE_READDIR, dir, fh, 0, 4096),
			 -LX_EBADF);
	assert_int_equal(client_read(c, FUSE_READDIR, FUSE_ROOT_ID, fh,
				     1ull << 63, 4096), -LX_EINVAL);
	dir_fh = open_dir(s, dir);
	client_forget(c, dir, 1);
	assert_int_equal(client_read(c, FUSE_READDIRPLUS, dir, dir_fh, 0,
				     4096), -LX_ESTALE);
	assert_int_equal(client_release(c, FUSE_RELEASEDIR, dir, dir_fh), 0);
	assert_int_equal(client_release(c, FUSE_RELEASEDIR, dir, dir_fh),
			 -LX_EBADF);
	assert_int_equal(client_fsync(c, FUSE_FSYNCDIR, FUSE_ROOT_ID, fh, 0),
			 0);
	assert_int_equal(client_fsync(c, FUSE_FSYNCDIR, FUSE_ROOT_ID, fh,
				      FUSE_FSYNC_FDATASYNC), 0);
	assert_int_equal(client_fsync(c, FUSE_FSYNC, FUSE_ROOT_ID, fh, 0),
			 -LX_EISDIR);
}

/* Two threads read with one handle, each from the start to the end. */
struct reader {
	struct client *client;
	uint64_t fh;
	size_t wrong;
};

static void *read_often(void *arg)
{
	struct reader *r = arg;

	for (int round = 0; round < 20; round++) {
		uint64_t offset = 0;
		size_t count = 0;
		ssize_t n;

		while ((n = client_read(r->client, FUSE_READDIR, FUSE_ROOT_ID,
					r->fh, offset, 512)) > 0) {
			struct client_dirent e;

			for (size_t at = 0; client_next_dirent(
				     r->client, false, &at, &e); count++)
				offset = e.next;
		}
		r->wrong += n || count != ENTRIES + 2;
	}
	return NULL;
}

static void readers_may_share_a_handle(void **state)
{
	struct share *s = *state;
	struct reader r[2] = { { .client = client_new(s->session) },
			       { .client = client_new(s->session) } };
	pthread_t thread[2];

	make_entries(s);
	r[0].fh = r[1].fh = open_dir(s, FUSE_ROOT_ID);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, read_often,
						&r[i]), 0);
	for (int i = 0; i < 2; i++) {
		pthread_join(thread[i], NULL);
		client_free(r[i].client);
	}
	assert_int_equal(r[0].wrong + r[1].wrong, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, share_up, share_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_names_without_lookups),
		TEST(readdirplus_counts_each_lookup_once),
		TEST(dots_have_no_node),
		TEST(reads_all_entries_with_any_buffer),
		TEST(lookups_are_exact_with_small_buffers),
		TEST(a_buffer_for_no_entry_is_an_error),
		TEST(leaves_out_what_has_vanished),
		TEST(checks_what_is_read),
		TEST(readers_may_share_a_handle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
