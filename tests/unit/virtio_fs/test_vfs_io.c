/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_fs/share.h"

#include "lxutil/lx_volume.h"

#include <stdarg.h>
#include <setjmp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static uint64_t open_node(struct share *s, uint64_t node, uint32_t flags)
{
	uint64_t fh = 0;

	assert_int_equal(client_open(s->client, FUSE_OPEN, node, flags, &fh),
			 0);
	return fh;
}

static uint64_t make(struct share *s, const char *name, const char *text)
{
	host_file(s->root_fd, name, text);
	return node_of(s, FUSE_ROOT_ID, name);
}

static void reads_what_is_there(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t node = make(s, "a", "0123456789");
	uint64_t fh = open_node(s, node, LX_O_RDONLY);

	assert_int_equal(client_read(c, FUSE_READ, node, fh, 0, 4), 4);
	assert_memory_equal(c->reply, "0123", 4);
	assert_int_equal(client_read(c, FUSE_READ, node, fh, 8, 4096), 2);
	assert_memory_equal(c->reply, "89", 2);
	assert_int_equal(client_read(c, FUSE_READ, node, fh, 10, 4096), 0);
	assert_int_equal(client_read(c, FUSE_READ, node, fh, 0, 0), 0);
	assert_int_equal(client_read(c, FUSE_READ, node, fh, INT64_MAX, 4096),
			 -LX_EINVAL);
	assert_int_equal(client_read(c, FUSE_READ, node, fh, 1ull << 63, 1),
			 -LX_EINVAL);
	assert_int_equal(client_read(c, FUSE_READ, node, fh, UINT64_MAX, 1),
			 -LX_EINVAL);
}

static void writes_where_it_is_told(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t node = make(s, "a", "0123456789");
	uint64_t fh = open_node(s, node, LX_O_RDWR);

	assert_int_equal(client_write(c, node, fh, 8, "abcd", 4), 4);
	assert_int_equal(client_write(c, node, fh, 14, "e", 1), 1);
	assert_int_equal(client_write(c, node, fh, 0, "", 0), 0);
	assert_int_equal(client_read(c, FUSE_READ, node, fh, 0, 99), 15);
	assert_memory_equal(c->reply, "01234567abcd\0\0e", 15);
	assert_int_equal(client_write(c, node, fh, 1ull << 63, "a", 1),
			 -LX_EINVAL);
}

static void appends(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t node = make(s, "a", "0123");
	uint64_t fh = open_node(s, node, LX_O_RDWR | LX_O_APPEND);

	c->file_flags = LX_O_RDWR | LX_O_APPEND;
	assert_int_equal(client_write(c, node, fh, 0, "ab", 2), 2);
	assert_int_equal(client_read(c, FUSE_READ, node, fh, 0, 99), 6);
	assert_memory_equal(c->reply, "0123ab", 6);
	/* F_SETFL has taken it away, and what the cache writes has a place. */
	c->file_flags = LX_O_RDWR;
	assert_int_equal(client_write(c, node, fh, 1, "x", 1), 1);
	c->file_flags |= LX_O_APPEND;
	c->write_flags = FUSE_WRITE_CACHE;
	assert_int_equal(client_write(c, node, fh, 2, "y", 1), 1);
	assert_int_equal(client_read(c, FUSE_READ, node, fh, 0, 99), 6);
	assert_memory_equal(c->reply, "0xy3ab", 6);
}

/* The guest's cache would take a short write for a whole one. */
static void tells_the_cache_what_was_not_written(void **state)
{
	const struct rlimit limit = { 6, RLIM_INFINITY };
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t node = make(s, "a", "0123");
	uint64_t fh = open_node(s, node, LX_O_RDWR);
	struct rlimit old;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(client_write(c, node, fh, 4, "abcd", 4), 2);
	c->write_flags = FUSE_WRITE_CACHE;
	assert_int_equal(client_write(c, node, fh, 4, "wxyz", 4), -LX_EFBIG);
	assert_int_equal(client_write(c, node, fh, 4, "wx", 2), 2);
	assert_int_equal(client_write(c, node, fh, 4, "", 0), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(client_read(c, FUSE_READ, node, fh, 0, 99), 6);
	assert_memory_equal(c->reply, "0123wx", 6);
}

/* 1 MiB in so many pieces that one system call does not take them. */
static void moves_data_in_any_number_of_pieces(void **state)
{
	static const size_t pieces[] = { 4096, 4097, 1000, 61 };
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t node = make(s, "a", "");
	uint64_t fh = open_node(s, node, LX_O_RDWR);
	uint8_t *data = malloc(FUSE_MAX_WRITE);

	assert_non_null(data);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		for (size_t j = 0; j < FUSE_MAX_WRITE; j++)
			data[j] = (uint8_t)(j * 7 + (j >> 8) + i);
		c->piece = pieces[i];
		assert_int_equal(client_write(c, node, fh, 3, data,
					      FUSE_MAX_WRITE), FUSE_MAX_WRITE);
		assert_int_equal(client_read(c, FUSE_READ, node, fh, 3,
					     FUSE_MAX_WRITE), FUSE_MAX_WRITE);
		assert_memory_equal(c->reply, data, FUSE_MAX_WRITE);
		assert_int_equal(client_read(c, FUSE_READ, node, fh, 12345,
					     FUSE_MAX_WRITE),
				 FUSE_MAX_WRITE - 12342);
		assert_memory_equal(c->reply, data + 12342,
				    FUSE_MAX_WRITE - 12342);
	}
	free(data);
}

