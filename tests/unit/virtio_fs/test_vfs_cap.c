/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_cap.h"

#include "common/bytes.h"
#include "lxutil/lx_volume.h"
#include "tests/unit/virtio_fs/share.h"

#include <stdarg.h>
#include <setjmp.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <cmocka.h>

#define NAME "security.capability"
#define REV2 0x02000001u                /* with the effective flag */
#define REV3 0x03000001u
/* 5 is 0 on the host. */
#define RULES "map:0:1000:1 map:5:0:1 map:1:1001:1 forbid-guest:9:1"

struct cap {
	uint8_t bytes[VFS_CAP_MAX];
	ssize_t size;
};

/* Some capabilities of this root's. */
static struct cap make(uint32_t revision, uint32_t root)
{
	struct cap cap = { .size = revision == REV2 ? 20 : 24 };

	le32_store(cap.bytes, revision);
	for (size_t at = 4; at < 20; at += 4)
		le32_store(cap.bytes + at, 0x400u + (uint32_t)at);
	if (revision == REV3)
		le32_store(cap.bytes + 20, root);
	return cap;
}

static struct vfs_idmap *new_map(void)
{
	struct vfs_idmap *map = NULL;
	char error[256];

	assert_int_equal(vfs_idmap_add(&map, RULES, error, sizeof(error)), 0);
	return map;
}

static void equal(const uint8_t *bytes, ssize_t size, const struct cap *cap)
{
	assert_int_equal(size, cap->size);
	assert_memory_equal(bytes, cap->bytes, (size_t)size);
}

static void roots_are_translated(void **state)
{
	const struct {
		struct cap guest, host;
	} pairs[] = {
		{ make(REV2, 0), make(REV3, 1000) },
		{ make(REV3, 5), make(REV2, 0) },
		{ make(REV3, 1), make(REV3, 1001) },
		{ make(REV3, 77), make(REV3, 77) },
	};
	struct vfs_idmap *map = new_map();
	uint8_t buf[VFS_CAP_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		const struct cap *guest = &pairs[i].guest;
		const struct cap *host = &pairs[i].host;

		equal(buf, vfs_cap_to_host(map, guest->bytes,
					   (size_t)guest->size, buf), host);
		/* In place. */
		equal(buf, vfs_cap_to_guest(map, buf, (size_t)host->size, buf),
		      guest);
	}
	vfs_idmap_free(map);
}

static void others_are_left_alone_or_refused(void **state)
{
	struct cap cap = make(REV3, 9);
	struct vfs_idmap *map = new_map();
	uint8_t buf[VFS_CAP_MAX], large[VFS_CAP_MAX + 1] = { 0 };

	(void)state;
	assert_int_equal(vfs_cap_to_host(map, cap.bytes, 24, buf), -LX_EPERM);
	assert_int_equal(vfs_cap_to_host(map, large, sizeof(large), buf),
			 -LX_EINVAL);
	assert_int_equal(vfs_cap_to_guest(map, large, sizeof(large), buf),
			 -LX_EINVAL);
	/* Of the first revision, or cut, or nothing at all. */
	for (size_t size = 0; size < VFS_CAP_MAX; size++) {
		assert_int_equal(vfs_cap_to_host(map, cap.bytes, size, buf),
				 size);
		assert_memory_equal(buf, cap.bytes, size);
		assert_int_equal(vfs_cap_to_guest(map, cap.bytes, size, buf),
				 size);
	}
	cap = make(REV2, 0);
	assert_int_equal(vfs_cap_to_host(map, cap.bytes, 19, buf), 19);
	assert_memory_equal(buf, cap.bytes, 19);
	assert_false(vfs_cap_is_name("security.capabilit"));
	vfs_idmap_free(map);
}

/* ---- on a share -------------------------------------------------------- */

static struct vfs_options options;

static int up(void **state)
{
	vfs_options_default(&options);
	options.uid_map = new_map();
	options.security_label = true;
	return share_up_with(state, &options,
			     FUSE_INIT_EXT | FUSE_SECURITY_CTX, NULL);
}

static int down(void **state)
{
	int err = share_down(state);

	vfs_options_done(&options);
	return err;
}

static void the_host_has_them_for_its_user(void **state)
{
	const struct cap guest = make(REV2, 0), host = make(REV3, 1000);
	struct share *s = *state;
	struct client *c = s->client;
	uint8_t buf[VFS_CAP_MAX + 1];
	uint64_t node;
	ssize_t len;
	int fd;

	if (geteuid())
		skip();
	host_file(s->root_fd, "f", "");
	node = node_of(s, FUSE_ROOT_ID, "f");
	assert_int_equal(client_getxattr(c, node, NAME, 0), -LX_ENODATA);
	assert_int_equal(client_setxattr(c, node, NAME, guest.bytes,
					 (uint32_t)guest.size, 0), 0);
	fd = openat(s->root_fd, "f", O_RDONLY);
	len = fgetxattr(fd, NAME, buf, sizeof(buf));
	equal(buf, len, &host);
	close(fd);
	assert_int_equal(client_getxattr(c, node, NAME, 0), 20);
	assert_int_equal(client_getxattr(c, node, NAME, 19), -LX_ERANGE);
	assert_int_equal(client_getxattr(c, node, NAME, 20), 20);
	equal(c->reply, 20, &guest);
	assert_int_equal(client_setxattr(c, node, NAME, buf, 25, 0),
			 -LX_EINVAL);
}

/* A label can have any name. */
static void so_it_does_when_they_come_as_a_label(void **state)
{
	const struct cap guest = make(REV2, 0), host = make(REV3, 1000);
	struct share *s = *state;
	struct client *c = s->client;
	uint8_t buf[VFS_CAP_MAX + 1];
	struct fuse_entry_out e;
	uint64_t fh;
	ssize_t len;
	int fd;

	if (geteuid())
		skip();
	c->label_name = NAME;
	c->label = (const char *)guest.bytes;
	c->label_len = (size_t)guest.size;
	assert_int_equal(client_create(c, FUSE_ROOT_ID, "f", LX_O_RDWR, 0755,
				       &e, &fh), 0);
	fd = openat(s->root_fd, "f", O_RDONLY);
	len = fgetxattr(fd, NAME, buf, sizeof(buf));
	equal(buf, len, &host);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_are_translated),
		cmocka_unit_test(others_are_left_alone_or_refused),
		cmocka_unit_test_setup_teardown(the_host_has_them_for_its_user,
						up, down),
		cmocka_unit_test_setup_teardown(
			so_it_does_when_they_come_as_a_label, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
