/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_node.h"

#include "tests/unit/lxutil/lx_share.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define DEEP 40

/* Nodes without handles, and files to push others out with. */
static struct share *names_new(struct fixture *fx)
{
	struct share *share = share_new(fx, LX_HANDLES_NEVER, FEW);

	share_fill(share, SOME);
	return share;
}

/* Take the descriptors of all that are not used. */
static void push_out(struct share *share)
{
	struct lx_stat st;

	for (int i = 0; i < 4 * FEW; i++)
		(void)lx_getattr(share->vol, share->node[SOME - 1 - i], &st);
}

static struct lx_node *look(struct share *share, struct lx_node *dir,
			    const char *name, struct lx_stat *ret_st)
{
	struct lx_node *node;

	assert_int_equal(lx_lookup(share->vol, dir, name, &node, ret_st), 0);
	return node;
}

/* What the node answers, which must be the inode that it was. */
static int ask(struct share *share, struct lx_node *node,
	       const struct lx_stat *was)
{
	struct lx_stat st;
	int err = lx_getattr(share->vol, node, &st);

	if (!err)
		assert_int_equal(st.ino, was->ino);
	return err;
}

/* ---- the way ----------------------------------------------------------- */

static void goes_down_from_the_root(void **state)
{
	struct fixture *fx = *state;
	struct share *share = names_new(fx);
	struct lx_node *node[DEEP + 1] = { share->root };
	struct lx_stat st[DEEP + 1];
	char name[LX_NAME_MAX + 1];
	int fd[DEEP + 1] = { fx->fd };

	/* Longer than a path can be. */
	memset(name, 'd', LX_NAME_MAX);
	name[LX_NAME_MAX] = '\0';
	for (int i = 1; i <= DEEP; i++) {
		assert_int_equal(mkdirat(fd[i - 1], name, 0755), 0);
		fd[i] = openat(fd[i - 1], name, O_PATH | O_DIRECTORY);
		assert_true(fd[i] >= 0);
		node[i] = look(share, node[i - 1], name, &st[i]);
	}
	push_out(share);
	for (int i = 1; i <= DEEP; i++)
		assert_int_equal(node[i]->place, LX_OFF_RING);
	assert_int_equal(ask(share, node[DEEP], &st[DEEP]), 0);
	for (int i = 1; i <= DEEP; i++)
		assert_int_equal(ask(share, node[i], &st[i]), 0);
	/* Each is held by those below it. */
	for (int i = 1; i < DEEP; i++)
		lx_node_close(share->vol, node[i]);
	assert_int_equal(share->vol->hints.orphans, DEEP - 1);
	push_out(share);
	assert_int_equal(ask(share, node[DEEP], &st[DEEP]), 0);
	lx_node_close(share->vol, node[DEEP]);
	assert_int_equal(share->vol->hints.orphans, 0);
	for (int i = DEEP; i >= 1; i--) {
		close(fd[i]);
		assert_int_equal(unlinkat(fd[i - 1], name, AT_REMOVEDIR), 0);
	}
	share_free(share);
}

static void the_root_comes_back(void **state)
{
	struct fixture *fx = *state;
	struct share *share = names_new(fx);
	struct lx_stat st;
	int taken = 0;

	while (!lx_fds_reserve(share->vol))
		taken++;
	assert_int_equal(share->root->place, LX_OFF_RING);
	while (taken--)
		lx_fds_release(share->vol);
	assert_int_equal(lx_getattr(share->vol, share->node[0], &st), 0);
	assert_int_equal(share_check(share, 0, "old"), 0);
	push_out(share);
	assert_int_equal(lx_getattr(share->vol, share->root, &st), 0);
	assert_int_equal(st.ino, fixture_stat(fx, ".").st_ino);
	share_free(share);
}

static void symlinks_and_fifos_come_back_unopened(void **state)
{
	struct fixture *fx = *state;
	struct share *share = names_new(fx);
	struct lx_node *link, *fifo;
	struct lx_stat link_st, fifo_st;
	char buf[8];

	assert_int_equal(symlinkat("f0", fx->fd, "link"), 0);
	assert_int_equal(mkfifoat(fx->fd, "fifo", 0600), 0);
	link = look(share, share->root, "link", &link_st);
	fifo = look(share, share->root, "fifo", &fifo_st);
	push_out(share);
	assert_int_equal(link->place, LX_OFF_RING);
	assert_int_equal(ask(share, fifo, &fifo_st), 0);
	assert_int_equal(lx_readlink(share->vol, link, buf, sizeof(buf)), 2);
	assert_memory_equal(buf, "f0", 2);
	lx_node_close(share->vol, link);
	lx_node_close(share->vol, fifo);
	share_free(share);
}

