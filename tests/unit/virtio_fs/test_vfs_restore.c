/* SPDX-License-Identifier: MIT */
/*
 * Images that somebody has tampered with: each is refused or leads to what is
 * in the share, and whatever is refused leaves a server as new.
 */
#include "tests/unit/virtio_fs/folders.h"
#include "tests/unit/virtio_fs/saved.h"

#include "common/bytes.h"
#include "lxutil/lx.h"
#include "virtio/fs/vfs_saved.h"

#include <stdarg.h>
#include <setjmp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static struct vfs_options options;
static struct image *image;

/* Where the members of records are, see vfs_saved.h. */
enum {
	NODE_ID = 0,
	NODE_LOOKUPS = 8,
	NODE_SHARE = 16,
	NODE_TYPE = 20,
	NODE_PARENT = 42,
	NODE_NAME = 50,                 /* its length, and it */
	FILE_ID = 0,
	FILE_NODE = 8,
	FILE_KIND = 16,
	FILE_FLAGS = 17,
	FILE_FLOCK = 21,
	LOCK_NODE = 0,
	LOCK_START = 28,
	LOCK_TYPE = 44
};

static int up(void **state)
{
	vfs_options_default(&options);
	image = image_new();
	return share_up_with(state, &options, UINT64_MAX, NULL);
}

static int down(void **state)
{
	image_free(image);
	return share_down(state);
}

static uint8_t *node_record(unsigned nth)
{
	uint32_t len;

	return image_find(image, VFS_TAG_NODE, nth, &len);
}

static uint8_t *file_record(unsigned nth)
{
	uint32_t len;

	return image_find(image, VFS_TAG_FILE, nth, &len);
}

/* One of each: a directory, a file in it, handles of both, and locks. */
static void save_some(struct share *s)
{
	struct fuse_file_lock lock = { .end = 9, .type = LX_F_WRLCK };
	uint64_t d, f, fh;

	host_dir(s->root_fd, "d");
	host_file(s->root_fd, "d/f", "text");
	d = node_of(s, FUSE_ROOT_ID, "d");
	f = node_of(s, d, "f");
	assert_int_equal(client_open(s->client, FUSE_OPENDIR, d, 0, &fh), 0);
	assert_int_equal(client_open(s->client, FUSE_OPEN, f, LX_O_RDWR, &fh),
			 0);
	assert_int_equal(client_lock(s->client, FUSE_SETLK, f, fh, 5, &lock),
			 0);
	assert_int_equal(client_flock(s->client, f, fh, LX_F_RDLCK), 0);
	assert_int_equal(image_save(image, s), 0);
}

/* Restore into a server that is as new, which it still is if that fails. */
static int restore(struct share *s)
{
	unsigned fds;
	int rc;

	fuse_session_reset(s->session);
	fds = count_fds();
	rc = image_restore(image, s);
	if (rc) {
		assert_true(strlen(image->reader.message) > 0);
		fuse_session_reset(s->session);
		assert_int_equal(vfs_server_stats(s->server).nodes, 1);
		assert_int_equal(vfs_server_stats(s->server).handles, 0);
		assert_int_equal(vfs_server_stats(s->server).lock_owners, 0);
		assert_int_equal(count_fds(), fds);
	}
	return rc;
}

static void the_same_server_takes_it_again_and_again(void **state)
{
	struct share *s = *state;

	save_some(s);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(restore(s), 0);
		assert_int_equal(vfs_server_stats(s->server).nodes, 3);
		assert_int_equal(vfs_server_stats(s->server).handles, 2);
		assert_int_equal(vfs_server_stats(s->server).lock_owners, 1);
		assert_int_equal(image_restore(image, s), -EBUSY);
	}
}

static void refuses_what_is_cut_off_anywhere(void **state)
{
	struct share *s = *state;
	size_t len;

	save_some(s);
	len = image->of.len;
	for (image->of.len = 0; image->of.len < len; image->of.len++)
		assert_true(restore(s) < 0);
	assert_int_equal(restore(s), 0);
}

