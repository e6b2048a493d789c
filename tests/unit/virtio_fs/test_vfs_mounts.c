/* SPDX-License-Identifier: MIT */
/* Mounts below the share: what is mounted is another node, and announced. */
#include "tests/unit/virtio_fs/share.h"

#include "lxutil/lx_volume.h"

#include <stdarg.h>
#include <setjmp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <cmocka.h>

/* From here on the mounts of this process are its own; needs privileges. */
static bool may_mount;

static int mounts_up(void **state)
{
	may_mount = !unshare(CLONE_NEWNS) &&
		    !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	return share_up(state);
}

static void host_mount(struct share *s, const char *what, const char *name,
		       const char *type)
{
	char from[96], to[96];

	snprintf(from, sizeof(from), "%s/%s", s->root, what);
	snprintf(to, sizeof(to), "%s/%s", s->root, name);
	assert_int_equal(mount(from, to, type, type ? 0 : MS_BIND, NULL), 0);
}

static void host_unmount(struct share *s, const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/%s", s->root, name);
	assert_int_equal(umount2(path, MNT_DETACH), 0);
}

static void one_file_through_two_mounts_is_two_nodes(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	struct fuse_entry_out a, b;
	uint64_t d, e;

	if (!may_mount)
		skip();
	host_dir(s->root_fd, "d");
	host_dir(s->root_fd, "e");
	host_file(s->root_fd, "d/f", "");
	host_mount(s, "d", "e", NULL);
	d = node_of(s, FUSE_ROOT_ID, "d");
	e = node_of(s, FUSE_ROOT_ID, "e");
	assert_int_equal(client_lookup(c, d, "f", &a), 0);
	assert_int_equal(client_lookup(c, e, "f", &b), 0);
	assert_int_equal(a.attr.ino, b.attr.ino);
	assert_int_not_equal(a.nodeid, b.nodeid);
	assert_int_equal(client_rename(c, d, "f", e, "g", 0), -LX_EXDEV);
	assert_int_equal(client_rename(c, e, "f", e, "g", 0), 0);
	assert_int_equal(node_of(s, d, "g"), a.nodeid);
	host_unmount(s, "e");
}

static void a_mount_point_is_what_is_mounted_there(void **state)
{
	struct share *s = *state;
	uint64_t below, dir;

	if (!may_mount)
		skip();
	host_dir(s->root_fd, "d");
	below = node_of(s, FUSE_ROOT_ID, "d");
	host_mount(s, "none", "d", "tmpfs");
	host_file(s->root_fd, "d/f", "");
	dir = node_of(s, FUSE_ROOT_ID, "d");
	assert_int_not_equal(dir, below);
	assert_int_not_equal(node_of(s, dir, "f"), 0);
	host_unmount(s, "d");
	assert_int_equal(node_of(s, FUSE_ROOT_ID, "d"), below);
}

/* In a mount namespace of our own: nobody else sees what is mounted. */
static int submounts_up(void **state)
{
	struct vfs_options options;

	if (!unshare(CLONE_NEWNS))
		mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	vfs_options_default(&options);
	return share_up_with(state, &options, UINT64_MAX, NULL);
}

static void announces_what_is_mounted(void **state)
{
	struct share *s = *state;
	struct client *c = s->client;
	struct fuse_entry_out entry;
	char path[80];
	uint64_t node;

	host_dir(s->root_fd, "m");
	host_dir(s->root_fd, "d");
	snprintf(path, sizeof(path), "%s/m", s->root);
	if (mount("none", path, "tmpfs", 0, "size=1m"))
		skip();
	snprintf(path, sizeof(path), "%s/m/d", s->root);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(client_lookup(c, FUSE_ROOT_ID, "m", &entry), 0);
	assert_int_equal(entry.attr.flags, FUSE_ATTR_SUBMOUNT);
	node = entry.nodeid;
	assert_int_equal(client_lookup(c, node, "d", &entry), 0);
	assert_int_equal(entry.attr.flags, 0);
	assert_int_equal(client_lookup(c, node, "..", &entry), 0);
	assert_int_equal(entry.nodeid, FUSE_ROOT_ID);
	assert_int_equal(entry.attr.flags, 0);
	assert_int_equal(client_lookup(c, FUSE_ROOT_ID, "d", &entry), 0);
	assert_int_equal(entry.attr.flags, 0);
	assert_int_equal(client_syncfs(c, FUSE_ROOT_ID), 0);
	assert_int_equal(client_syncfs(c, node), 0);
	assert_int_equal(client_destroy(c), 0);
	snprintf(path, sizeof(path), "%s/m", s->root);
	assert_int_equal(umount2(path, MNT_DETACH), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			one_file_through_two_mounts_is_two_nodes, mounts_up,
			share_down),
		cmocka_unit_test_setup_teardown(
			a_mount_point_is_what_is_mounted_there, mounts_up,
			share_down),
		cmocka_unit_test_setup_teardown(announces_what_is_mounted,
						submounts_up, share_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
