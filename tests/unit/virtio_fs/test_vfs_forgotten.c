/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_forgotten.h"

#include "virtio/fs/vfs_inode.h"
#include "virtio/fs/vfs_private.h"
#include "tests/unit/virtio_fs/share.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define FEW 3

/* ---- the list ---------------------------------------------------------- */

struct lists {
	struct vfs_slots slots;
	struct vfs_forgotten list;
	struct vfs_inode *inode[FEW + 1];
};

static struct lists lists;

static void release(void *owner, struct vfs_slot *slot)
{
	(void)owner;
	(void)slot;
	fail_msg("the list's own references are left");
}

static int lists_up(void **state)
{
	struct vfs_slot *slot;

	(void)state;
	vfs_slots_init(&lists.slots, sizeof(struct vfs_inode), 100,
		       release, NULL);
	vfs_forgotten_init(&lists.list, &lists.slots, FEW);
	for (int i = 0; i <= FEW; i++) {
		if (vfs_slots_new(&lists.slots, &slot))
			return -1;
		lists.inode[i] = (struct vfs_inode *)slot;
		vfs_slot_publish(slot, 1);
	}
	return 0;
}

static int lists_down(void **state)
{
	(void)state;
	vfs_forgotten_done(&lists.list);
	vfs_slots_done(&lists.slots);
	return 0;
}

static void add(int i)
{
	vfs_forgotten_add(&lists.list, lists.inode[i]);
}

static void drop(int i)
{
	vfs_forgotten_remove(&lists.list, lists.inode[i]);
}

/* Which is the oldest of too many, or -1. */
static int excess(void)
{
	struct vfs_inode *inode = vfs_forgotten_excess(&lists.list);
	int i = 0;

	if (!inode)
		return -1;
	while (lists.inode[i] != inode)
		i++;
	/* It was given a reference. */
	vfs_slots_put(&lists.slots, &inode->slot);
	return i;
}

static void the_oldest_goes_first(void **state)
{
	(void)state;
	for (int i = 0; i < FEW; i++) {
		add(i);
		assert_int_equal(excess(), -1);
	}
	add(FEW);
	assert_int_equal(excess(), 0);
	drop(0);
	assert_int_equal(excess(), -1);
	add(0);
	assert_int_equal(excess(), 1);
	assert_int_equal(lists.list.count, FEW + 1);
}

static void any_can_leave(void **state)
{
	(void)state;
	for (int i = 0; i < FEW; i++)
		add(i);
	drop(1);                /* from the middle */
	drop(2);                /* the newest */
	add(1);
	drop(0);                /* the oldest */
	drop(1);                /* the only one */
	assert_int_equal(lists.list.count, 0);
	assert_int_equal(lists.list.oldest, 0);
	assert_int_equal(lists.list.newest, 0);
	for (int i = FEW; i >= 0; i--)
		add(i);
	assert_int_equal(excess(), FEW);
}

/* ---- in use ------------------------------------------------------------ */

#define FILES 8

struct job {
	struct share *share;
	unsigned seed;
	int failures;
};

/* Look files up and forget them, by names and by numbers. */
static void *hammer(void *arg)
{
	struct job *job = arg;
	struct client *c = client_new(job->share->session);

	/* Half of them mark what they use, the others count. */
	marks_thread_init(job->seed & 1 ? job->seed : MARKS_LINES);
	for (int n = 0; n < 1500; n++) {
		char name[] = { (char)('a' + rand_r(&job->seed) % FILES), 0 };
		struct fuse_entry_out entry, self;
		struct fuse_attr attr;

		if (client_lookup(c, FUSE_ROOT_ID, name, &entry)) {
			job->failures++;
			continue;
		}
		if (client_getattr(c, entry.nodeid, &attr) ||
		    attr.ino != entry.attr.ino)
			job->failures++;
		client_forget(c, entry.nodeid, 1);
		/* It is there, or was dropped for being in use. */
		if (client_lookup(c, entry.nodeid, ".", &self))
			continue;
		if (self.nodeid != entry.nodeid ||
		    self.attr.ino != entry.attr.ino)
			job->failures++;
		client_forget(c, self.nodeid, 1);
	}
	client_free(c);
	return NULL;
}

static void threads_forget_and_recall(void **state)
{
	struct share *s = *state;
	pthread_t thread[4];
	struct job job[4];

	for (int i = 0; i < FILES; i++) {
		char name[] = { (char)('a' + i), 0 };

		host_file(s->root_fd, name, "");
	}
	usleep(30000);
	for (unsigned i = 0; i < 4; i++) {
		job[i] = (struct job){ s, i, 0 };
		assert_int_equal(pthread_create(&thread[i], NULL, hammer,
						&job[i]), 0);
	}
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(thread[i], NULL), 0);
		assert_int_equal(job[i].failures, 0);
	}
	assert_int_equal(vfs_server_stats(s->server).nodes, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_oldest_goes_first,
						lists_up, lists_down),
		cmocka_unit_test_setup_teardown(any_can_leave, lists_up,
						lists_down),
		cmocka_unit_test_setup_teardown(threads_forget_and_recall,
						share_up, share_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
