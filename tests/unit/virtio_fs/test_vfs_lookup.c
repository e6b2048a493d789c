/* SPDX-License-Identifier: MIT */
/* vfs_namei.c: "." and "..", by which file handles work in the guest. */
#include "tests/unit/virtio_fs/share.h"

#include "lxutil/lx_volume.h"

#include <stdarg.h>
#include <setjmp.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static uint64_t lookup(struct share *s, uint64_t node, const char *name)
{
	struct fuse_entry_out entry;

	assert_int_equal(client_lookup(s->client, node, name, &entry), 0);
	return entry.nodeid;
}

static void dots_lead_to_the_node_and_its_parent(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;
	uint64_t a, b, file;

	host_dir(s->root_fd, "a");
	host_dir(s->root_fd, "a/b");
	host_file(s->root_fd, "a/f", "");
	a = node_of(s, FUSE_ROOT_ID, "a");
	b = node_of(s, a, "b");
	file = node_of(s, a, "f");
	assert_int_equal(lookup(s, b, "."), b);
	assert_int_equal(lookup(s, file, "."), file);
	assert_int_equal(lookup(s, b, ".."), a);
	assert_int_equal(lookup(s, a, ".."), FUSE_ROOT_ID);
	assert_int_equal(lookup(s, FUSE_ROOT_ID, "."), FUSE_ROOT_ID);
	assert_int_equal(lookup(s, FUSE_ROOT_ID, ".."), FUSE_ROOT_ID);
	assert_int_equal(client_lookup(s->client, file, "..", &entry),
			 -LX_ENOTDIR);
	/* Each counts as a lookup. */
	client_forget(s->client, b, 1);
	assert_int_equal(lookup(s, b, "."), b);
	client_forget(s->client, b, 2);
	assert_int_equal(client_lookup(s->client, b, ".", &entry), -LX_ESTALE);
	/* A parent that the guest has forgotten gets a number again. */
	b = node_of(s, a, "b");
	client_forget(s->client, a, UINT64_MAX);
	assert_int_not_equal(lookup(s, b, ".."), a);
}

static void no_dots_without_agreement(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;

	assert_int_equal(client_destroy(s->client), 0);
	s->client->offered &= ~FUSE_EXPORT_SUPPORT;
	assert_int_equal(client_init(s->client), 0);
	assert_int_equal(client_lookup(s->client, FUSE_ROOT_ID, ".", &entry),
			 -LX_EINVAL);
	assert_int_equal(client_lookup(s->client, FUSE_ROOT_ID, "..", &entry),
			 -LX_EINVAL);
}

/* The host moves a directory that the guest holds next to the root. */
static void no_way_leads_above_the_root(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;
	char away[80];
	uint64_t dir;

	host_dir(s->root_fd, "d");
	host_dir(s->root_fd, "d/e");
	dir = node_of(s, node_of(s, FUSE_ROOT_ID, "d"), "e");
	snprintf(away, sizeof(away), "%s-away", s->root);
	assert_int_equal(renameat(s->root_fd, "d", AT_FDCWD, away), 0);
	assert_int_equal(client_lookup(s->client, dir, "..", &entry),
			 -LX_ESTALE);
	assert_int_equal(renameat(AT_FDCWD, away, s->root_fd, "d"), 0);
	assert_int_equal(client_lookup(s->client, dir, "..", &entry), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, share_up, share_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dots_lead_to_the_node_and_its_parent),
		TEST(no_dots_without_agreement),
		TEST(no_way_leads_above_the_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
