/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_node.h"

#include "tests/unit/lxutil/lx_share.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>

/* ---- the host changes things ------------------------------------------- */

static void the_host_renames_replaces_and_deletes_meanwhile(void **state)
{
	struct fixture *fx = *state;
	struct share *share = share_new(fx, LX_HANDLES_PREFER, FEW);
	int stale = 0;

	need_handles(share);
	share_fill(share, SOME);
	for (int i = 0; i < SOME; i++) {
		struct name name = share_name(i);

		if (i % 4 == 1) {
			assert_int_equal(renameat(fx->fd, name.s, fx->fd,
						  "moved"), 0);
			assert_int_equal(renameat(fx->fd, "moved", fx->fd,
						  name.s), 0);
		} else if (i % 4 >= 2) {
			assert_int_equal(unlinkat(fx->fd, name.s, 0), 0);
		}
		/* It may well get the number of the one before. */
		if (i % 4 == 3)
			share_host_file(fx, i, "new");
	}
	for (int i = 0; i < SOME; i++) {
		int err = share_check(share, i, "old");

		/* Those that had their descriptor still are there still. */
		if (i % 4 >= 2 && err) {
			assert_int_equal(err, -LX_ESTALE);
			stale++;
		} else {
			assert_int_equal(err, 0);
		}
	}
	assert_in_range(stale, SOME / 2 - FEW, SOME / 2);
	share_free(share);
}

static bool same(const struct lx_stat *a, const struct lx_stat *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->mount == b->mount;
}

static void a_number_used_again_is_told_by_its_birth(void **state)
{
	struct fixture *fx = *state;
	struct share *share = share_new(fx, LX_HANDLES_PREFER, FEW);
	int again = 0;

	need_handles(share);
	share_fill(share, SOME);
	for (int i = 0; i < SOME; i++) {
		struct lx_stat st;

		if (share_check(share, i, "old"))
			continue;
		/* Evicts it by using the others. */
		for (int j = 0; j < 2 * FEW; j++)
			(void)lx_getattr(share->vol,
					 share->node[(i + j + 1) % SOME], &st);
		assert_int_equal(unlinkat(fx->fd, share_name(i).s, 0), 0);
		share_host_file(fx, i, "new");
		assert_int_equal(lx_stat_name(share->vol, share->root,
					      share_name(i).s, &st), 0);
		if (!same(&st, &share->st[i]))
			continue;
		again++;
		assert_true(st.has_btime);
		assert_true(st.btime.sec != share->st[i].btime.sec ||
			    st.btime.nsec != share->st[i].btime.nsec);
		assert_int_equal(share_check(share, i, "old"), -LX_ESTALE);
	}
	share_free(share);
	if (!again)
		skip();                 /* this file system does not */
}

/* ---- unlinked ---------------------------------------------------------- */

static void an_unlinked_node_that_was_hot_stays(void **state)
{
	struct fixture *fx = *state;
	struct share *share = share_new(fx, LX_HANDLES_PREFER, FEW);

	need_handles(share);
	share_fill(share, SOME);
	assert_int_equal(share_check(share, 0, "old"), 0);
	assert_int_equal(lx_unlink(share->vol, share->root, share_name(0).s),
			 0);
	for (int i = 1; i < SOME; i++)
		assert_int_equal(share_check(share, i, "old"), 0);
	assert_int_equal(share->node[0]->place, LX_KEPT);
	assert_int_equal(share_check(share, 0, "old"), 0);
	/* It has no name still. */
	assert_int_equal(lx_getattr(share->vol, share->node[0],
				    &share->st[0]), 0);
	assert_int_equal(share->st[0].nlink, 0);
	share_free(share);
}