/* ---- the host changes names -------------------------------------------- */

struct tree {
	struct share *share;
	struct lx_node *dir, *file;
	struct lx_stat dir_st, file_st;
};

/* dir/file, without descriptors. */
static struct tree tree_new(struct fixture *fx)
{
	struct tree t = { .share = names_new(fx) };

	assert_int_equal(mkdirat(fx->fd, "dir", 0755), 0);
	fixture_file(fx, "dir/file", "text");
	t.dir = look(t.share, t.share->root, "dir", &t.dir_st);
	t.file = look(t.share, t.dir, "file", &t.file_st);
	push_out(t.share);
	assert_int_equal(t.dir->place, LX_OFF_RING);
	assert_int_equal(t.file->place, LX_OFF_RING);
	return t;
}

static void tree_free(struct tree *t)
{
	lx_node_close(t->share->vol, t->file);
	lx_node_close(t->share->vol, t->dir);
	share_free(t->share);
}

static void what_the_host_moved_is_stale_until_it_is_found(void **state)
{
	struct fixture *fx = *state;
	struct tree t = tree_new(fx);

	assert_int_equal(renameat(fx->fd, "dir", fx->fd, "moved"), 0);
	assert_int_equal(ask(t.share, t.dir, &t.dir_st), -LX_ESTALE);
	assert_int_equal(ask(t.share, t.file, &t.file_st), -LX_ESTALE);
	/* As whoever keeps nodes does when the guest looks it up. */
	lx_node_named(t.share->vol, t.dir, t.share->root, "moved");
	assert_int_equal(ask(t.share, t.file, &t.file_st), 0);
	assert_int_equal(ask(t.share, t.dir, &t.dir_st), 0);
	tree_free(&t);
}

static void what_took_the_name_is_another(void **state)
{
	struct fixture *fx = *state;
	struct tree t = tree_new(fx);

	assert_int_equal(renameat(fx->fd, "dir/file", fx->fd, "away"), 0);
	fixture_file(fx, "dir/file", "other");
	assert_int_equal(ask(t.share, t.file, &t.file_st), -LX_ESTALE);
	/* Nor does a symlink lead there. */
	assert_int_equal(unlinkat(fx->fd, "dir/file", 0), 0);
	assert_int_equal(symlinkat("../away", fx->fd, "dir/file"), 0);
	assert_int_equal(ask(t.share, t.file, &t.file_st), -LX_ESTALE);
	assert_int_equal(renameat(fx->fd, "dir", fx->fd, "real"), 0);
	assert_int_equal(unlinkat(fx->fd, "real/file", 0), 0);
	assert_int_equal(renameat(fx->fd, "away", fx->fd, "real/file"), 0);
	assert_int_equal(symlinkat("real", fx->fd, "dir"), 0);
	assert_int_equal(ask(t.share, t.file, &t.file_st), -LX_ESTALE);
	assert_int_equal(unlinkat(fx->fd, "dir", 0), 0);
	assert_int_equal(renameat(fx->fd, "real", fx->fd, "dir"), 0);
	assert_int_equal(ask(t.share, t.file, &t.file_st), 0);
	tree_free(&t);
}

/* The number is used again at once where the file system does so. */
static void a_later_birth_is_another_inode(void **state)
{
	struct fixture *fx = *state;
	struct tree t = tree_new(fx);
	struct lx_hint *hint = t.file->hint;

	assert_int_equal(ask(t.share, t.file, &t.file_st), 0);
	push_out(t.share);
	hint->btime++;
	assert_int_equal(ask(t.share, t.file, &t.file_st), -LX_ESTALE);
	hint->btime--;
	hint->mount++;
	assert_int_equal(ask(t.share, t.file, &t.file_st), -LX_ESTALE);
	hint->mount--;
	hint->dev++;
	assert_int_equal(ask(t.share, t.file, &t.file_st), -LX_ESTALE);
	hint->dev--;
	assert_int_equal(ask(t.share, t.file, &t.file_st), 0);
	tree_free(&t);
}

