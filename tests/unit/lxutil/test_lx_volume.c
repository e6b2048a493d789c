/* SPDX-License-Identifier: MIT */
#include "tests/unit/lxutil/lx_fixture.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

static const struct lx_volume_options writable = { .read_only = false };

static void opens_a_directory_as_its_root(void **state)
{
	struct fixture *fx = *state;
	struct stat host = fixture_stat(fx, ".");
	struct lx_node *node;
	struct lx_stat st;

	assert_false(lx_volume_read_only(fx->vol));
	assert_true(lx_volume_read_only(fx->ro));
	assert_int_equal(lx_volume_root(fx->vol, &node, &st), 0);
	assert_int_equal(st.ino, host.st_ino);
	assert_int_equal(st.dev, host.st_dev);
	assert_int_equal(st.mode, LX_S_IFDIR | 0777);
	lx_node_close(fx->vol, node);
	lx_node_close(fx->vol, NULL);
	lx_volume_close(NULL);
	lx_file_close(NULL);
}

static void refuses_what_is_no_directory(void **state)
{
	struct fixture *fx = *state;
	struct lx_volume *vol = (void *)fx;
	char path[64];

	fixture_file(fx, "f", NULL);
	assert_int_equal(mkfifoat(fx->fd, "fifo", 0600), 0);
	snprintf(path, sizeof(path), "%s/f", fx->path);
	assert_int_equal(lx_volume_open(path, &writable, &fx->log, &vol),
			 -LX_ENOTDIR);
	snprintf(path, sizeof(path), "%s/fifo", fx->path);
	assert_int_equal(lx_volume_open(path, &writable, &fx->log, &vol),
			 -LX_ENOTDIR);
	snprintf(path, sizeof(path), "%s/none", fx->path);
	assert_int_equal(lx_volume_open(path, &writable, &fx->log, &vol),
			 -LX_ENOENT);
	assert_int_equal(lx_volume_open("", &writable, &fx->log, &vol),
			 -LX_ENOENT);
	assert_ptr_equal(vol, fx);
}

static void finds_the_directory_of_a_file(void **state)
{
	struct fixture *fx = *state;
	struct lx_volume *vol = (void *)fx;
	char path[64], name[LX_NAME_MAX + 1] = "as it was";
	struct lx_node *root, *node;
	struct lx_stat st;

	fixture_file(fx, "f", "text");
	assert_int_equal(mkfifoat(fx->fd, "fifo", 0600), 0);
	snprintf(path, sizeof(path), "%s/fifo", fx->path);
	assert_int_equal(lx_volume_open_file(path, &writable, &fx->log, &vol,
					     name), -LX_ENOTDIR);
	assert_int_equal(lx_volume_open_file(fx->path, &writable, &fx->log,
					     &vol, name), -LX_ENOTDIR);
	assert_int_equal(lx_volume_open_file("/", &writable, &fx->log, &vol,
					     name), -LX_ENOENT);
	snprintf(path, sizeof(path), "%s/none", fx->path);
	assert_int_equal(lx_volume_open_file(path, &writable, &fx->log, &vol,
					     name), -LX_ENOENT);
	assert_ptr_equal(vol, fx);
	assert_string_equal(name, "as it was");
	/* By a link, which is followed now. */
	assert_int_equal(mkdirat(fx->fd, "d", 0755), 0);
	assert_int_equal(symlinkat("../f", fx->fd, "d/link"), 0);
	snprintf(path, sizeof(path), "%s/d/link", fx->path);
	assert_int_equal(lx_volume_open_file(path, &writable, &fx->log, &vol,
					     name), 0);
	assert_string_equal(name, "f");
	assert_int_equal(lx_volume_root(vol, &root, &st), 0);
	assert_int_equal(lx_lookup(vol, root, name, &node, &st), 0);
	assert_int_equal(st.size, 4);
	lx_node_close(vol, node);
	lx_node_close(vol, root);
	lx_volume_close(vol);
}

struct open_job {
	struct fixture *fx;
	char path[64];
	int err;
};

static void open_it(void *arg)
{
	struct open_job *job = arg;
	struct lx_volume *vol = NULL;

	job->err = lx_volume_open(job->path, &writable, &job->fx->log, &vol);
	lx_volume_close(vol);
}

static void refuses_a_root_that_cannot_be_read(void **state)
{
	struct fixture *fx = *state;
	struct open_job job = { .fx = fx };

	need_root();
	assert_int_equal(mkdirat(fx->fd, "d", 0311), 0);
	snprintf(job.path, sizeof(job.path), "%s/d", fx->path);
	fixture_as_user(open_it, &job);
	assert_int_equal(job.err, -LX_EACCES);
}

