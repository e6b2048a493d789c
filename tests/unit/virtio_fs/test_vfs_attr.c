/* SPDX-License-Identifier: MIT */
#include "common/bytes.h"
#include "tests/unit/virtio_fs/share.h"

#include "lxutil/lx_volume.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

static struct fuse_attr attr_of(struct share *s, uint64_t node)
{
	struct fuse_attr attr;

	assert_int_equal(client_getattr(s->client, node, &attr), 0);
	return attr;
}

static void tells_what_the_host_tells(void **state)
{
	struct share *s = *state;
	struct fuse_attr attr;
	struct stat st;

	host_file(s->root_fd, "a", "hello");
	assert_int_equal(fchmodat(s->root_fd, "a", 04751, 0), 0);
	attr = attr_of(s, node_of(s, FUSE_ROOT_ID, "a"));
	assert_int_equal(fstatat(s->root_fd, "a", &st, 0), 0);
	assert_int_equal(attr.ino, st.st_ino);
	assert_int_equal(attr.size, 5);
	assert_int_equal(attr.blocks, st.st_blocks);
	assert_int_equal(attr.mode, st.st_mode);
	assert_int_equal(attr.nlink, 1);
	assert_int_equal(attr.uid, st.st_uid);
	assert_int_equal(attr.gid, st.st_gid);
	assert_int_equal(attr.rdev, 0);
	assert_int_equal(attr.blksize, st.st_blksize);
	assert_int_equal(attr.mtime, st.st_mtim.tv_sec);
	assert_int_equal(attr.mtimensec, st.st_mtim.tv_nsec);
	assert_int_equal(attr.atimensec, st.st_atim.tv_nsec);
	assert_int_equal(attr.ctimensec, st.st_ctim.tv_nsec);
}

static void attributes_hold_for_a_second(void **state)
{
	struct share *s = *state;
	struct fuse_getattr_in in = { 0 };
	struct fuse_attr_out out;

	client_begin(s->client, FUSE_GETATTR, FUSE_ROOT_ID);
	client_put(s->client, &in, sizeof(in));
	assert_int_equal(client_send(s->client, sizeof(out)), sizeof(out));
	memcpy(&out, s->client->reply, sizeof(out));
	assert_int_equal(out.attr_valid, 1);
	assert_int_equal(out.attr_valid_nsec, 0);
}

/* A write may take these bits away. */
static void those_of_setuid_files_do_not_hold(void **state)
{
	static const struct {
		mode_t mode;
		uint64_t valid;
	} files[] = { { 0755, 1 }, { 04755, 0 }, { 02700, 0 }, { 01777, 1 } };
	struct share *s = *state;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct fuse_entry_out entry;
		char name[] = { (char)('a' + i), 0 };

		host_file(s->root_fd, name, "");
		assert_int_equal(fchmodat(s->root_fd, name, files[i].mode, 0),
				 0);
		assert_int_equal(client_lookup(s->client, FUSE_ROOT_ID, name,
					       &entry), 0);
		assert_int_equal(entry.entry_valid, 1);
		assert_int_equal(entry.attr_valid, files[i].valid);
	}
}

static void device_numbers_are_the_kernels(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out entry;
	struct stat st;
	/* Major 0x123, minor 0x45678: 12 and 20 bits. */
	const uint32_t rdev = 0x78 | 0x123 << 8 | 0x456 << 20;
	int err = client_mknod(s->client, FUSE_ROOT_ID, "dev",
			       LX_S_IFCHR | 0600, rdev, &entry);

	if (err == -LX_EPERM)
		skip();
	assert_int_equal(err, 0);
	assert_int_equal(entry.attr.rdev, rdev);
	assert_int_equal(entry.attr.mode, LX_S_IFCHR | 0600);
	assert_int_equal(fstatat(s->root_fd, "dev", &st, 0), 0);
	assert_int_equal(major(st.st_rdev), 0x123);
	assert_int_equal(minor(st.st_rdev), 0x45678);
}

static void getattr_follows_a_handle_or_the_node(void **state)
{
	struct share *s = *state;
	struct fuse_attr attr;
	uint64_t node, other, fh;

	host_file(s->root_fd, "a", "12");
	host_file(s->root_fd, "b", "123");
	node = node_of(s, FUSE_ROOT_ID, "a");
	other = node_of(s, FUSE_ROOT_ID, "b");
	assert_int_equal(client_open(s->client, FUSE_OPEN, node, LX_O_RDONLY,
				     &fh), 0);
	assert_int_equal(unlinkat(s->root_fd, "a", 0), 0);
	assert_int_equal(client_getattr_fh(s->client, node, fh, &attr), 0);
	assert_int_equal(attr.size, 2);
	assert_int_equal(attr.nlink, 0);
	/* Another node's handle does not count. */
	assert_int_equal(client_getattr_fh(s->client, other, fh, &attr), 0);
	assert_int_equal(attr.size, 3);
	client_forget(s->client, node, 1);
	assert_int_equal(client_getattr(s->client, node, &attr), -LX_ESTALE);
	assert_int_equal(client_getattr_fh(s->client, node, fh, &attr), 0);
}

