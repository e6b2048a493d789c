/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_node.h"

#include "tests/unit/lxutil/lx_share.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>

/* ---- more inodes than descriptors -------------------------------------- */

static void hold_more(struct fixture *fx, enum lx_handles handles)
{
	struct rlimit old, limit;
	struct share *share;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	limit = old;
	limit.rlim_cur = 256;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	share = share_new(fx, handles, 0);
	assert_int_equal(share->vol->fds.max, 128);
	share_fill(share, FILES);
	for (int i = 0; i < FILES; i++)
		assert_int_equal(share_check(share, i, "old"), 0);
	assert_true(count_fds() < 160);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	share_free(share);
}

static void holds_more_nodes_than_the_process_may_have_files(void **state)
{
	hold_more(*state, LX_HANDLES_PREFER);
}

static void holds_as_many_without_handles(void **state)
{
	hold_more(*state, LX_HANDLES_NEVER);
}

/* ---- limits and policies ----------------------------------------------- */

static void the_limit_is_an_error_where_no_node_can_leave(void **state)
{
	struct fixture *fx = *state;
	struct share *share = share_new(fx, LX_HANDLES_NEVER, FEW);
	struct lx_file *file = (void *)fx;
	struct lx_node *node = (void *)fx;
	struct lx_stat st;

	assert_null(share->vol->mount);
	for (int i = 0; i < FEW; i++)
		share_host_file(fx, i, "old");
	/* One is the root's.  All are in use. */
	for (int i = 0; i < FEW - 1; i++) {
		assert_int_equal(share_look(share, i), 0);
		share->files++;
		assert_int_equal(lx_node_hold(share->vol, share->node[i]), 0);
	}
	assert_int_equal(lx_node_hold(share->vol, share->root), 0);
	assert_int_equal(share_look(share, FEW - 1), -LX_ENFILE);
	assert_int_equal(lx_open(share->vol, share->node[0], LX_O_RDONLY,
				 &file), -LX_ENFILE);
	assert_int_equal(lx_opendir(share->vol, share->root, &file),
			 -LX_ENFILE);
	assert_int_equal(lx_mkdir(share->vol, share->root, "dir", 0755,
				  &fixture_root, &node, &st), -LX_ENFILE);
	assert_int_equal(faccessat(fx->fd, "dir", F_OK, 0), -1);
	share->files--;
	lx_node_release(share->vol, share->node[share->files]);
	lx_node_close(share->vol, share->node[share->files]);
	/* A new file wants two. */
	assert_int_equal(lx_create(share->vol, share->root, "new", LX_O_RDWR,
				   0644, &fixture_root, &file, &node, &st),
			 -LX_ENFILE);
	assert_int_equal(faccessat(fx->fd, "new", F_OK, 0), -1);
	assert_ptr_equal(file, fx);
	assert_ptr_equal(node, fx);
	/* They hold what they were given for. */
	share->files--;
	lx_node_release(share->vol, share->node[share->files]);
	lx_node_close(share->vol, share->node[share->files]);
	assert_int_equal(share_check(share, 0, "old"), 0);
	for (int i = 0; i < share->files; i++)
		lx_node_release(share->vol, share->node[i]);
	lx_node_release(share->vol, share->root);
	share_free(share);
}

/*
 * The host removes all that the guest has looked at last, and the guest, which
 * does not know, looks for more.
 */
static void without_names(struct fixture *fx, enum lx_handles handles)
{
	struct share *share = share_new(fx, handles, FEW);
	struct lx_file *file;
	struct lx_stat st;
	int stale = 0;

	for (int i = 0; i < SOME; i++)
		share_host_file(fx, i, "old");
	for (int i = 0; i < FEW; i++) {
		assert_int_equal(share_look(share, i), 0);
		share->files++;
	}
	assert_int_equal(lx_open(share->vol, share->node[1], LX_O_RDONLY,
				 &file), 0);
	for (int i = 0; i < FEW; i++) {
		assert_int_equal(lx_getattr(share->vol, share->node[i], &st),
				 0);
		assert_int_equal(unlinkat(fx->fd, share_name(i).s, 0), 0);
	}
	for (int i = FEW; i < SOME; i++) {
		assert_int_equal(share_look(share, i), 0);
		share->files++;
	}
	for (int i = 0; i < SOME; i++)
		stale += lx_getattr(share->vol, share->node[i], &st) ==
			 -LX_ESTALE;
	/* All but those that were in nobody's way, and the one that is open. */
	assert_in_range(stale, 1, FEW - 1);
	assert_int_equal(lx_getattr(share->vol, share->node[1], &st), 0);
	assert_int_equal(st.nlink, 0);
	assert_int_equal(fixture_read(file, (char[8]){ 0 }, 8, 0), 5);
	lx_file_close(file);
	share_free(share);
}

static void nodes_without_names_make_room_for_others(void **state)
{
	without_names(*state, LX_HANDLES_PREFER);
}

static void those_without_handles_too(void **state)
{
	without_names(*state, LX_HANDLES_NEVER);
}

