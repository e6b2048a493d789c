/* SPDX-License-Identifier: MIT */
#include "lxutil/linux/lx_cred.h"

#include "tests/unit/lxutil/lx_fixture.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static int set(struct fixture *fx, struct lx_node *node,
	       struct lx_setattr attr)
{
	return lx_setattr(fx->vol, node, NULL, &attr);
}

static struct lx_stat get(struct fixture *fx, struct lx_node *node)
{
	struct lx_stat st;

	assert_int_equal(lx_getattr(fx->vol, node, &st), 0);
	return st;
}

static void same_time(struct lx_time a, struct timespec b)
{
	assert_int_equal(a.sec, b.tv_sec);
	assert_int_equal(a.nsec, b.tv_nsec);
}

static void attributes_are_the_hosts(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node;
	struct lx_stat st, named;
	struct stat host;

	fixture_file(fx, "f", "hello");
	assert_int_equal(linkat(fx->fd, "f", fx->fd, "g", 0), 0);
	node = fixture_lookup(fx, "f");
	host = fixture_stat(fx, "f");
	st = get(fx, node);
	assert_int_equal(st.ino, host.st_ino);
	assert_int_equal(st.dev, host.st_dev);
	assert_true(st.mount != 0);
	assert_int_equal(st.size, 5);
	assert_int_equal(st.blocks, host.st_blocks);
	assert_int_equal(st.mode, host.st_mode);
	assert_int_equal(st.nlink, 2);
	assert_int_equal(st.uid, host.st_uid);
	assert_int_equal(st.gid, host.st_gid);
	assert_int_equal(st.blksize, host.st_blksize);
	same_time(st.atime, host.st_atim);
	same_time(st.mtime, host.st_mtim);
	same_time(st.ctime, host.st_ctim);
	assert_int_equal(lx_stat_name(fx->vol, fx->root, "g", &named), 0);
	fixture_same(&named, &st);
	same_time(named.ctime, host.st_ctim);
	lx_node_close(fx->vol, node);
}

static void stat_name_does_not_follow_or_walk(void **state)
{
	struct fixture *fx = *state;
	struct lx_stat st = { .ino = 42 };

	assert_int_equal(symlinkat("/etc", fx->fd, "l"), 0);
	assert_int_equal(lx_stat_name(fx->vol, fx->root, "..", &st),
			 -LX_EINVAL);
	assert_int_equal(lx_stat_name(fx->vol, fx->root, "", &st), -LX_EINVAL);
	assert_int_equal(lx_stat_name(fx->vol, fx->root, "l/passwd", &st),
			 -LX_EINVAL);
	assert_int_equal(lx_stat_name(fx->vol, fx->root, "none", &st),
			 -LX_ENOENT);
	assert_int_equal(st.ino, 42);
	assert_int_equal(lx_stat_name(fx->vol, fx->root, "l", &st), 0);
	assert_true(LX_S_ISLNK(st.mode));
}

static void sets_everything_at_once(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node;
	struct lx_setattr attr = {
		.valid = LX_SET_UID | LX_SET_GID | LX_SET_MODE | LX_SET_SIZE |
			 LX_SET_ATIME | LX_SET_MTIME | LX_SET_CTIME,
		.mode = LX_S_IFDIR | 06751, .uid = 12, .gid = 34,
		.size = 1000, .atime = { -5, 999999999 },
		.mtime = { 1ll << 33, 1 },
	};
	struct lx_stat st;

	need_root();
	node = fixture_create(fx, "f");
	assert_int_equal(set(fx, node, attr), 0);
	st = get(fx, node);
	/* The set-id bits were set after the owner, and have stayed. */
	assert_int_equal(st.mode, LX_S_IFREG | 06751);
	assert_int_equal(st.uid, 12);
	assert_int_equal(st.gid, 34);
	assert_int_equal(st.size, 1000);
	assert_int_equal(st.atime.sec, -5);
	assert_int_equal(st.atime.nsec, 999999999);
	assert_int_equal(st.mtime.sec, 1ll << 33);
	assert_int_equal(st.mtime.nsec, 1);
	/* One at a time, and the other stays. */
	attr.valid = LX_SET_GID;
	attr.gid = 56;
	assert_int_equal(set(fx, node, attr), 0);
	st = get(fx, node);
	assert_int_equal(st.uid, 12);
	assert_int_equal(st.gid, 56);
	attr.valid = LX_SET_UID;
	attr.uid = 78;
	assert_int_equal(set(fx, node, attr), 0);
	st = get(fx, node);
	assert_int_equal(st.uid, 78);
	assert_int_equal(st.gid, 56);
	lx_node_close(fx->vol, node);
}

