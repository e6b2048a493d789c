/* SPDX-License-Identifier: MIT */
/* What another process knew is found again, and nothing else is. */
#include "tests/unit/lxutil/lx_fixture.h"

#include "common/bytes.h"
#include "lxutil/linux/lx_node.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

/* Has the volume handles?  What follows is about them. */
#define need_handles(fx) \
	do { \
		if (!(fx)->vol->mount || (fx)->vol->mount->fd < 0) \
			skip(); \
	} while (0)

/* The handle of anything of the host, as whoever forges an image has it. */
static struct lx_handle forge(int dir_fd, const char *name)
{
	union {
		struct file_handle head;
		char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} buf;
	struct lx_handle handle;
	int mount;

	buf.head.handle_bytes = MAX_HANDLE_SZ;
	assert_int_equal(name_to_handle_at(dir_fd, name, &buf.head, &mount,
					   0), 0);
	handle.type = (uint32_t)buf.head.handle_type;
	handle.len = buf.head.handle_bytes;
	memcpy(handle.bytes, buf.head.f_handle, handle.len);
	return handle;
}

/* 0 if it opens a node, which is of this inode then. */
static int try_open(struct lx_volume *vol, const struct lx_handle *handle,
		    uint32_t type, uint64_t ino)
{
	struct lx_node *node;
	struct lx_stat st, again;
	int err = lx_open_saved(vol, handle, type, &node, &st);

	if (err)
		return err;
	assert_int_equal(st.ino, ino);
	assert_int_equal(lx_getattr(vol, node, &again), 0);
	assert_int_equal(again.ino, ino);
	lx_node_close(vol, node);
	return 0;
}

static void a_path_leads_from_the_root(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *d, *f;
	char path[LX_PATH_MAX];
	struct lx_stat st;

	assert_int_equal(mkdirat(fx->fd, "d", 0700), 0);
	fixture_file(fx, "d/f", "");
	d = fixture_lookup(fx, "d");
	assert_int_equal(lx_lookup(fx->vol, d, "f", &f, &st), 0);
	assert_int_equal(lx_node_path(fx->vol, fx->root, path), 0);
	assert_string_equal(path, "");
	assert_int_equal(lx_node_path(fx->vol, d, path), 0);
	assert_string_equal(path, "d");
	assert_int_equal(lx_node_path(fx->vol, f, path), 0);
	assert_string_equal(path, "d/f");
	assert_int_equal(renameat(fx->fd, "d", fx->fd, "e"), 0);
	assert_int_equal(lx_node_path(fx->vol, f, path), 0);
	assert_string_equal(path, "e/f");
	assert_int_equal(renameat(fx->fd, "e/f", AT_FDCWD, "outside"), 0);
	assert_int_equal(lx_node_path(fx->vol, f, path), -LX_ENOENT);
	assert_int_equal(unlink("outside"), 0);
	lx_node_close(fx->vol, f);
	lx_node_close(fx->vol, d);
}

/* "lx_test.abc" is not above "lx_test.abcd". */
static void a_path_is_not_only_a_prefix(void **state)
{
	struct fixture *fx = *state;
	char longer[64], path[LX_PATH_MAX];
	struct lx_node *f;

	fixture_file(fx, "f", "");
	f = fixture_lookup(fx, "f");
	snprintf(longer, sizeof(longer), "%s.f", fx->path);
	assert_int_equal(renameat(fx->fd, "f", AT_FDCWD, longer), 0);
	assert_int_equal(lx_node_path(fx->vol, f, path), -LX_ENOENT);
	assert_int_equal(unlink(longer), 0);
	lx_node_close(fx->vol, f);
}

