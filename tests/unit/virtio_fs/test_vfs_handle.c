/* SPDX-License-Identifier: MIT */
#include "common/bytes.h"
#include "common/limits.h"
#include "tests/unit/virtio_fs/share.h"

#include "virtio/fs/vfs_handle.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#define NODE 7                          /* whatever node it may be */

static struct vfs_handles handles;
static struct lx_volume *vol;
static struct lx_node *root;

static int set_up(void **state)
{
	static const struct lx_volume_options options;
	struct share *s;
	struct lx_stat st;

	share_up(state);
	s = *state;
	vfs_handles_init(&handles, VFS_HANDLES_MAX);
	if (lx_volume_open(s->root, &options, &s->log, &vol) ||
	    lx_volume_root(vol, &root, &st))
		return -1;
	return 0;
}

static int tear_down(void **state)
{
	vfs_handles_done(&handles);
	lx_node_close(vol, root);
	lx_volume_close(vol);
	return share_down(state);
}

static uint64_t open_handle(enum vfs_handle_kind kind)
{
	struct vfs_handle *handle = NULL;
	struct lx_file *file = NULL;

	assert_int_equal(vfs_handle_reserve(&handles, kind, &handle), 0);
	assert_int_equal(lx_opendir(vol, root, &file), 0);
	return vfs_handle_open(handle, NULL, file, NODE);
}

/* The error of getting that handle. */
static int try(uint64_t id, uint64_t node, enum vfs_handle_kind kind)
{
	struct vfs_handle *handle;
	int err = vfs_handle_get(&handles, id, node, kind, &handle);

	if (!err)
		vfs_handle_put(&handles, handle);
	return err;
}

static void finds_a_handle_of_its_node_and_kind(void **state)
{
	uint64_t file = open_handle(VFS_HANDLE_FILE);
	uint64_t dir = open_handle(VFS_HANDLE_DIR);

	(void)state;
	assert_int_equal(try(file, NODE, VFS_HANDLE_FILE), 0);
	assert_int_equal(try(dir, NODE, VFS_HANDLE_DIR), 0);
	assert_int_equal(try(file, NODE, VFS_HANDLE_ANY), 0);
	assert_int_equal(try(dir, NODE, VFS_HANDLE_ANY), 0);
	assert_int_equal(try(file, NODE, VFS_HANDLE_DIR), -LX_ENOTDIR);
	assert_int_equal(try(dir, NODE, VFS_HANDLE_FILE), -LX_EISDIR);
	assert_int_equal(try(file, NODE + 1, VFS_HANDLE_FILE), -LX_EBADF);
	assert_int_equal(try(file, NODE + 1, VFS_HANDLE_ANY), -LX_EBADF);
	assert_int_equal(try(0, NODE, VFS_HANDLE_ANY), -LX_EBADF);
	assert_int_equal(try(dir + 1, NODE, VFS_HANDLE_ANY), -LX_EBADF);
	assert_int_equal(try(UINT64_MAX, NODE, VFS_HANDLE_ANY), -LX_EBADF);
}

static void releases_a_handle_once(void **state)
{
	unsigned fds = count_fds();
	uint64_t id = open_handle(VFS_HANDLE_FILE);
	uint64_t next;

	(void)state;
	assert_int_equal(vfs_handle_release(&handles, id, NODE,
					    VFS_HANDLE_DIR), -LX_ENOTDIR);
	assert_int_equal(vfs_handle_release(&handles, id, NODE + 1,
					    VFS_HANDLE_FILE), -LX_EBADF);
	assert_int_equal(vfs_handle_release(&handles, id, NODE,
					    VFS_HANDLE_FILE), 0);
	assert_int_equal(vfs_handle_release(&handles, id, NODE,
					    VFS_HANDLE_FILE), -LX_EBADF);
	assert_int_equal(count_fds(), fds);
	next = open_handle(VFS_HANDLE_FILE);
	assert_int_not_equal(next, id);
	assert_int_equal(try(id, NODE, VFS_HANDLE_FILE), -LX_EBADF);
	assert_int_equal(try(next, NODE, VFS_HANDLE_FILE), 0);
}

