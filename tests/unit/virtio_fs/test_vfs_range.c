/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_fs/share.h"

#include "common/limits.h"
#include "lxutil/lx_volume.h"

#include <stdarg.h>
#include <setjmp.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static uint64_t open_file(struct share *s, const char *name, uint32_t flags,
			  uint64_t *ret_node)
{
	uint64_t fh;

	*ret_node = node_of(s, FUSE_ROOT_ID, name);
	assert_int_equal(client_open(s->client, FUSE_OPEN, *ret_node, flags,
				     &fh), 0);
	return fh;
}

static struct stat host_stat(struct share *s, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(s->root_fd, name, &st, 0), 0);
	return st;
}

/* ---- FALLOCATE ----------------------------------------------------------- */

static void reserves_and_punches(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t node, fh;
	int err;

	host_file(s->root_fd, "a", "0123456789");
	fh = open_file(s, "a", LX_O_RDWR, &node);
	err = client_fallocate(c, node, fh, 0, 0, 65536);
	if (err == -LX_EOPNOTSUPP)
		skip();
	assert_int_equal(err, 0);
	assert_int_equal(host_stat(s, "a").st_size, 65536);
	assert_true(host_stat(s, "a").st_blocks >= 128);
	assert_int_equal(client_fallocate(c, node, fh, LX_FALLOC_FL_KEEP_SIZE,
					  65536, 65536), 0);
	assert_int_equal(host_stat(s, "a").st_size, 65536);
	assert_int_equal(client_fallocate(c, node, fh,
					  LX_FALLOC_FL_PUNCH_HOLE |
					  LX_FALLOC_FL_KEEP_SIZE, 2, 3), 0);
	assert_int_equal(client_read(c, FUSE_READ, node, fh, 0, 10), 10);
	assert_memory_equal(c->reply, "01\0\0\00056789", 10);
}

static void refuses_ranges_that_make_no_sense(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t node, fh;

	host_file(s->root_fd, "a", "0123456789");
	fh = open_file(s, "a", LX_O_RDWR, &node);
	assert_int_equal(client_fallocate(c, node, fh, 0, 0, 0), -LX_EINVAL);
	assert_int_equal(client_fallocate(c, node, fh, 0, 1ull << 63, 1),
			 -LX_EINVAL);
	assert_int_equal(client_fallocate(c, node, fh, 0x1000, 0, 1),
			 -LX_EOPNOTSUPP);
	assert_int_equal(client_fallocate(c, node, fh + 1, 0, 0, 1),
			 -LX_EBADF);
	fh = open_file(s, "a", LX_O_RDONLY, &node);
	assert_int_equal(client_fallocate(c, node, fh, 0, 0, 1), -LX_EBADF);
	assert_int_equal(host_stat(s, "a").st_size, 10);
}

/* ---- LSEEK --------------------------------------------------------------- */

static void finds_data_and_holes(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	int fd = openat(s->root_fd, "a", O_RDWR | O_CREAT, 0644);
	uint64_t node, fh;

	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	assert_int_equal(pwrite(fd, "x", 1, 1 << 19), 1);
	fh = open_file(s, "a", LX_O_RDONLY, &node);
	assert_int_equal(client_lseek(c, node, fh, 0, LX_SEEK_DATA),
			 lseek(fd, 0, SEEK_DATA));
	assert_int_equal(client_lseek(c, node, fh, 1 << 19, LX_SEEK_HOLE),
			 lseek(fd, 1 << 19, SEEK_HOLE));
	assert_int_equal(client_lseek(c, node, fh, 1 << 20, LX_SEEK_DATA),
			 -LX_ENXIO);
	assert_int_equal(client_lseek(c, node, fh, 0, 9), -LX_EINVAL);
	assert_int_equal(client_lseek(c, node, fh + 1, 0, LX_SEEK_DATA),
			 -LX_EBADF);
	close(fd);
}

/* ---- COPY_FILE_RANGE ----------------------------------------------------- */

static void copies_between_files(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	struct fuse_copy_file_range_in in = { .off_in = 2, .off_out = 4,
					      .len = 1ull << 40 };
	uint64_t from;

	host_file(s->root_fd, "a", "0123456789");
	host_file(s->root_fd, "b", "abcdefgh");
	in.fh_in = open_file(s, "a", LX_O_RDONLY, &from);
	in.fh_out = open_file(s, "b", LX_O_RDWR, &in.nodeid_out);
	assert_int_equal(client_copy(c, &in, from), 8);
	assert_int_equal(client_read(c, FUSE_READ, in.nodeid_out, in.fh_out,
				     0, 99), 12);
	assert_memory_equal(c->reply, "abcd23456789", 12);
	in.off_in = 10;
	assert_int_equal(client_copy(c, &in, from), 0);
	in.flags = 1;
	assert_int_equal(client_copy(c, &in, from), -LX_EINVAL);
	in.flags = 0;
	in.fh_in++;
	assert_int_equal(client_copy(c, &in, from), -LX_EBADF);
	in.fh_in--;
	in.nodeid_out = from;
	assert_int_equal(client_copy(c, &in, from), -LX_EBADF);
}

/* One that copies for ever would hold its queue as long. */
static void copies_so_much_at_a_time(void **state)
{
	struct share *s = *state;
	struct fuse_copy_file_range_in in = { .len = UINT64_MAX };
	uint64_t from;
	ssize_t copied;
	int fd;

	host_file(s->root_fd, "a", "");
	host_file(s->root_fd, "b", "");
	fd = openat(s->root_fd, "a", O_WRONLY);
	assert_int_equal(ftruncate(fd, VFS_COPY_MAX + 4096), 0);
	close(fd);
	in.fh_in = open_file(s, "a", LX_O_RDONLY, &from);
	in.fh_out = open_file(s, "b", LX_O_RDWR, &in.nodeid_out);
	copied = client_copy(s->client, &in, from);
	if (copied == -LX_ENOSPC)
		skip();
	assert_int_equal(copied, VFS_COPY_MAX);
}