static void what_is_open_is_found_whatever_the_host_does(void **state)
{
	struct fixture *fx = *state;
	struct tree t = tree_new(fx);
	struct lx_volume *vol = t.share->vol;
	struct lx_file *file, *second, *dir;

	assert_int_equal(lx_open(vol, t.file, LX_O_RDWR, &file), 0);
	assert_int_equal(lx_open(vol, t.file, LX_O_RDONLY, &second), 0);
	assert_int_equal(lx_opendir(vol, t.dir, &dir), 0);
	push_out(t.share);
	assert_int_equal(t.file->place, LX_OFF_RING);
	assert_int_equal(t.dir->place, LX_OFF_RING);
	assert_int_equal(unlinkat(fx->fd, "dir/file", 0), 0);
	assert_int_equal(unlinkat(fx->fd, "dir", AT_REMOVEDIR), 0);
	lx_file_close(second);
	assert_int_equal(ask(t.share, t.file, &t.file_st), 0);
	assert_int_equal(ask(t.share, t.dir, &t.dir_st), 0);
	push_out(t.share);
	lx_file_close(file);
	lx_file_close(dir);
	assert_int_equal(ask(t.share, t.file, &t.file_st), 0);
	assert_int_equal(ask(t.share, t.dir, &t.dir_st), 0);
	tree_free(&t);
}

/* A guest may forget what it has open. */
static void an_open_file_holds_its_node(void **state)
{
	struct fixture *fx = *state;
	struct tree t = tree_new(fx);
	struct lx_file *file;
	struct lx_stat st;

	assert_int_equal(lx_open(t.share->vol, t.file, LX_O_RDWR, &file), 0);
	lx_node_close(t.share->vol, t.file);
	push_out(t.share);
	assert_int_equal(lx_file_getattr(file, &st), 0);
	lx_node_close(t.share->vol, t.dir);
	assert_int_equal(t.share->vol->hints.orphans, 2);
	lx_file_close(file);
	assert_int_equal(t.share->vol->hints.orphans, 0);
	share_free(t.share);
}

/* ---- the guest does ---------------------------------------------------- */

static void hints_follow_the_guest(void **state)
{
	struct fixture *fx = *state;
	struct tree t = tree_new(fx);
	struct lx_volume *vol = t.share->vol;

	assert_int_equal(lx_rename(vol, t.dir, "file", t.share->root, "new", 0,
				   &fixture_root), 0);
	lx_node_named(vol, t.file, t.share->root, "new");
	push_out(t.share);
	assert_int_equal(t.file->place, LX_OFF_RING);
	assert_int_equal(ask(t.share, t.file, &t.file_st), 0);
	/* A name that it has not. */
	lx_node_unnamed(vol, t.file, t.dir, "file");
	push_out(t.share);
	assert_int_equal(ask(t.share, t.file, &t.file_st), 0);
	/* Without one it stays where it is. */
	lx_node_unnamed(vol, t.file, t.share->root, "new");
	push_out(t.share);
	assert_int_equal(t.file->place, LX_KEPT);
	assert_int_equal(ask(t.share, t.file, &t.file_st), 0);
	lx_node_named(vol, t.file, t.share->root, "new");
	assert_int_equal(t.file->place, LX_ON_RING);
	push_out(t.share);
	assert_int_equal(t.file->place, LX_OFF_RING);
	tree_free(&t);
}

static void directories_outlive_their_owners_for_those_below(void **state)
{
	struct fixture *fx = *state;
	struct tree t = tree_new(fx);

	lx_node_close(t.share->vol, t.dir);
	assert_int_equal(t.share->vol->hints.orphans, 1);
	assert_int_equal(ask(t.share, t.file, &t.file_st), 0);
	push_out(t.share);
	assert_int_equal(ask(t.share, t.file, &t.file_st), 0);
	lx_node_close(t.share->vol, t.file);
	assert_int_equal(t.share->vol->hints.orphans, 0);
	share_free(t.share);
}

