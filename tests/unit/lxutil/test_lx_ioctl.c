/* SPDX-License-Identifier: MIT */
/*
 * The file system below may lack any of these; what a test needs it asks the
 * host first.  Immutable files are set free again, or teardown would fail.
 */
#include "lxutil/linux/lx_node.h"

#include "tests/unit/lxutil/lx_fixture.h"

#include <errno.h>
#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <linux/fsverity.h>
#include <string.h>
#include <sys/ioctl.h>

/* The numbers of a 64-bit Linux: what guests send. */
enum {
	GETFLAGS = 0x80086601,
	SETFLAGS = 0x40086602,
	GETFLAGS32 = 0x80046601,
	GETVERSION = 0x80087601,
	FSGETXATTR = 0x801c581f,
	FSSETXATTR = 0x401c5820,
	ENABLE_VERITY = 0x40806685,
	MEASURE_VERITY = 0xc0046686,
	GET_POLICY = 0x400c6615,
	GET_POLICY_EX = 0xc0096616
};

#define need(fx, cmd, buf) \
	do { \
		if (ioctl((fx)->fd, (cmd), (buf))) \
			skip(); \
	} while (0)

static ssize_t get(struct lx_file *file, uint32_t cmd, void *buf, size_t size)
{
	return lx_ioctl(file, cmd, NULL, 0, buf, size);
}

static ssize_t set(struct lx_file *file, uint32_t cmd, const void *buf,
		   size_t size)
{
	return lx_ioctl(file, cmd, buf, size, NULL, 0);
}

static void flags_are_got_and_set(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file;
	int flags, now;

	need_root();
	need(fx, FS_IOC_GETFLAGS, &flags);
	fixture_file(fx, "f", "text");
	file = fixture_open(fx, "f", LX_O_RDONLY);
	assert_int_equal(get(file, GETFLAGS, &flags, sizeof(flags)), 4);
	assert_int_equal(get(file, GETFLAGS32, &now, sizeof(now)), 4);
	assert_int_equal(now, flags);
	now |= FS_NODUMP_FL;
	assert_int_equal(set(file, SETFLAGS, &now, sizeof(now)), 0);
	assert_int_equal(ioctl(file->fd, FS_IOC_GETFLAGS, &flags), 0);
	assert_int_equal(flags, now);
	/* Where 8 bytes would do, 4 are the answer. */
	char eight[8] = { [4] = 'x' };

	assert_int_equal(get(file, GETFLAGS, eight, 8), 4);
	assert_int_equal(eight[4], 'x');
	lx_file_close(file);
}

static void directories_have_flags_too(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *dir;
	int flags, host;

	need(fx, FS_IOC_GETFLAGS, &host);
	assert_int_equal(lx_opendir(fx->vol, fx->root, &dir), 0);
	assert_int_equal(get(dir, GETFLAGS, &flags, sizeof(flags)), 4);
	assert_int_equal(flags, host);
	flags |= FS_NODUMP_FL;
	assert_int_equal(set(dir, SETFLAGS, &flags, sizeof(flags)), 0);
	need(fx, FS_IOC_GETFLAGS, &host);
	assert_int_equal(flags, host);
	lx_file_close(dir);
}

static void the_version_is_four_bytes(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *dir;
	int version, host;

	need(fx, FS_IOC_GETVERSION, &host);
	assert_int_equal(lx_opendir(fx->vol, fx->root, &dir), 0);
	/* A guest's kernel offers what the number says: a long. */
	char eight[8] = { [4] = 'x' };

	assert_int_equal(get(dir, GETVERSION, eight, 8), 4);
	memcpy(&version, eight, 4);
	assert_int_equal(version, host);
	assert_int_equal(eight[4], 'x');
	lx_file_close(dir);
}