static void opens_regular_files_only(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t fh;

	host_dir(s->root_fd, "d");
	assert_int_equal(mkfifoat(s->root_fd, "p", 0666), 0);
	assert_int_equal(symlinkat("/etc/passwd", s->root_fd, "l"), 0);
	assert_int_equal(client_open(c, FUSE_OPEN,
				     node_of(s, FUSE_ROOT_ID, "d"),
				     LX_O_RDONLY, &fh), -LX_EISDIR);
	assert_int_equal(client_open(c, FUSE_OPEN,
				     node_of(s, FUSE_ROOT_ID, "p"),
				     LX_O_RDONLY, &fh), -LX_ENXIO);
	assert_int_equal(client_open(c, FUSE_OPEN,
				     node_of(s, FUSE_ROOT_ID, "l"),
				     LX_O_RDONLY, &fh), -LX_ELOOP);
	assert_int_equal(client_open(c, FUSE_OPEN, 99, LX_O_RDONLY, &fh),
			 -LX_ESTALE);
	assert_int_equal(vfs_server_stats(s->server).handles, 0);
}

static void minds_the_flags_that_count(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t node = make(s, "a", "0123456789");
	/* All that must not matter for an existing file. */
	uint64_t fh = open_node(s, node, LX_O_RDONLY | LX_O_CREAT |
				LX_O_EXCL | LX_O_NOCTTY | LX_O_DIRECT |
				LX_O_DIRECTORY | LX_O_NOFOLLOW | LX_O_CLOEXEC |
				LX_O_PATH);

	assert_int_equal(client_read(c, FUSE_READ, node, fh, 1, 4), 4);
	assert_memory_equal(c->reply, "1234", 4);
	assert_int_equal(client_write(c, node, fh, 0, "x", 1), -LX_EBADF);
	fh = open_node(s, node, LX_O_WRONLY);
	assert_int_equal(client_read(c, FUSE_READ, node, fh, 0, 4), -LX_EBADF);
	fh = open_node(s, node, LX_O_RDWR | LX_O_TRUNC);
	assert_int_equal(client_read(c, FUSE_READ, node, fh, 0, 4), 0);
	fh = open_node(s, node, LX_O_ACCMODE);
	assert_int_equal(client_read(c, FUSE_READ, node, fh, 0, 4), -LX_EBADF);
}

/* ---- options ------------------------------------------------------------ */

/* How the server has "a" open, apart from the node that it holds. */
static unsigned host_flags(const struct share *s)
{
	char path[96], link[32], target[96];
	ssize_t len;
	int flags;

	snprintf(path, sizeof(path), "%s/a", s->root);
	for (int fd = 0; fd < 1024; fd++) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		len = readlink(link, target, sizeof(target));
		if (len != (ssize_t)strlen(path) ||
		    memcmp(target, path, (size_t)len))
			continue;
		flags = fcntl(fd, F_GETFL);
		if (!(flags & O_PATH))
			return (unsigned)flags;
	}
	fail_msg("%s is not open", path);
	return 0;
}

/* How the host's file is opened for a guest that opens one with `flags`. */
static unsigned opened_with(void (*set)(struct vfs_options *o), uint32_t flags)
{
	struct vfs_options options;
	unsigned host;
	void *state;

	vfs_options_default(&options);
	set(&options);
	share_up_with(&state, &options, UINT64_MAX, NULL);
	open_node(state, make(state, "a", ""), flags);
	host = host_flags(state);
	share_down(&state);
	return host;
}

