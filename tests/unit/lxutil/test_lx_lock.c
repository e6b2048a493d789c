/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_node.h"

#include "tests/unit/lxutil/lx_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>

#define TO_EOF (UINT64_MAX >> 1)

static struct lx_file *owner(struct fixture *fx)
{
	struct lx_node *node = fixture_lookup(fx, "f");
	struct lx_file *file;

	assert_int_equal(lx_open_for_locks(fx->vol, node, &file), 0);
	lx_node_close(fx->vol, node);
	return file;
}

static int lock(struct lx_file *file, uint32_t type, uint64_t start,
		uint64_t end)
{
	const struct lx_lock lock = { .start = start, .end = end,
				      .type = type };

	return lx_setlk(file, &lock);
}

/* What stands against a write lock of [start, end]. */
static struct lx_lock blocker(struct lx_file *file, uint64_t start,
			      uint64_t end)
{
	const struct lx_lock lock = { .start = start, .end = end,
				      .type = LX_F_WRLCK, .pid = 77 };
	struct lx_lock found;

	assert_int_equal(lx_getlk(file, &lock, &found), 0);
	return found;
}

static void is_lock(struct lx_lock found, uint32_t type, uint64_t start,
		    uint64_t end)
{
	assert_int_equal(found.type, type);
	assert_int_equal(found.start, start);
	assert_int_equal(found.end, end);
	assert_int_equal(found.pid, 0);
}

static void owners_exclude_each_other_by_ranges(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *a, *b;

	fixture_file(fx, "f", "text");
	a = owner(fx);
	b = owner(fx);
	assert_int_equal(lock(a, LX_F_WRLCK, 10, 19), 0);
	assert_int_equal(lock(b, LX_F_WRLCK, 19, 19), -LX_EAGAIN);
	assert_int_equal(lock(b, LX_F_RDLCK, 0, 10), -LX_EAGAIN);
	assert_int_equal(lock(b, LX_F_WRLCK, 20, TO_EOF), 0);
	assert_int_equal(lock(b, LX_F_WRLCK, 0, 9), 0);
	is_lock(blocker(b, 0, TO_EOF), LX_F_WRLCK, 10, 19);
	is_lock(blocker(a, 15, TO_EOF), LX_F_WRLCK, 20, TO_EOF);
	is_lock(blocker(a, 10, 19), LX_F_UNLCK, 10, 19);
	/* A part given back, a part made weaker. */
	assert_int_equal(lock(a, LX_F_UNLCK, 12, 13), 0);
	assert_int_equal(lock(b, LX_F_WRLCK, 12, 13), 0);
	assert_int_equal(lock(a, LX_F_RDLCK, 10, 10), 0);
	assert_int_equal(lock(b, LX_F_RDLCK, 10, 10), 0);
	assert_int_equal(lock(b, LX_F_WRLCK, 10, 10), -LX_EAGAIN);
	/* Closing drops what is left. */
	lx_file_close(a);
	assert_int_equal(lock(b, LX_F_WRLCK, 0, TO_EOF), 0);
	lx_file_close(b);
}

static void the_ends_of_the_world_can_be_locked(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *a, *b;

	fixture_file(fx, "f", NULL);
	a = owner(fx);
	b = owner(fx);
	assert_int_equal(lock(a, LX_F_WRLCK, TO_EOF, TO_EOF), 0);
	is_lock(blocker(b, 0, TO_EOF), LX_F_WRLCK, TO_EOF, TO_EOF);
	assert_int_equal(lock(a, LX_F_WRLCK, TO_EOF - 1, TO_EOF - 1), 0);
	is_lock(blocker(b, 0, TO_EOF - 1), LX_F_WRLCK, TO_EOF - 1, TO_EOF);
	assert_int_equal(lock(b, LX_F_WRLCK, 0, TO_EOF - 2), 0);
	is_lock(blocker(a, 0, 0), LX_F_WRLCK, 0, TO_EOF - 2);
	lx_file_close(a);
	lx_file_close(b);
}

static void what_is_no_lock_is_refused(void **state)
{
	static const struct lx_lock bad[] = {
		{ .start = 0, .end = 0, .type = 3 },
		{ .start = 0, .end = 0, .type = UINT32_MAX },
		{ .start = 2, .end = 1, .type = LX_F_WRLCK },
		{ .start = 0, .end = TO_EOF + 1, .type = LX_F_WRLCK },
		{ .start = 0, .end = UINT64_MAX, .type = LX_F_WRLCK },
		{ .start = UINT64_MAX, .end = UINT64_MAX, .type = LX_F_WRLCK },
		{ .start = UINT64_MAX, .end = 0, .type = LX_F_UNLCK },
	};
	const struct lx_lock unlock = { .end = 1, .type = LX_F_UNLCK };
	struct fixture *fx = *state;
	struct lx_lock found = { .pid = 42 };
	struct lx_file *file;

	fixture_file(fx, "f", NULL);
	file = owner(fx);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(lx_setlk(file, &bad[i]), -LX_EINVAL);
		assert_int_equal(lx_getlk(file, &bad[i], &found), -LX_EINVAL);
	}
	assert_int_equal(lx_getlk(file, &unlock, &found), -LX_EINVAL);
	assert_int_equal(found.pid, 42);
	assert_int_equal(lx_flock(file, 3), -LX_EINVAL);
	assert_int_equal(lx_flock(file, UINT32_MAX), -LX_EINVAL);
	lx_file_close(file);
}

