/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_fs/share.h"

#include "common/bytes.h"
#include "common/limits.h"
#include "lxutil/lx_volume.h"
#include "virtio/fs/vfs_private.h"

#include <stdarg.h>
#include <setjmp.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

enum { ANN = 0x1111, BOB = 0x2222 };    /* lock owners */
#define TO_END INT64_MAX

struct locked {
	struct share *s;
	uint64_t node, fh;
};

static struct locked locked_file(void **state)
{
	struct locked l = { .s = *state };

	host_file(l.s->root_fd, "a", "0123456789");
	l.node = node_of(l.s, FUSE_ROOT_ID, "a");
	assert_int_equal(client_open(l.s->client, FUSE_OPEN, l.node, LX_O_RDWR,
				     &l.fh), 0);
	return l;
}

/* The owner's number is his process id too. */
static int set(struct locked *l, uint64_t owner, uint32_t type, uint64_t start,
	       uint64_t end)
{
	struct fuse_file_lock lk = { start, end, type, (uint32_t)owner };

	return client_lock(l->s->client, FUSE_SETLK, l->node, l->fh, owner,
			   &lk);
}

static struct fuse_file_lock query(struct locked *l, uint64_t owner,
				   uint32_t type, uint64_t start, uint64_t end)
{
	struct fuse_file_lock lk = { start, end, type, (uint32_t)owner };

	assert_int_equal(client_lock(l->s->client, FUSE_GETLK, l->node, l->fh,
				     owner, &lk), 0);
	return lk;
}

static int close_file(struct locked *l, uint64_t owner)
{
	struct fuse_flush_in in = { .fh = l->fh, .lock_owner = owner };

	client_begin(l->s->client, FUSE_FLUSH, l->node);
	client_put(l->s->client, &in, sizeof(in));
	return client_send_for(l->s->client, NULL, 0);
}

static size_t owners(struct locked *l)
{
	return vfs_server_stats(l->s->server).lock_owners;
}

/* Can the host lock these bytes? */
static bool host_can_lock(struct locked *l, short type, off_t start, off_t len)
{
	struct flock lock = { .l_type = type, .l_start = start, .l_len = len };
	int fd = openat(l->s->root_fd, "a", O_RDWR);
	bool can = !fcntl(fd, F_OFD_SETLK, &lock);

	close(fd);
	return can;
}

/* ---- record locks -------------------------------------------------------- */

static void owners_stand_in_each_others_way(void **state)
{
	struct locked l = locked_file(state);
	struct fuse_file_lock lk;

	assert_int_equal(set(&l, ANN, LX_F_WRLCK, 2, 5), 0);
	assert_int_equal(set(&l, BOB, LX_F_WRLCK, 5, 9), -LX_EAGAIN);
	assert_int_equal(set(&l, BOB, LX_F_RDLCK, 0, TO_END), -LX_EAGAIN);
	assert_int_equal(set(&l, BOB, LX_F_WRLCK, 6, 9), 0);
	assert_int_equal(set(&l, ANN, LX_F_RDLCK, 0, 5), 0);
	assert_int_equal(set(&l, BOB, LX_F_RDLCK, 0, 5), 0);
	assert_int_equal(set(&l, ANN, LX_F_UNLCK, 0, TO_END), 0);
	assert_int_equal(set(&l, BOB, LX_F_WRLCK, 0, TO_END), 0);
	lk = query(&l, ANN, LX_F_RDLCK, 3, 3);
	assert_int_equal(lk.type, LX_F_WRLCK);
	assert_int_equal(lk.start, 0);
	assert_int_equal(lk.end, TO_END);
	assert_int_equal(lk.pid, BOB);
}

static void tells_who_holds_a_lock(void **state)
{
	struct locked l = locked_file(state);
	struct fuse_file_lock lk;

	lk = query(&l, ANN, LX_F_WRLCK, 0, TO_END);
	assert_int_equal(lk.type, LX_F_UNLCK);
	assert_int_equal(owners(&l), 0);
	assert_int_equal(set(&l, ANN, LX_F_WRLCK, 2, 5), 0);
	assert_int_equal(set(&l, BOB, LX_F_WRLCK, 8, 9), 0);
	lk = query(&l, 3, LX_F_WRLCK, 0, 6);
	assert_int_equal(lk.type, LX_F_WRLCK);
	assert_int_equal(lk.start, 2);
	assert_int_equal(lk.end, 5);
	assert_int_equal(lk.pid, ANN);
	assert_int_equal(query(&l, 3, LX_F_WRLCK, 6, 9).pid, BOB);
	assert_int_equal(query(&l, ANN, LX_F_WRLCK, 2, 5).type, LX_F_UNLCK);
	assert_int_equal(query(&l, 3, LX_F_WRLCK, 6, 7).type, LX_F_UNLCK);
	assert_int_equal(owners(&l), 2);
}

