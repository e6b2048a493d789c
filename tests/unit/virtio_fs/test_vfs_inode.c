/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_fs/share.h"

#include "common/limits.h"
#include "fuse/fuse_proto.h"
#include "virtio/fs/vfs_inode.h"
#include "virtio/fs/vfs_share.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

/* A node table of its own on the share's root. */
static struct vfs_share served;
static struct vfs_inodes *inodes;

static int set_up(void **state)
{
	struct vfs_folder folder = { .name = NULL };
	struct share *s;
	struct lx_node *node;
	struct lx_stat st;
	uint64_t id;

	share_up(state);
	s = *state;
	folder.root = s->root;
	if (vfs_share_open(&served, &folder, 0, &s->log) ||
	    lx_volume_root(served.vol, &node, &st) ||
	    vfs_inodes_new(&s->log, VFS_NODES_MAX, &inodes) ||
	    vfs_inodes_add(inodes, &served, node, &st, &id) ||
	    id != FUSE_ROOT_ID)
		return -1;
	return 0;
}

static int tear_down(void **state)
{
	vfs_inodes_free(inodes);
	vfs_share_close(&served);
	return share_down(state);
}

/* Look a name in the root up and add it; its id. */
static uint64_t add(const char *name, struct lx_stat *ret_st)
{
	struct vfs_inode *root = vfs_inode_get(inodes, FUSE_ROOT_ID);
	struct lx_node *node = NULL;
	uint64_t id = 0;

	assert_non_null(root);
	assert_int_equal(lx_lookup(served.vol, root->node, name, &node, ret_st),
			 0);
	vfs_inode_put(inodes, root);
	assert_int_equal(vfs_inodes_add(inodes, &served, node, ret_st, &id), 0);
	return id;
}

static bool known(uint64_t id)
{
	struct vfs_inode *inode = vfs_inode_get(inodes, id);

	if (inode)
		vfs_inode_put(inodes, inode);
	return inode;
}

static void holds_the_root_as_node_one(void **state)
{
	struct vfs_inode *root = vfs_inode_get(inodes, 1);

	(void)state;
	assert_non_null(root);
	assert_int_equal(vfs_inode_id(root), 1);
	assert_int_equal(root->key.type, LX_S_IFDIR);
	vfs_inode_put(inodes, root);
	assert_int_equal(vfs_inodes_count(inodes), 1);
}

static void the_root_is_never_forgotten(void **state)
{
	(void)state;
	vfs_inodes_forget(inodes, 1, 1, false);
	vfs_inodes_forget(inodes, 1, UINT64_MAX, false);
	vfs_inodes_clear(inodes);
	assert_true(known(1));
}

static void finds_an_inode_again(void **state)
{
	struct share *s = *state;
	struct lx_stat st;
	uint64_t id, again = 0;

	host_file(s->root_fd, "a", "");
	id = add("a", &st);
	assert_int_equal(add("a", &st), id);
	assert_true(vfs_inodes_find(inodes, &served, &st, &again));
	assert_int_equal(again, id);
	assert_int_equal(vfs_inodes_count(inodes), 2);
	vfs_inodes_forget(inodes, id, 2, false);
	assert_true(known(id));
	vfs_inodes_forget(inodes, id, 1, false);
	assert_false(known(id));
	assert_false(vfs_inodes_find(inodes, &served, &st, &again));
}

static void a_number_used_again_is_another_inode(void **state)
{
	struct share *s = *state;
	struct lx_stat st, other;
	uint64_t id;

	host_file(s->root_fd, "a", "");
	add("a", &st);
	other = st;
	other.has_btime = true;
	other.btime.nsec = (st.btime.nsec + 1) % 1000000000;
	assert_false(vfs_inodes_find(inodes, &served, &other, &id));
	other = st;
	other.mode = LX_S_IFDIR | 0755;
	assert_false(vfs_inodes_find(inodes, &served, &other, &id));
	other = st;
	other.mode = LX_S_IFREG | 07;
	other.size++;
	assert_true(vfs_inodes_find(inodes, &served, &other, &id));
}

static void forgetting_too_much_forgets_all(void **state)
{
	struct share *s = *state;
	struct lx_stat st;
	uint64_t id;

	host_file(s->root_fd, "a", "");
	id = add("a", &st);
	vfs_inodes_forget(inodes, id, UINT64_MAX, false);
	assert_false(known(id));
	assert_int_equal(s->log_lines, 1);
	vfs_inodes_forget(inodes, id, 1, false);
	vfs_inodes_forget(inodes, 0, 1, false);
	vfs_inodes_forget(inodes, UINT64_MAX, 1, false);
	assert_int_equal(vfs_inodes_count(inodes), 1);
}

static void counts_of_lookups_saturate(void **state)
{
	struct share *s = *state;
	struct vfs_inode *inode;
	struct lx_stat st;
	uint64_t id;

	host_file(s->root_fd, "a", "");
	id = add("a", &st);
	inode = vfs_inode_get(inodes, id);
	inode->lookups = UINT64_MAX - 1;
	assert_true(vfs_inodes_find(inodes, &served, &st, &id));
	assert_true(vfs_inodes_find(inodes, &served, &st, &id));
	assert_true(inode->lookups == UINT64_MAX);
	vfs_inode_put(inodes, inode);
}

