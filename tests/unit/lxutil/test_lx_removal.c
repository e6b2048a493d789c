/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_node.h"

#include "tests/unit/lxutil/lx_share.h"

#include <fcntl.h>
#include <pthread.h>

static void names_matter_from_the_first_eviction_on(void **state)
{
	struct fixture *fx = *state;
	struct share *share = share_new(fx, LX_HANDLES_PREFER, FEW);
	bool tell;

	need_handles(share);
	share_fill(share, FEW / 2);
	tell = lx_removal_begin(share->vol);
	assert_false(tell);
	assert_int_equal(share->vol->removals.untold, 1);
	lx_removal_end(share->vol, tell);
	for (int i = FEW / 2; i < SOME; i++) {
		share_host_file(fx, i, "old");
		assert_int_equal(share_look(share, i), 0);
		share->files++;
	}
	tell = lx_removal_begin(share->vol);
	assert_true(tell);
	lx_removal_end(share->vol, tell);
	assert_int_equal(share->vol->removals.untold, 0);
	share_free(share);
}

static void names_always_matter_where_nodes_come_back_by_them(void **state)
{
	struct fixture *fx = *state;
	struct share *share = share_new(fx, LX_HANDLES_NEVER, FEW);
	bool tell = lx_removal_begin(share->vol);

	/* The root has no name. */
	assert_false(tell);
	lx_removal_end(share->vol, tell);
	share_fill(share, 1);
	tell = lx_removal_begin(share->vol);
	assert_true(tell);
	lx_removal_end(share->vol, tell);
	share_free(share);
}

static void *evict(void *arg)
{
	struct share *share = arg;

	lx_removal_tell(share->vol);
	return NULL;
}

static void the_first_eviction_waits_for_removals(void **state)
{
	struct fixture *fx = *state;
	struct share *share = share_new(fx, LX_HANDLES_PREFER, FEW);
	struct timespec past = { .tv_sec = 1 };
	bool tell = lx_removal_begin(share->vol);
	pthread_t thread;

	assert_false(tell);
	assert_int_equal(pthread_create(&thread, NULL, evict, share), 0);
	while (!atomic_load(&share->vol->removals.tell))
		usleep(1000);
	assert_int_not_equal(pthread_timedjoin_np(thread, NULL, &past), 0);
	lx_removal_end(share->vol, tell);
	assert_int_equal(pthread_join(thread, NULL), 0);
	share_free(share);
}

/* The guest uses all the others, removes file 0, and uses the others again. */
static void remove_cold(struct fixture *fx, enum lx_handles handles,
			bool hold)
{
	struct share *share = share_new(fx, handles, FEW);

	share_fill(share, SOME);
	assert_int_equal(share->node[0]->place, LX_OFF_RING);
	if (hold)
		assert_int_equal(lx_node_hold(share->vol, share->node[0]), 0);
	assert_int_equal(lx_unlink(share->vol, share->root, share_name(0).s),
			 0);
	lx_node_unnamed(share->vol, share->node[0], share->root,
			share_name(0).s);
	if (hold)
		lx_node_release(share->vol, share->node[0]);
	for (int i = 1; i < SOME; i++)
		assert_int_equal(share_check(share, i, "old"), 0);
	assert_int_equal(share_check(share, 0, "old"), hold ? 0 : -LX_ESTALE);
	share_free(share);
}

static void what_is_held_outlives_its_name(void **state)
{
	remove_cold(*state, LX_HANDLES_PREFER, true);
	remove_cold(*state, LX_HANDLES_NEVER, true);
}

static void what_is_not_held_goes_with_it(void **state)
{
	remove_cold(*state, LX_HANDLES_PREFER, false);
	remove_cold(*state, LX_HANDLES_NEVER, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(names_matter_from_the_first_eviction_on),
		fixture_test(names_always_matter_where_nodes_come_back_by_them),
		fixture_test(the_first_eviction_waits_for_removals),
		fixture_test(what_is_held_outlives_its_name),
		fixture_test(what_is_not_held_goes_with_it),
	};

	/* Handles are for root. */
	if (geteuid())
		return 77;
	lx_thread_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