static struct fuse_attr set(struct share *s, uint64_t node,
			    struct fuse_setattr_in in)
{
	struct fuse_attr attr, now;

	assert_int_equal(client_setattr(s->client, node, &in, &attr), 0);
	now = attr_of(s, node);
	assert_memory_equal(&attr, &now, sizeof(now));
	return attr;
}

static void sets_each_attribute(void **state)
{
	struct share *s = *state;
	struct fuse_attr before, after;
	uint64_t node;

	host_file(s->root_fd, "a", "12345");
	node = node_of(s, FUSE_ROOT_ID, "a");
	before = attr_of(s, node);
	after = set(s, node, (struct fuse_setattr_in){
		.valid = FATTR_MODE, .mode = LX_S_IFDIR | 0640 });
	assert_int_equal(after.mode, LX_S_IFREG | 0640);
	after = set(s, node, (struct fuse_setattr_in){
		.valid = FATTR_SIZE, .size = 3 });
	assert_int_equal(after.size, 3);
	after = set(s, node, (struct fuse_setattr_in){
		.valid = FATTR_ATIME | FATTR_MTIME,
		.atime = (uint64_t)-5, .atimensec = 6,
		.mtime = 1ull << 33, .mtimensec = 999999999 });
	assert_int_equal((int64_t)after.atime, -5);
	assert_int_equal(after.atimensec, 6);
	assert_int_equal(after.mtime, 1ull << 33);
	assert_int_equal(after.mtimensec, 999999999);
	assert_int_equal(after.uid, before.uid);
	assert_int_equal(after.size, 3);
	assert_int_equal(after.mode, LX_S_IFREG | 0640);
}

static void sets_times_to_now(void **state)
{
	struct share *s = *state;
	struct fuse_attr attr;
	uint64_t node;

	host_file(s->root_fd, "a", "");
	node = node_of(s, FUSE_ROOT_ID, "a");
	set(s, node, (struct fuse_setattr_in){
		.valid = FATTR_ATIME | FATTR_MTIME, .atime = 1, .mtime = 1 });
	attr = set(s, node, (struct fuse_setattr_in){
		.valid = FATTR_ATIME | FATTR_ATIME_NOW, .atime = 2,
		.atimensec = UINT32_MAX });
	assert_true(time(NULL) - (time_t)attr.atime < 60);
	assert_int_equal(attr.mtime, 1);
	attr = set(s, node, (struct fuse_setattr_in){
		.valid = FATTR_MTIME | FATTR_MTIME_NOW, .mtime = 2 });
	assert_true(time(NULL) - (time_t)attr.mtime < 60);
}

static void sets_owners(void **state)
{
	struct share *s = *state;
	struct fuse_attr attr;
	uint64_t node;

	if (geteuid() != 0)
		skip();
	host_file(s->root_fd, "a", "");
	node = node_of(s, FUSE_ROOT_ID, "a");
	attr = set(s, node, (struct fuse_setattr_in){
		.valid = FATTR_UID, .uid = 1234, .gid = 9 });
	assert_int_equal(attr.uid, 1234);
	assert_int_equal(attr.gid, getegid());
	attr = set(s, node, (struct fuse_setattr_in){
		.valid = FATTR_GID, .uid = 9, .gid = 4321 });
	assert_int_equal(attr.uid, 1234);
	assert_int_equal(attr.gid, 4321);
}

/* The mode of a file with 06755 after a change of its owner. */
static mode_t mode_after_chown(struct vfs_options *options)
{
	struct fuse_attr attr;
	struct share *s;
	void *state;

	share_up_with(&state, options, 0, NULL);
	s = state;
	host_file(s->root_fd, "a", "");
	assert_int_equal(fchmodat(s->root_fd, "a", 06755, 0), 0);
	attr = set(s, node_of(s, FUSE_ROOT_ID, "a"), (struct fuse_setattr_in){
		.valid = FATTR_UID | FATTR_GID, .uid = 12, .gid = 34 });
	assert_int_equal(attr.uid, 12);
	assert_int_equal(attr.gid, 34);
	share_down(&state);
	return attr.mode & 07777;
}

