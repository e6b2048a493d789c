/* SPDX-License-Identifier: MIT */
/*
 * A hostile file tree: between a LOOKUP and what follows, somebody on the host
 * puts something else where the file was.  The guest gets the file that it
 * looked up, or an error; never what is outside, and nothing special is opened
 * (CVE-2020-35517), which could block for ever.
 */
#include "tests/device/hostile.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#define OTHERS 150      /* files looked up so that descriptors are let go */

/* ---- what is put where the file was ------------------------------------ */

static bool put_fifo(const char *path)
{
	return !mkfifo(path, 0666);
}

static bool put_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), ret;

	strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
	ret = bind(fd, (struct sockaddr *)&addr, sizeof(addr));
	close(fd);
	return !ret;
}

static bool put_link_to_file(const char *path)
{
	return !symlink("../file", path);
}

static bool put_link_to_dir(const char *path)
{
	return !symlink("..", path);
}

static bool put_absolute_link(const char *path)
{
	return !symlink("/etc/passwd", path);
}

static bool put_magic_link(const char *path)
{
	return !symlink("/proc/self/root", path);
}

/* Only root can. */
static bool put_char_device(const char *path)
{
	return !mknod(path, S_IFCHR | 0666, makedev(1, 5)) ||
	       put_fifo(path);
}

static bool put_block_device(const char *path)
{
	return !mknod(path, S_IFBLK | 0666, makedev(7, 0)) ||
	       put_fifo(path);
}

static bool put_dir(const char *path)
{
	return !mkdir(path, 0755);
}

static const struct {
	const char *name;
	bool (*put)(const char *path);
} swaps[] = {
	{ "a FIFO", put_fifo },
	{ "a socket", put_socket },
	{ "a link to a file", put_link_to_file },
	{ "a link to a directory", put_link_to_dir },
	{ "an absolute link", put_absolute_link },
	{ "a link to the host's root", put_magic_link },
	{ "a character device", put_char_device },
	{ "a block device", put_block_device },
	{ "a directory", put_dir },
};

/* Let the server need the descriptors of others. */
static void look_at_others(struct device_fixture *f)
{
	struct fuse_entry_out e;
	char name[16];

	for (unsigned i = 0; i < OTHERS; i++) {
		snprintf(name, sizeof(name), "other%u", i);
		assert_int_equal(fuse_client_lookup(&f->client, 1, name, &e),
				 0);
	}
}

/* ---- files ------------------------------------------------------------- */

/* What the node can be opened for is what it was. */
static void assert_old_or_nothing(struct device_fixture *f, uint64_t node)
{
	static const uint32_t flags[] = {
		LX_O_RDONLY, LX_O_RDWR, LX_O_RDONLY | LX_O_NONBLOCK,
		LX_O_PATH, LX_O_RDONLY | LX_O_DIRECTORY,
	};
	struct fuse_client *c = &f->client;
	uint64_t fh;
	char buf[64];

	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		int64_t n;

		if (fuse_client_open(c, node, flags[i], &fh))
			continue;
		n = fuse_client_read(c, node, fh, 0, buf, sizeof(buf));
		assert_int_equal(n, 6);
		assert_memory_equal(buf, "inside", 6);
		assert_int_equal(fuse_client_release(c, node, fh), 0);
	}
	assert_alive(f);
}

static void a_file_becomes_something_else(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	char *before = print_outside(f);

	for (size_t i = 0; i < ARRAY_LEN(swaps); i++) {
		char path[PATH_MAX];
		struct fuse_entry_out e;
		uint64_t node, fh;

		tmptree_write(&f->tree, "victim", "inside");
		node = fuse_client_walk(c, "victim");
		assert_true(node);
		snprintf(path, sizeof(path), "%s",
			 tmptree_path(&f->tree, "victim"));
		look_at_others(f);
		assert_int_equal(unlink(path), 0);
		if (!swaps[i].put(path))
			fail_msg("cannot make %s", swaps[i].name);
		assert_old_or_nothing(f, node);
		/* The new one is what it is, and not opened either. */
		assert_int_equal(fuse_client_lookup(c, 1, "victim", &e), 0);
		assert_refused(f, fuse_client_open(c, e.nodeid, LX_O_RDWR,
						   &fh));
		assert_refused(f, fuse_client_create(c, 1, "victim",
						     LX_O_RDWR, 0600, &e,
						     &fh));
		assert_int_equal(remove(path), 0);
	}
	assert_same_outside(f, before);
}