static void times_are_set_one_by_one_or_to_now(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node = fixture_create(fx, "f");
	struct lx_setattr attr = { .atime = { 7, 8 }, .mtime = { 9, 10 } };
	struct lx_stat st;

	attr.valid = LX_SET_ATIME;
	assert_int_equal(set(fx, node, attr), 0);
	st = get(fx, node);
	assert_int_equal(st.atime.sec, 7);
	assert_true(st.mtime.sec > 1000000);
	attr.valid = LX_SET_MTIME;
	assert_int_equal(set(fx, node, attr), 0);
	st = get(fx, node);
	assert_int_equal(st.atime.sec, 7);
	assert_int_equal(st.mtime.sec, 9);
	/* NOW wins, and then the time itself does not matter. */
	attr.valid = LX_SET_ATIME | LX_SET_ATIME_NOW | LX_SET_MTIME;
	attr.atime.nsec = UINT32_MAX;
	assert_int_equal(set(fx, node, attr), 0);
	st = get(fx, node);
	assert_true(st.atime.sec > 1000000);
	assert_int_equal(st.mtime.sec, 9);
	attr.valid = LX_SET_MTIME_NOW;
	assert_int_equal(set(fx, node, attr), 0);
	assert_true(get(fx, node).mtime.sec > 1000000);
	lx_node_close(fx->vol, node);
}

static void refuses_what_makes_no_sense_and_changes_nothing(void **state)
{
	/* Those of utimensat(2) with a meaning of their own among them. */
	static const uint32_t nsec[] = {
		1000000000, UTIME_NOW, UTIME_OMIT, UINT32_MAX,
	};
	struct fixture *fx = *state;
	struct lx_node *node = fixture_create(fx, "f");
	struct lx_stat before = get(fx, node), after;

	for (size_t i = 0; i < sizeof(nsec) / sizeof(*nsec); i++) {
		struct lx_setattr attr = {
			.valid = LX_SET_MODE | LX_SET_ATIME,
			.mode = 0777, .atime = { 0, nsec[i] },
			.mtime = { 0, nsec[i] },
		};

		assert_int_equal(set(fx, node, attr), -LX_EINVAL);
		attr.valid = LX_SET_MODE | LX_SET_MTIME;
		assert_int_equal(set(fx, node, attr), -LX_EINVAL);
	}
	assert_int_equal(set(fx, node, (struct lx_setattr){
		.valid = LX_SET_UID, .uid = UINT32_MAX }), -LX_EINVAL);
	assert_int_equal(set(fx, node, (struct lx_setattr){
		.valid = LX_SET_GID, .gid = UINT32_MAX }), -LX_EINVAL);
	assert_int_equal(set(fx, node, (struct lx_setattr){
		.valid = LX_SET_SIZE, .size = 1ull << 63 }), -LX_EINVAL);
	assert_int_equal(set(fx, node, (struct lx_setattr){ .valid = 0 }), 0);
	after = get(fx, node);
	fixture_same(&before, &after);
	assert_int_equal(before.ctime.sec, after.ctime.sec);
	assert_int_equal(before.ctime.nsec, after.ctime.nsec);
	lx_node_close(fx->vol, node);
}