static void open_files_push_nodes_out(void **state)
{
	struct fixture *fx = *state;
	struct share *share = share_new(fx, LX_HANDLES_PREFER, FEW);
	struct lx_file *file[FEW];
	int before = count_fds(), open = 0, err = 0;

	need_handles(share);
	share_fill(share, SOME);
	assert_in_range(count_fds(), before, before + FEW);
	for (; open < FEW; open++) {
		err = lx_open(share->vol, share->node[open], LX_O_RDONLY,
			      &file[open]);
		if (err)
			break;
	}
	/* And leave them some. */
	assert_int_equal(err, -LX_ENFILE);
	assert_int_equal(open, FEW - FEW / 4);
	assert_in_range(count_fds(), before, before + FEW);
	for (int i = 0; i < SOME; i++)
		assert_int_equal(lx_getattr(share->vol, share->node[i],
					    &share->st[i]), 0);
	while (open)
		lx_file_close(file[--open]);
	for (int i = 0; i < SOME; i++)
		assert_int_equal(share_check(share, i, "old"), 0);
	share_free(share);
}

static void where_the_process_runs_out_nodes_give_way(void **state)
{
	struct fixture *fx = *state;
	struct share *share = share_new(fx, LX_HANDLES_PREFER, 4096);
	struct rlimit old, limit;
	int err = 0;

	need_handles(share);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	limit = old;
	limit.rlim_cur = 64;
	for (int i = 0; i < SOME; i++)
		share_host_file(fx, i, "old");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int i = 0; i < SOME && !err; i++) {
		err = share_look(share, i);
		share->files += !err;
	}
	for (int i = 0; i < share->files && !err; i++)
		err = share_check(share, i, "old");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(err, 0);
	assert_int_equal(share->files, SOME);
	share_free(share);
}

/* ---- threads ----------------------------------------------------------- */

struct job {
	struct share *share;
	unsigned seed;
	int err;
};

/* Looks up, uses and forgets, with nodes of its own and shared ones. */
static void *hammer(void *arg)
{
	struct job *job = arg;
	struct share *share = job->share;

	/* Half of them mark what they use, the others count. */
	marks_thread_init(job->seed & 1 ? job->seed : MARKS_LINES);
	for (int n = 0; n < 4000 && !job->err; n++) {
		int i = rand_r(&job->seed) % SOME;
		struct lx_node *node;
		struct lx_stat st;

		job->err = share_check(share, i, "old");
		if (job->err)
			break;
		i = rand_r(&job->seed) % SOME;
		job->err = lx_lookup(share->vol, share->root, share_name(i).s,
				     &node, &st);
		if (job->err)
			break;
		if (st.ino != share->st[i].ino)
			job->err = -LX_EIO;
		lx_node_close(share->vol, node);
	}
	return NULL;
}

static void take_turns(struct fixture *fx, enum lx_handles handles)
{
	/* More than all of them pin at a time. */
	struct share *share = share_new(fx, handles, 2 * FEW);
	struct job jobs[4];
	pthread_t threads[4];

	share_fill(share, SOME);
	for (int i = 0; i < 4; i++) {
		jobs[i] = (struct job){ share, (unsigned)i, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, hammer,
						&jobs[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(jobs[i].err, 0);
	}
	share_free(share);
}

static void threads_take_turns(void **state)
{
	take_turns(*state, LX_HANDLES_PREFER);
}

static void threads_take_turns_without_handles(void **state)
{
	take_turns(*state, LX_HANDLES_NEVER);
}

static void *release_soon(void *arg)
{
	const struct share *share = arg;

	usleep(200);
	lx_node_release(share->vol, share->node[0]);
	return NULL;
}

/* As when a guest asks by a handle for what it forgets at that moment. */
static void parks_what_somebody_uses_for_a_moment(void **state)
{
	struct fixture *fx = *state;
	struct share *share = share_new(fx, LX_HANDLES_PREFER, 0);
	bool parked = false;
	pthread_t user;

	share_host_file(fx, 0, "old");
	assert_int_equal(share_look(share, 0), 0);
	share->files++;
	assert_int_equal(lx_node_hold(share->vol, share->node[0]), 0);
	/* Not for ever, though. */
	assert_false(lx_node_park(share->vol, share->node[0]));
	lx_node_release(share->vol, share->node[0]);
	/* On a busy machine the moment may be a long one. */
	for (int i = 0; i < 5 && !parked; i++) {
		assert_int_equal(lx_node_hold(share->vol, share->node[0]), 0);
		pthread_create(&user, NULL, release_soon, share);
		parked = lx_node_park(share->vol, share->node[0]);
		pthread_join(user, NULL);
	}
	assert_true(parked);
	assert_int_equal(share_check(share, 0, "old"), 0);
	share_free(share);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(holds_more_nodes_than_the_process_may_have_files),
		fixture_test(holds_as_many_without_handles),
		fixture_test(the_limit_is_an_error_where_no_node_can_leave),
		fixture_test(nodes_without_names_make_room_for_others),
		fixture_test(those_without_handles_too),
		fixture_test(open_files_push_nodes_out),
		fixture_test(where_the_process_runs_out_nodes_give_way),
		fixture_test(parks_what_somebody_uses_for_a_moment),
		fixture_test(threads_take_turns),
		fixture_test(threads_take_turns_without_handles),
	};

	/* Handles are for root. */
	if (geteuid())
		return 77;
	lx_thread_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