/* ---- privileges ---------------------------------------------------------- */

static gid_t group_of_b;

/* What is changed by FALLOCATE, COPY_FILE_RANGE or WRITE loses setuid. */
static uint32_t mode_after(struct share *s, int change, mode_t before)
{
	struct fuse_copy_file_range_in in = { .len = 4 };
	struct client *c = s->client;
	uint64_t from;

	host_file(s->root_fd, "a", "0123456789");
	host_file(s->root_fd, "b", "abcdefgh");
	lx_thread_init();       /* with all privilege again */
	assert_int_equal(fchownat(s->root_fd, "b", (uid_t)-1, group_of_b, 0),
			 0);
	assert_int_equal(fchmodat(s->root_fd, "b", before, 0), 0);
	in.fh_in = open_file(s, "a", LX_O_RDONLY, &from);
	in.fh_out = open_file(s, "b", LX_O_RDWR, &in.nodeid_out);
	switch (change) {
	case 0:
		assert_int_equal(client_fallocate(c, in.nodeid_out, in.fh_out,
						  0, 0, 64), 0);
		break;
	case 1:
		assert_int_equal(client_copy(c, &in, from), 4);
		break;
	default:
		assert_int_equal(client_write(c, in.nodeid_out, in.fh_out, 0,
					      "x", 1), 1);
		break;
	}
	return host_stat(s, "b").st_mode & 07777;
}

static void changes_drop_setuid_where_agreed(void **state)
{
	struct share *s = *state;

	if (geteuid())
		skip();         /* then the host drops it anyway */
	assert_true(s->client->flags & FUSE_HANDLE_KILLPRIV_V2);
	assert_int_equal(mode_after(s, 0, 06755), 06755);
	assert_int_equal(mode_after(s, 1, 06755), 06755);
	assert_int_equal(mode_after(s, 2, 06755), 06755);
	/* FALLOCATE and COPY_FILE_RANGE go by who asks. */
	s->client->uid = 1000;
	assert_int_equal(mode_after(s, 0, 06755), 0755);
	assert_int_equal(mode_after(s, 1, 06755), 0755);
	assert_int_equal(mode_after(s, 2, 06755), 06755);
	s->client->write_flags = FUSE_WRITE_KILL_SUIDGID;
	assert_int_equal(mode_after(s, 2, 06755), 0755);
}

/* Of a file that its group may not execute, S_ISGID stays for members. */
static void members_keep_their_setgid(void **state)
{
	struct share *s = *state;

	if (geteuid())
		skip();
	s->client->uid = 1000;
	s->client->write_flags = FUSE_WRITE_KILL_SUIDGID;
	for (int change = 0; change < 3; change++) {
		group_of_b = 1000;
		s->client->gid = 1000;
		assert_int_equal(mode_after(s, change, 06745), 02745);
		s->client->gid = 1001;
		assert_int_equal(mode_after(s, change, 06745), 0745);
		/* That the server is a member does not count... */
		group_of_b = 0;
		assert_int_equal(mode_after(s, change, 06745), 0745);
		/* ...unless nobody tells. */
		s->client->gid = UINT32_MAX;
		assert_int_equal(mode_after(s, change, 06745), 02745);
	}
}

static int no_killpriv_up(void **state)
{
	struct vfs_options options;

	vfs_options_default(&options);
	options.killpriv_v2 = false;
	return share_up_with(state, &options, 0, NULL);
}

static void without_killpriv_the_guest_does_it(void **state)
{
	struct share *s = *state;

	if (geteuid())
		skip();
	assert_false(s->client->flags & FUSE_HANDLE_KILLPRIV_V2);
	assert_int_equal(mode_after(s, 0, 06755), 06755);
	assert_int_equal(mode_after(s, 1, 06755), 06755);
}

/* ---- read-only ----------------------------------------------------------- */

static void make_file(int root_fd)
{
	host_file(root_fd, "a", "0123456789");
}

static int read_only_up(void **state)
{
	return share_up_read_only(state, make_file);
}

static void a_read_only_share_stays_as_it_is(void **state)
{
	struct share *s = *state;
	struct fuse_copy_file_range_in in = { .len = 4 };
	struct fuse_entry_out entry;
	uint64_t node, fh = open_file(s, "a", LX_O_RDONLY, &node), new_fh;

	in.fh_in = in.fh_out = fh;
	in.nodeid_out = node;
	assert_int_equal(client_fallocate(s->client, node, fh, 0, 0, 64),
			 -LX_EROFS);
	assert_int_equal(client_copy(s->client, &in, node), -LX_EROFS);
	assert_int_equal(client_tmpfile(s->client, FUSE_ROOT_ID, LX_O_RDWR,
					0600, &entry, &new_fh), -LX_EROFS);
	assert_int_equal(client_lseek(s->client, node, fh, 0, LX_SEEK_DATA),
			 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, share_up, share_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reserves_and_punches),
		TEST(refuses_ranges_that_make_no_sense),
		TEST(finds_data_and_holes),
		TEST(copies_between_files),
		TEST(copies_so_much_at_a_time),
		TEST(changes_drop_setuid_where_agreed),
		TEST(members_keep_their_setgid),
		cmocka_unit_test_setup_teardown(
			without_killpriv_the_guest_does_it, no_killpriv_up,
			share_down),
		cmocka_unit_test_setup_teardown(
			a_read_only_share_stays_as_it_is, read_only_up,
			share_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
