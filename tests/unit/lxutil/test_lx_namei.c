/* SPDX-License-Identifier: MIT */
#include "tests/unit/lxutil/lx_fixture.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

static const struct lx_caller *const who = &fixture_root;

/* Every call that takes a name, with one; none succeeds. */
static void all_refuse(struct fixture *fx, struct lx_volume *vol,
		       struct lx_node *dir, const char *name, int err)
{
	struct lx_node *node = (void *)fx, *file_node;
	struct lx_file *file = (void *)fx;
	struct lx_stat st = { .ino = 42 };

	fixture_file(fx, "victim", NULL);
	file_node = fixture_lookup(fx, "victim");
	assert_int_equal(lx_mkdir(vol, dir, name, 0755, who, &node, &st), err);
	assert_int_equal(lx_mknod(vol, dir, name, LX_S_IFREG, 0, 0, who, &node,
				  &st), err);
	assert_int_equal(lx_symlink(vol, dir, name, "t", who, &node, &st),
			 err);
	assert_int_equal(lx_create(vol, dir, name, LX_O_RDWR, 0644, who, &file,
				   &node, &st), err);
	assert_int_equal(lx_link(vol, file_node, dir, name, &st), err);
	assert_int_equal(lx_unlink(vol, dir, name), err);
	assert_int_equal(lx_rmdir(vol, dir, name), err);
	assert_int_equal(lx_rename(vol, dir, name, fx->root, "new", 0,
				   &fixture_root), err);
	assert_int_equal(lx_rename(vol, fx->root, "victim", dir, name, 0,
				   &fixture_root),
			 err);
	if (err != -LX_EROFS) {
		assert_int_equal(lx_lookup(vol, dir, name, &node, &st), err);
		assert_int_equal(lx_stat_name(vol, dir, name, &st), err);
	}
	assert_ptr_equal(node, fx);
	assert_ptr_equal(file, fx);
	assert_int_equal(st.ino, 42);
	lx_node_close(fx->vol, file_node);
}