/* Nothing of what is reached is anywhere but in the share. */
static void check_reach(struct share *s)
{
	struct stat root, d, f;
	struct fuse_attr attr;
	uint32_t len;

	assert_int_equal(fstat(s->root_fd, &root), 0);
	assert_int_equal(fstatat(s->root_fd, "d", &d, 0), 0);
	assert_int_equal(fstatat(s->root_fd, "d/f", &f, 0), 0);
	for (unsigned i = 0;; i++) {
		uint8_t *node = image_find(image, VFS_TAG_NODE, i, &len);

		if (!node || len < 8)
			break;
		if (client_getattr(s->client, le64_load(node + NODE_ID),
				   &attr) == 0)
			assert_true(attr.ino == root.st_ino ||
				    attr.ino == d.st_ino ||
				    attr.ino == f.st_ino);
	}
}

static void no_byte_harms(void **state)
{
	static const uint8_t masks[] = { 0x01, 0x80, 0xff };
	struct share *s = *state;
	unsigned refused = 0;

	save_some(s);
	for (size_t i = 0; i < image->of.len; i++) {
		for (size_t m = 0; m < ARRAY_LEN(masks); m++) {
			image->of.data[i] ^= masks[m];
			if (restore(s))
				refused++;
			else
				check_reach(s);
			image->of.data[i] ^= masks[m];
		}
	}
	assert_true(refused > image->of.len / 2);
	assert_int_equal(restore(s), 0);
}

static void records_that_come_twice_are_refused_or_one(void **state)
{
	struct share *s = *state;
	struct fake_image good;
	size_t at, len;

	save_some(s);
	good = fake_image_copy(&image->of);
	for (unsigned i = 0; fake_image_record(&good, i, &at, &len); i++) {
		uint32_t tag = le32_load(good.data + at);
		size_t end = at + len;

		image->of.len = 0;
		fake_image_write(&image->of, good.data, end);
		fake_image_write(&image->of, good.data + at, good.len - at);
		/* The last one is not read; the others make no difference. */
		if (!restore(s)) {
			assert_true(end == good.len || tag == VFS_TAG_NODE ||
				    tag == VFS_TAG_LOCK);
			assert_int_equal(vfs_server_stats(s->server).nodes, 3);
		}
		/* And it is missed. */
		image->of.len = at;
		fake_image_write(&image->of, good.data + end, good.len - end);
		if (!restore(s))
			check_reach(s);
	}
	fake_image_done(&good);
}

static void names_that_walk_lead_nowhere(void **state)
{
	static const char *const names[] = { "..", ".", "/", "a/b", "x\0y" };
	struct share *s = *state;
	uint8_t *node;
	char path[80];

	snprintf(path, sizeof(path), "%s.out", s->root);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	/* The guest knows a name of three letters, which becomes another. */
	host_dir(s->root_fd, "abc");
	assert_int_equal(client_lookup(s->client, FUSE_ROOT_ID, "abc",
				       &(struct fuse_entry_out){ 0 }), 0);
	assert_int_equal(image_save(image, s), 0);
	node = node_record(0);
	assert_int_equal(le32_load(node + NODE_NAME), 3);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct fuse_attr attr;

		memset(node + NODE_NAME + 4, 'x', 3);
		memcpy(node + NODE_NAME + 4, names[i], strlen(names[i]));
		memcpy(node + NODE_NAME + 4, names[i],
		       i == 4 ? 3 : strlen(names[i]));
		/* With a parent or from the root. */
		for (uint64_t parent = 0; parent < 2; parent++) {
			le64_store(node + NODE_PARENT, parent);
			if (!restore(s) &&
			    !client_getattr(s->client, le64_load(node), &attr))
				assert_true(S_ISDIR(attr.mode));
		}
	}
	memcpy(node + NODE_NAME + 4, "x/y", 3);
	assert_int_equal(restore(s), 0);
	assert_int_equal(unlink(path), 0);
}

/* A path that leads out by way of a link in the share does not. */
static void no_link_is_followed(void **state)
{
	struct share *s = *state;
	struct fuse_attr attr;
	uint64_t d, f;
	uint8_t *node;

	host_dir(s->root_fd, "d");
	host_dir(s->root_fd, "e");
	host_file(s->root_fd, "d/passwd", "text");
	host_dir(s->root_fd, "other");
	d = node_of(s, FUSE_ROOT_ID, "d");
	f = node_of(s, d, "passwd");
	client_forget(s->client, d, 1);
	assert_int_equal(image_save(image, s), 0);
	/* Another tree, so that no handle helps, and no identity counts. */
	for (unsigned i = 0; (node = node_record(i)); i++)
		if (le64_load(node) == f)
			break;
	assert_non_null(node);
	assert_memory_equal(node + NODE_NAME + 4, "d/passwd", 8);
	assert_int_equal(renameat(s->root_fd, "d", s->root_fd, "moved"), 0);
	assert_int_equal(symlinkat("/etc", s->root_fd, "d"), 0);
	le64_store(image_find(image, VFS_TAG_SHARE, 0, &(uint32_t){ 0 }) + 9,
		   4711);
	assert_int_equal(restore(s), 0);
	assert_int_equal(client_getattr(s->client, f, &attr), -LX_ESTALE);
}

