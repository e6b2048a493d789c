/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_fs/share.h"

#include "common/limits.h"

#include "lxutil/lx_volume.h"

#include <stdarg.h>
#include <setjmp.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cmocka.h>

#define OUT (sizeof(struct fuse_ioctl_out))

static uint64_t open_file(struct share *s, uint64_t *ret_node)
{
	uint64_t fh;

	*ret_node = node_of(s, FUSE_ROOT_ID, "a");
	assert_int_equal(client_open(s->client, FUSE_OPEN, *ret_node,
				     LX_O_RDONLY, &fh), 0);
	return fh;
}

/* The host's flags of "a"; skips where the file system has none. */
static int host_flags(struct share *s)
{
	int fd = openat(s->root_fd, "a", O_RDONLY), flags = 0;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags)) {
		close(fd);
		skip();
	}
	close(fd);
	return flags;
}

static void reads_and_sets_flags(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t node, fh;
	int flags;

	host_file(s->root_fd, "a", "");
	flags = host_flags(s);
	fh = open_file(s, &node);
	assert_int_equal(client_ioctl(c, node, fh, FS_IOC_GETFLAGS, NULL, 0,
				      sizeof(flags)), sizeof(flags));
	assert_memory_equal(c->reply + OUT, &flags, sizeof(flags));
	flags |= FS_NODUMP_FL;
	assert_int_equal(client_ioctl(c, node, fh, FS_IOC_SETFLAGS, &flags,
				      sizeof(flags), 0), 0);
	assert_int_equal(host_flags(s), flags);
}

/* However much room there is: what comes out is what the command has. */
static void passes_out_what_there_is(void **state)
{
	struct share *s = *state;
	uint64_t node, fh;
	int flags;

	host_file(s->root_fd, "a", "");
	flags = host_flags(s);
	fh = open_file(s, &node);
	assert_int_equal(client_ioctl(s->client, node, fh, FS_IOC_GETFLAGS,
				      NULL, 0, 4 * VFS_IOCTL_MAX),
			 sizeof(flags));
	assert_memory_equal(s->client->reply + OUT, &flags, sizeof(flags));
}

static void works_on_directories(void **state)
{
	struct share *s = *state;
	uint64_t fh;

	host_file(s->root_fd, "a", "");
	host_flags(s);
	assert_int_equal(client_open(s->client, FUSE_OPENDIR, FUSE_ROOT_ID, 0,
				     &fh), 0);
	assert_int_equal(client_ioctl(s->client, FUSE_ROOT_ID, fh,
				      FS_IOC_GETFLAGS, NULL, 0, 4), 4);
}

static void refuses_others(void **state)
{
	struct share *s = *state;
	uint64_t node, fh;

	host_file(s->root_fd, "a", "");
	fh = open_file(s, &node);
	assert_int_equal(client_ioctl(s->client, node, fh, FIONREAD, NULL, 0,
				      4), -LX_ENOTTY);
	assert_int_equal(client_ioctl(s->client, node, fh, FS_IOC_FIEMAP,
				      "x", 1, 4096), -LX_ENOTTY);
	assert_int_equal(client_ioctl(s->client, node, fh + 1,
				      FS_IOC_GETFLAGS, NULL, 0, 4), -LX_EBADF);
}

static void make_file(int root_fd)
{
	host_file(root_fd, "a", "");
}

static int read_only_up(void **state)
{
	return share_up_read_only(state, make_file);
}

static void a_read_only_share_keeps_its_flags(void **state)
{
	struct share *s = *state;
	int flags = host_flags(s) | FS_NODUMP_FL;
	uint64_t node, fh = open_file(s, &node);

	assert_int_equal(client_ioctl(s->client, node, fh, FS_IOC_SETFLAGS,
				      &flags, sizeof(flags), 0), -LX_EROFS);
	assert_false(host_flags(s) & FS_NODUMP_FL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, share_up, share_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_and_sets_flags),
		TEST(passes_out_what_there_is),
		TEST(works_on_directories),
		TEST(refuses_others),
		cmocka_unit_test_setup_teardown(
			a_read_only_share_keeps_its_flags, read_only_up,
			share_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