static void the_host_sees_them_and_they_the_hosts(void **state)
{
	struct locked l = locked_file(state);
	struct flock lock = { .l_type = F_WRLCK, .l_start = 0, .l_len = 1 };
	int fd = openat(l.s->root_fd, "a", O_RDWR);
	struct fuse_file_lock lk;

	assert_int_equal(set(&l, ANN, LX_F_WRLCK, 2, 5), 0);
	assert_false(host_can_lock(&l, F_WRLCK, 0, 0));
	assert_false(host_can_lock(&l, F_RDLCK, 5, 1));
	assert_true(host_can_lock(&l, F_WRLCK, 6, 1));
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	assert_int_equal(set(&l, ANN, LX_F_WRLCK, 0, 5), -LX_EAGAIN);
	lk = query(&l, ANN, LX_F_RDLCK, 0, TO_END);
	assert_int_equal(lk.type, LX_F_WRLCK);
	assert_int_equal(lk.end, 0);
	assert_int_equal(lk.pid, 0);    /* nobody in the guest */
	close(fd);
	assert_int_equal(set(&l, ANN, LX_F_WRLCK, 0, 5), 0);
}

static void closing_drops_all_locks_of_the_owner(void **state)
{
	struct locked l = locked_file(state);
	unsigned fds = count_fds();

	assert_int_equal(set(&l, ANN, LX_F_WRLCK, 0, 1), 0);
	assert_int_equal(set(&l, ANN, LX_F_WRLCK, 4, 5), 0);
	assert_int_equal(set(&l, BOB, LX_F_WRLCK, 8, 9), 0);
	assert_int_equal(count_fds(), fds + 2);
	assert_int_equal(close_file(&l, 3), 0);
	assert_int_equal(owners(&l), 2);
	assert_int_equal(close_file(&l, ANN), 0);
	assert_true(host_can_lock(&l, F_WRLCK, 0, 8));
	assert_false(host_can_lock(&l, F_WRLCK, 8, 1));
	assert_int_equal(close_file(&l, BOB), 0);
	assert_true(host_can_lock(&l, F_WRLCK, 0, 0));
	assert_int_equal(owners(&l), 0);
	assert_int_equal(count_fds(), fds);
}

/* What F_OFD_SETLK does in the guest: its owner is never flushed. */
static void the_last_close_drops_what_was_locked_by_it(void **state)
{
	struct locked l = locked_file(state), other = l;
	struct client *c = l.s->client;

	assert_int_equal(client_open(c, FUSE_OPEN, l.node, LX_O_RDWR,
				     &other.fh), 0);
	assert_int_equal(set(&l, ANN, LX_F_WRLCK, 0, 1), 0);
	assert_int_equal(set(&other, BOB, LX_F_WRLCK, 4, 5), 0);
	assert_int_equal(client_release(c, FUSE_RELEASE, l.node, l.fh), 0);
	assert_true(host_can_lock(&l, F_WRLCK, 0, 2));
	assert_false(host_can_lock(&l, F_WRLCK, 4, 1));
	assert_int_equal(owners(&l), 1);
	assert_int_equal(client_release(c, FUSE_RELEASE, l.node, other.fh),
			 0);
	assert_int_equal(owners(&l), 0);
	assert_true(host_can_lock(&l, F_WRLCK, 0, 0));
}

static void unlocking_all_costs_no_descriptor(void **state)
{
	struct locked l = locked_file(state);
	unsigned fds = count_fds();

	assert_int_equal(set(&l, ANN, LX_F_UNLCK, 0, TO_END), 0);
	assert_int_equal(owners(&l), 0);
	assert_int_equal(set(&l, ANN, LX_F_RDLCK, 0, 1), 0);
	assert_int_equal(set(&l, ANN, LX_F_UNLCK, 0, 1), 0);
	assert_int_equal(owners(&l), 1);
	assert_int_equal(set(&l, ANN, LX_F_UNLCK, 0, TO_END), 0);
	assert_int_equal(owners(&l), 0);
	assert_int_equal(count_fds(), fds);
}