static void every_type_has_owner_mode_and_times(void **state)
{
	static const struct {
		const char *name;
		mode_t type;
		int size_err;
	} types[] = {
		{ "reg", S_IFREG, 0 }, { "fifo", S_IFIFO, -LX_EINVAL },
		{ "sock", S_IFSOCK, -LX_EINVAL },
		{ "chr", S_IFCHR, -LX_EINVAL }, { "blk", S_IFBLK, -LX_EINVAL },
		{ "dir", S_IFDIR, -LX_EISDIR }, { "lnk", S_IFLNK, -LX_EINVAL },
	};
	struct fixture *fx = *state;
	struct stat target;

	need_root();
	fixture_file(fx, "target", "text");
	target = fixture_stat(fx, "target");
	assert_int_equal(mkdirat(fx->fd, "dir", 0755), 0);
	assert_int_equal(symlinkat("target", fx->fd, "lnk"), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(mknodat(fx->fd, types[i].name,
					 types[i].type | 0600,
					 makedev(240, 1)), 0);
	alarm(30);
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct lx_node *node = fixture_lookup(fx, types[i].name);
		bool link = types[i].type == S_IFLNK;
		struct lx_setattr attr = {
			.valid = LX_SET_UID | LX_SET_GID | LX_SET_ATIME |
				 LX_SET_MTIME | (link ? 0 : LX_SET_MODE),
			.mode = 0751, .uid = 12, .gid = 34,
			.atime = { 5, 6 }, .mtime = { 7, 8 },
		};
		struct lx_stat st;

		assert_int_equal(set(fx, node, attr), 0);
		st = get(fx, node);
		assert_int_equal(st.mode, types[i].type | (link ? 0777 : 0751));
		assert_int_equal(st.uid, 12);
		assert_int_equal(st.gid, 34);
		assert_int_equal(st.atime.sec, 5);
		assert_int_equal(st.mtime.nsec, 8);
		attr.valid = LX_SET_SIZE;
		assert_int_equal(set(fx, node, attr), types[i].size_err);
		attr.valid = LX_SET_MODE;
		assert_int_equal(set(fx, node, attr),
				 link ? -LX_EOPNOTSUPP : 0);
		attr.valid = LX_SET_CTIME;
		assert_int_equal(set(fx, node, attr), 0);
		lx_node_close(fx->vol, node);
	}
	alarm(0);
	/* Nothing went through the symlink. */
	assert_int_equal(fixture_stat(fx, "target").st_uid, target.st_uid);
	assert_int_equal(fixture_stat(fx, "target").st_mode, target.st_mode);
	assert_int_equal(fixture_stat(fx, "target").st_mtime, target.st_mtime);
	assert_int_equal(fixture_stat(fx, "target").st_size, 4);
}

static void ctime_alone_is_touched_and_nothing_else(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node = fixture_create(fx, "f");
	struct lx_setattr mode = { .valid = LX_SET_MODE, .mode = 06755 };
	struct lx_stat before, after;

	assert_int_equal(set(fx, node, mode), 0);
	before = get(fx, node);
	usleep(50000);          /* the kernel's clock has ticked then */
	assert_int_equal(set(fx, node, (struct lx_setattr){
		.valid = LX_SET_CTIME }), 0);
	after = get(fx, node);
	assert_true(after.ctime.sec > before.ctime.sec ||
		    after.ctime.nsec > before.ctime.nsec);
	fixture_same(&before, &after);
	lx_node_close(fx->vol, node);
}

struct size_job {
	struct fixture *fx;
	struct lx_node *node;
	struct lx_file *file;
	int err;
};

static void set_size(void *arg)
{
	struct size_job *job = arg;
	struct lx_setattr attr = { .valid = LX_SET_SIZE, .size = 2 };

	job->err = lx_setattr(job->fx->vol, job->node, job->file, &attr);
}