static void extended_flags_but_not_the_project(void **state)
{
	struct fixture *fx = *state;
	struct lx_file *file;
	struct fsxattr attr, now;
	int flags;

	need_root();
	need(fx, FS_IOC_FSGETXATTR, &attr);
	fixture_file(fx, "f", NULL);
	file = fixture_open(fx, "f", LX_O_RDWR);
	assert_int_equal(get(file, FSGETXATTR, &attr, sizeof(attr)),
			 sizeof(attr));
	attr.fsx_xflags |= FS_XFLAG_NOATIME;
	assert_int_equal(set(file, FSSETXATTR, &attr, sizeof(attr)), 0);
	assert_int_equal(ioctl(file->fd, FS_IOC_FSGETXATTR, &now), 0);
	assert_true(now.fsx_xflags & FS_XFLAG_NOATIME);
	attr = now;
	attr.fsx_projid++;
	assert_int_equal(set(file, FSSETXATTR, &attr, sizeof(attr)),
			 -LX_EPERM);
	attr = now;
	attr.fsx_xflags ^= FS_XFLAG_PROJINHERIT;
	assert_int_equal(set(file, FSSETXATTR, &attr, sizeof(attr)),
			 -LX_EPERM);
	assert_int_equal(get(file, GETFLAGS, &flags, sizeof(flags)), 4);
	flags ^= FS_PROJINHERIT_FL;
	assert_int_equal(set(file, SETFLAGS, &flags, sizeof(flags)),
			 -LX_EPERM);
	lx_file_close(file);
}

static void a_read_only_volume_sets_nothing(void **state)
{
	struct fixture *fx = *state;
	struct lx_node *node = fixture_create(fx, "f");
	struct lx_file *files[2];
	struct fsverity_enable_arg verity = { .version = 1 };
	struct fsxattr attr = { 0 };
	int flags = 0;

	need(fx, FS_IOC_GETFLAGS, &flags);
	assert_int_equal(lx_open(fx->ro, node, LX_O_RDONLY, &files[0]), 0);
	assert_int_equal(lx_opendir(fx->ro, fx->root, &files[1]), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(set(files[i], SETFLAGS, &flags, 4),
				 -LX_EROFS);
		assert_int_equal(set(files[i], FSSETXATTR, &attr,
				     sizeof(attr)), -LX_EROFS);
		assert_int_equal(set(files[i], ENABLE_VERITY, &verity,
				     sizeof(verity)), -LX_EROFS);
		assert_int_equal(get(files[i], GETFLAGS, &flags, 4), 4);
		lx_file_close(files[i]);
	}
	lx_node_close(fx->vol, node);
}

static void sizes_must_be_those_of_the_command(void **state)
{
	static const struct {
		uint32_t cmd;
		size_t in, out;
	} bad[] = {
		{ GETFLAGS, 0, 3 }, { GETFLAGS, 4, 4 }, { GETFLAGS, 0, 0 },
		{ GETVERSION, 0, 3 }, { GETVERSION, 8, 8 },
		{ SETFLAGS, 0, 0 }, { SETFLAGS, 3, 0 }, { SETFLAGS, 8, 0 },
		{ FSGETXATTR, 0, 27 }, { FSGETXATTR, 28, 28 },
		{ FSSETXATTR, 27, 0 }, { FSSETXATTR, 29, 0 },
		{ ENABLE_VERITY, 127, 0 }, { ENABLE_VERITY, 129, 0 },
		{ ENABLE_VERITY, 0, 0 }, { MEASURE_VERITY, 3, 4 },
		{ MEASURE_VERITY, 4, 3 }, { MEASURE_VERITY, 200, 200 },
		{ GET_POLICY, 13, 12 }, { GET_POLICY_EX, 7, 9 },
		{ GET_POLICY_EX, 9, 7 }, { GET_POLICY_EX, 200, 200 },
	};
	struct fixture *fx = *state;
	struct lx_file *file;
	char in[200] = { 0 }, out[200], untouched[200];

	fixture_file(fx, "f", NULL);
	file = fixture_open(fx, "f", LX_O_RDONLY);
	memset(out, 'x', sizeof(out));
	memset(untouched, 'x', sizeof(untouched));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(lx_ioctl(file, bad[i].cmd, in, bad[i].in, out,
					  bad[i].out), -LX_EINVAL);
	assert_memory_equal(out, untouched, sizeof(out));
	lx_file_close(file);
}

static void others_are_not_for_a_guest(void **state)
{
	static const uint32_t cmds[] = {
		0, UINT32_MAX, 0x5401 /* TCGETS */, 0x541b /* FIONREAD */,
		0x1 /* FIBMAP */, 0xc020660b /* FS_IOC_FIEMAP */,
		0x40049409 /* FICLONE */, 0xc0045877 /* FIFREEZE */,
		0xc0185879 /* FITRIM */, 0x5421 /* FIONBIO */,
		0x40087602 /* FS_IOC_SETVERSION */, 0x8010587f,
		0x800c6613 /* FS_IOC_SET_ENCRYPTION_POLICY */,
	};
	struct fixture *fx = *state;
	struct lx_file *file;
	char buf[64] = { 0 };

	fixture_file(fx, "f", NULL);
	file = fixture_open(fx, "f", LX_O_RDWR);
	for (size_t i = 0; i < sizeof(cmds) / sizeof(*cmds); i++)
		assert_int_equal(lx_ioctl(file, cmds[i], buf, sizeof(buf), buf,
					  sizeof(buf)), -LX_ENOTTY);
	lx_file_close(file);
}