static void an_inode_in_use_outlives_its_forget(void **state)
{
	struct share *s = *state;
	struct vfs_inode *inode;
	struct lx_stat st;
	uint64_t id, next;

	host_file(s->root_fd, "a", "12345");
	id = add("a", &st);
	inode = vfs_inode_get(inodes, id);
	vfs_inodes_forget(inodes, id, 1, false);
	/* Looked up meanwhile, it is another node: this one is gone. */
	next = add("a", &st);
	assert_int_not_equal(next, id);
	vfs_inodes_forget(inodes, id, 1, false);
	assert_int_equal(lx_getattr(served.vol, inode->node, &st), 0);
	assert_int_equal(st.size, 5);
	vfs_inode_put(inodes, inode);
	assert_false(known(id));
	assert_true(known(next));
}

static void grows_and_shrinks(void **state)
{
	enum { FILES = 3000 };
	static uint64_t id[FILES];
	static struct lx_stat st[FILES];
	struct share *s = *state;
	unsigned fds = count_fds();
	char name[16];
	uint64_t found;

	/* Hard links would be one inode: these are different files. */
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "%d", i);
		host_file(s->root_fd, name, "");
	}
	for (int round = 0; round < 2; round++) {
		/* Descriptors are short, so a part at a time. */
		for (int i = 0; i < FILES; i++) {
			snprintf(name, sizeof(name), "%d", i);
			id[i] = add(name, &st[i]);
			if (i >= 500)
				vfs_inodes_forget(inodes, id[i - 500], 1,
						  false);
		}
		assert_int_equal(vfs_inodes_count(inodes), 501);
		for (int i = 0; i < FILES; i++) {
			bool here = i >= FILES - 500;

			assert_int_equal(known(id[i]), here);
			assert_int_equal(vfs_inodes_find(inodes, &served,
							 &st[i], &found),
					 here);
			if (here)
				assert_int_equal(found, id[i]);
		}
		vfs_inodes_clear(inodes);
		assert_int_equal(vfs_inodes_count(inodes), 1);
		assert_int_equal(count_fds(), fds);
	}
}

static void there_is_an_end_to_nodes(void **state)
{
	/* Inodes that nobody has: it is only the table that counts. */
	struct lx_stat st = { .mode = LX_S_IFREG | 0600, .mount = 4711 };
	uint64_t id = 0;

	(void)state;
#ifdef __SANITIZE_THREAD__
	skip();         /* it takes long, and is one thread's */
#endif
	for (st.ino = 1; st.ino < VFS_NODES_MAX; st.ino++)
		if (vfs_inodes_add(inodes, &served, NULL, &st, &id))
			fail_msg("no room beside %zu",
				 vfs_inodes_count(inodes));
	assert_true(vfs_inodes_full(inodes));
	assert_int_equal(vfs_inodes_add(inodes, &served, NULL, &st, &id),
			 -LX_ENFILE);
	/* What is known is found, and one that goes makes room. */
	assert_true(known(id));
	assert_true(known(FUSE_ROOT_ID));
	vfs_inodes_forget(inodes, id, 1, false);
	assert_int_equal(vfs_inodes_add(inodes, &served, NULL, &st, &id), 0);
	assert_true(vfs_inodes_full(inodes));
}

static void node_one_may_be_somebody_else_s(void **state)
{
	struct share *s = *state;
	struct vfs_inodes *others;
	struct lx_node *node;
	struct lx_stat st;
	uint64_t id;

	assert_int_equal(vfs_inodes_new(&s->log, VFS_NODES_MAX, &others), 0);
	assert_int_equal(vfs_inodes_skip_root(others), 0);
	assert_null(vfs_inode_get(others, FUSE_ROOT_ID));
	assert_int_equal(lx_volume_root(served.vol, &node, &st), 0);
	assert_int_equal(vfs_inodes_add(others, &served, node, &st, &id), 0);
	assert_int_equal(id, FUSE_ROOT_ID + 1);
	vfs_inodes_clear(others);
	assert_null(vfs_inode_get(others, id));
	vfs_inodes_free(others);
}

static void an_inode_is_small(void **state)
{
	(void)state;
	assert_true(sizeof(struct vfs_inode) <= 96);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(holds_the_root_as_node_one),
		TEST(the_root_is_never_forgotten),
		TEST(finds_an_inode_again),
		TEST(a_number_used_again_is_another_inode),
		TEST(forgetting_too_much_forgets_all),
		TEST(counts_of_lookups_saturate),
		TEST(an_inode_in_use_outlives_its_forget),
		TEST(grows_and_shrinks),
		TEST(there_is_an_end_to_nodes),
		TEST(node_one_may_be_somebody_else_s),
		TEST(an_inode_is_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