static void node_numbers_make_sense(void **state)
{
	static const uint64_t ids[] = {
		0, 1, UINT32_MAX, UINT64_MAX, UINT64_C(1) << 32 | 2,
	};
	struct share *s = *state;
	uint64_t good;

	host_file(s->root_fd, "e", "");
	node_of(s, FUSE_ROOT_ID, "e");
	save_some(s);
	/* The directory comes first, which was looked up second. */
	good = le64_load(node_record(0));
	assert_int_equal(good, 3);
	assert_int_equal(le64_load(node_record(1)), 2);
	le64_store(node_record(1), good);
	assert_int_equal(restore(s), -LX_EINVAL);
	le64_store(node_record(1), 2);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		le64_store(node_record(0), ids[i]);
		assert_int_equal(restore(s), -LX_EINVAL);
	}
	le64_store(node_record(0), good);
	le32_store(node_record(0) + NODE_SHARE, 1);
	assert_int_equal(restore(s), -LX_EINVAL);
	le32_store(node_record(0) + NODE_SHARE, UINT32_MAX);
	assert_int_equal(restore(s), -LX_EINVAL);
}

/* A node of one share is no directory to look something of another up in. */
static void a_parent_is_of_the_same_folder(void **state)
{
	struct share *s;
	struct fuse_attr attr;
	uint64_t a, x;
	uint8_t *node;

	share_down(state);
	folders_up(state, UINT64_MAX);
	s = *state;
	a = node_of(s, FUSE_ROOT_ID, "a");
	x = node_of(s, a, "x");
	node_of(s, FUSE_ROOT_ID, "b");
	assert_int_equal(image_save(image, s), 0);
	for (unsigned i = 0; (node = node_record(i)); i++)
		if (le64_load(node + NODE_ID) == x)
			break;
	assert_non_null(node);
	assert_int_equal(le64_load(node + NODE_PARENT), a);
	le32_store(node + NODE_SHARE, B);
	fuse_session_reset(s->session);
	assert_int_equal(image_restore(image, s), 0);
	assert_int_equal(client_getattr(s->client, x, &attr), -LX_ESTALE);
	assert_int_equal(client_getattr(s->client, a, &attr), 0);
}

static void handles_make_sense(void **state)
{
	struct share *s = *state;
	uint8_t *file;
	uint64_t good;

	save_some(s);
	file = file_record(1);
	good = le64_load(file + FILE_ID);
	le64_store(file + FILE_ID, le64_load(file_record(0) + FILE_ID));
	assert_int_equal(restore(s), -LX_EINVAL);
	le64_store(file + FILE_ID, 0);
	assert_int_equal(restore(s), -LX_EINVAL);
	le64_store(file + FILE_ID, good);
	file[FILE_KIND] = 2;
	assert_int_equal(restore(s), -LX_EINVAL);
	/* A file is no directory, and the other way around: it is lost. */
	file[FILE_KIND] = file_record(0)[FILE_KIND];
	file[FILE_FLOCK] = 0;           /* which a directory has not */
	assert_int_equal(restore(s), 0);
	assert_int_equal(vfs_server_stats(s->server).handles, 1);
}

/* To be restored changes nothing. */
static void no_flag_truncates_or_creates(void **state)
{
	struct share *s = *state;
	struct stat st;
	uint8_t *file;

	save_some(s);
	file = file_record(1);
	le32_store(file + FILE_FLAGS, (UINT32_MAX & ~LX_O_ACCMODE) | LX_O_RDWR);
	restore(s);
	assert_int_equal(fstatat(s->root_fd, "d/f", &st, 0), 0);
	assert_int_equal(st.st_size, 4);
}

