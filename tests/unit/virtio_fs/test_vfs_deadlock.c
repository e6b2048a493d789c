/* SPDX-License-Identifier: MIT */
/* Deadlocks by requests, and the limits of the search. */
#include "tests/unit/virtio_fs/share.h"

#include "common/bytes.h"
#include "virtio/fs/vfs_lock.h"

#include <fcntl.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

enum { ANN = 0x1111, BOB, CAT, DAN };   /* lock owners */
#define R LX_F_RDLCK
#define W LX_F_WRLCK
#define U LX_F_UNLCK
#define FILES 3

struct files {
	struct client *client;
	uint64_t node[FILES], fh[FILES];
};

static struct files open_files(void **state)
{
	struct share *s = *state;
	struct files f = { .client = s->client };

	for (int i = 0; i < FILES; i++) {
		char name[] = { (char)('a' + i), '\0' };

		host_file(s->root_fd, name, "");
		f.node[i] = node_of(s, FUSE_ROOT_ID, name);
		assert_int_equal(client_open(f.client, FUSE_OPEN, f.node[i],
					     LX_O_RDWR, &f.fh[i]), 0);
	}
	return f;
}

/* A byte of a file. */
static int lock(struct files *f, uint32_t opcode, uint64_t owner, int file,
		uint32_t type, uint64_t byte)
{
	struct fuse_file_lock lk = { byte, byte, type, (uint32_t)owner };

	return client_lock(f->client, opcode, f->node[file], f->fh[file],
			   owner, &lk);
}

static int set(struct files *f, uint64_t owner, int file, uint32_t type,
	       uint64_t byte)
{
	return lock(f, FUSE_SETLK, owner, file, type, byte);
}

/* A new wait, whose number is then client->unique. */
static int wait_for(struct files *f, uint64_t owner, int file, uint32_t type,
		    uint64_t byte)
{
	return lock(f, FUSE_SETLKW, owner, file, type, byte);
}

/* The same request again. */
static int again(struct files *f, uint64_t unique, uint64_t owner, int file,
		 uint32_t type, uint64_t byte)
{
	uint64_t now = f->client->unique;
	int err;

	f->client->unique = unique - 1;
	err = wait_for(f, owner, file, type, byte);
	f->client->unique = now;
	return err;
}

/* ---- rings ------------------------------------------------------------- */

static void two_cannot_wait_for_each_other(void **state)
{
	struct files f = open_files(state);
	uint64_t waiting;

	assert_int_equal(set(&f, ANN, 0, W, 0), 0);
	assert_int_equal(set(&f, BOB, 1, W, 5), 0);
	assert_int_equal(wait_for(&f, ANN, 1, W, 5), FUSE_WAIT);
	waiting = f.client->unique;
	assert_int_equal(wait_for(&f, BOB, 0, W, 0), -LX_EDEADLK);
	/* He is told once, gives way, and the other one goes on. */
	assert_int_equal(again(&f, waiting, ANN, 1, W, 5), FUSE_WAIT);
	assert_int_equal(set(&f, BOB, 1, U, 5), 0);
	assert_int_equal(again(&f, waiting, ANN, 1, W, 5), 0);
	assert_int_equal(wait_for(&f, BOB, 0, W, 0), FUSE_WAIT);
}

static void two_readers_cannot_both_become_writers(void **state)
{
	struct files f = open_files(state);

	assert_int_equal(set(&f, ANN, 0, R, 0), 0);
	assert_int_equal(set(&f, BOB, 0, R, 0), 0);
	assert_int_equal(wait_for(&f, ANN, 0, W, 0), FUSE_WAIT);
	assert_int_equal(wait_for(&f, BOB, 0, W, 0), -LX_EDEADLK);
}

static void rings_of_more_are_found(void **state)
{
	struct files f = open_files(state);

	assert_int_equal(set(&f, ANN, 0, W, 0), 0);
	assert_int_equal(set(&f, BOB, 1, R, 0), 0);
	assert_int_equal(set(&f, DAN, 1, R, 0), 0);
	assert_int_equal(set(&f, CAT, 2, W, 0), 0);
	assert_int_equal(wait_for(&f, ANN, 1, W, 0), FUSE_WAIT);
	assert_int_equal(wait_for(&f, BOB, 2, W, 0), FUSE_WAIT);
	/* Not in the ring. */
	assert_int_equal(wait_for(&f, DAN, 2, W, 0), FUSE_WAIT);
	assert_int_equal(wait_for(&f, CAT, 0, R, 0), -LX_EDEADLK);
}

static void a_lock_got_while_others_wait_can_close_a_ring(void **state)
{
	struct files f = open_files(state);
	uint64_t waiting;

	assert_int_equal(set(&f, CAT, 1, W, 0), 0);
	assert_int_equal(set(&f, ANN, 0, W, 0), 0);
	/* Two threads of Bob: one waits for Ann... */
	assert_int_equal(wait_for(&f, BOB, 0, W, 0), FUSE_WAIT);
	assert_int_equal(wait_for(&f, ANN, 1, W, 0), FUSE_WAIT);
	waiting = f.client->unique;
	assert_int_equal(again(&f, waiting, ANN, 1, W, 0), FUSE_WAIT);
	/* ...and the other one gets what Ann has waited for. */
	assert_int_equal(set(&f, CAT, 1, U, 0), 0);
	assert_int_equal(set(&f, BOB, 1, W, 0), 0);
	assert_int_equal(again(&f, waiting, ANN, 1, W, 0), -LX_EDEADLK);
}