/* Another process of the host takes a POSIX lock; returns its pid. */
static pid_t host_lock(struct fixture *fx, int *ret_pipe)
{
	int ready[2], done[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(done), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct flock lock = { .l_type = F_WRLCK, .l_start = 5,
				      .l_len = 2 };
		int fd = openat(fx->fd, "f", O_RDWR);

		close(done[1]);
		if (fcntl(fd, F_SETLK, &lock) || write(ready[1], "x", 1) != 1)
			_exit(1);
		_exit(read(done[0], &c, 1) != 0);
	}
	close(done[0]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	*ret_pipe = done[1];
	return pid;
}

static void the_hosts_locks_count_and_ours_for_the_host(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file;
	struct lx_lock found;
	int fd, end, status;
	pid_t pid;

	fixture_file(fx, "f", "text");
	file = owner(fx);
	pid = host_lock(fx, &end);
	assert_int_equal(lock(file, LX_F_RDLCK, 6, 6), -LX_EAGAIN);
	found = blocker(file, 0, TO_EOF);
	assert_int_equal(found.type, LX_F_WRLCK);
	assert_int_equal(found.start, 5);
	assert_int_equal(found.end, 6);
	assert_int_equal(found.pid, pid);
	close(end);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(lock(file, LX_F_RDLCK, 6, 6), 0);

	fd = openat(fx->fd, "f", O_RDWR | O_CLOEXEC);
	assert_int_equal(fcntl(fd, F_SETLK, &(struct flock){
				 .l_type = F_WRLCK, .l_start = 6 }), -1);
	assert_int_equal(errno, EAGAIN);
	close(fd);
	lx_file_close(file);
}

static void flock_is_shared_exclusive_or_none(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *a, *b;
	int fd;

	fixture_file(fx, "f", NULL);
	a = owner(fx);
	b = owner(fx);
	fd = openat(fx->fd, "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(lx_flock(a, LX_F_RDLCK), 0);
	assert_int_equal(lx_flock(b, LX_F_RDLCK), 0);
	assert_int_equal(lx_flock(b, LX_F_WRLCK), -LX_EAGAIN);
	assert_int_equal(lx_flock(a, LX_F_UNLCK), 0);
	assert_int_equal(lx_flock(b, LX_F_WRLCK), 0);
	assert_int_equal(lx_flock(a, LX_F_RDLCK), -LX_EAGAIN);
	assert_int_equal(flock(fd, LOCK_SH | LOCK_NB), -1);
	/* The two kinds know nothing of each other. */
	assert_int_equal(lock(a, LX_F_WRLCK, 0, TO_EOF), 0);
	lx_file_close(b);
	assert_int_equal(flock(fd, LOCK_SH | LOCK_NB), 0);
	close(fd);
	lx_file_close(a);
}

static int mode_of(struct lx_file *file)
{
	return fcntl(file->fd, F_GETFL) & O_ACCMODE;
}

static void a_read_only_volume_locks_for_reading(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node = fixture_create(fx, "f");
	struct lx_file *file;

	assert_int_equal(lx_open_for_locks(fx->ro, node, &file), 0);
	assert_int_equal(mode_of(file), O_RDONLY);
	assert_int_equal(lock(file, LX_F_RDLCK, 0, 0), 0);
	assert_int_equal(lock(file, LX_F_WRLCK, 0, 0), -LX_EBADF);
	assert_int_equal(lx_flock(file, LX_F_WRLCK), 0);
	lx_file_close(file);
	lx_node_close(fx->vol, node);
}

struct open_job {
	struct fixture *fx;
	struct lx_node *node;
	int err, mode;
};

static void open_it(void *arg)
{
	struct open_job *job = arg;
	struct lx_file *file;

	job->err = lx_open_for_locks(job->fx->vol, job->node, &file);
	if (job->err)
		return;
	job->mode = mode_of(file);
	lx_file_close(file);
}

static void opens_as_the_process_may(void **state)
{
	static const struct {
		mode_t mode;
		int err, access;
	} cases[] = {
		{ 0666, 0, O_RDWR }, { 0444, 0, O_RDONLY },
		{ 0222, 0, O_WRONLY }, { 0000, -LX_EACCES, 0 },
	};
	struct fixture *fx = *state;
	struct open_job job = { .fx = fx };

	need_root();
	job.node = fixture_create(fx, "f");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(fchmodat(fx->fd, "f", cases[i].mode, 0), 0);
		job.mode = 0;
		fixture_as_user(open_it, &job);
		assert_int_equal(job.err, cases[i].err);
		assert_int_equal(job.mode, cases[i].access);
	}
	lx_node_close(fx->vol, job.node);
	assert_int_equal(lx_open_for_locks(fx->vol, fx->root,
					   &(struct lx_file *){ NULL }),
			 -LX_EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(owners_exclude_each_other_by_ranges),
		fixture_test(the_ends_of_the_world_can_be_locked),
		fixture_test(what_is_no_lock_is_refused),
		fixture_test(the_hosts_locks_count_and_ours_for_the_host),
		fixture_test(flock_is_shared_exclusive_or_none),
		fixture_test(a_read_only_volume_locks_for_reading),
		fixture_test(opens_as_the_process_may),
	};

	lx_thread_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
