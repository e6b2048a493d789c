/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_identity.h"

#include "common/bytes.h"
#include "virtio/fs/vfs_inode.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#define MANY 20000u
#define SHARE ((struct vfs_share *)shares)      /* only its address counts */

static char shares[10000];
static struct vfs_identities ids;
static struct vfs_inode inodes[MANY];

static int set_up(void **state)
{
	(void)state;
	memset(inodes, 0, sizeof(inodes));
	return vfs_identities_init(&ids);
}

static int tear_down(void **state)
{
	(void)state;
	vfs_identities_done(&ids);
	return 0;
}

static const struct lx_stat file = {
	.dev = 1, .ino = 2, .mount = 3, .mode = LX_S_IFREG | 0644,
	.has_btime = true, .btime = { .sec = 4, .nsec = 5 },
};

/* Inode i of the table is this file. */
static struct vfs_inode *add(unsigned i, const struct lx_stat *st)
{
	inodes[i].key = vfs_identity_of(SHARE, st);
	vfs_identities_add(&ids, &inodes[i]);
	return &inodes[i];
}

static struct vfs_inode *find(struct vfs_share *share,
			      const struct lx_stat *st)
{
	struct vfs_identity key = vfs_identity_of(share, st);

	return vfs_identities_find(&ids, &key);
}

static struct vfs_inode *twin(const struct lx_stat *st)
{
	struct vfs_identity key = vfs_identity_of(SHARE, st);

	return vfs_identities_twin(&ids, &key);
}

static void is_of_what_does_not_change(void **state)
{
	struct vfs_identity a = vfs_identity_of(SHARE, &file), b;
	struct lx_stat st = file;

	(void)state;
	assert_true(a.btime == 4000000005u);
	st.mode = LX_S_IFREG | 07;
	st.size = 1;
	st.nlink = 2;
	st.ctime.sec = 9;
	b = vfs_identity_of(SHARE, &st);
	assert_true(vfs_identity_same(&a, &b));
	/* A time that is not known is none, whatever is there. */
	st.has_btime = false;
	b = vfs_identity_of(SHARE, &st);
	assert_true(b.btime == 0);
	assert_false(vfs_identity_same(&a, &b));
}

static void finds_what_is_there(void **state)
{
	(void)state;
	assert_null(find(SHARE, &file));
	add(0, &file);
	assert_ptr_equal(find(SHARE, &file), &inodes[0]);
	vfs_identities_remove(&ids, &inodes[0]);
	assert_null(find(SHARE, &file));
}

static void tells_identities_apart(void **state)
{
	struct lx_stat other;

	(void)state;
	add(0, &file);
	/* So many that some are in its bucket. */
	for (size_t i = 1; i < ARRAY_LEN(shares); i++) {
		other = file;
		other.dev += i;
		assert_null(find(SHARE, &other));
		other = file;
		other.mount += i;
		assert_null(find(SHARE, &other));
		other = file;
		other.ino += i;
		assert_null(find(SHARE, &other));
		assert_null(find((struct vfs_share *)&shares[i], &file));
	}
	other = file;
	other.btime.nsec++;
	assert_null(find(SHARE, &other));
	other = file;
	other.btime.sec++;
	assert_null(find(SHARE, &other));
	other = file;
	other.mode = LX_S_IFDIR | 0644;
	assert_null(find(SHARE, &other));
}

static void grows_with_what_is_in_it(void **state)
{
	struct lx_stat st = file;

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		st.ino = i;
		add(i, &st);
	}
	for (unsigned i = 0; i < VFS_IDENTITY_SHARDS; i++) {
		assert_in_range(ids.shard[i].count, 1, MANY / 4);
		assert_true(ids.shard[i].count <= ids.shard[i].buckets);
	}
	/* Every other one goes, from wherever in its chain it is. */
	for (unsigned i = 0; i < MANY; i += 2)
		vfs_identities_remove(&ids, &inodes[i]);
	for (unsigned i = 0; i < MANY; i++) {
		st.ino = i;
		assert_ptr_equal(find(SHARE, &st), i % 2 ? &inodes[i] : NULL);
	}
	for (unsigned i = 1; i < MANY; i += 2)
		vfs_identities_remove(&ids, &inodes[i]);
	for (unsigned i = 0; i < VFS_IDENTITY_SHARDS; i++) {
		assert_int_equal(ids.shard[i].count, 0);
		for (size_t j = 0; j < ids.shard[i].buckets; j++)
			assert_null(ids.shard[i].bucket[j]);
	}
}

static void a_twin_was_born_at_another_time(void **state)
{
	struct lx_stat st = file;

	(void)state;
	add(0, &file);
	st.btime.sec++;
	assert_ptr_equal(twin(&st), &inodes[0]);
	/* With a new time it is where it was. */
	inodes[0].key.btime = vfs_btime(&st);
	assert_ptr_equal(find(SHARE, &st), &inodes[0]);
	assert_null(find(SHARE, &file));
	/* One that the guest has forgotten is none. */
	inodes[0].state = VFS_INODE_FORGOTTEN;
	assert_null(twin(&file));
	inodes[0].state = VFS_INODE_KNOWN;
	assert_ptr_equal(twin(&file), &inodes[0]);
	st.ino++;
	assert_null(twin(&st));
}

static void an_identity_has_one_lock(void **state)
{
	struct vfs_identity key = vfs_identity_of(SHARE, &file);
	pthread_mutex_t *lock = vfs_identities_lock(&ids, &key);
	unsigned others = 0;

	(void)state;
	key.btime++;
	assert_ptr_equal(vfs_identities_lock(&ids, &key), lock);
	for (unsigned i = 0; i < 1000; i++) {
		key.ino++;
		others += vfs_identities_lock(&ids, &key) != lock;
	}
	assert_in_range(others, 500, 999);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(is_of_what_does_not_change),
		TEST(finds_what_is_there),
		TEST(tells_identities_apart),
		TEST(grows_with_what_is_in_it),
		TEST(a_twin_was_born_at_another_time),
		TEST(an_identity_has_one_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