static void refuses_names_that_walk(void **state)
{
	static const char *const bad[] = {
		"", ".", "..", "../x", "/abs", "a/b", "d/..", "d/",
	};
	struct fixture *fx = *state;
	char name[LX_NAME_MAX + 2];

	assert_int_equal(mkdirat(fx->fd, "d", 0755), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		all_refuse(fx, fx->vol, fx->root, bad[i], -LX_EINVAL);
	memset(name, 'x', sizeof(name));
	name[LX_NAME_MAX + 1] = '\0';
	all_refuse(fx, fx->vol, fx->root, name, -LX_ENAMETOOLONG);
}

static void refuses_parents_that_are_no_directory(void **state)
{
	struct fixture *fx = *state;
	static const char *const names[] = { "f", "l", "p" };

	fixture_file(fx, "f", NULL);
	assert_int_equal(mkdirat(fx->fd, "d", 0755), 0);
	assert_int_equal(symlinkat("d", fx->fd, "l"), 0);
	assert_int_equal(mkfifoat(fx->fd, "p", 0600), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct lx_node *node = fixture_lookup(fx, names[i]);

		all_refuse(fx, fx->vol, node, "x", -LX_ENOTDIR);
		lx_node_close(fx->vol, node);
	}
}

static void a_read_only_volume_refuses_every_change(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node;
	struct lx_file *file;
	struct lx_stat st;

	all_refuse(fx, fx->ro, fx->root, "missing", -LX_EROFS);
	assert_int_equal(faccessat(fx->fd, "missing", F_OK, 0), -1);
	assert_int_equal(faccessat(fx->fd, "victim", F_OK, 0), 0);
	/* Opening what is there is no change. */
	assert_int_equal(lx_create(fx->ro, fx->root, "victim", LX_O_RDONLY,
				   0644, who, &file, &node, &st), 0);
	lx_file_close(file);
	lx_node_close(fx->ro, node);
	assert_int_equal(lx_create(fx->ro, fx->root, "victim", LX_O_RDWR, 0644,
				   who, &file, &node, &st), -LX_EROFS);
	assert_int_equal(lx_create(fx->ro, fx->root, "victim",
				   LX_O_RDONLY | LX_O_EXCL, 0644, who, &file,
				   &node, &st), -LX_EEXIST);
	assert_int_equal(lx_create(fx->ro, fx->root, "missing",
				   LX_O_RDONLY | LX_O_EXCL, 0644, who, &file,
				   &node, &st), -LX_EROFS);
}

static void takes_every_byte_in_a_name(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node;
	struct lx_stat st, again;

	for (int c = 1; c < 256; c++) {
		const char name[] = { (char)c, 'x', (char)c, '\0' };
		struct lx_file *file;

		if (c == '/')
			continue;
		assert_int_equal(lx_create(fx->vol, fx->root, name, LX_O_RDWR,
					   0644, who, &file, &node, &st), 0);
		assert_int_equal(fixture_stat(fx, name).st_ino, st.ino);
		lx_file_close(file);
		lx_node_close(fx->vol, node);
		assert_int_equal(lx_lookup(fx->vol, fx->root, name, &node,
					   &again), 0);
		assert_int_equal(again.ino, st.ino);
		lx_node_close(fx->vol, node);
		assert_int_equal(lx_unlink(fx->vol, fx->root, name), 0);
	}
}

static void makes_every_type(void **state)
{
	static const struct {
		const char *name;
		uint32_t mode;
	} types[] = {
		{ "reg", LX_S_IFREG | 0640 }, { "fifo", LX_S_IFIFO | 0606 },
		{ "sock", LX_S_IFSOCK | 0777 }, { "zero", LX_S_IFREG },
		{ "suid", LX_S_IFREG | 06755 }, { "chr", LX_S_IFCHR | 0600 },
		{ "blk", LX_S_IFBLK | 0660 },
	};
	struct fixture *fx = *state;
	struct lx_node *node;
	struct lx_stat st;

	need_root();
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		assert_int_equal(lx_mknod(fx->vol, fx->root, types[i].name,
					  types[i].mode, 240, 70000, who,
					  &node, &st), 0);
		lx_node_close(fx->vol, node);
		assert_int_equal(st.mode, types[i].mode);
		assert_int_equal(fixture_stat(fx, types[i].name).st_mode,
				 types[i].mode);
		if (types[i].name[1] != 'h' && types[i].name[1] != 'l')
			continue;
		assert_int_equal(st.rdev_major, 240);
		assert_int_equal(st.rdev_minor, 70000);
		assert_int_equal(fixture_stat(fx, types[i].name).st_rdev,
				 makedev(240, 70000));
	}
	assert_int_equal(lx_mknod(fx->vol, fx->root, "reg", LX_S_IFREG, 0, 0,
				  who, &node, &st), -LX_EEXIST);
	assert_int_equal(lx_mknod(fx->vol, fx->root, "d", LX_S_IFDIR, 0, 0,
				  who, &node, &st), -LX_EINVAL);
	assert_int_equal(lx_mknod(fx->vol, fx->root, "l", LX_S_IFLNK, 0, 0,
				  who, &node, &st), -LX_EINVAL);
	assert_int_equal(lx_mknod(fx->vol, fx->root, "n", 0644, 0, 0, who,
				  &node, &st), -LX_EINVAL);
}

static void makes_directories_and_symlinks(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *dir, *node;
	struct lx_stat st;
	char target[LX_PATH_MAX + 1];
	ssize_t len;

	assert_int_equal(lx_mkdir(fx->vol, fx->root, "d", 01751, who, &dir,
				  &st), 0);
	assert_int_equal(st.mode, LX_S_IFDIR | 01751);
	assert_int_equal(lx_mkdir(fx->vol, fx->root, "d", 0755, who, &node,
				  &st), -LX_EEXIST);
	assert_int_equal(lx_symlink(fx->vol, dir, "l", "../../etc/passwd", who,
				    &node, &st), 0);
	assert_true(LX_S_ISLNK(st.mode));
	lx_node_close(fx->vol, node);
	len = readlinkat(fx->fd, "d/l", target, sizeof(target));
	assert_int_equal(len, 16);
	assert_memory_equal(target, "../../etc/passwd", 16);
	assert_int_equal(lx_symlink(fx->vol, dir, "l", "x", who, &node, &st),
			 -LX_EEXIST);
	assert_int_equal(lx_symlink(fx->vol, dir, "m", "", who, &node, &st),
			 -LX_ENOENT);
	memset(target, 't', sizeof(target));
	target[LX_PATH_MAX] = '\0';
	assert_int_equal(lx_symlink(fx->vol, dir, "m", target, who, &node,
				    &st), -LX_ENAMETOOLONG);
	lx_node_close(fx->vol, dir);
}

