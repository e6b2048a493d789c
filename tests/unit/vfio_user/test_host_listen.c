/* SPDX-License-Identifier: MIT */
/* Listening on a socket, whatever is at its path already. */
#include "tools/host_listen.h"

#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

struct place {
	char dir[64];
	char path[80];
	char err[512];
	int fd;
};

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	strcpy(p->dir, "/tmp/host-listen-test-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/x.sock", p->dir);
	p->fd = -1;
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	if (p->fd >= 0)
		close(p->fd);
	unlink(p->path);
	assert_int_equal(rmdir(p->dir), 0);
	free(p);
	return 0;
}

static int do_listen(struct place *p, const char *path,
		     const struct host_access *access)
{
	return host_listen(path, access, p->err, sizeof(p->err), &p->fd);
}

static struct sockaddr_un address(const struct place *p)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	strcpy(addr.sun_path, p->path);
	return addr;
}

static int try_connect(const struct place *p)
{
	struct sockaddr_un addr = address(p);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int ret = connect(fd, (struct sockaddr *)&addr, sizeof(addr));

	close(fd);
	return ret;
}

static void a_client_can_connect(void **state)
{
	struct place *p = *state;

	assert_int_equal(do_listen(p, p->path, NULL), 0);
	assert_int_equal(try_connect(p), 0);
}

static void access_is_what_was_asked_for(void **state)
{
	struct place *p = *state;
	const struct host_access all = { 0777, (gid_t)-1 };
	const struct host_access own = { 0700, getegid() };
	struct stat st;

	assert_int_equal(do_listen(p, p->path, &all), 0);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0777);
	close(p->fd);
	assert_int_equal(do_listen(p, p->path, &own), 0);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(st.st_gid, getegid());
}

static void a_group_that_is_not_ones_own_is_an_error(void **state)
{
	struct place *p = *state;
	const struct host_access other = { 0770, 12345 };

	assert_int_equal(chmod(p->dir, 0777), 0);
	if (getuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	assert_int_equal(do_listen(p, p->path, &other), -EPERM);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_non_null(strstr(p->err, "Operation not permitted"));
	assert_int_equal(p->fd, -1);
	assert_int_equal(access(p->path, F_OK), -1);
}

static void a_socket_in_use_is_refused(void **state)
{
	struct place *p = *state;
	int fd;

	assert_int_equal(do_listen(p, p->path, NULL), 0);
	fd = p->fd;
	assert_int_equal(do_listen(p, p->path, NULL), -EADDRINUSE);
	assert_non_null(strstr(p->err, "in use"));
	assert_int_equal(p->fd, fd);
	assert_int_equal(try_connect(p), 0);
}

static void a_socket_left_over_is_replaced(void **state)
{
	struct place *p = *state;
	struct sockaddr_un addr = address(p);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	assert_int_equal(access(p->path, F_OK), 0);
	assert_int_equal(do_listen(p, p->path, NULL), 0);
	assert_int_equal(try_connect(p), 0);
}

static void what_is_no_socket_stays(void **state)
{
	struct place *p = *state;
	FILE *file = fopen(p->path, "w");

	assert_non_null(file);
	fclose(file);
	assert_int_equal(do_listen(p, p->path, NULL), -EEXIST);
	assert_non_null(strstr(p->err, "is not a socket"));
	assert_int_equal(access(p->path, F_OK), 0);
}

static void says_what_is_wrong_with_a_path(void **state)
{
	struct place *p = *state;
	char path[200];

	snprintf(path, sizeof(path), "%s/%0120d", p->dir, 0);
	assert_int_equal(do_listen(p, path, NULL), -ENAMETOOLONG);
	assert_non_null(strstr(p->err, "too long"));
	snprintf(path, sizeof(path), "%s/none/x.sock", p->dir);
	assert_int_equal(do_listen(p, path, NULL), -ENOENT);
	assert_non_null(strstr(p->err, "No such file"));
	assert_int_equal(p->fd, -1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_client_can_connect),
		TEST(access_is_what_was_asked_for),
		TEST(a_group_that_is_not_ones_own_is_an_error),
		TEST(a_socket_in_use_is_refused),
		TEST(a_socket_left_over_is_replaced),
		TEST(what_is_no_socket_stays),
		TEST(says_what_is_wrong_with_a_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