static void a_handle_in_use_outlives_its_release(void **state)
{
	uint64_t id = open_handle(VFS_HANDLE_FILE);
	unsigned fds = count_fds();
	struct vfs_handle *handle;
	struct lx_stat st;

	(void)state;
	assert_int_equal(vfs_handle_get(&handles, id, NODE, VFS_HANDLE_FILE,
					&handle), 0);
	assert_int_equal(vfs_handle_release(&handles, id, NODE,
					    VFS_HANDLE_FILE), 0);
	assert_int_equal(try(id, NODE, VFS_HANDLE_FILE), -LX_EBADF);
	assert_int_equal(vfs_handle_release(&handles, id, NODE,
					    VFS_HANDLE_FILE), -LX_EBADF);
	assert_int_equal(lx_file_getattr(handle->file, &st), 0);
	assert_int_equal(count_fds(), fds);
	vfs_handle_put(&handles, handle);
	assert_int_equal(count_fds(), fds - 1);
	assert_int_equal(vfs_handles_count(&handles), 0);
}

static void a_reserved_handle_is_not_found(void **state)
{
	struct vfs_handle *handle = NULL;

	(void)state;
	assert_int_equal(vfs_handle_reserve(&handles, VFS_HANDLE_FILE,
					    &handle), 0);
	assert_int_equal(try(1, 0, VFS_HANDLE_ANY), -LX_EBADF);
	vfs_handle_cancel(&handles, handle);
	assert_int_equal(vfs_handles_count(&handles), 0);
}

static void there_is_an_end_to_open_directories(void **state)
{
	static struct vfs_handle *dir[VFS_DIRS_MAX];
	struct vfs_handle *more = NULL;

	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < VFS_DIRS_MAX; i++)
			assert_int_equal(vfs_handle_reserve(&handles,
							    VFS_HANDLE_DIR,
							    &dir[i]), 0);
		assert_int_equal(vfs_handle_reserve(&handles, VFS_HANDLE_DIR,
						    &more), -LX_ENFILE);
		assert_int_equal(vfs_handle_reserve(&handles, VFS_HANDLE_FILE,
						    &more), 0);
		vfs_handle_cancel(&handles, more);
		for (size_t i = 0; i < VFS_DIRS_MAX; i++)
			vfs_handle_cancel(&handles, dir[i]);
	}
	/* One that was open and is closed makes room, too. */
	for (size_t i = 0; i < VFS_DIRS_MAX; i++)
		assert_int_equal(vfs_handle_release(
					 &handles, open_handle(VFS_HANDLE_DIR),
					 NODE, VFS_HANDLE_DIR), 0);
	assert_int_equal(vfs_handle_reserve(&handles, VFS_HANDLE_DIR, &more),
			 0);
	vfs_handle_cancel(&handles, more);
}

static void there_is_an_end_to_handles(void **state)
{
	struct vfs_handle *handle[3], *more = NULL;

	(void)state;
	assert_int_equal(handles.slots.max, VFS_HANDLES_MAX);
	/* A million would take a while. */
	handles.slots.max = ARRAY_LEN(handle);
	for (int turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < ARRAY_LEN(handle); i++)
			assert_int_equal(vfs_handle_reserve(&handles,
							    VFS_HANDLE_FILE,
							    &handle[i]), 0);
		assert_int_equal(vfs_handle_reserve(&handles, VFS_HANDLE_FILE,
						    &more), -LX_ENFILE);
		assert_int_equal(vfs_handle_reserve(&handles, VFS_HANDLE_DIR,
						    &more), -LX_ENFILE);
		assert_null(more);
		for (size_t i = 0; i < ARRAY_LEN(handle); i++)
			vfs_handle_cancel(&handles, handle[i]);
	}
	/* Those of directories have not been counted either. */
	assert_int_equal(handles.dirs, 0);
}

static void clears_all(void **state)
{
	unsigned fds = count_fds();
	uint64_t id[100];

	(void)state;
	for (int i = 0; i < 100; i++)
		id[i] = open_handle(VFS_HANDLE_DIR);
	assert_int_equal(vfs_handles_count(&handles), 100);
	vfs_handles_clear(&handles);
	assert_int_equal(vfs_handles_count(&handles), 0);
	assert_int_equal(count_fds(), fds);
	for (int i = 0; i < 100; i++)
		assert_int_equal(try(id[i], NODE, VFS_HANDLE_DIR), -LX_EBADF);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_a_handle_of_its_node_and_kind),
		TEST(releases_a_handle_once),
		TEST(a_handle_in_use_outlives_its_release),
		TEST(a_reserved_handle_is_not_found),
		TEST(there_is_an_end_to_open_directories),
		TEST(there_is_an_end_to_handles),
		TEST(clears_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
