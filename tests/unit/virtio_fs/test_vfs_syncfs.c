/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_fs/share.h"

#include "lxutil/lx_volume.h"

#include <stdarg.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <cmocka.h>

static void syncs_what_the_guest_knows(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	uint64_t dir;

	host_file(s->root_fd, "a", "");
	host_dir(s->root_fd, "d");
	assert_int_equal(mkfifoat(s->root_fd, "p", 0600), 0);
	node_of(s, FUSE_ROOT_ID, "a");
	node_of(s, FUSE_ROOT_ID, "p");
	dir = node_of(s, FUSE_ROOT_ID, "d");
	assert_int_equal(client_syncfs(c, FUSE_ROOT_ID), 0);
	assert_int_equal(client_syncfs(c, dir), 0);
	assert_int_equal(client_syncfs(c, 99), -LX_ESTALE);
	/* A node that a file system cannot be reached by. */
	assert_int_equal(client_syncfs(c, node_of(s, FUSE_ROOT_ID, "p")),
			 -LX_EINVAL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, share_up, share_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(syncs_what_the_guest_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