/* The host turned the tree upside down; references must not be a ring. */
static void no_directory_is_above_itself(void **state)
{
	struct fixture *fx = *state;
	struct share *share = names_new(fx);
	struct lx_node *a, *b;
	struct lx_stat a_st, b_st;

	assert_int_equal(mkdirat(fx->fd, "a", 0755), 0);
	assert_int_equal(mkdirat(fx->fd, "a/b", 0755), 0);
	a = look(share, share->root, "a", &a_st);
	b = look(share, a, "b", &b_st);
	assert_int_equal(renameat(fx->fd, "a/b", fx->fd, "b"), 0);
	assert_int_equal(renameat(fx->fd, "a", fx->fd, "b/a"), 0);
	lx_node_named(share->vol, a, b, "a");
	assert_ptr_equal(a->hint->parent, b);
	assert_null(b->hint->parent);
	lx_node_named(share->vol, a, a, "a");
	assert_ptr_equal(a->hint->parent, b);
	lx_node_named(share->vol, b, share->root, "b");
	push_out(share);
	assert_int_equal(ask(share, a, &a_st), 0);
	assert_int_equal(ask(share, b, &b_st), 0);
	lx_node_close(share->vol, a);
	lx_node_close(share->vol, b);
	assert_int_equal(share->vol->hints.orphans, 0);
	share_free(share);
}

/* ---- limits ------------------------------------------------------------ */

static void too_many_orphans_end_hints(void **state)
{
	struct fixture *fx = *state;
	struct share *share = names_new(fx);
	struct lx_node *node;
	struct lx_stat st;

	atomic_store(&share->vol->hints.orphans, LX_ORPHANS_MAX);
	node = look(share, share->root, "f0", &st);
	assert_null(node->hint);
	assert_int_equal(node->place, LX_KEPT);
	push_out(share);
	assert_int_equal(ask(share, node, &st), 0);
	lx_node_close(share->vol, node);
	atomic_store(&share->vol->hints.orphans, 0);
	share_free(share);
}

/* Each walk goes 16 such names far. */
static void too_far_below_a_descriptor_is_stale(void **state)
{
	enum { FAR = 16 * LX_WALKS_MAX + 16 };
	struct fixture *fx = *state;
	struct share *share = names_new(fx);
	struct lx_node *node[FAR + 1] = { share->root };
	struct lx_stat st[FAR + 1];
	char name[LX_NAME_MAX + 1];
	int fd[FAR + 1] = { fx->fd };

	memset(name, 'd', LX_NAME_MAX);
	name[LX_NAME_MAX] = '\0';
	for (int i = 1; i <= FAR; i++) {
		assert_int_equal(mkdirat(fd[i - 1], name, 0755), 0);
		fd[i] = openat(fd[i - 1], name, O_PATH | O_DIRECTORY);
		assert_true(fd[i] >= 0);
		node[i] = look(share, node[i - 1], name, &st[i]);
	}
	push_out(share);
	assert_int_equal(ask(share, node[FAR], &st[FAR]), -LX_ESTALE);
	/* Nearer ones are found, and lead on to it. */
	assert_int_equal(ask(share, node[FAR / 2], &st[FAR / 2]), 0);
	assert_int_equal(ask(share, node[FAR], &st[FAR]), 0);
	for (int i = FAR; i >= 1; i--) {
		lx_node_close(share->vol, node[i]);
		close(fd[i]);
		assert_int_equal(unlinkat(fd[i - 1], name, AT_REMOVEDIR), 0);
	}
	share_free(share);
}

static void nodes_and_hints_are_small(void **state)
{
	(void)state;
	assert_true(sizeof(struct lx_node) + sizeof(struct lx_hint) <= 88);
}

static void names_matter_only_where_a_node_has_no_handle(void **state)
{
	struct fixture *fx = *state;
	struct share *share = names_new(fx);

	assert_true(lx_names_matter(share->vol));
	share_free(share);
	share = share_new(fx, LX_HANDLES_PREFER, FEW);
	share_fill(share, SOME);
	assert_int_equal(lx_names_matter(share->vol),
			 share->node[0]->by_name);
	share_free(share);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(goes_down_from_the_root),
		fixture_test(names_matter_only_where_a_node_has_no_handle),
		fixture_test(the_root_comes_back),
		fixture_test(symlinks_and_fifos_come_back_unopened),
		fixture_test(what_the_host_moved_is_stale_until_it_is_found),
		fixture_test(what_took_the_name_is_another),
		fixture_test(a_later_birth_is_another_inode),
		fixture_test(what_is_open_is_found_whatever_the_host_does),
		fixture_test(an_open_file_holds_its_node),
		fixture_test(hints_follow_the_guest),
		fixture_test(directories_outlive_their_owners_for_those_below),
		fixture_test(no_directory_is_above_itself),
		fixture_test(too_many_orphans_end_hints),
		fixture_test(too_far_below_a_descriptor_is_stale),
		fixture_test(nodes_and_hints_are_small),
	};

	lx_thread_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
