/* SPDX-License-Identifier: MIT */
/* Locks go with the guest, also while the first server still has them. */
#include "tests/unit/virtio_fs/saved.h"

#include "lxutil/lx.h"
#include "virtio/fs/vfs_held.h"

#include <stdarg.h>
#include <setjmp.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define OWNER 77

static struct vfs_options options;

static int up(void **state)
{
	vfs_options_default(&options);
	return share_up_with(state, &options, UINT64_MAX, NULL);
}

/* An open file of the guest, and one of the host. */
struct both {
	uint64_t node, fh;
	int fd;
};

static struct both open_both(struct share *s)
{
	struct both b;

	host_file(s->root_fd, "f", "0123456789");
	b.node = node_of(s, FUSE_ROOT_ID, "f");
	assert_int_equal(client_open(s->client, FUSE_OPEN, b.node, LX_O_RDWR,
				     &b.fh), 0);
	b.fd = openat(s->root_fd, "f", O_RDWR | O_CLOEXEC);
	assert_true(b.fd >= 0);
	return b;
}

static int guest_lock(struct share *s, const struct both *b, uint64_t owner,
		      uint32_t type, uint64_t start, uint64_t end)
{
	struct fuse_file_lock lock = {
		.start = start, .end = end, .type = type, .pid = 4711,
	};

	return client_lock(s->client, FUSE_SETLK, b->node, b->fh, owner,
			   &lock);
}

/* May the host lock this byte for writing?  It does not. */
static bool host_may(const struct both *b, off_t byte)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte,
		.l_len = 1,
	};

	assert_int_equal(fcntl(b->fd, F_OFD_GETLK, &lock), 0);
	return lock.l_type == F_UNLCK;
}

/* Wait until the guest's lock stands; false: it does not come. */
static bool comes(const struct both *b, off_t byte)
{
	const struct timespec tick = { .tv_nsec = 5000000 };

	for (int i = 0; i < 2000 && host_may(b, byte); i++)
		nanosleep(&tick, NULL);
	return !host_may(b, byte);
}

static void record_locks_are_taken_again(void **state)
{
	struct share *s = *state;
	struct both b = open_both(s);
	struct fuse_file_lock lock = { .start = 0, .end = 0,
				       .type = LX_F_WRLCK };

	assert_int_equal(guest_lock(s, &b, OWNER, LX_F_WRLCK, 0, 3), 0);
	assert_int_equal(guest_lock(s, &b, OWNER, LX_F_RDLCK, 6, 7), 0);
	share_move(s, &options);
	assert_int_equal(vfs_server_stats(s->server).lock_owners, 1);
	assert_false(host_may(&b, 0));
	assert_false(host_may(&b, 3));
	assert_true(host_may(&b, 4));
	assert_false(host_may(&b, 6));
	assert_true(host_may(&b, 8));
	/* It is the same process that has it. */
	assert_int_equal(guest_lock(s, &b, OWNER + 1, LX_F_WRLCK, 0, 0),
			 -LX_EAGAIN);
	assert_int_equal(client_lock(s->client, FUSE_GETLK, b.node, b.fh,
				     OWNER + 1, &lock), 0);
	assert_int_equal(lock.pid, 4711);
	assert_int_equal(guest_lock(s, &b, OWNER, LX_F_UNLCK, 0, 3), 0);
	assert_true(host_may(&b, 0));
	assert_false(host_may(&b, 6));
	close(b.fd);
}