static void the_root_may_be_moved_and_removed(void **state)
{
	struct fixture *fx = *state;
	struct lx_volume *vol;
	struct lx_node *root, *node;
	struct lx_stat st;
	char path[64];

	snprintf(path, sizeof(path), "%s/d", fx->path);
	assert_int_equal(mkdirat(fx->fd, "d", 0755), 0);
	assert_int_equal(lx_volume_open(path, &writable, &fx->log, &vol), 0);
	assert_int_equal(lx_volume_root(vol, &root, &st), 0);
	assert_int_equal(renameat(fx->fd, "d", fx->fd, "e"), 0);
	assert_int_equal(mkdirat(fx->fd, "d", 0755), 0);
	assert_int_equal(lx_mkdir(vol, root, "sub", 0755, &fixture_root, &node,
				  &st), 0);
	lx_node_close(vol, node);
	assert_int_equal(fixture_stat(fx, "e/sub").st_ino, st.ino);
	assert_int_equal(unlinkat(fx->fd, "e/sub", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(fx->fd, "e", AT_REMOVEDIR), 0);
	assert_int_equal(lx_getattr(vol, root, &st), 0);
	assert_int_equal(lx_mkdir(vol, root, "sub", 0755, &fixture_root, &node,
				  &st), -LX_ENOENT);
	lx_node_close(vol, root);
	lx_volume_close(vol);
}

static void keep_line(void *ctx, enum log_level level, const char *target,
		      const char *message)
{
	char *line = ctx;

	if (level == LOG_ERROR && !strcmp(target, "lxutil"))
		snprintf(line, LOG_LINE_MAX, "%s", message);
}

static int lowest_free_fd(void)
{
	int fd = dup(2);

	close(fd);
	return fd;
}

/* In a child with a mount namespace; the exit status tells. */
static int without_proc(struct fixture *fx)
{
	char line[LOG_LINE_MAX] = "";
	int fd = lowest_free_fd();
	struct lx_volume *vol;

	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/proc", "tmpfs", 0, NULL))
		return 77;
	log_set_sink(&fx->log, keep_line, line);
	if (lx_volume_open(fx->path, &writable, &fx->log, &vol) != -LX_ENOSYS)
		return 1;
	if (!strstr(line, "/proc"))
		return 2;
	/* A directory of that name does not make it. */
	line[0] = '\0';
	if (mkdir("/proc/self", 0755) || mkdir("/proc/self/fd", 0755))
		return 77;
	if (lx_volume_open(fx->path, &writable, &fx->log, &vol) != -LX_ENOSYS)
		return 3;
	if (!strstr(line, "/proc"))
		return 4;
	return lowest_free_fd() == fd ? 0 : 5;
}

static void says_that_proc_is_missing(void **state)
{
	struct fixture *fx = *state;
	int status;
	pid_t pid;

	need_root();
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(without_proc(fx));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void statfs_tells_about_the_host(void **state)
{
	struct fixture *fx = *state;
	struct lx_statfs st;
	struct lx_node *node;
	struct statvfs host;

	assert_int_equal(symlinkat("/proc", fx->fd, "link"), 0);
	node = fixture_lookup(fx, "link");
	assert_int_equal(fstatvfs(fx->fd, &host), 0);
	for (int i = 0; i < 2; i++) {
		memset(&st, 0, sizeof(st));
		assert_int_equal(lx_statfs(fx->vol, i ? node : fx->root, &st),
				 0);
		assert_int_equal(st.blocks, host.f_blocks);
		assert_int_equal(st.files, host.f_files);
		assert_int_equal(st.bsize, host.f_bsize);
		assert_int_equal(st.frsize, host.f_frsize);
		assert_int_equal(st.namelen, host.f_namemax);
		assert_true(st.bfree <= st.blocks && st.bavail <= st.bfree);
	}
	lx_node_close(fx->vol, node);
}

static void syncs_the_file_system_of_files_and_directories(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *file = fixture_create(fx, "f"), *fifo;

	assert_int_equal(mkfifoat(fx->fd, "p", 0600), 0);
	fifo = fixture_lookup(fx, "p");
	assert_int_equal(lx_syncfs(fx->vol, fx->root), 0);
	assert_int_equal(lx_syncfs(fx->ro, fx->root), 0);
	assert_int_equal(lx_syncfs(fx->vol, file), 0);
	alarm(30);              /* an open FIFO would wait for ever */
	assert_int_equal(lx_syncfs(fx->vol, fifo), -LX_EINVAL);
	alarm(0);
	lx_node_close(fx->vol, fifo);
	lx_node_close(fx->vol, file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(opens_a_directory_as_its_root),
		fixture_test(refuses_what_is_no_directory),
		fixture_test(finds_the_directory_of_a_file),
		fixture_test(refuses_a_root_that_cannot_be_read),
		fixture_test(the_root_may_be_moved_and_removed),
		fixture_test(says_that_proc_is_missing),
		fixture_test(statfs_tells_about_the_host),
		fixture_test(
			syncs_the_file_system_of_files_and_directories),
	};

	lx_thread_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
