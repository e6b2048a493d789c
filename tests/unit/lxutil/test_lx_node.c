/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_node.h"

#include "tests/unit/lxutil/lx_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

/* Everything that a held inode must still do, whatever its names. */
static void use(struct fixture *fx, struct lx_node *node, uint64_t ino)
{
	struct lx_setattr attr = { .valid = LX_SET_MODE | LX_SET_SIZE,
				   .mode = 0640, .size = 3 };
	struct lx_file *file;
	struct lx_stat st;
	char buf[8];

	assert_int_equal(lx_setattr(fx->vol, node, NULL, &attr), 0);
	assert_int_equal(lx_getattr(fx->vol, node, &st), 0);
	assert_int_equal(st.ino, ino);
	assert_int_equal(st.size, 3);
	assert_int_equal(st.mode, LX_S_IFREG | 0640);
	assert_int_equal(lx_open(fx->vol, node, LX_O_RDWR, &file), 0);
	assert_int_equal(fixture_read(file, buf, sizeof(buf), 0), 3);
	assert_memory_equal(buf, "hel", 3);
	assert_int_equal(fixture_write(file, "lo", 2, 3), 2);
	lx_file_close(file);
	assert_int_equal(lx_setxattr(fx->vol, node, "user.a", "b", 1, 0), 0);
	assert_int_equal(lx_getxattr(fx->vol, node, "user.a", buf,
				     sizeof(buf)), 1);
}

static void a_node_survives_rename_and_unlink(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node;
	struct lx_stat st;
	uint64_t ino;

	fixture_file(fx, "f", "hello");
	if (setxattr(fx->path, "user.probe", "", 0, 0))
		skip();
	node = fixture_lookup(fx, "f");
	ino = fixture_stat(fx, "f").st_ino;
	assert_int_equal(renameat(fx->fd, "f", fx->fd, "g"), 0);
	fixture_file(fx, "f", "impostor");
	use(fx, node, ino);
	assert_int_equal(unlinkat(fx->fd, "g", 0), 0);
	use(fx, node, ino);
	assert_int_equal(lx_getattr(fx->vol, node, &st), 0);
	assert_int_equal(st.nlink, 0);
	lx_node_close(fx->vol, node);
	assert_int_equal(fixture_stat(fx, "f").st_size, 8);
}

static void a_directory_replaced_by_a_symlink_leads_nowhere(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *dir, *node, *link;
	struct lx_stat st;

	assert_int_equal(mkdirat(fx->fd, "dir", 0755), 0);
	fixture_file(fx, "dir/passwd", "ours");
	dir = fixture_lookup(fx, "dir");
	assert_int_equal(renameat(fx->fd, "dir", fx->fd, "moved"), 0);
	assert_int_equal(symlinkat("/etc", fx->fd, "dir"), 0);

	/* The node that is held is the directory still. */
	assert_int_equal(lx_lookup(fx->vol, dir, "passwd", &node, &st), 0);
	assert_int_equal(st.ino, fixture_stat(fx, "moved/passwd").st_ino);
	lx_node_close(fx->vol, node);
	assert_int_equal(lx_lookup(fx->vol, dir, "hostname", &node, &st),
			 -LX_ENOENT);
	/* The name is a symlink now, and no parent of anything. */
	link = fixture_lookup(fx, "dir");
	assert_int_equal(lx_lookup(fx->vol, link, "passwd", &node, &st),
			 -LX_ENOTDIR);
	assert_int_equal(lx_stat_name(fx->vol, link, "passwd", &st),
			 -LX_ENOTDIR);
	lx_node_close(fx->vol, link);
	lx_node_close(fx->vol, dir);
}

static void a_node_is_no_open_file(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node = fixture_create(fx, "f");
	int fd = lx_node_fd_get(fx->vol, node);
	struct stat st;
	char c;

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(read(fd, &c, 1), -1);
	assert_int_equal(fcntl(fd, F_GETFL) & O_PATH, O_PATH);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	lx_node_fd_put(fx->vol, node, fd);
	lx_node_close(fx->vol, node);
}

static void a_bad_descriptor_fails_and_changes_nothing(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node = (void *)fx;
	struct lx_stat st = { .ino = 42 };

	assert_int_equal(lx_fds_reserve(fx->vol), 0);
	assert_int_equal(lx_node_new(fx->vol, -LX_ENOENT, NULL, NULL, &node,
				     &st), -LX_ENOENT);
	assert_int_equal(lx_fds_reserve(fx->vol), 0);
	assert_int_equal(lx_node_new(fx->vol, 1 << 20, NULL, NULL, &node,
				     &st), -LX_EBADF);
	assert_ptr_equal(node, fx);
	assert_int_equal(st.ino, 42);
	assert_int_equal(lx_reopen(fx->vol, 1 << 20, O_RDONLY), -LX_ENOENT);
}

static void spells_descriptors(void **state)
{
	(void)state;
	assert_string_equal(lx_fd_name(0).s, "0");
	assert_string_equal(lx_fd_name(INT32_MAX).s, "2147483647");
	assert_string_equal(lx_fd_path(7).s, "/proc/self/fd/7");
	assert_string_equal(lx_fd_path(INT32_MAX).s,
			    "/proc/self/fd/2147483647");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(a_node_survives_rename_and_unlink),
		fixture_test(a_directory_replaced_by_a_symlink_leads_nowhere),
		fixture_test(a_node_is_no_open_file),
		fixture_test(a_bad_descriptor_fails_and_changes_nothing),
		cmocka_unit_test(spells_descriptors),
	};

	lx_thread_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