/* Who drops privilege: the server, unless the guest does and sees all. */
static void an_owner_drops_privilege_if_the_guest_does_not(void **state)
{
	struct vfs_options options;
	char error[256];

	(void)state;
	if (geteuid() != 0)
		skip();
	vfs_options_default(&options);
	assert_int_equal(mode_after_chown(&options), 0755);
	options.killpriv_v2 = false;
	assert_int_equal(mode_after_chown(&options), 06755);
	options.xattr = false;
	assert_int_equal(mode_after_chown(&options), 0755);
	options.xattr = true;
	assert_int_equal(vfs_xattrmap_new(":map::user.virtiofs.:", error,
					  sizeof(error), &options.xattrmap),
			 0);
	assert_int_equal(mode_after_chown(&options), 0755);
	vfs_xattrmap_free(options.xattrmap);
}

static void truncates_through_a_handle(void **state)
{
	struct share *s = *state;
	struct fuse_setattr_in in = { .valid = FATTR_SIZE | FATTR_FH,
				      .size = 1 };
	struct fuse_attr attr;
	uint64_t node, dir_fh;

	host_file(s->root_fd, "a", "12345");
	node = node_of(s, FUSE_ROOT_ID, "a");
	assert_int_equal(client_open(s->client, FUSE_OPEN, node, LX_O_RDWR,
				     &in.fh), 0);
	assert_int_equal(unlinkat(s->root_fd, "a", 0), 0);
	assert_int_equal(set(s, node, in).size, 1);
	in.fh++;
	assert_int_equal(client_setattr(s->client, node, &in, &attr),
			 -LX_EBADF);
	assert_int_equal(client_open(s->client, FUSE_OPENDIR, FUSE_ROOT_ID, 0,
				     &dir_fh), 0);
	in.fh = dir_fh;
	assert_int_equal(client_setattr(s->client, FUSE_ROOT_ID, &in, &attr),
			 -LX_EISDIR);
}

static void refuses_times_and_sizes_that_are_none(void **state)
{
	struct share *s = *state;
	struct fuse_setattr_in in = { .valid = FATTR_MTIME,
				      .mtime = UINT64_MAX,
				      .mtimensec = 1000000000 };
	struct fuse_attr attr;
	uint64_t node;

	host_file(s->root_fd, "a", "12345");
	node = node_of(s, FUSE_ROOT_ID, "a");
	assert_int_equal(client_setattr(s->client, node, &in, &attr),
			 -LX_EINVAL);
	in = (struct fuse_setattr_in){ .valid = FATTR_SIZE,
				       .size = UINT64_MAX };
	assert_int_equal(client_setattr(s->client, node, &in, &attr),
			 -LX_EINVAL);
	assert_int_equal(attr_of(s, node).size, 5);
}

static void setting_nothing_tells_the_attributes(void **state)
{
	struct share *s = *state;
	struct fuse_attr attr = set(s, FUSE_ROOT_ID, (struct fuse_setattr_in){
		.valid = FATTR_LOCKOWNER | FATTR_KILL_SUIDGID });

	assert_true(LX_S_ISDIR(attr.mode));
}

static void checks_access_for_the_caller(void **state)
{
	struct share *s = *state;
	uint64_t node;

	host_file(s->root_fd, "a", "");
	assert_int_equal(fchmodat(s->root_fd, "a", 0604, 0), 0);
	node = node_of(s, FUSE_ROOT_ID, "a");
	s->client->uid = 4000000;
	s->client->gid = 4000000;
	assert_int_equal(client_access(s->client, node, LX_R_OK), 0);
	assert_int_equal(client_access(s->client, node, LX_W_OK), -LX_EACCES);
	s->client->uid = geteuid();
	assert_int_equal(client_access(s->client, node, LX_W_OK), 0);
	assert_int_equal(client_access(s->client, node, 0xff), -LX_EINVAL);
	assert_int_equal(client_access(s->client, 99, LX_R_OK), -LX_ESTALE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, share_up, share_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tells_what_the_host_tells),
		TEST(attributes_hold_for_a_second),
		TEST(those_of_setuid_files_do_not_hold),
		TEST(device_numbers_are_the_kernels),
		TEST(getattr_follows_a_handle_or_the_node),
		TEST(sets_each_attribute),
		TEST(sets_times_to_now),
		TEST(sets_owners),
		cmocka_unit_test(
			an_owner_drops_privilege_if_the_guest_does_not),
		TEST(truncates_through_a_handle),
		TEST(refuses_times_and_sizes_that_are_none),
		TEST(setting_nothing_tells_the_attributes),
		TEST(checks_access_for_the_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