/* ---- directories ------------------------------------------------------- */

/* Everything that can be done below a node, which was a directory. */
static void do_all_below(struct device_fixture *f, uint64_t dir)
{
	struct fuse_client *c = &f->client;
	struct fuse_entry_out e;
	struct fuse_attr attr;
	struct fuse_setattr_in set = { .valid = FATTR_MODE, .mode = 0700 };
	char buf[64];
	uint64_t fh;

	if (!fuse_client_lookup(c, dir, "file", &e))
		fail_msg("finds a file outside");
	(void)fuse_client_create(c, dir, "new", LX_O_RDWR, 0600, &e, &fh);
	(void)fuse_client_create(c, dir, "file", LX_O_RDWR | LX_O_TRUNC, 0600,
				 &e, &fh);
	(void)fuse_client_mkdir(c, dir, "newdir", 0700, &e);
	(void)fuse_client_symlink(c, dir, "newlink", "x", &e);
	(void)fuse_client_mknod(c, dir, "newnode", LX_S_IFREG | 0600, 0, &e);
	(void)fuse_client_link(c, fuse_client_walk(c, "inner"), dir, "hard",
			       &e);
	(void)fuse_client_unlink(c, dir, "file");
	(void)fuse_client_rmdir(c, dir, "empty");
	(void)fuse_client_rename(c, dir, "file", 1, "stolen", 0);
	(void)fuse_client_rename(c, 1, "inner", dir, "file", 0);
	(void)fuse_client_rename(c, 1, "inner", dir, "file",
				 LX_RENAME_EXCHANGE);
	(void)fuse_client_setattr(c, dir, &set, &attr);
	(void)fuse_client_setxattr(c, dir, "user.x", "x", 1, 0);
	(void)fuse_client_getxattr(c, dir, "user.x", buf, sizeof(buf));
	assert_alive(f);
	if (tmptree_exists(&f->tree, "stolen"))
		fail_msg("moves a file in from outside");
	tmptree_write(&f->tree, "inner", "inside");
}

static void a_directory_becomes_a_link_to_the_outside(void **state)
{
	struct device_fixture *f = *state;
	static const char *const targets[] = { "..", "../../", "/" };
	struct tmptree away;
	char victim[PATH_MAX], outside[PATH_MAX];
	char *before;
	uint64_t node;

	snprintf(victim, sizeof(victim), "%s",
		 tmptree_path(&f->tree, "victim"));
	snprintf(away.root, sizeof(away.root), "%s",
		 tmptree_path(&f->tree, "away"));
	snprintf(outside, sizeof(outside), "%s",
		 tmptree_path(&f->tree, "../empty"));
	assert_int_equal(mkdir(outside, 0755), 0);
	before = print_outside(f);
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		assert_int_equal(mkdir(victim, 0755), 0);
		node = fuse_client_walk(&f->client, "victim");
		assert_true(node);
		look_at_others(f);
		assert_int_equal(rename(victim, away.root), 0);
		assert_int_equal(symlink(targets[i], victim), 0);
		do_all_below(f, node);
		do_all_below(f, fuse_client_walk(&f->client, "victim"));
		assert_int_equal(unlink(victim), 0);
		tmptree_done(&away);
	}
	assert_same_outside(f, before);
}

/* ---- the shares -------------------------------------------------------- */

/* By what nodes come back that have lost their descriptors. */
static const char *options;

static int setup(void **state)
{
	struct device_fixture *f;

	inner_setup(state, options);
	f = *state;
	for (unsigned i = 0; i < OTHERS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "other%u", i);
		tmptree_write(&f->tree, name, name);
	}
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, inner_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_file_becomes_something_else),
		TEST(a_directory_becomes_a_link_to_the_outside),
	};
	static const char *const ways[] = {
		"", ",rlimit-nofile=64",
		",rlimit-nofile=64,inode-file-handles=never",
	};
	int failures = 0;

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		options = ways[i];
		print_message("a share with '%s'\n", options);
		failures += cmocka_run_group_tests(tests, NULL, NULL);
	}
	return failures;
}