static void an_unnamed_file_that_gets_a_name_can_leave(void **state)
{
	struct fixture *fx = *state;
	struct share *share = share_new(fx, LX_HANDLES_PREFER, FEW);
	struct lx_node *node;
	struct lx_file *file;
	struct lx_stat st;
	int err;

	need_handles(share);
	err = lx_tmpfile(share->vol, share->root, LX_O_RDWR, 0644,
			 &fixture_root, &file, &node, &st);
	if (err == -LX_EOPNOTSUPP) {
		share_free(share);
		skip();
	}
	assert_int_equal(err, 0);
	lx_file_close(file);
	share_fill(share, SOME);
	assert_int_equal(node->place, LX_KEPT);
	assert_int_equal(lx_link(share->vol, node, share->root, "named", &st),
			 0);
	assert_int_equal(node->place, LX_ON_RING);
	for (int i = 0; i < SOME; i++)
		assert_int_equal(share_check(share, i, "old"), 0);
	assert_int_equal(node->place, LX_OFF_RING);
	assert_int_equal(lx_getattr(share->vol, node, &st), 0);
	assert_int_equal(st.nlink, 1);
	lx_node_close(share->vol, node);
	share_free(share);
}

static void an_open_file_outlives_its_node(void **state)
{
	struct fixture *fx = *state;
	struct share *share = share_new(fx, LX_HANDLES_PREFER, FEW);
	struct lx_file *file;
	struct lx_stat st;
	char buf[8];

	need_handles(share);
	share_fill(share, SOME);
	assert_int_equal(lx_open(share->vol, share->node[0], LX_O_RDWR,
				 &file), 0);
	for (int i = 1; i < SOME; i++)
		assert_int_equal(share_check(share, i, "old"), 0);
	assert_int_equal(unlinkat(fx->fd, share_name(0).s, 0), 0);
	assert_int_equal(lx_file_getattr(file, &st), 0);
	assert_int_equal(st.nlink, 0);
	assert_int_equal(fixture_read(file, buf, sizeof(buf), 0), 5);
	/* And brings it back. */
	assert_int_equal(lx_getattr(share->vol, share->node[0], &st), 0);
	assert_int_equal(st.nlink, 0);
	lx_file_close(file);
	assert_int_equal(lx_getattr(share->vol, share->node[0], &st), 0);
	share_free(share);
}

/* ---- every type -------------------------------------------------------- */

static void directories_symlinks_and_fifos_come_back(void **state)
{
	struct fixture *fx = *state;
	struct share *share = share_new(fx, LX_HANDLES_MANDATORY, FEW);
	struct lx_node *dir, *link, *fifo, *deep, *made;
	struct lx_stat st, fifo_st;
	struct lx_file *file;
	char buf[8];

	assert_int_equal(mkdirat(fx->fd, "dir", 0755), 0);
	fixture_file(fx, "dir/deep", "deep");
	assert_int_equal(symlinkat("target", fx->fd, "link"), 0);
	assert_int_equal(mkfifoat(fx->fd, "fifo", 0600), 0);
	assert_int_equal(lx_lookup(share->vol, share->root, "dir", &dir, &st),
			 0);
	assert_int_equal(lx_lookup(share->vol, dir, "deep", &deep, &st), 0);
	assert_int_equal(lx_lookup(share->vol, share->root, "link", &link,
				   &st), 0);
	assert_int_equal(lx_lookup(share->vol, share->root, "fifo", &fifo,
				   &fifo_st), 0);
	share_fill(share, SOME);
	assert_int_equal(dir->place, LX_OFF_RING);
	assert_int_equal(renameat(fx->fd, "dir", fx->fd, "moved"), 0);

	assert_int_equal(lx_readlink(share->vol, link, buf, sizeof(buf)), 6);
	assert_memory_equal(buf, "target", 6);
	assert_int_equal(lx_getattr(share->vol, fifo, &st), 0);
	assert_int_equal(st.ino, fifo_st.ino);
	assert_int_equal(lx_open(share->vol, fifo, LX_O_RDONLY, &file),
			 -LX_ENXIO);
	assert_int_equal(lx_mkdir(share->vol, dir, "made", 0755, &fixture_root,
				  &made, &st), 0);
	lx_node_close(share->vol, made);
	assert_int_equal(faccessat(fx->fd, "moved/made", F_OK, 0), 0);
	assert_int_equal(lx_rename(share->vol, dir, "deep", share->root,
				   "shallow", 0, &fixture_root), 0);
	assert_int_equal(lx_link(share->vol, deep, dir, "again", &st), 0);
	assert_int_equal(st.nlink, 2);
	assert_int_equal(lx_setxattr(share->vol, deep, "trusted.a", "b", 1, 0),
			 0);
	assert_int_equal(lx_getxattr(share->vol, deep, "trusted.a", buf,
				     sizeof(buf)), 1);
	lx_node_close(share->vol, dir);
	lx_node_close(share->vol, link);
	lx_node_close(share->vol, fifo);
	lx_node_close(share->vol, deep);
	share_free(share);
}