static void creates_and_opens_in_one(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file;
	struct lx_node *node;
	struct lx_stat st, host;
	char buf[8];

	/* A mode without write permission does not matter to its creator. */
	assert_int_equal(lx_create(fx->vol, fx->root, "f", LX_O_RDWR, 04444,
				   who, &file, &node, &st), 0);
	assert_int_equal(st.mode, LX_S_IFREG | 04444);
	assert_int_equal(fixture_write(file, "text", 4, 0), 4);
	assert_int_equal(lx_getattr(fx->vol, node, &host), 0);
	assert_int_equal(host.ino, st.ino);
	assert_int_equal(host.size, 4);
	lx_file_close(file);
	lx_node_close(fx->vol, node);

	/* The mode is for new files only. */
	assert_int_equal(fchmodat(fx->fd, "f", 0640, 0), 0);
	assert_int_equal(lx_create(fx->vol, fx->root, "f", LX_O_RDWR, 0, who,
				   &file, &node, &st), 0);
	assert_int_equal(st.mode, LX_S_IFREG | 0640);
	assert_int_equal(st.size, 4);
	assert_int_equal(fixture_read(file, buf, 8, 0), 4);
	lx_file_close(file);
	lx_node_close(fx->vol, node);

	assert_int_equal(lx_create(fx->vol, fx->root, "f",
				   LX_O_RDWR | LX_O_EXCL, 0, who, &file, &node,
				   &st), -LX_EEXIST);
	assert_int_equal(lx_create(fx->vol, fx->root, "f",
				   LX_O_WRONLY | LX_O_TRUNC, 0, who, &file,
				   &node, &st), 0);
	assert_int_equal(st.size, 0);
	lx_file_close(file);
	lx_node_close(fx->vol, node);
}

static void create_appends_and_reads_only_as_asked(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file;
	struct lx_node *node;
	struct lx_stat st;

	assert_int_equal(lx_create(fx->vol, fx->root, "a",
				   LX_O_WRONLY | LX_O_APPEND | LX_O_TRUNC,
				   0600, who, &file, &node, &st), 0);
	assert_int_equal(fixture_write(file, "one", 3, 0), 3);
	assert_int_equal(fixture_write(file, "two", 3, 0), 3);
	assert_int_equal(fixture_stat(fx, "a").st_size, 6);
	lx_file_close(file);
	lx_node_close(fx->vol, node);
	assert_int_equal(lx_create(fx->vol, fx->root, "r", LX_O_RDONLY, 0600,
				   who, &file, &node, &st), 0);
	assert_int_equal(fixture_write(file, "x", 1, 0), -LX_EBADF);
	lx_file_close(file);
	lx_node_close(fx->vol, node);
}

static void create_never_opens_what_is_not_regular(void **state)
{
	static const struct {
		const char *name;
		int err;
	} bad[] = {
		{ "p", -LX_ENXIO }, { "s", -LX_ENXIO }, { "d", -LX_EISDIR },
		{ "l", -LX_ELOOP }, { "dangling", -LX_ELOOP },
	};
	static const uint32_t flags[] = {
		LX_O_RDONLY, LX_O_WRONLY, LX_O_RDWR | LX_O_TRUNC,
	};
	struct fixture *fx = *state;
	struct lx_file *file;
	struct lx_node *node;
	struct lx_stat st;

	fixture_file(fx, "f", "text");
	assert_int_equal(mkfifoat(fx->fd, "p", 0600), 0);
	assert_int_equal(mknodat(fx->fd, "s", S_IFSOCK | 0600, 0), 0);
	assert_int_equal(mkdirat(fx->fd, "d", 0755), 0);
	assert_int_equal(symlinkat("f", fx->fd, "l"), 0);
	assert_int_equal(symlinkat("made", fx->fd, "dangling"), 0);
	alarm(30);              /* an open FIFO would wait for ever */
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		for (size_t j = 0; j < 3; j++)
			assert_int_equal(lx_create(fx->vol, fx->root,
						   bad[i].name, flags[j], 0644,
						   who, &file, &node, &st),
					 bad[i].err);
	}
	alarm(0);
	assert_int_equal(fixture_stat(fx, "f").st_size, 4);
	assert_int_equal(faccessat(fx->fd, "made", F_OK, 0), -1);
}

static void an_unnamed_file_gets_its_name_by_link(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file;
	struct lx_node *node;
	struct lx_stat st;

	assert_int_equal(lx_tmpfile(fx->vol, fx->root,
				    LX_O_RDWR | LX_O_TRUNC | LX_O_APPEND,
				    0640, who, &file, &node, &st), 0);
	assert_int_equal(st.mode, LX_S_IFREG | 0640);
	assert_int_equal(st.nlink, 0);
	assert_int_equal(fixture_write(file, "text", 4, 0), 4);
	assert_int_equal(lx_link(fx->vol, node, fx->root, "a", &st), 0);
	assert_int_equal(st.nlink, 1);
	assert_int_equal(fixture_stat(fx, "a").st_ino, st.ino);
	assert_int_equal(fixture_stat(fx, "a").st_size, 4);
	/* From now on a file like others: once without a name, for good. */
	assert_int_equal(lx_unlink(fx->vol, fx->root, "a"), 0);
	assert_int_equal(lx_link(fx->vol, node, fx->root, "a", &st),
			 -LX_ENOENT);
	lx_file_close(file);
	lx_node_close(fx->vol, node);
}