static void the_end_of_the_mount_drops_all(void **state)
{
	struct locked l = locked_file(state);

	assert_int_equal(set(&l, ANN, LX_F_WRLCK, 0, 1), 0);
	assert_int_equal(set(&l, BOB, LX_F_WRLCK, 2, 2), 0);
	assert_int_equal(client_flock(l.s->client, l.node, l.fh, LX_F_WRLCK),
			 0);
	assert_int_equal(client_destroy(l.s->client), 0);
	assert_int_equal(owners(&l), 0);
	assert_true(host_can_lock(&l, F_WRLCK, 0, 0));
}

static void refuses_what_is_no_lock(void **state)
{
	struct locked l = locked_file(state);
	struct client *c = l.s->client;
	struct fuse_file_lock lk = { 0, TO_END, LX_F_WRLCK, 1 };
	uint64_t dir_fh;

	assert_int_equal(set(&l, ANN, 3, 0, 1), -LX_EINVAL);
	assert_int_equal(set(&l, ANN, LX_F_WRLCK, 2, 1), -LX_EINVAL);
	assert_int_equal(set(&l, ANN, LX_F_WRLCK, 0, UINT64_MAX), -LX_EINVAL);
	assert_int_equal(client_lock(c, FUSE_SETLK, l.node, l.fh + 1, ANN,
				     &lk), -LX_EBADF);
	assert_int_equal(client_lock(c, FUSE_GETLK, FUSE_ROOT_ID, l.fh, ANN,
				     &lk), -LX_EBADF);
	assert_int_equal(client_open(c, FUSE_OPENDIR, FUSE_ROOT_ID, 0,
				     &dir_fh), 0);
	assert_int_equal(client_lock(c, FUSE_SETLK, FUSE_ROOT_ID, dir_fh, ANN,
				     &lk), -LX_EISDIR);
	assert_int_equal(owners(&l), 0);
}

/* ---- flock --------------------------------------------------------------- */

static bool host_can_flock(struct locked *l, int operation)
{
	int fd = openat(l->s->root_fd, "a", O_RDONLY);
	bool can = !flock(fd, operation | LOCK_NB);

	close(fd);
	return can;
}

static void flock_belongs_to_the_open_file(void **state)
{
	struct locked l = locked_file(state);
	struct client *c = l.s->client;
	uint64_t other;

	assert_int_equal(client_open(c, FUSE_OPEN, l.node, LX_O_RDONLY,
				     &other), 0);
	assert_int_equal(client_flock(c, l.node, l.fh, LX_F_WRLCK), 0);
	assert_int_equal(client_flock(c, l.node, other, LX_F_RDLCK),
			 -LX_EAGAIN);
	assert_false(host_can_flock(&l, LOCK_SH));
	assert_int_equal(client_flock(c, l.node, l.fh, LX_F_RDLCK), 0);
	assert_int_equal(client_flock(c, l.node, other, LX_F_RDLCK), 0);
	assert_true(host_can_flock(&l, LOCK_SH));
	assert_false(host_can_flock(&l, LOCK_EX));
	assert_int_equal(client_flock(c, l.node, l.fh, LX_F_UNLCK), 0);
	/* Not the record locks' business. */
	assert_int_equal(set(&l, ANN, LX_F_WRLCK, 0, TO_END), 0);
	assert_int_equal(owners(&l), 1);
}

static void release_drops_flock(void **state)
{
	struct locked l = locked_file(state);
	struct fuse_release_in in = {
		.fh = l.fh,
		.release_flags = FUSE_RELEASE_FLOCK_UNLOCK,
	};

	assert_int_equal(client_flock(l.s->client, l.node, l.fh, LX_F_WRLCK),
			 0);
	assert_false(host_can_flock(&l, LOCK_EX));
	client_begin(l.s->client, FUSE_RELEASE, l.node);
	client_put(l.s->client, &in, sizeof(in));
	assert_int_equal(client_send_for(l.s->client, NULL, 0), 0);
	assert_true(host_can_flock(&l, LOCK_EX));
}

/* ---- many ---------------------------------------------------------------- */