static void an_open_file_serves_where_the_mode_does_not(void **state)
{
	struct fixture *fx = *state;
	struct size_job job = { .fx = fx };
	struct lx_file *writable, *readable;

	need_root();
	fixture_file(fx, "f", "text");
	job.node = fixture_lookup(fx, "f");
	writable = fixture_open(fx, "f", LX_O_WRONLY);
	readable = fixture_open(fx, "f", LX_O_RDONLY);
	fixture_as_user(set_size, &job);
	assert_int_equal(job.err, -LX_EACCES);
	job.file = readable;
	fixture_as_user(set_size, &job);
	assert_int_equal(job.err, -LX_EACCES);
	assert_int_equal(fixture_stat(fx, "f").st_size, 4);
	job.file = writable;
	fixture_as_user(set_size, &job);
	assert_int_equal(job.err, 0);
	assert_int_equal(fixture_stat(fx, "f").st_size, 2);
	lx_file_close(readable);
	lx_file_close(writable);
	lx_node_close(fx->vol, job.node);
}

static void a_read_only_volume_refuses_changes(void **state)
{
	static const uint32_t valid[] = {
		LX_SET_MODE, LX_SET_UID, LX_SET_GID, LX_SET_SIZE, LX_SET_ATIME,
		LX_SET_MTIME, LX_SET_ATIME_NOW, LX_SET_MTIME_NOW, LX_SET_CTIME,
	};
	struct fixture *fx = *state;
	struct lx_node *node = fixture_create(fx, "f");
	struct lx_file *file = fixture_open(fx, "f", LX_O_RDWR);
	struct lx_stat before = get(fx, node), after;

	for (size_t i = 0; i < sizeof(valid) / sizeof(*valid); i++) {
		struct lx_setattr attr = { .valid = valid[i], .size = 7,
					   .mode = 0777 };

		assert_int_equal(lx_setattr(fx->ro, node, file, &attr),
				 -LX_EROFS);
	}
	after = get(fx, node);
	fixture_same(&before, &after);
	assert_int_equal(before.ctime.sec, after.ctime.sec);
	assert_int_equal(before.ctime.nsec, after.ctime.nsec);
	lx_file_close(file);
	lx_node_close(fx->vol, node);
}

static void reads_a_symlinks_target(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node;
	char target[LX_PATH_MAX], buf[LX_PATH_MAX + 10];

	memset(target, 't', sizeof(target));
	target[sizeof(target) - 1] = '\0';
	assert_int_equal(symlinkat(target, fx->fd, "l"), 0);
	node = fixture_lookup(fx, "l");
	assert_int_equal(lx_readlink(fx->vol, node, buf, sizeof(buf)), 4095);
	assert_memory_equal(buf, target, 4095);
	assert_int_equal(lx_readlink(fx->vol, node, buf, 3), 3);
	assert_int_equal(unlinkat(fx->fd, "l", 0), 0);
	assert_int_equal(lx_readlink(fx->vol, node, buf, SIZE_MAX), 4095);
	lx_node_close(fx->vol, node);
	assert_int_equal(lx_readlink(fx->vol, fx->root, buf, sizeof(buf)),
			 -LX_EINVAL);
}

static void attributes_tell_of_flags_and_direct_io(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node = fixture_create(fx, "f");
	struct statx host;
	struct lx_stat st;

	assert_int_equal(statx(fx->fd, "f", 0,
			       STATX_BASIC_STATS | STATX_DIOALIGN, &host), 0);
	assert_int_equal(lx_getattr(fx->vol, node, &st), 0);
	assert_int_equal(st.attributes, host.stx_attributes);
	assert_int_equal(st.attributes_mask, host.stx_attributes_mask);
	assert_int_equal(st.dio_mem_align, host.stx_dio_mem_align);
	assert_int_equal(st.dio_offset_align, host.stx_dio_offset_align);
	lx_node_close(fx->vol, node);
	/* The root of what is mounted, unlike the file. */
	if (host.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) {
		assert_false(st.attributes & STATX_ATTR_MOUNT_ROOT);
		assert_true(st.attributes_mask & STATX_ATTR_MOUNT_ROOT);
	}
}