static void flock_is_taken_again(void **state)
{
	struct share *s = *state;
	struct both b = open_both(s);

	assert_int_equal(client_flock(s->client, b.node, b.fh, LX_F_WRLCK), 0);
	share_move(s, &options);
	assert_int_equal(flock(b.fd, LOCK_SH | LOCK_NB), -1);
	assert_int_equal(client_flock(s->client, b.node, b.fh, LX_F_RDLCK), 0);
	share_move(s, &options);
	assert_int_equal(flock(b.fd, LOCK_SH | LOCK_NB), 0);
	assert_int_equal(flock(b.fd, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(client_flock(s->client, b.node, b.fh, LX_F_UNLCK), 0);
	share_move(s, &options);
	assert_int_equal(flock(b.fd, LOCK_EX | LOCK_NB), 0);
	close(b.fd);
}

/* A second server of the share, to which the client talks from now on. */
struct pair {
	struct vfs_server *first;
	struct fuse_session *first_session;
};

static struct pair restore_beside(struct share *s)
{
	struct pair p = { s->server, s->session };
	struct image *image = image_new();

	assert_int_equal(image_save(image, s), 0);
	assert_int_equal(vfs_server_new(s->root, &options, &s->log, &s->server),
			 0);
	s->session = fuse_session_new(vfs_server_ops(s->server), s->server,
				      &s->log);
	assert_non_null(s->session);
	s->client->session = s->session;
	if (image_restore(image, s))
		fail_msg("%s", image->reader.message);
	image_free(image);
	return p;
}

static void end_first(struct pair *p)
{
	fuse_session_free(p->first_session);
	vfs_server_free(p->first);
}

static void are_taken_when_the_first_server_goes(void **state)
{
	struct share *s = *state;
	struct both b = open_both(s);
	struct pair p;
	uint64_t other;

	assert_int_equal(guest_lock(s, &b, OWNER, LX_F_WRLCK, 0, 0), 0);
	assert_int_equal(client_flock(s->client, b.node, b.fh, LX_F_WRLCK), 0);
	assert_int_equal(client_open(s->client, FUSE_OPEN, b.node, LX_O_RDWR,
				     &other), 0);
	p = restore_beside(s);
	assert_false(host_may(&b, 0));
	/* Nobody else of the guest gets it in between. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(guest_lock(s, &b, OWNER + 1, LX_F_WRLCK, 0, 0),
				 -LX_EAGAIN);
		assert_int_equal(client_flock(s->client, b.node, other,
					      LX_F_WRLCK), -LX_EAGAIN);
		if (!i)
			end_first(&p);
	}
	assert_true(comes(&b, 0));
	for (int i = 0; i < 2000 && !flock(b.fd, LOCK_EX | LOCK_NB); i++) {
		flock(b.fd, LOCK_UN);
		usleep(5000);
	}
	assert_int_equal(flock(b.fd, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(guest_lock(s, &b, OWNER, LX_F_UNLCK, 0,
				    UINT64_MAX >> 1), 0);
	assert_true(host_may(&b, 0));
	close(b.fd);
}

/* What the guest has given up in the meantime is not taken. */
static void what_was_unlocked_is_not_taken(void **state)
{
	const struct timespec moment = { .tv_nsec = 50000000 };
	struct share *s = *state;
	struct both b = open_both(s);
	struct pair p;

	assert_int_equal(guest_lock(s, &b, OWNER, LX_F_WRLCK, 0, 0), 0);
	assert_int_equal(guest_lock(s, &b, OWNER, LX_F_WRLCK, 5, 5), 0);
	assert_int_equal(client_flock(s->client, b.node, b.fh, LX_F_WRLCK), 0);
	p = restore_beside(s);
	assert_int_equal(guest_lock(s, &b, OWNER, LX_F_UNLCK, 0, 0), 0);
	assert_int_equal(client_flock(s->client, b.node, b.fh, LX_F_UNLCK), 0);
	end_first(&p);
	assert_true(comes(&b, 5));
	assert_true(host_may(&b, 0));
	nanosleep(&moment, NULL);
	assert_int_equal(flock(b.fd, LOCK_EX | LOCK_NB), 0);
	close(b.fd);
}

/* A mount that ends meanwhile ends the thread, too. */
static void ends_with_the_mount(void **state)
{
	struct share *s = *state;
	struct both b = open_both(s);
	struct pair p;

	assert_int_equal(guest_lock(s, &b, OWNER, LX_F_WRLCK, 0, 0), 0);
	p = restore_beside(s);
	assert_int_equal(client_destroy(s->client), 0);
	end_first(&p);
	assert_true(host_may(&b, 0));
	close(b.fd);
}

static void too_many_ranges_cannot_be_saved(void **state)
{
	struct share *s = *state;
	struct image *image = image_new();
	struct both b = open_both(s);

	for (uint64_t i = 0; i < VFS_SAVED_RANGES_MAX; i++)
		assert_int_equal(guest_lock(s, &b, OWNER, LX_F_WRLCK, 2 * i,
					    2 * i), 0);
	assert_int_equal(image_save(image, s), 0);
	assert_int_equal(guest_lock(s, &b, OWNER, LX_F_WRLCK, 10000, 10000), 0);
	assert_int_equal(image_save(image, s), -LX_E2BIG);
	assert_int_equal(s->log_lines, 1);
	image_free(image);
	close(b.fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, share_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(record_locks_are_taken_again),
		TEST(flock_is_taken_again),
		TEST(are_taken_when_the_first_server_goes),
		TEST(what_was_unlocked_is_not_taken),
		TEST(ends_with_the_mount),
		TEST(too_many_ranges_cannot_be_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