static void paths_do_not_lead_out(void **state)
{
	struct fixture *fx = *state;
	struct lx_stat st;

	assert_int_equal(mkdirat(fx->fd, "d", 0700), 0);
	fixture_file(fx, "d/f", "");
	assert_int_equal(symlinkat("d", fx->fd, "l"), 0);
	assert_int_equal(symlinkat("/", fx->fd, "top"), 0);
	assert_int_equal(lx_stat_path(fx->vol, "", &st), 0);
	assert_int_equal(st.ino, fixture_stat(fx, ".").st_ino);
	assert_int_equal(lx_stat_path(fx->vol, "d/f", &st), 0);
	assert_int_equal(st.ino, fixture_stat(fx, "d/f").st_ino);
	assert_int_equal(lx_stat_path(fx->vol, "l/f", &st), -LX_ELOOP);
	assert_int_equal(lx_stat_path(fx->vol, "top/etc", &st), -LX_ELOOP);
	assert_int_equal(lx_stat_path(fx->vol, "..", &st), -LX_EXDEV);
	assert_int_equal(lx_stat_path(fx->vol, "d/../..", &st), -LX_EXDEV);
	assert_int_equal(lx_stat_path(fx->vol, "/etc", &st), -LX_EXDEV);
}

static void a_handle_finds_what_was_renamed(void **state)
{
	struct fixture *fx = *state;
	struct lx_handle file, dir, link;
	struct lx_node *node;

	need_handles(fx);
	fixture_file(fx, "f", "");
	assert_int_equal(mkdirat(fx->fd, "d", 0700), 0);
	assert_int_equal(symlinkat("/etc/passwd", fx->fd, "l"), 0);
	node = fixture_lookup(fx, "f");
	assert_int_equal(lx_node_handle(fx->vol, node, &file), 0);
	fixture_close(fx, &node);
	node = fixture_lookup(fx, "d");
	assert_int_equal(lx_node_handle(fx->vol, node, &dir), 0);
	fixture_close(fx, &node);
	node = fixture_lookup(fx, "l");
	assert_int_equal(lx_node_handle(fx->vol, node, &link), 0);
	fixture_close(fx, &node);
	assert_int_equal(renameat(fx->fd, "d", fx->fd, "e"), 0);
	assert_int_equal(renameat(fx->fd, "f", fx->fd, "e/g"), 0);
	assert_int_equal(renameat(fx->fd, "l", fx->fd, "e/m"), 0);
	assert_int_equal(try_open(fx->vol, &file, LX_S_IFREG,
				  fixture_stat(fx, "e/g").st_ino), 0);
	assert_int_equal(try_open(fx->vol, &dir, LX_S_IFDIR,
				  fixture_stat(fx, "e").st_ino), 0);
	assert_int_equal(try_open(fx->vol, &link, LX_S_IFLNK,
				  fixture_stat(fx, "e/m").st_ino), 0);
	/* Of another type it is not. */
	assert_int_equal(try_open(fx->vol, &file, LX_S_IFDIR, 0), -LX_ESTALE);
	assert_int_equal(try_open(fx->vol, &dir, LX_S_IFREG, 0), -LX_ESTALE);
}

/* Things of each type, beside the share. */
static const struct {
	const char *name;
	uint32_t type;
} outside[] = {
	{ "lx_out.file", LX_S_IFREG }, { "lx_out.dir", LX_S_IFDIR },
	{ "lx_out.link", LX_S_IFLNK }, { "lx_out.fifo", LX_S_IFIFO },
};