static void an_exclusive_unnamed_file_never_gets_a_name(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file;
	struct lx_node *node;
	struct lx_stat st;

	assert_int_equal(lx_tmpfile(fx->vol, fx->root, LX_O_WRONLY | LX_O_EXCL,
				    0600, who, &file, &node, &st), 0);
	assert_int_equal(lx_link(fx->vol, node, fx->root, "a", &st),
			 -LX_ENOENT);
	assert_int_equal(lx_getattr(fx->vol, node, &st), 0);
	lx_file_close(file);
	lx_node_close(fx->vol, node);
}

static void an_unnamed_file_needs_a_directory_and_writing(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node = (void *)fx, *f = fixture_create(fx, "f");
	struct lx_file *file = (void *)fx;
	struct lx_stat st = { .ino = 42 };

	assert_int_equal(lx_tmpfile(fx->vol, f, LX_O_RDWR, 0600, who, &file,
				    &node, &st), -LX_ENOTDIR);
	assert_int_equal(lx_tmpfile(fx->ro, fx->root, LX_O_RDWR, 0600, who,
				    &file, &node, &st), -LX_EROFS);
	assert_int_equal(lx_tmpfile(fx->vol, fx->root, LX_O_RDONLY, 0600, who,
				    &file, &node, &st), -LX_EINVAL);
	assert_ptr_equal(node, fx);
	assert_ptr_equal(file, fx);
	assert_int_equal(st.ino, 42);
	lx_node_close(fx->vol, f);
}

struct tmpfile_job {
	struct fixture *fx;
	struct lx_caller who;
	int err;
	struct lx_stat st;
};

static void make_and_link(void *arg)
{
	struct tmpfile_job *job = arg;
	struct lx_volume *vol = job->fx->vol;
	struct lx_file *file;
	struct lx_node *node;

	lx_thread_init();
	job->err = lx_tmpfile(vol, job->fx->root, LX_O_RDWR, 0666, &job->who,
			      &file, &node, &job->st);
	if (job->err)
		return;
	job->err = lx_link(vol, node, job->fx->root, "t", &job->st);
	lx_file_close(file);
	lx_node_close(vol, node);
}

static void an_unnamed_file_belongs_to_the_caller(void **state)
{
	struct fixture *fx = *state;
	struct tmpfile_job job = {
		fx, .who = { .uid = 1234, .gid = 5678, .umask = 027 },
	};

	need_root();
	fixture_in_thread(make_and_link, &job);
	assert_int_equal(job.err, 0);
	assert_int_equal(job.st.uid, 1234);
	assert_int_equal(job.st.gid, 5678);
	assert_int_equal(job.st.mode, LX_S_IFREG | 0640);
	assert_int_equal(unlinkat(fx->fd, "t", 0), 0);
	/* A process without privilege may link what it has made. */
	fixture_as_user(make_and_link, &job);
	assert_int_equal(job.err, 0);
	assert_int_equal(job.st.uid, 1000);
	assert_int_equal(job.st.nlink, 1);
}

static void links_count(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *file = fixture_create(fx, "f"), *link;
	struct lx_stat st;

	assert_int_equal(symlinkat("f", fx->fd, "l"), 0);
	link = fixture_lookup(fx, "l");
	assert_int_equal(lx_link(fx->vol, file, fx->root, "g", &st), 0);
	assert_int_equal(st.nlink, 2);
	assert_int_equal(fixture_stat(fx, "g").st_ino, st.ino);
	assert_int_equal(lx_link(fx->vol, file, fx->root, "g", &st),
			 -LX_EEXIST);
	/* To the symlink, and not to what it names. */
	assert_int_equal(lx_link(fx->vol, link, fx->root, "m", &st), 0);
	assert_true(LX_S_ISLNK(st.mode));
	assert_int_equal(st.nlink, 2);
	assert_int_equal(lx_link(fx->vol, fx->root, fx->root, "d", &st),
			 -LX_EPERM);
	assert_int_equal(lx_unlink(fx->vol, fx->root, "f"), 0);
	assert_int_equal(lx_unlink(fx->vol, fx->root, "g"), 0);
	assert_int_equal(lx_link(fx->vol, file, fx->root, "f", &st),
			 -LX_ENOENT);
	lx_node_close(fx->vol, link);
	lx_node_close(fx->vol, file);
}

