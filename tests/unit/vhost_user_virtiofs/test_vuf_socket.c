/* SPDX-License-Identifier: MIT */
/* Who may listen on a socket, as its lock file says. */
#include "tools/vhost_user_virtiofs/vuf_socket.h"

#include "tests/lib/tmptree.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

struct place {
	struct tmptree tree;
	char path[PATH_MAX];
	char lock_path[PATH_MAX + 8];
	char err[512];
};

static int set_up(void **state)
{
	static struct place p;

	tmptree_init(&p.tree, "");
	strcpy(p.path, tmptree_path(&p.tree, "s"));
	snprintf(p.lock_path, sizeof(p.lock_path), "%s.pid", p.path);
	p.err[0] = '\0';
	*state = &p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	tmptree_done(&p->tree);
	return 0;
}

static int open_it(struct place *p, struct vuf_socket *ret_socket)
{
	return vuf_socket_open(p->path, NULL, p->err, sizeof(p->err),
			       ret_socket);
}

static void makes_a_socket_and_a_lock_file(void **state)
{
	struct place *p = *state;
	struct vuf_socket s;
	struct stat st;

	assert_int_equal(open_it(p, &s), 0);
	assert_int_equal(stat(p->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(atoi(tmptree_read(&p->tree, "s.pid")), getpid());
	vuf_socket_close(&s);
	assert_false(tmptree_exists(&p->tree, "s"));
	assert_false(tmptree_exists(&p->tree, "s.pid"));
}

static void refuses_a_socket_that_is_served(void **state)
{
	struct place *p = *state;
	struct vuf_socket s, other;

	assert_int_equal(open_it(p, &s), 0);
	assert_int_equal(open_it(p, &other), -EAGAIN);
	assert_non_null(strstr(p->err, "in use by another program"));
	assert_true(tmptree_exists(&p->tree, "s"));
	assert_true(tmptree_exists(&p->tree, "s.pid"));
	vuf_socket_close(&s);
}

static void replaces_what_a_dead_one_has_left(void **state)
{
	struct place *p = *state;
	struct vuf_socket s;

	assert_int_equal(open_it(p, &s), 0);
	close(s.fd);
	close(s.lock_fd);
	free(s.path);
	free(s.lock_path);
	assert_true(tmptree_exists(&p->tree, "s"));
	assert_int_equal(open_it(p, &s), 0);
	vuf_socket_close(&s);
}

/* One that was killed may still have requests to finish. */
static void waits_for_one_that_is_dying(void **state)
{
	struct place *p = *state;
	int fd = open(p->lock_path, O_WRONLY | O_CREAT, 0600);
	struct vuf_socket s;
	pid_t pid;

	assert_int_equal(flock(fd, LOCK_EX), 0);
	pid = fork();
	if (!pid) {
		usleep(50000);
		_exit(0);
	}
	close(fd);                      /* the child has it, too */
	assert_int_equal(open_it(p, &s), 0);
	vuf_socket_close(&s);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* The holder removes the lock file while another waits for it. */
static void a_lock_on_a_file_that_is_gone_does_not_count(void **state)
{
	struct place *p = *state;
	int fd = open(p->lock_path, O_WRONLY | O_CREAT, 0600);
	struct vuf_socket s;
	struct stat st;
	pid_t pid;

	assert_int_equal(flock(fd, LOCK_EX), 0);
	pid = fork();
	if (!pid) {
		usleep(50000);
		unlink(p->lock_path);
		_exit(0);
	}
	close(fd);
	assert_int_equal(open_it(p, &s), 0);
	assert_int_equal(fstat(s.lock_fd, &st), 0);
	assert_int_equal(st.st_nlink, 1);
	assert_true(tmptree_exists(&p->tree, "s.pid"));
	vuf_socket_close(&s);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void leaves_nothing_when_it_cannot_listen(void **state)
{
	struct place *p = *state;
	struct vuf_socket s;

	tmptree_write(&p->tree, "s", "a file");
	assert_int_equal(open_it(p, &s), -EEXIST);
	assert_false(tmptree_exists(&p->tree, "s.pid"));
	assert_string_equal(tmptree_read(&p->tree, "s"), "a file");
	assert_int_equal(vuf_socket_open(p->path, "no such group", p->err,
					 sizeof(p->err), &s), -ENOENT);
	assert_non_null(strstr(p->err, "there is no group 'no such group'"));
	assert_false(tmptree_exists(&p->tree, "s.pid"));
}

static void does_not_follow_a_link_to_another_file(void **state)
{
	struct place *p = *state;
	struct vuf_socket s;

	tmptree_write(&p->tree, "precious", "content");
	assert_int_equal(symlink("precious", p->lock_path), 0);
	assert_int_equal(open_it(p, &s), -ELOOP);
	assert_non_null(strstr(p->err, "cannot lock"));
	assert_string_equal(tmptree_read(&p->tree, "precious"), "content");
}

static int inherit(struct place *p, int fd, struct vuf_socket *ret_socket)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", fd);
	return vuf_socket_inherit(number, p->err, sizeof(p->err), ret_socket);
}

static void inherits_a_listening_socket_alone(void **state)
{
	struct place *p = *state;
	struct vuf_socket s, inherited;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(inherit(p, pair[0], &inherited), -EINVAL);
	assert_int_equal(inherit(p, 1000, &inherited), -EINVAL);
	assert_non_null(strstr(p->err, "expected a listening socket"));
	assert_int_equal(inherit(p, 0, &inherited), -EINVAL);
	assert_non_null(strstr(p->err, "expected a descriptor's number"));
	close(pair[0]);
	close(pair[1]);

	assert_int_equal(open_it(p, &s), 0);
	assert_int_equal(inherit(p, dup(s.fd), &inherited), 0);
	assert_int_equal(fcntl(inherited.fd, F_GETFD), FD_CLOEXEC);
	vuf_socket_close(&inherited);
	assert_true(tmptree_exists(&p->tree, "s"));     /* not its own */
	vuf_socket_close(&s);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(makes_a_socket_and_a_lock_file),
		TEST(refuses_a_socket_that_is_served),
		TEST(replaces_what_a_dead_one_has_left),
		TEST(waits_for_one_that_is_dying),
		TEST(a_lock_on_a_file_that_is_gone_does_not_count),
		TEST(leaves_nothing_when_it_cannot_listen),
		TEST(does_not_follow_a_link_to_another_file),
		TEST(inherits_a_listening_socket_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
