/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_fs/share.h"

#include "lxutil/lx_volume.h"

#include <stdarg.h>
#include <setjmp.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static void tells_what_the_host_tells(void **state)
{
	struct share *s = *state;
	const struct fuse_statx_in in = { .sx_mask = LX_STATX_BASIC_STATS |
						     LX_STATX_BTIME };
	struct fuse_statx_out out;
	struct statx st;
	uint64_t node;

	host_file(s->root_fd, "a", "0123456789");
	node = node_of(s, FUSE_ROOT_ID, "a");
	assert_int_equal(client_statx(s->client, node, &in, &out), 0);
	assert_int_equal(statx(s->root_fd, "a", 0,
			       STATX_BASIC_STATS | STATX_BTIME, &st), 0);
	assert_int_equal(out.stat.mask & LX_STATX_BASIC_STATS,
			 LX_STATX_BASIC_STATS);
	assert_int_equal(out.stat.mask & LX_STATX_BTIME,
			 st.stx_mask & STATX_BTIME);
	if (st.stx_mask & STATX_BTIME) {
		assert_int_equal(out.stat.btime.tv_sec, st.stx_btime.tv_sec);
		assert_int_equal(out.stat.btime.tv_nsec,
				 st.stx_btime.tv_nsec);
	}
	assert_int_equal(out.stat.mode, st.stx_mode);
	assert_int_equal(out.stat.ino, st.stx_ino);
	assert_int_equal(out.stat.size, 10);
	assert_int_equal(out.stat.nlink, 1);
	assert_int_equal(out.stat.blocks, st.stx_blocks);
	assert_int_equal(out.stat.mtime.tv_sec, st.stx_mtime.tv_sec);
	assert_int_equal(out.stat.mtime.tv_nsec, st.stx_mtime.tv_nsec);
	assert_int_equal(out.stat.attributes & ~out.stat.attributes_mask, 0);
	assert_int_equal(out.attr_valid, 1);
	/* What is said of attributes is what the host says. */
	assert_int_equal(out.stat.attributes_mask & ~st.stx_attributes_mask,
			 0);
	assert_int_equal(out.stat.attributes_mask & STATX_ATTR_IMMUTABLE,
			 st.stx_attributes_mask & STATX_ATTR_IMMUTABLE);
}

static void keeps_the_hosts_mounts_to_itself(void **state)
{
	struct share *s = *state;
	const struct fuse_statx_in in = { 0 };
	struct fuse_statx_out out;

	assert_int_equal(client_statx(s->client, FUSE_ROOT_ID, &in, &out), 0);
	assert_int_equal(out.stat.attributes & STATX_ATTR_MOUNT_ROOT, 0);
	assert_int_equal(out.stat.attributes_mask & STATX_ATTR_MOUNT_ROOT, 0);
}

static void goes_by_the_handle_if_there_is_one(void **state)
{
	struct share *s = *state;
	struct fuse_statx_in in = { .getattr_flags = FUSE_GETATTR_FH };
	struct fuse_statx_out out;
	uint64_t node;

	host_file(s->root_fd, "a", "0123456789");
	node = node_of(s, FUSE_ROOT_ID, "a");
	assert_int_equal(client_open(s->client, FUSE_OPEN, node, LX_O_RDONLY,
				     &in.fh), 0);
	assert_int_equal(unlinkat(s->root_fd, "a", 0), 0);
	assert_int_equal(client_statx(s->client, node, &in, &out), 0);
	assert_int_equal(out.stat.nlink, 0);
	assert_int_equal(out.stat.size, 10);
	in.fh++;                /* the node will do */
	assert_int_equal(client_statx(s->client, node, &in, &out), 0);
	assert_int_equal(client_statx(s->client, 99, &in, &out), -LX_ESTALE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, share_up, share_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tells_what_the_host_tells),
		TEST(keeps_the_hosts_mounts_to_itself),
		TEST(goes_by_the_handle_if_there_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