/* ---- privilege and mounts ---------------------------------------------- */

struct unprivileged {
	const char *path;
	const struct log *log;
	int prefer, mandatory;
	bool handles;
};

static void open_volumes(void *arg)
{
	struct unprivileged *u = arg;
	struct lx_volume_options options = { .read_only = true };
	struct lx_volume *vol;

	u->prefer = lx_volume_open(u->path, &options, u->log, &vol);
	if (!u->prefer) {
		u->handles = vol->mount && vol->mount->fd >= 0;
		lx_volume_close(vol);
	}
	options.inode_file_handles = LX_HANDLES_MANDATORY;
	u->mandatory = lx_volume_open(u->path, &options, u->log, &vol);
}

static void without_privilege_there_are_no_handles(void **state)
{
	struct fixture *fx = *state;
	struct unprivileged u = { fx->path, &fx->log, -1, -1, true };

	need_root();
	fixture_as_user(open_volumes, &u);
	assert_int_equal(u.prefer, 0);
	assert_false(u.handles);
	assert_int_equal(u.mandatory, -LX_EOPNOTSUPP);
}

static void the_host_can_unmount_what_is_forgotten(void **state)
{
	struct fixture *fx = *state;
	struct share *share = share_new(fx, LX_HANDLES_PREFER, FEW);
	struct lx_node *dir, *node;
	struct lx_stat st;
	char path[64];

	snprintf(path, sizeof(path), "%s/mnt", fx->path);
	assert_int_equal(mkdir(path, 0755), 0);
	if (mount("none", path, "tmpfs", 0, NULL)) {
		share_free(share);
		skip();
	}
	fixture_file(fx, "mnt/f", "there");
	assert_int_equal(lx_lookup(share->vol, share->root, "mnt", &dir, &st),
			 0);
	assert_int_equal(lx_lookup(share->vol, dir, "f", &node, &st), 0);
	share_fill(share, SOME);
	assert_int_equal(lx_getattr(share->vol, node, &st), 0);
	assert_int_equal(st.ino, fixture_stat(fx, "mnt/f").st_ino);
	assert_int_not_equal(st.mount, share->st[0].mount);
	assert_int_equal(umount2(path, 0), -1);
	assert_int_equal(errno, EBUSY);
	lx_node_close(share->vol, node);
	lx_node_close(share->vol, dir);
	assert_int_equal(umount2(path, 0), 0);
	share_free(share);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(the_host_renames_replaces_and_deletes_meanwhile),
		fixture_test(a_number_used_again_is_told_by_its_birth),
		fixture_test(an_unlinked_node_that_was_hot_stays),
		fixture_test(an_unnamed_file_that_gets_a_name_can_leave),
		fixture_test(an_open_file_outlives_its_node),
		fixture_test(directories_symlinks_and_fifos_come_back),
		fixture_test(without_privilege_there_are_no_handles),
		fixture_test(the_host_can_unmount_what_is_forgotten),
	};

	/* Handles are for root. */
	if (geteuid())
		return 77;
	lx_thread_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