static void removes_files_and_directories(void **state)
{
	struct fixture *fx = *state;

	fixture_file(fx, "f", NULL);
	assert_int_equal(mkdirat(fx->fd, "d", 0755), 0);
	fixture_file(fx, "d/f", NULL);
	assert_int_equal(symlinkat("d", fx->fd, "l"), 0);
	assert_int_equal(lx_unlink(fx->vol, fx->root, "d"), -LX_EISDIR);
	assert_int_equal(lx_rmdir(fx->vol, fx->root, "d"), -LX_ENOTEMPTY);
	assert_int_equal(lx_rmdir(fx->vol, fx->root, "f"), -LX_ENOTDIR);
	assert_int_equal(lx_rmdir(fx->vol, fx->root, "l"), -LX_ENOTDIR);
	assert_int_equal(lx_unlink(fx->vol, fx->root, "l"), 0);
	assert_int_equal(lx_unlink(fx->vol, fx->root, "f"), 0);
	assert_int_equal(lx_unlink(fx->vol, fx->root, "f"), -LX_ENOENT);
	assert_int_equal(unlinkat(fx->fd, "d/f", 0), 0);
	assert_int_equal(lx_rmdir(fx->vol, fx->root, "d"), 0);
	assert_int_equal(lx_rmdir(fx->vol, fx->root, "d"), -LX_ENOENT);
}

static void renames_in_every_way(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *d;
	ino_t f, g;
	int err;

	fixture_file(fx, "f", NULL);
	fixture_file(fx, "g", NULL);
	assert_int_equal(mkdirat(fx->fd, "d", 0755), 0);
	d = fixture_lookup(fx, "d");
	f = fixture_stat(fx, "f").st_ino;
	g = fixture_stat(fx, "g").st_ino;
	assert_int_equal(lx_rename(fx->vol, fx->root, "f", fx->root, "g",
				   LX_RENAME_NOREPLACE, &fixture_root),
			 -LX_EEXIST);
	assert_int_equal(lx_rename(fx->vol, fx->root, "f", fx->root, "g",
				   LX_RENAME_EXCHANGE, &fixture_root), 0);
	assert_int_equal(fixture_stat(fx, "f").st_ino, g);
	assert_int_equal(fixture_stat(fx, "g").st_ino, f);
	assert_int_equal(lx_rename(fx->vol, fx->root, "f", d, "h", 0,
				   &fixture_root), 0);
	assert_int_equal(fixture_stat(fx, "d/h").st_ino, g);
	assert_int_equal(lx_rename(fx->vol, d, "h", fx->root, "g", 0,
				   &fixture_root), 0);
	assert_int_equal(fixture_stat(fx, "g").st_ino, g);
	assert_int_equal(lx_rename(fx->vol, fx->root, "d", d, "sub", 0,
				   &fixture_root),
			 -LX_EINVAL);
	assert_int_equal(lx_rename(fx->vol, fx->root, "g", fx->root, "d", 0,
				   &fixture_root),
			 -LX_EISDIR);
	assert_int_equal(lx_rename(fx->vol, fx->root, "x", d, "x", 0,
				   &fixture_root),
			 -LX_ENOENT);
	assert_int_equal(lx_rename(fx->vol, fx->root, "g", d, "g", 8,
				   &fixture_root),
			 -LX_EINVAL);
	err = lx_rename(fx->vol, fx->root, "g", d, "g", LX_RENAME_WHITEOUT,
				   &fixture_root);
	if (!err)
		assert_true(S_ISCHR(fixture_stat(fx, "g").st_mode));
	else
		assert_true(err == -LX_EINVAL || err == -LX_EPERM);
	lx_node_close(fx->vol, d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(refuses_names_that_walk),
		fixture_test(refuses_parents_that_are_no_directory),
		fixture_test(a_read_only_volume_refuses_every_change),
		fixture_test(takes_every_byte_in_a_name),
		fixture_test(makes_every_type),
		fixture_test(makes_directories_and_symlinks),
		fixture_test(creates_and_opens_in_one),
		fixture_test(create_appends_and_reads_only_as_asked),
		fixture_test(create_never_opens_what_is_not_regular),
		fixture_test(an_unnamed_file_gets_its_name_by_link),
		fixture_test(an_exclusive_unnamed_file_never_gets_a_name),
		fixture_test(an_unnamed_file_needs_a_directory_and_writing),
		fixture_test(an_unnamed_file_belongs_to_the_caller),
		fixture_test(links_count),
		fixture_test(removes_files_and_directories),
		fixture_test(renames_in_every_way),
	};

	lx_thread_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