static void nothing_special(struct vfs_options *o)
{
	(void)o;
}

static void direct_io(struct vfs_options *o)
{
	o->direct_io = true;
}

static void preserve_noatime(struct vfs_options *o)
{
	o->preserve_noatime = true;
}

static void writeback(struct vfs_options *o)
{
	o->writeback = true;
}

static void options_say_which_flags_reach_the_host(void **state)
{
	const uint32_t flags = LX_O_WRONLY | LX_O_APPEND | LX_O_NOATIME;
	const unsigned mask = O_ACCMODE | O_APPEND | O_NOATIME;

	(void)state;
	/* Each WRITE says whether it appends. */
	assert_int_equal(opened_with(nothing_special, flags) & mask, O_WRONLY);
	assert_int_equal(opened_with(preserve_noatime, flags) & mask,
			 O_WRONLY | O_NOATIME);
	/* A guest that buffers writes reads what is around them. */
	assert_int_equal(opened_with(writeback, flags) & mask, O_RDWR);
	assert_int_equal(opened_with(writeback, LX_O_RDONLY) & mask,
			 O_RDONLY);
	assert_int_equal(opened_with(nothing_special, LX_O_RDWR | LX_O_DIRECT)
			 & O_DIRECT, 0);
	assert_int_equal(opened_with(direct_io, LX_O_RDWR | LX_O_DIRECT) &
			 O_DIRECT, O_DIRECT);
	assert_int_equal(opened_with(direct_io, LX_O_RDWR) & O_DIRECT, 0);
}

static void handles_end_with_release(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t node = make(s, "a", "0123");
	uint64_t other = make(s, "b", "0123");
	uint64_t fh = open_node(s, node, LX_O_RDWR);
	unsigned fds = count_fds();

	assert_int_equal(client_release(c, FUSE_RELEASEDIR, node, fh),
			 -LX_ENOTDIR);
	assert_int_equal(client_release(c, FUSE_RELEASE, other, fh),
			 -LX_EBADF);
	assert_int_equal(client_release(c, FUSE_RELEASE, node, fh), 0);
	assert_int_equal(count_fds(), fds - 1);
	assert_int_equal(client_release(c, FUSE_RELEASE, node, fh), -LX_EBADF);
	assert_int_equal(client_read(c, FUSE_READ, node, fh, 0, 4), -LX_EBADF);
	assert_int_equal(client_write(c, node, fh, 0, "x", 1), -LX_EBADF);
	assert_int_equal(client_flush(c, node, fh), -LX_EBADF);
	assert_int_equal(client_fsync(c, FUSE_FSYNC, node, fh, 0), -LX_EBADF);
	/* Opened again, the old number still means nothing. */
	assert_int_not_equal(open_node(s, node, LX_O_RDWR), fh);
	assert_int_equal(client_read(c, FUSE_READ, node, fh, 0, 4), -LX_EBADF);
}

static void handles_of_directories_are_not_read(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t fh;

	assert_int_equal(client_open(c, FUSE_OPENDIR, FUSE_ROOT_ID, 0, &fh),
			 0);
	assert_int_equal(client_read(c, FUSE_READ, FUSE_ROOT_ID, fh, 0, 9),
			 -LX_EISDIR);
	assert_int_equal(client_write(c, FUSE_ROOT_ID, fh, 0, "x", 1),
			 -LX_EISDIR);
	assert_int_equal(client_release(c, FUSE_RELEASE, FUSE_ROOT_ID, fh),
			 -LX_EISDIR);
}

static void flushes_and_syncs(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t node = make(s, "a", "0123");
	uint64_t fh = open_node(s, node, LX_O_RDWR);

	assert_int_equal(client_flush(c, node, fh), 0);
	assert_int_equal(client_fsync(c, FUSE_FSYNC, node, fh, 0), 0);
	assert_int_equal(client_fsync(c, FUSE_FSYNC, node, fh,
				      FUSE_FSYNC_FDATASYNC), 0);
	/* The handle is as good as before. */
	assert_int_equal(client_write(c, node, fh, 0, "x", 1), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, share_up, share_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_what_is_there),
		TEST(writes_where_it_is_told),
		TEST(appends),
		TEST(tells_the_cache_what_was_not_written),
		TEST(moves_data_in_any_number_of_pieces),
		TEST(opens_regular_files_only),
		TEST(minds_the_flags_that_count),
		cmocka_unit_test(options_say_which_flags_reach_the_host),
		TEST(handles_end_with_release),
		TEST(handles_of_directories_are_not_read),
		TEST(flushes_and_syncs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