/*
 * What is left of `mode` after a change by set(), whatever the thread did
 * before; the file is not root's.
 */
static mode_t mode_after(struct fixture *fx, mode_t mode,
			 struct lx_setattr change)
{
	mode_t left[2];

	for (int fsetid = 0; fsetid < 2; fsetid++) {
		struct lx_node *node;

		lx_cred_fsetid(true);
		fixture_file(fx, "f", "text");
		assert_int_equal(fchownat(fx->fd, "f", 12, 34, 0), 0);
		assert_int_equal(fchmodat(fx->fd, "f", mode, 0), 0);
		node = fixture_lookup(fx, "f");
		lx_cred_fsetid(fsetid);
		assert_int_equal(set(fx, node, change), 0);
		lx_node_close(fx->vol, node);
		left[fsetid] = fixture_stat(fx, "f").st_mode & 07777;
		assert_int_equal(unlinkat(fx->fd, "f", 0), 0);
	}
	assert_int_equal(left[0], left[1]);
	return left[0];
}

static void a_size_drops_privilege_where_asked(void **state)
{
	const struct lx_setattr cut = { .valid = LX_SET_SIZE, .size = 1 };
	const struct lx_setattr kill = {
		.valid = LX_SET_SIZE | LX_SET_KILL_PRIV, .size = 1,
	};
	struct fixture *fx = *state;

	need_root();
	assert_int_equal(mode_after(fx, 06777, cut), 06777);
	assert_int_equal(mode_after(fx, 06777, kill), 0777);
	assert_int_equal(mode_after(fx, 04711, kill), 0711);
	assert_int_equal(mode_after(fx, 0666, kill), 0666);
}

static void an_owner_drops_privilege_and_a_mode_does_not(void **state)
{
	const struct lx_setattr own = {
		.valid = LX_SET_UID | LX_SET_GID | LX_SET_KILL_PRIV,
		.uid = 56, .gid = 78,
	};
	const struct lx_setattr mode = { .valid = LX_SET_MODE, .mode = 06755 };
	struct fixture *fx = *state;

	need_root();
	assert_int_equal(mode_after(fx, 06777, own), 0777);
	/* As by root: no privilege is in these bits. */
	assert_int_equal(mode_after(fx, 02644, own), 02644);
	assert_int_equal(mode_after(fx, 0644, mode), 06755);
}

static void an_owner_alone_leaves_privilege_where_asked(void **state)
{
	static const char cap[20] = { 1, 0, 0, 2, 0x10 };
	struct lx_setattr own = {
		.valid = LX_SET_UID | LX_SET_GID | LX_SET_KEEP_PRIV,
		.uid = 56, .gid = 78,
	};
	struct lx_setattr mode = own;
	struct fixture *fx = *state;
	struct lx_node *node;
	struct stat host;
	char got[32];
	int fd;

	need_root();
	assert_int_equal(mode_after(fx, 06777, own), 06777);
	assert_int_equal(mode_after(fx, 0644, own), 0644);
	mode.valid |= LX_SET_MODE;
	mode.mode = 0755;
	assert_int_equal(mode_after(fx, 06777, mode), 0755);
	node = fixture_create(fx, "f");
	fd = openat(fx->fd, "f", O_RDONLY);
	if (!fsetxattr(fd, "security.capability", cap, sizeof(cap), 0)) {
		own.valid |= LX_SET_SIZE;
		assert_int_equal(set(fx, node, own), 0);
		assert_int_equal(fgetxattr(fd, "security.capability", got,
					   sizeof(got)), sizeof(cap));
		assert_memory_equal(got, cap, sizeof(cap));
	}
	close(fd);
	host = fixture_stat(fx, "f");
	assert_int_equal(host.st_uid, 56);
	assert_int_equal(host.st_gid, 78);
	lx_node_close(fx->vol, node);
}