/* The host's answer to the same; 0 or -errno. */
static int host_answer(struct lx_file *file, unsigned long cmd, void *arg)
{
	return ioctl(file->fd, cmd, arg) ? -errno : 0;
}

static void a_pointer_in_the_data_is_never_used(void **state)
{
	struct fixture *fx = *state;
	struct {
		struct fsverity_enable_arg arg;
		char salt[8], sig[8];
	} in = { .arg = {
		.version = 1, .hash_algorithm = FS_VERITY_HASH_ALG_SHA256,
		.block_size = 4096, .salt_size = 8,
		/* Nothing is there; the kernel would say EFAULT. */
		.salt_ptr = 4096, .sig_ptr = 4096,
	}, .salt = "saltsalt" };
	const size_t size = offsetof(typeof(in), sig);
	struct fsverity_enable_arg good = in.arg;
	struct lx_file *file, *twin;

	fixture_file(fx, "f", "text");
	fixture_file(fx, "twin", "text");
	file = fixture_open(fx, "f", LX_O_RDONLY);
	twin = fixture_open(fx, "twin", LX_O_RDONLY);
	good.salt_ptr = (uintptr_t)in.salt;
	good.sig_ptr = 0;
	assert_int_equal(lx_ioctl(file, ENABLE_VERITY, &in, size, NULL, 0),
			 host_answer(twin, FS_IOC_ENABLE_VERITY, &good));
	/* Sizes in the data that would reach beyond it. */
	in.arg.sig_size = 9;
	assert_int_equal(lx_ioctl(file, ENABLE_VERITY, &in, sizeof(in), NULL,
				  0), -LX_EINVAL);
	in.arg.sig_size = in.arg.salt_size = UINT32_MAX;
	assert_int_equal(lx_ioctl(file, ENABLE_VERITY, &in, sizeof(in), NULL,
				  0), -LX_EINVAL);
	lx_file_close(file);
	lx_file_close(twin);
}

static void queries_answer_as_the_host(void **state)
{
	struct fixture *fx = *state;
	union {
		struct fsverity_digest head;
		char bytes[sizeof(struct fsverity_digest) + 64];
	} mine = { .head = { .digest_size = 64 } }, host = mine;
	struct fscrypt_policy_v1 policy = { 0 };
	struct fscrypt_get_policy_ex_arg ex = { .policy_size = 1 };
	char nine[9] = { 1 };
	struct lx_file *file;
	ssize_t n;
	int err;

	fixture_file(fx, "f", "text");
	file = fixture_open(fx, "f", LX_O_RDONLY);
	n = lx_ioctl(file, MEASURE_VERITY, &mine, sizeof(mine), &mine,
		     sizeof(mine));
	err = host_answer(file, FS_IOC_MEASURE_VERITY, &host);
	assert_int_equal(n, err ? err : 4 + host.head.digest_size);
	err = host_answer(file, FS_IOC_GET_ENCRYPTION_POLICY, &policy);
	assert_int_equal(lx_ioctl(file, GET_POLICY, &policy, sizeof(policy),
				  NULL, 0), err ? err : -LX_EINVAL);
	err = host_answer(file, FS_IOC_GET_ENCRYPTION_POLICY_EX, &ex);
	n = lx_ioctl(file, GET_POLICY_EX, nine, 9, nine, 9);
	assert_int_equal(n, err ? err : 9);
	lx_file_close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(flags_are_got_and_set),
		fixture_test(directories_have_flags_too),
		fixture_test(the_version_is_four_bytes),
		fixture_test(extended_flags_but_not_the_project),
		fixture_test(a_read_only_volume_sets_nothing),
		fixture_test(sizes_must_be_those_of_the_command),
		fixture_test(others_are_not_for_a_guest),
		fixture_test(a_pointer_in_the_data_is_never_used),
		fixture_test(queries_answer_as_the_host),
	};

	lx_thread_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