static void make_outside(void)
{
	for (size_t i = 0; i < ARRAY_LEN(outside); i++)
		if (unlink(outside[i].name))
			rmdir(outside[i].name);
	close(open(outside[0].name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(mkdir(outside[1].name, 0700), 0);
	assert_int_equal(symlink("lx_out.file", outside[2].name), 0);
	assert_int_equal(mkfifo(outside[3].name, 0600), 0);
}

static void remove_outside(void)
{
	for (size_t i = 0; i < ARRAY_LEN(outside); i++)
		assert_int_equal(outside[i].type == LX_S_IFDIR ?
					 rmdir(outside[i].name) :
					 unlink(outside[i].name), 0);
}

static void no_handle_leads_out(void **state)
{
	struct fixture *fx = *state;
	struct lx_handle handle;
	int fd;

	need_handles(fx);
	make_outside();
	for (size_t i = 0; i < ARRAY_LEN(outside); i++) {
		/* Whether the kernel has it in memory or not. */
		handle = forge(AT_FDCWD, outside[i].name);
		assert_true(try_open(fx->vol, &handle, outside[i].type, 0) < 0);
		fd = open(outside[i].name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		assert_true(try_open(fx->vol, &handle, outside[i].type, 0) < 0);
		close(fd);
	}
	handle = forge(AT_FDCWD, ".");
	assert_true(try_open(fx->vol, &handle, LX_S_IFDIR, 0) < 0);
	/* The root itself is within. */
	handle = forge(fx->fd, ".");
	assert_int_equal(try_open(fx->vol, &handle, LX_S_IFDIR,
				  fixture_stat(fx, ".").st_ino), 0);
	remove_outside();
}

/* A file that was moved out, though it was in the share and is still open. */
static void what_was_moved_out_is_out(void **state)
{
	struct fixture *fx = *state;
	struct lx_handle handle;
	struct lx_node *node;

	need_handles(fx);
	fixture_file(fx, "f", "");
	node = fixture_lookup(fx, "f");
	assert_int_equal(lx_node_handle(fx->vol, node, &handle), 0);
	assert_int_equal(renameat(fx->fd, "f", AT_FDCWD, "lx_out.file"), 0);
	assert_int_equal(try_open(fx->vol, &handle, LX_S_IFREG, 0),
			 -LX_ESTALE);
	assert_int_equal(unlink("lx_out.file"), 0);
	assert_int_equal(try_open(fx->vol, &handle, LX_S_IFREG, 0),
			 -LX_ESTALE);
	lx_node_close(fx->vol, node);
}

/* The path of the one is that of the other. */
static void a_removed_root_of_the_same_path_is_out(void **state)
{
	struct fixture *fx = *state;
	const struct lx_volume_options options = { .read_only = false };
	struct lx_handle handle;
	struct lx_volume *vol;
	char path[64];
	int fd;

	need_handles(fx);
	snprintf(path, sizeof(path), "%s/sub", fx->path);
	assert_int_equal(mkdir(path, 0700), 0);
	fixture_file(fx, "sub/secret", "");
	fd = openat(fx->fd, "sub/secret", O_RDWR | O_CLOEXEC);
	handle = forge(fx->fd, "sub/secret");
	assert_int_equal(unlinkat(fx->fd, "sub/secret", 0), 0);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(lx_volume_open(path, &options, &fx->log, &vol), 0);
	assert_true(try_open(vol, &handle, LX_S_IFREG, 0) < 0);
	lx_volume_close(vol);
	close(fd);
}

/* Where the root is not the root of a mount, nothing proves where it was. */
static void a_file_without_names_is_not_proven(void **state)
{
	struct fixture *fx = *state;
	struct lx_handle handle;
	struct lx_node *node;

	need_handles(fx);
	fixture_file(fx, "f", "");
	node = fixture_lookup(fx, "f");
	assert_int_equal(lx_node_handle(fx->vol, node, &handle), 0);
	assert_int_equal(unlinkat(fx->fd, "f", 0), 0);
	assert_int_equal(try_open(fx->vol, &handle, LX_S_IFREG, 0),
			 -LX_ESTALE);
	lx_node_close(fx->vol, node);
}

static void try_mounted(struct fixture *fx, struct lx_volume *vol)
{
	int in = openat(fx->fd, "d/f", O_RDWR | O_CLOEXEC);
	int out = open("lx_out.file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct lx_handle inside = forge(fx->fd, "d/f");
	struct lx_handle beside = forge(AT_FDCWD, "lx_out.file");
	struct lx_handle above = forge(AT_FDCWD, ".");
	struct stat st;

	assert_int_equal(fstat(in, &st), 0);
	assert_int_equal(try_open(vol, &inside, LX_S_IFREG, st.st_ino), 0);
	assert_int_equal(try_open(vol, &beside, LX_S_IFREG, 0), -LX_ESTALE);
	assert_true(try_open(vol, &above, LX_S_IFDIR, 0) < 0);
	/* Without names, too; and without the directory. */
	assert_int_equal(unlinkat(fx->fd, "d/f", 0), 0);
	assert_int_equal(unlink("lx_out.file"), 0);
	assert_int_equal(try_open(vol, &inside, LX_S_IFREG, st.st_ino), 0);
	assert_int_equal(try_open(vol, &beside, LX_S_IFREG, 0), -LX_ESTALE);
	assert_int_equal(unlinkat(fx->fd, "d", AT_REMOVEDIR), 0);
	assert_int_equal(try_open(vol, &inside, LX_S_IFREG, st.st_ino), 0);
	close(in);
	close(out);
}

static void on_a_mount_of_its_own_it_is(void **state)
{
	const struct lx_volume_options options = { .read_only = false };
	struct fixture *fx = *state;
	struct lx_volume *vol;

	need_handles(fx);
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(fx->path, fx->path, NULL, MS_BIND, NULL))
		skip();
	assert_int_equal(mkdirat(fx->fd, "d", 0700), 0);
	fixture_file(fx, "d/f", "");
	assert_int_equal(lx_volume_open(fx->path, &options, &fx->log, &vol), 0);
	try_mounted(fx, vol);
	lx_volume_close(vol);
	assert_int_equal(umount2(fx->path, MNT_DETACH), 0);
}

/*
 * For a process whose root directory is the share, a file that is on the mount
 * has a path, and one that is not has one that looks much like it.
 */
static bool try_in_root(struct fixture *fx, const struct lx_handle *inside,
			const struct lx_handle *beside)
{
	const struct lx_volume_options options = { .read_only = false };
	struct lx_volume *vol;
	struct lx_node *node;
	struct lx_stat st;
	bool good;

	if (lx_volume_open("/", &options, &fx->log, &vol))
		return false;
	good = !lx_open_saved(vol, inside, LX_S_IFREG, &node, &st);
	if (good)
		lx_node_close(vol, node);
	good = good && lx_open_saved(vol, beside, LX_S_IFREG, &node, &st) ==
			       -LX_ESTALE;
	lx_volume_close(vol);
	return good;
}

static void a_share_that_is_the_root_directory_is_no_other(void **state)
{
	struct fixture *fx = *state;
	struct lx_handle inside, beside;
	int in, out, status;
	char proc[64];
	pid_t pid;

	need_handles(fx);
	assert_int_equal(mkdirat(fx->fd, "proc", 0700), 0);
	snprintf(proc, sizeof(proc), "%s/proc", fx->path);
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(fx->path, fx->path, NULL, MS_BIND, NULL) ||
	    mount("/proc", proc, NULL, MS_BIND | MS_REC, NULL))
		skip();
	fixture_file(fx, "f", "");
	in = openat(fx->fd, "f", O_RDWR | O_CLOEXEC);
	out = open("lx_out.file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	inside = forge(fx->fd, "f");
	beside = forge(AT_FDCWD, "lx_out.file");
	assert_int_equal(unlinkat(fx->fd, "f", 0), 0);
	assert_int_equal(unlink("lx_out.file"), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(chroot(fx->path) || chdir("/") ||
		      !try_in_root(fx, &inside, &beside));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(in);
	close(out);
	assert_int_equal(umount2(proc, MNT_DETACH), 0);
	assert_int_equal(umount2(fx->path, MNT_DETACH), 0);
}

/* What is below a directory that a mount covers is not below the root. */
static void what_a_mount_covers_is_out(void **state)
{
	const struct lx_volume_options options = { .read_only = false };
	struct fixture *fx = *state;
	struct lx_handle handle, dir, sub;
	struct lx_volume *vol;
	char path[64];
	int fd;

	need_handles(fx);
	assert_int_equal(mkdirat(fx->fd, "m", 0700), 0);
	assert_int_equal(mkdirat(fx->fd, "m/sub", 0700), 0);
	fixture_file(fx, "m/f", "");
	snprintf(path, sizeof(path), "%s/m", fx->path);
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", path, "tmpfs", 0, "size=1m"))
		skip();
	fd = openat(fx->fd, "m/f", O_PATH | O_CLOEXEC);
	handle = forge(fx->fd, "m/f");
	dir = forge(fx->fd, "m");
	sub = forge(fx->fd, "m/sub");
	assert_int_equal(lx_volume_open(fx->path, &options, &fx->log, &vol), 0);
	assert_int_equal(try_open(vol, &handle, LX_S_IFREG, 0), -LX_ESTALE);
	assert_int_equal(try_open(vol, &dir, LX_S_IFDIR, 0), -LX_ESTALE);
	assert_int_equal(try_open(vol, &sub, LX_S_IFDIR, 0), -LX_ESTALE);
	assert_int_equal(umount2(path, MNT_DETACH), 0);
	assert_int_equal(try_open(vol, &handle, LX_S_IFREG,
				  fixture_stat(fx, "m/f").st_ino), 0);
	lx_volume_close(vol);
	close(fd);
}

static void handles_that_make_no_sense_open_nothing(void **state)
{
	struct fixture *fx = *state;
	struct lx_handle good, bad;
	struct lx_node *node;
	struct lx_stat st;

	need_handles(fx);
	fixture_file(fx, "f", "");
	good = forge(fx->fd, "f");
	bad = good;
	bad.type ^= 1;
	assert_int_equal(try_open(fx->vol, &bad, LX_S_IFREG, 0), -LX_ESTALE);
	bad.type = good.type | 0x10000;
	assert_int_equal(try_open(fx->vol, &bad, LX_S_IFREG, 0), -LX_ESTALE);
	bad = good;
	bad.len = 0;
	assert_true(try_open(fx->vol, &bad, LX_S_IFREG, 0) < 0);
	bad.len = SIZE_MAX;
	assert_int_equal(try_open(fx->vol, &bad, LX_S_IFREG, 0), -LX_ESTALE);
	for (size_t i = 0; i < good.len; i++) {
		bad = good;
		bad.bytes[i] ^= 0x55;
		if (!lx_open_saved(fx->vol, &bad, LX_S_IFREG, &node, &st)) {
			assert_int_equal(st.ino, fixture_stat(fx, "f").st_ino);
			lx_node_close(fx->vol, node);
		}
	}
}

static void without_handles_there_are_none(void **state)
{
	const struct lx_volume_options options = {
		.inode_file_handles = LX_HANDLES_NEVER,
	};
	struct fixture *fx = *state;
	struct lx_handle handle = { .len = 8 };
	struct lx_volume *vol;
	struct lx_node *root;
	struct lx_stat st;

	assert_int_equal(lx_volume_open(fx->path, &options, &fx->log, &vol), 0);
	assert_int_equal(lx_volume_root(vol, &root, &st), 0);
	assert_int_equal(lx_node_handle(vol, root, &handle), -LX_EOPNOTSUPP);
	assert_int_equal(try_open(vol, &handle, LX_S_IFDIR, 0), -LX_ESTALE);
	lx_node_close(vol, root);
	lx_volume_close(vol);
}

static void an_open_file_tells_its_flags(void **state)
{
	static const uint32_t flags[] = {
		LX_O_RDONLY, LX_O_WRONLY, LX_O_RDWR, LX_O_RDWR | LX_O_APPEND,
		LX_O_RDONLY | LX_O_NONBLOCK, LX_O_WRONLY | LX_O_DSYNC,
		LX_O_RDWR | LX_O_SYNC,
	};
	struct fixture *fx = *state;
	struct lx_file *file;

	fixture_file(fx, "f", "");
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		file = fixture_open(fx, "f", flags[i] | LX_O_TRUNC);
		assert_int_equal(lx_file_flags(file), flags[i]);
		lx_file_close(file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(a_path_leads_from_the_root),
		fixture_test(a_path_is_not_only_a_prefix),
		fixture_test(paths_do_not_lead_out),
		fixture_test(a_handle_finds_what_was_renamed),
		fixture_test(no_handle_leads_out),
		fixture_test(what_was_moved_out_is_out),
		fixture_test(a_removed_root_of_the_same_path_is_out),
		fixture_test(a_file_without_names_is_not_proven),
		fixture_test(on_a_mount_of_its_own_it_is),
		fixture_test(a_share_that_is_the_root_directory_is_no_other),
		fixture_test(what_a_mount_covers_is_out),
		fixture_test(handles_that_make_no_sense_open_nothing),
		fixture_test(without_handles_there_are_none),
		fixture_test(an_open_file_tells_its_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