static void kill_priv_alone_is_no_change(void **state)
{
	struct fixture *fx = *state;
	const struct lx_setattr touch = {
		.valid = LX_SET_CTIME | LX_SET_KILL_PRIV,
	};
	const struct lx_setattr none = { .valid = LX_SET_KILL_PRIV };

	struct lx_node *node;
	struct lx_time old;

	need_root();
	assert_int_equal(mode_after(fx, 06777, none), 06777);
	assert_int_equal(mode_after(fx, 06777, touch), 06777);
	node = fixture_create(fx, "f");
	old = get(fx, node).ctime;
	usleep(20000);          /* more than the clock's step */
	assert_int_equal(set(fx, node, none), 0);
	assert_int_equal(get(fx, node).ctime.nsec, old.nsec);
	assert_int_equal(set(fx, node, touch), 0);
	assert_int_not_equal(get(fx, node).ctime.nsec, old.nsec);
	lx_node_close(fx->vol, node);
}

static void access_goes_by_mode_owner_and_group(void **state)
{
	static const struct lx_caller
		owner = { .uid = 12, .gid = 99 },
		group = { .uid = 77, .gid = 34 },
		second = { .uid = 77, .gid = 99, .has_group = true,
			   .group = 34 },
		other = { .uid = 77, .gid = 99, .group = 34 },
		root = { .uid = 0 };
	static const struct {
		const struct lx_caller *who;
		uint32_t mode, may;
	} cases[] = {
		{ &owner, 0700, 7 }, { &owner, 0077, 0 }, { &owner, 0400, 4 },
		{ &group, 0070, 7 }, { &group, 0707, 0 }, { &group, 0720, 2 },
		{ &second, 0070, 7 }, { &second, 0707, 0 },
		{ &other, 0007, 7 }, { &other, 0770, 0 }, { &other, 0001, 1 },
		{ &root, 0000, 6 }, { &root, 0010, 7 }, { &root, 07000, 6 },
	};
	struct fixture *fx = *state;
	struct lx_node *node;

	need_root();
	node = fixture_create(fx, "f");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(set(fx, node, (struct lx_setattr){
			.valid = LX_SET_UID | LX_SET_GID | LX_SET_MODE,
			.uid = 12, .gid = 34, .mode = cases[i].mode }), 0);
		for (uint32_t mask = 0; mask < 8; mask++)
			assert_int_equal(lx_access(fx->vol, node, cases[i].who,
						   mask),
					 mask & ~cases[i].may ? -LX_EACCES : 0);
	}
	assert_int_equal(lx_access(fx->vol, node, &root, 8), -LX_EINVAL);
	assert_int_equal(lx_access(fx->ro, node, &root, LX_W_OK), -LX_EROFS);
	assert_int_equal(lx_access(fx->ro, node, &root, LX_R_OK), 0);
	assert_int_equal(lx_access(fx->vol, fx->root, &root, LX_X_OK), 0);
	lx_node_close(fx->vol, node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(attributes_are_the_hosts),
		fixture_test(stat_name_does_not_follow_or_walk),
		fixture_test(sets_everything_at_once),
		fixture_test(times_are_set_one_by_one_or_to_now),
		fixture_test(refuses_what_makes_no_sense_and_changes_nothing),
		fixture_test(every_type_has_owner_mode_and_times),
		fixture_test(ctime_alone_is_touched_and_nothing_else),
		fixture_test(an_open_file_serves_where_the_mode_does_not),
		fixture_test(a_read_only_volume_refuses_changes),
		fixture_test(reads_a_symlinks_target),
		fixture_test(attributes_tell_of_flags_and_direct_io),
		fixture_test(a_size_drops_privilege_where_asked),
		fixture_test(an_owner_drops_privilege_and_a_mode_does_not),
		fixture_test(an_owner_alone_leaves_privilege_where_asked),
		fixture_test(kill_priv_alone_is_no_change),
		fixture_test(access_goes_by_mode_owner_and_group),
	};

	lx_thread_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