/* ---- no rings ---------------------------------------------------------- */

static void chains_are_none(void **state)
{
	struct files f = open_files(state);

	assert_int_equal(set(&f, ANN, 0, W, 0), 0);
	assert_int_equal(set(&f, BOB, 1, W, 0), 0);
	assert_int_equal(wait_for(&f, BOB, 0, W, 0), FUSE_WAIT);
	assert_int_equal(wait_for(&f, CAT, 1, W, 0), FUSE_WAIT);
	assert_int_equal(wait_for(&f, DAN, 1, R, 0), FUSE_WAIT);
	/* Other bytes, and his own. */
	assert_int_equal(wait_for(&f, ANN, 1, W, 1), 0);
	assert_int_equal(wait_for(&f, ANN, 0, R, 0), 0);
}

static void who_was_interrupted_does_not_wait(void **state)
{
	struct files f = open_files(state);
	uint64_t waiting;

	assert_int_equal(set(&f, ANN, 0, W, 0), 0);
	assert_int_equal(set(&f, BOB, 1, W, 0), 0);
	assert_int_equal(wait_for(&f, ANN, 1, W, 0), FUSE_WAIT);
	waiting = f.client->unique;
	client_interrupt(f.client, waiting);
	assert_int_equal(again(&f, waiting, ANN, 1, W, 0), -LX_EINTR);
	assert_int_equal(wait_for(&f, BOB, 0, W, 0), FUSE_WAIT);
}

static void the_host_may_always_give_way(void **state)
{
	struct share *s = *state;
	struct files f = open_files(state);
	struct flock host = { .l_type = F_WRLCK, .l_start = 0, .l_len = 1 };
	int fd = openat(s->root_fd, "b", O_RDWR);

	assert_int_equal(fcntl(fd, F_OFD_SETLK, &host), 0);
	assert_int_equal(set(&f, ANN, 0, W, 0), 0);
	assert_int_equal(wait_for(&f, ANN, 1, W, 0), FUSE_WAIT);
	assert_int_equal(wait_for(&f, BOB, 0, W, 0), FUSE_WAIT);
	close(fd);
}

/* ---- limits ------------------------------------------------------------ */

struct table {
	struct vfs_locks locks;
	struct vfs_lock_owner owner[2];
};

/* Owner 1 has locked node 1, and owner 2 node 2. */
static struct table *table_new(void)
{
	const struct lx_lock lock = { 0, 0, W, 0 };
	struct table *t = calloc(1, sizeof(*t));

	vfs_locks_init(&t->locks, VFS_LOCK_RANGES_MAX);
	for (uint64_t i = 0; i < 2; i++) {
		t->owner[i].node = t->owner[i].owner = i + 1;
		assert_int_equal(vfs_held_next(&(struct vfs_held){ 0 }, &lock,
					       &t->owner[i].held), 0);
		*vfs_locks_bucket(&t->locks, i + 1) = &t->owner[i];
	}
	return t;
}

static void table_free(struct table *t)
{
	for (uint64_t i = 0; i < 2; i++) {
		*vfs_locks_bucket(&t->locks, i + 1) = NULL;
		vfs_held_clear(&t->owner[i].held);
	}
	vfs_locks_done(&t->locks);
	free(t);
}

static bool waits_on(struct table *t, uint64_t unique, uint64_t owner,
		     uint64_t node, uint64_t now_ms)
{
	const struct lx_lock lock = { 0, 0, W, 0 };

	return vfs_waits_on(&t->locks, unique, node, owner, &lock, now_ms);
}

static void a_wait_that_was_dropped_counts_no_more(void **state)
{
	struct table *t = table_new();

	(void)state;
	assert_false(waits_on(t, 71, 1, 2, 0));
	assert_true(waits_on(t, 72, 2, 1, VFS_WAIT_STALE_MS - 1));
	assert_false(waits_on(t, 73, 2, 1, VFS_WAIT_STALE_MS));
	/* It was not dropped after all. */
	t->locks.granted++;
	assert_true(waits_on(t, 71, 1, 2, VFS_WAIT_STALE_MS));
	vfs_waits_end(&t->locks.waits, 73);
	assert_int_equal(t->locks.waits.count, 0);
	table_free(t);
}

static void waits_are_limited(void **state)
{
	struct table *t = table_new();

	(void)state;
	for (uint64_t i = 0; i < VFS_WAITS_MAX; i++)
		assert_false(waits_on(t, 100 + i, 7, 2, 0));
	assert_int_equal(t->locks.waits.count, VFS_WAITS_MAX);
	/* Not known, so nobody waits for him. */
	assert_false(waits_on(t, 71, 1, 2, 0));
	assert_false(waits_on(t, 72, 2, 1, 1));
	assert_int_equal(t->locks.waits.count, VFS_WAITS_MAX);
	assert_false(waits_on(t, 71, 1, 2, VFS_WAIT_STALE_MS));
	assert_true(waits_on(t, 72, 2, 1, VFS_WAIT_STALE_MS + 1));
	table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define share_test(f) cmocka_unit_test_setup_teardown(f, share_up, share_down)
		share_test(two_cannot_wait_for_each_other),
		share_test(two_readers_cannot_both_become_writers),
		share_test(rings_of_more_are_found),
		share_test(a_lock_got_while_others_wait_can_close_a_ring),
		share_test(chains_are_none),
		share_test(who_was_interrupted_does_not_wait),
		share_test(the_host_may_always_give_way),
		cmocka_unit_test(a_wait_that_was_dropped_counts_no_more),
		cmocka_unit_test(waits_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