static void a_read_only_share_stays_so(void **state)
{
	struct share *s = *state;

	save_some(s);
	options.read_only = true;
	share_replace(s, &options);
	assert_int_equal(restore(s), -LX_EINVAL);
	assert_string_equal(image->reader.message,
			    "folder 1 was not read-only when it was saved");
	/* An image that says otherwise opens nothing for writing. */
	image_find(image, VFS_TAG_SHARE, 0, &(uint32_t){ 0 })[8] = 1;
	assert_int_equal(restore(s), 0);
	assert_int_equal(vfs_server_stats(s->server).handles, 1);
}

static void other_options_are_refused(void **state)
{
	struct share *s = *state;

	save_some(s);
	options.writeback = true;
	share_replace(s, &options);
	assert_int_equal(restore(s), 0);
	options.locks = false;
	share_replace(s, &options);
	assert_int_equal(restore(s), -EINVAL);
	assert_non_null(strstr(image->reader.message, "other options"));
}

static void locks_make_sense(void **state)
{
	struct share *s = *state;
	uint8_t *lock;
	uint32_t len;

	save_some(s);
	lock = image_find(image, VFS_TAG_LOCK, 0, &len);
	assert_int_equal(len, 28 + 20);
	le64_store(lock + LOCK_START, 10);
	assert_int_equal(restore(s), -LX_EINVAL);
	le64_store(lock + LOCK_START, 0);
	le32_store(lock + LOCK_TYPE, LX_F_UNLCK);
	assert_int_equal(restore(s), -LX_EINVAL);
	le32_store(lock + LOCK_TYPE, LX_F_WRLCK);
	/* Of a node that is not there. */
	le64_store(lock + LOCK_NODE, 99);
	assert_int_equal(restore(s), 0);
	assert_int_equal(vfs_server_stats(s->server).lock_owners, 0);
}

/* Files of one node without end, as no guest may have them. */
static void no_more_descriptors_than_the_share_has(void **state)
{
	struct share *s = *state;
	struct fuse_entry_out e;
	uint64_t fh;

	for (int i = 0; i < 40; i++)
		assert_int_equal(client_create(s->client, FUSE_ROOT_ID, "f",
					       LX_O_RDWR, 0600, &e, &fh), 0);
	assert_int_equal(image_save(image, s), 0);
	options.max_descriptors = 40;
	share_replace(s, &options);
	assert_int_equal(restore(s), -LX_ENFILE);
	options.max_descriptors = 80;
	share_replace(s, &options);
	assert_int_equal(restore(s), 0);
}

/* Whichever descriptor the process does not have: an error, or fewer files. */
static void with_too_few_descriptors_of_the_process(void **state)
{
	struct share *s = *state;
	struct rlimit limit, less;
	unsigned fds, refused = 0;

	save_some(s);
	fuse_session_reset(s->session);
	fds = count_fds();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	for (unsigned more = 0; more < 16; more++) {
		less = (struct rlimit){ fds - 3 + more, limit.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &less), 0);
		refused += image_restore(image, s) != 0;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
		fuse_session_reset(s->session);
		/* Nodes and reserves may have given theirs up. */
		assert_true(count_fds() <= fds);
	}
	assert_true(refused > 0 && refused < 16);
}

static void tables_are_no_larger_than_a_guest_makes_them(void **state)
{
	struct share *s = *state;
	uint8_t *slots;
	uint32_t len;

	save_some(s);
	slots = image_find(image, SAVE_TAG('s', 'l', 'o', 't'), 0, &len);
	le32_store(slots, UINT32_MAX);
	assert_int_equal(restore(s), -LX_EINVAL);
	/* So many may be, but they are not here. */
	le32_store(slots, VFS_NODES_MAX);
	assert_int_equal(restore(s), -EINVAL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_same_server_takes_it_again_and_again),
		TEST(refuses_what_is_cut_off_anywhere),
		TEST(no_byte_harms),
		TEST(records_that_come_twice_are_refused_or_one),
		TEST(names_that_walk_lead_nowhere),
		TEST(no_link_is_followed),
		TEST(node_numbers_make_sense),
		TEST(a_parent_is_of_the_same_folder),
		TEST(handles_make_sense),
		TEST(no_flag_truncates_or_creates),
		TEST(a_read_only_share_stays_so),
		TEST(other_options_are_refused),
		TEST(locks_make_sense),
		TEST(no_more_descriptors_than_the_share_has),
		TEST(with_too_few_descriptors_of_the_process),
		TEST(tables_are_no_larger_than_a_guest_makes_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
