/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_node.h"

#include "tests/unit/lxutil/lx_fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>

static const struct lx_caller *const who = &fixture_root;

/* From now on `free` more descriptors can be had, of the `old` limit. */
static void leave_descriptors(struct fixture *fx, const struct rlimit *old,
			      rlim_t free)
{
	struct rlimit limit = *old;
	int fd;

	assert_int_equal(setrlimit(RLIMIT_NOFILE, old), 0);
	fd = fcntl(fx->fd, F_DUPFD_CLOEXEC, 0);
	assert_true(fd >= 0);
	close(fd);
	limit.rlim_cur = (rlim_t)fd + free;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void a_full_descriptor_table_is_an_error(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node = (void *)fx;
	struct lx_file *file = (void *)fx;
	struct lx_stat st = { .ino = 42 };
	int spare = lx_spare_take(fx->vol);
	struct rlimit old;

	assert_true(spare >= 0);
	fixture_file(fx, "f", NULL);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	leave_descriptors(fx, &old, 0);
	assert_int_equal(lx_lookup(fx->vol, fx->root, "f", &node, &st),
			 -LX_EMFILE);
	assert_int_equal(lx_volume_root(fx->vol, &node, &st), -LX_EMFILE);
	assert_int_equal(lx_opendir(fx->vol, fx->root, &file), -LX_EMFILE);
	assert_int_equal(lx_syncfs(fx->vol, fx->root), -LX_EMFILE);
	/* Enough for the file, and not for the node; and the reverse. */
	leave_descriptors(fx, &old, 1);
	assert_int_equal(lx_create(fx->vol, fx->root, "g", LX_O_RDWR, 0644,
				   who, &file, &node, &st), -LX_EMFILE);
	assert_int_equal(lx_tmpfile(fx->vol, fx->root, LX_O_RDWR, 0644,
				    who, &file, &node, &st), -LX_EMFILE);
	assert_int_equal(lx_create(fx->vol, fx->root, "f", LX_O_RDWR, 0644,
				   who, &file, &node, &st), -LX_EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_ptr_equal(node, fx);
	assert_ptr_equal(file, fx);
	assert_int_equal(st.ino, 42);
	assert_int_equal(faccessat(fx->fd, "g", F_OK, 0), -1);
	lx_spare_put(fx->vol, spare);
}

/* Creates "x" in one way or another. */
static int create(struct fixture *fx, int way, struct lx_node **ret_node)
{
	struct lx_file *file;
	struct lx_stat st;
	int err;

	switch (way) {
	case 0:
		return lx_mkdir(fx->vol, fx->root, "x", 0755, who, ret_node,
				&st);
	case 1:
		return lx_mknod(fx->vol, fx->root, "x", LX_S_IFIFO | 0644, 0,
				0, who, ret_node, &st);
	case 2:
		return lx_symlink(fx->vol, fx->root, "x", "target", who,
				  ret_node, &st);
	default:
		err = lx_create(fx->vol, fx->root, "x", LX_O_RDWR | LX_O_EXCL,
				0644, who, &file, ret_node, &st);
		if (!err)
			lx_file_close(file);
		return err;
	}
}

static void remove_x(struct fixture *fx)
{
	if (unlinkat(fx->fd, "x", 0))
		assert_int_equal(unlinkat(fx->fd, "x", AT_REMOVEDIR), 0);
}

static void what_fails_for_want_of_descriptors_leaves_no_name(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node;
	struct rlimit old;
	int done = 0;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	for (int way = 0; way < 4; way++) {
		for (rlim_t free = 0; free < 3; free++) {
			int err;

			leave_descriptors(fx, &old, free);
			err = create(fx, way, &node);
			if (err) {
				assert_int_equal(err, -LX_EMFILE);
				assert_int_equal(faccessat(fx->fd, "x", F_OK,
						AT_SYMLINK_NOFOLLOW), -1);
				continue;
			}
			lx_node_close(fx->vol, node);
			remove_x(fx);
			done++;
		}
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	/* Two are always enough. */
	assert_true(done >= 4);
}

static void the_one_in_reserve_makes_the_node(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node;
	struct rlimit old;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	leave_descriptors(fx, &old, 0);
	assert_int_equal(create(fx, 0, &node), 0);
	/* That was it. */
	lx_node_close(fx->vol, node);
	remove_x(fx);
	leave_descriptors(fx, &old, 0);
	assert_int_equal(create(fx, 0, &node), -LX_EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

static void a_volume_keeps_a_few(void **state)
{
	struct fixture *fx = *state;
	int before = count_fds() - 1;
	int spare[LX_SPARES + 3];

	for (int i = 0; i < LX_SPARES + 3; i++) {
		spare[i] = lx_spare_take(fx->vol);
		assert_true(spare[i] >= 0);
		assert_int_equal(fcntl(spare[i], F_GETFD), FD_CLOEXEC);
	}
	for (int i = 0; i < LX_SPARES + 3; i++)
		lx_spare_put(fx->vol, spare[i]);
	lx_spare_put(fx->vol, -1);
	assert_int_equal(count_fds(), before + LX_SPARES);
	/* And uses them again. */
	spare[0] = lx_spare_take(fx->vol);
	assert_true(spare[0] >= 0);
	assert_int_equal(count_fds(), before + LX_SPARES);
	lx_spare_put(fx->vol, spare[0]);
}

static void other_errors_leave_it_alone(void **state)
{
	struct fixture *fx = *state;
	int spare = lx_spare_take(fx->vol), fd;
	const int before = spare;

	assert_int_equal(lx_spare_openat(&spare, fx->fd, "missing", O_PATH),
			 -LX_ENOENT);
	assert_int_equal(spare, before);
	fd = lx_spare_openat(&spare, fx->fd, ".", O_PATH | O_CLOEXEC);
	assert_true(fd >= 0 && fd != before);
	assert_int_equal(spare, before);
	close(fd);
	lx_spare_put(fx->vol, spare);
}

static void *take_and_put(void *vol)
{
	for (int i = 0; i < 2000; i++) {
		int fd = lx_spare_take(vol);

		/* Nobody else holds it, hence it is open. */
		if (fd < 0 || fcntl(fd, F_GETFD) < 0)
			return vol;
		lx_spare_put(vol, fd);
	}
	return NULL;
}

static void threads_do_not_share_one(void **state)
{
	struct fixture *fx = *state;
	pthread_t threads[4];
	void *failed;

	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
						take_and_put, fx->vol), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(a_full_descriptor_table_is_an_error),
		fixture_test(
			what_fails_for_want_of_descriptors_leaves_no_name),
		fixture_test(the_one_in_reserve_makes_the_node),
		fixture_test(a_volume_keeps_a_few),
		fixture_test(other_errors_leave_it_alone),
		fixture_test(threads_do_not_share_one),
	};

	lx_thread_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
