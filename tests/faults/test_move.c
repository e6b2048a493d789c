/* SPDX-License-Identifier: MIT */
/*
 * Each call that saving a guest takes fails, and each that restoring it takes.
 * Then there is an error, or an image or a server that has less in it; nothing
 * is left open, and what did not work once works then.
 */
#include "tests/faults/faults.h"
#include "tests/unit/virtio_fs/saved.h"

#include "lxutil/lx_volume.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define CALLS_MAX 1000u                 /* more than there are */
#define NODES 4u                        /* that the guest knows */
#define HANDLES 3u

static struct vfs_options options;
static struct image *image;
static unsigned fds;                    /* of a server as new */

/* A directory, files, what is open, and locks. */
static int up(void **state)
{
	struct fuse_file_lock lock = { .end = 9, .type = LX_F_WRLCK };
	struct share *s;
	uint64_t d, f, fh;

	vfs_options_default(&options);
	image = image_new();
	share_up_with(state, &options, UINT64_MAX, NULL);
	s = *state;
	host_dir(s->root_fd, "d");
	host_file(s->root_fd, "d/f", "text");
	host_file(s->root_fd, "d/g", "text");
	d = node_of(s, FUSE_ROOT_ID, "d");
	f = node_of(s, d, "f");
	node_of(s, d, "g");
	assert_int_equal(client_open(s->client, FUSE_OPENDIR, d, 0, &fh), 0);
	assert_int_equal(client_open(s->client, FUSE_OPEN, f, 0, &fh), 0);
	assert_int_equal(client_open(s->client, FUSE_OPEN, f, LX_O_RDWR, &fh),
			 0);
	assert_int_equal(client_lock(s->client, FUSE_SETLK, f, fh, 5, &lock),
			 0);
	assert_int_equal(client_flock(s->client, f, fh, LX_F_RDLCK), 0);
	assert_int_equal(image_save(image, s), 0);
	return 0;
}

static int down(void **state)
{
	image_free(image);
	return share_down(state);
}

static bool is_whole(struct share *s)
{
	const struct vfs_server_stats stats = vfs_server_stats(s->server);

	return stats.nodes == NODES && stats.handles == HANDLES &&
	       stats.lock_owners == 1;
}

/* Restored, but with less in it at most; or an error, and as new. */
static void check_restored(struct share *s, int rc)
{
	struct vfs_server_stats stats = vfs_server_stats(s->server);

	if (!rc)
		assert_true(stats.nodes <= NODES && stats.handles <= HANDLES);
	else
		assert_true(strlen(image->reader.message) > 0 &&
			    !strchr(image->reader.message, '\n'));
	fuse_session_reset(s->session);
	stats = vfs_server_stats(s->server);
	assert_int_equal(stats.nodes, 1);
	assert_int_equal(stats.handles, 0);
	assert_int_equal(stats.lock_owners, 0);
	/* A spare one may be gone, and the root's. */
	assert_true(count_fds() <= fds);
}

static void restore_with(struct share *s, enum fault_kind kind, int error,
			 bool on)
{
	struct fault f = { .kind = kind, .error = error, .on = on, .nth = 1 };
	unsigned calls;
	int rc;

	share_replace(s, &options);
	fds = count_fds();
	do {
		faults_begin(&f);
		rc = image_restore(image, s);
		calls = faults_end();
		check_restored(s, rc);
		assert_int_equal(image_restore(image, s), 0);
		assert_true(is_whole(s));
		fuse_session_reset(s->session);
		assert_true(++f.nth < CALLS_MAX);
	} while (calls >= f.nth - 1);
}

static void save_with(struct share *s, enum fault_kind kind, int error,
		      bool on)
{
	struct fault f = { .kind = kind, .error = error, .on = on, .nth = 1 };
	struct image *other = image_new();
	unsigned calls;
	int rc;

	fuse_session_reset(s->session);
	assert_int_equal(image_restore(image, s), 0);
	/* The image has its memory then. */
	assert_int_equal(image_save(other, s), 0);
	fds = count_fds();
	do {
		faults_begin(&f);
		rc = image_save(other, s);
		calls = faults_end();
		assert_true(!rc || rc == -error);
		assert_true(is_whole(s));
		assert_true(count_fds() <= fds + 1);
		assert_true(++f.nth < CALLS_MAX);
	} while (calls >= f.nth - 1);
	/* The last one had no fault. */
	assert_int_equal(rc, 0);
	if (error != EMFILE)            /* nodes without one may be lost */
		assert_int_equal(other->of.len, image->of.len);
	image_free(other);
}

static void try_all(struct share *s, enum fault_kind kind, int error)
{
	for (int on = 0; on <= 1; on++) {
		restore_with(s, kind, error, on);
		if (kind != FAULT_THREAD)
			save_with(s, kind, error, on);
	}
}

static void without_descriptors(void **state)
{
	try_all(*state, FAULT_CALL, EMFILE);
}

static void with_errors_of_the_host(void **state)
{
	try_all(*state, FAULT_CALL, EIO);
}

static void without_permission(void **state)
{
	try_all(*state, FAULT_CALL, EACCES);
}

static void with_locks_that_others_have(void **state)
{
	try_all(*state, FAULT_CALL, EAGAIN);
}

static void without_memory(void **state)
{
	try_all(*state, FAULT_MEMORY, ENOMEM);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_descriptors),
		TEST(with_errors_of_the_host),
		TEST(without_permission),
		TEST(with_locks_that_others_have),
		TEST(without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