/* Descriptors run out long before the limit does, and come back. */
static void there_is_an_end_to_owners(void **state)
{
	struct locked l = locked_file(state);
	struct vfs_locks *locks = &l.s->server->locks;

	/* All those would take a while. */
	assert_int_equal(set(&l, ANN, LX_F_RDLCK, 0, 0), 0);
	atomic_fetch_add(&locks->count, VFS_LOCK_OWNERS_MAX - 2);
	assert_int_equal(set(&l, BOB, LX_F_RDLCK, 0, 0), 0);
	assert_int_equal(set(&l, 3, LX_F_RDLCK, 0, 0), -LX_ENOLCK);
	/* Who is one of them may go on. */
	assert_int_equal(set(&l, ANN, LX_F_RDLCK, 5, 5), 0);
	assert_int_equal(close_file(&l, BOB), 0);
	assert_int_equal(set(&l, 3, LX_F_RDLCK, 0, 0), 0);
	atomic_fetch_sub(&locks->count, VFS_LOCK_OWNERS_MAX - 2);
	assert_int_equal(owners(&l), 2);
}

/* However many owners and files they are of. */
static void there_is_an_end_to_ranges(void **state)
{
	struct locked l = locked_file(state);
	struct vfs_locks *locks = &l.s->server->locks;

	assert_int_equal(set(&l, ANN, LX_F_WRLCK, 0, 9), 0);
	assert_int_equal(locks->ranges, 1);
	locks->ranges += VFS_LOCK_RANGES_MAX - 3;
	assert_int_equal(set(&l, ANN, LX_F_UNLCK, 5, 5), 0);
	assert_int_equal(set(&l, BOB, LX_F_RDLCK, 20, 20), 0);
	/* Neither a new one nor one in two. */
	assert_int_equal(set(&l, BOB, LX_F_RDLCK, 30, 30), -LX_ENOLCK);
	assert_int_equal(set(&l, 3, LX_F_RDLCK, 30, 30), -LX_ENOLCK);
	assert_int_equal(set(&l, ANN, LX_F_UNLCK, 2, 2), -LX_ENOLCK);
	/* What takes no more may go on; so may all when some is given back. */
	assert_int_equal(set(&l, BOB, LX_F_RDLCK, 20, 29), 0);
	assert_int_equal(set(&l, BOB, LX_F_WRLCK, 0, 0), -LX_ENOLCK);
	assert_int_equal(set(&l, ANN, LX_F_WRLCK, 5, 5), 0);
	/* Nor does what the host refuses count. */
	assert_int_equal(set(&l, BOB, LX_F_WRLCK, 0, 0), -LX_EAGAIN);
	assert_int_equal(locks->ranges, VFS_LOCK_RANGES_MAX - 1);
	assert_int_equal(set(&l, BOB, LX_F_WRLCK, 40, 40), 0);
	assert_int_equal(close_file(&l, BOB), 0);
	assert_int_equal(close_file(&l, ANN), 0);
	assert_int_equal(locks->ranges, VFS_LOCK_RANGES_MAX - 3);
	locks->ranges = 0;
}

static void a_guest_that_locks_too_much_is_told(void **state)
{
	struct locked l = locked_file(state);
	uint64_t owner = 100;
	unsigned fds = count_fds();
	int err;

	do {
		err = set(&l, owner, LX_F_RDLCK, 0, 0);
		owner++;
	} while (!err && owner < 40000);
	assert_true(err == -LX_ENOLCK || err == -LX_EMFILE ||
		    err == -LX_ENFILE);
	assert_true(owners(&l) <= VFS_LOCK_OWNERS_MAX);
	while (--owner >= 100)
		assert_int_equal(close_file(&l, owner), 0);
	assert_int_equal(owners(&l), 0);
	assert_int_equal(count_fds(), fds);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, share_up, share_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(owners_stand_in_each_others_way),
		TEST(tells_who_holds_a_lock),
		TEST(the_host_sees_them_and_they_the_hosts),
		TEST(closing_drops_all_locks_of_the_owner),
		TEST(the_last_close_drops_what_was_locked_by_it),
		TEST(unlocking_all_costs_no_descriptor),
		TEST(the_end_of_the_mount_drops_all),
		TEST(refuses_what_is_no_lock),
		TEST(flock_belongs_to_the_open_file),
		TEST(release_drops_flock),
		TEST(there_is_an_end_to_owners),
		TEST(there_is_an_end_to_ranges),
		TEST(a_guest_that_locks_too_much_is_told),
	};
	struct rlimit files;

	/* What is used up shall be used up soon. */
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = MIN(files.rlim_cur, (rlim_t)1024);
		setrlimit(RLIMIT_NOFILE, &files);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
