/* SPDX-License-Identifier: MIT */
/* What a guest does with files, end to end. */
#include "tests/device/device_fixture.h"

#define MIB (1u << 20)

static void answers_init(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_init_out out;

	device_drive(f, &default_options);
	assert_int_equal(fuse_client_init(&f->client, &out), 0);
	assert_int_equal(out.major, 7);
	assert_true(out.minor >= 31);
	assert_int_equal(out.max_write, MIB);
	assert_int_equal(out.max_pages, 256);
	assert_true(out.flags & FUSE_MAX_PAGES);
	assert_true(out.flags & FUSE_DO_READDIRPLUS);
}

static void looks_up(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	struct fuse_entry_out entry, again;

	assert_int_equal(fuse_client_lookup(c, FUSE_ROOT_ID, "file", &entry),
			 0);
	assert_true(LX_S_ISREG(entry.attr.mode));
	assert_int_equal(entry.attr.size, 5);
	assert_int_equal(fuse_client_lookup(c, FUSE_ROOT_ID, "file", &again),
			 0);
	assert_true(again.nodeid == entry.nodeid);
	assert_int_equal(fuse_client_forget(c, entry.nodeid, 2), 0);
	assert_true(fuse_client_getattr(c, entry.nodeid, &entry.attr) < 0);
	assert_true(fuse_client_walk(c, "dir/inner"));
	assert_int_equal(fuse_client_lookup(c, FUSE_ROOT_ID, "none", &entry),
			 -LX_ENOENT);
}

static void creates_writes_and_reads(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	struct fuse_entry_out entry;
	char buf[64];
	uint64_t fh;

	assert_int_equal(fuse_client_create(c, FUSE_ROOT_ID, "new",
					    LX_O_RDWR | LX_O_CREAT, 0640,
					    &entry, &fh), 0);
	assert_int_equal(entry.attr.mode, LX_S_IFREG | 0640);
	assert_int_equal(fuse_client_write(c, entry.nodeid, fh, 0, "some text",
					   9), 9);
	assert_int_equal(fuse_client_read(c, entry.nodeid, fh, 5, buf,
					  sizeof(buf)), 4);
	assert_memory_equal(buf, "text", 4);
	assert_int_equal(fuse_client_read(c, entry.nodeid, fh, 9, buf,
					  sizeof(buf)), 0);
	assert_int_equal(fuse_client_flush(c, entry.nodeid, fh), 0);
	assert_int_equal(fuse_client_fsync(c, entry.nodeid, fh), 0);
	assert_int_equal(fuse_client_release(c, entry.nodeid, fh), 0);
	assert_int_equal(fuse_client_release(c, entry.nodeid, fh), -LX_EBADF);
	assert_string_equal(tmptree_read(&f->tree, "new"), "some text");
}

static void moves_a_mebibyte_at_a_time(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	uint8_t *data = malloc(MIB), *back = malloc(MIB);
	struct fuse_entry_out entry;
	uint64_t fh;

	assert_true(data && back);
	for (unsigned i = 0; i < MIB; i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	assert_int_equal(fuse_client_create(c, FUSE_ROOT_ID, "big",
					    LX_O_RDWR | LX_O_CREAT, 0600,
					    &entry, &fh), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(fuse_client_write(c, entry.nodeid, fh,
						   (uint64_t)i * MIB, data,
						   MIB), MIB);
	assert_int_equal(fuse_client_read(c, entry.nodeid, fh, MIB, back, MIB),
			 MIB);
	assert_memory_equal(back, data, MIB);
	assert_int_equal(fuse_client_getattr(c, entry.nodeid, &entry.attr), 0);
	assert_int_equal(entry.attr.size, 3 * MIB);
	assert_int_equal(fuse_client_release(c, entry.nodeid, fh), 0);
	free(data);
	free(back);
}

static void opens_what_is_there(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	uint64_t node = fuse_client_walk(c, "dir/inner"), fh;
	char buf[16];

	assert_int_equal(fuse_client_open(c, node, LX_O_RDONLY, &fh), 0);
	assert_int_equal(fuse_client_read(c, node, fh, 0, buf, sizeof(buf)),
			 6);
	assert_memory_equal(buf, "inside", 6);
	assert_int_equal(fuse_client_write(c, node, fh, 0, "x", 1), -LX_EBADF);
	assert_int_equal(fuse_client_release(c, node, fh), 0);
	assert_int_equal(fuse_client_access(c, node, LX_R_OK), 0);
}

static void sets_attributes(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	uint64_t node = fuse_client_walk(c, "file");
	const struct fuse_setattr_in in = {
		.valid = FATTR_MODE | FATTR_SIZE | FATTR_MTIME,
		.mode = 0604, .size = 3, .mtime = 1234567, .mtimensec = 89,
	};
	struct fuse_attr attr;

	assert_int_equal(fuse_client_setattr(c, node, &in, &attr), 0);
	assert_int_equal(attr.mode, LX_S_IFREG | 0604);
	assert_int_equal(attr.size, 3);
	assert_int_equal(attr.mtime, 1234567);
	assert_string_equal(tmptree_read(&f->tree, "file"), "hel");
}

static void sets_attributes_of_the_root(void **state)
{
	struct device_fixture *f = *state;
	const struct fuse_setattr_in in = {
		.valid = FATTR_MODE | FATTR_UID | FATTR_ATIME | FATTR_MTIME,
		.mode = 0711, .uid = getuid(), .atime = 5, .mtime = 1234567,
	};
	struct fuse_attr attr;

	assert_int_equal(fuse_client_setattr(&f->client, FUSE_ROOT_ID, &in,
					     &attr), 0);
	assert_int_equal(attr.mode, LX_S_IFDIR | 0711);
	assert_int_equal(attr.atime, 5);
	assert_int_equal(attr.mtime, 1234567);
}

/* All names of a directory, sorted into a bitmap of the expected ones. */
static unsigned list(struct device_fixture *f, bool plus, uint32_t size)
{
	static const char *const known[] = { ".", "..", "dir", "file", "link" };
	struct fuse_client *c = &f->client;
	struct fuse_entry_out entry;
	struct fuse_dirent d = { 0 };
	char buf[4096], name[256];
	unsigned seen = 0;
	uint64_t fh;
	int64_t len;

	assert_int_equal(fuse_client_opendir(c, FUSE_ROOT_ID, &fh), 0);
	while ((len = fuse_client_readdir(c, FUSE_ROOT_ID, fh, d.off, plus, buf,
					  size)) > 0) {
		size_t at = 0;

		while (fuse_client_dirent(buf, (size_t)len, plus, &at, &d, name,
					  &entry)) {
			unsigned i = 0;

			while (i < ARRAY_LEN(known) && strcmp(known[i], name))
				i++;
			assert_true(i < ARRAY_LEN(known));
			assert_false(seen & 1u << i);
			seen |= 1u << i;
			if (plus && i >= 2)
				assert_int_equal(LX_DT(entry.attr.mode),
						 d.type);
		}
		assert_int_equal(at, len);
	}
	assert_int_equal(len, 0);
	assert_int_equal(fuse_client_releasedir(c, FUSE_ROOT_ID, fh), 0);
	return seen;
}

static void lists_directories(void **state)
{
	assert_int_equal(list(*state, false, 4096), 31);
	assert_int_equal(list(*state, true, 4096), 31);
	/* A few at a time. */
	assert_int_equal(list(*state, false, 64), 31);
	assert_int_equal(list(*state, true, 200), 31);
}

static void makes_and_removes_names(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	struct fuse_entry_out dir, entry;
	char target[64];

	assert_int_equal(fuse_client_mkdir(c, FUSE_ROOT_ID, "made", 0750, &dir),
			 0);
	assert_int_equal(dir.attr.mode, LX_S_IFDIR | 0750);
	assert_int_equal(fuse_client_mkdir(c, FUSE_ROOT_ID, "made", 0750,
					   &entry), -LX_EEXIST);
	assert_int_equal(fuse_client_symlink(c, dir.nodeid, "sym", "to/there",
					     &entry), 0);
	assert_int_equal(fuse_client_readlink(c, entry.nodeid, target,
					      sizeof(target)), 8);
	assert_memory_equal(target, "to/there", 8);
	assert_int_equal(fuse_client_mknod(c, dir.nodeid, "fifo",
					   LX_S_IFIFO | 0600, 0, &entry), 0);
	assert_int_equal(LX_DT(entry.attr.mode), LX_DT(LX_S_IFIFO));
	assert_int_equal(fuse_client_link(c, fuse_client_walk(c, "file"),
					  dir.nodeid, "hard", &entry), 0);
	assert_int_equal(entry.attr.nlink, 2);
	assert_int_equal(fuse_client_rmdir(c, FUSE_ROOT_ID, "made"),
			 -LX_ENOTEMPTY);
	assert_int_equal(fuse_client_unlink(c, FUSE_ROOT_ID, "made"),
			 -LX_EISDIR);
	assert_int_equal(fuse_client_unlink(c, dir.nodeid, "sym"), 0);
	assert_int_equal(fuse_client_unlink(c, dir.nodeid, "fifo"), 0);
	assert_int_equal(fuse_client_unlink(c, dir.nodeid, "hard"), 0);
	assert_int_equal(fuse_client_rmdir(c, FUSE_ROOT_ID, "made"), 0);
	assert_false(tmptree_exists(&f->tree, "made"));
}

static void renames(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	uint64_t dir = fuse_client_walk(c, "dir");

	assert_int_equal(fuse_client_rename(c, FUSE_ROOT_ID, "file", dir,
					    "moved", 0), 0);
	assert_string_equal(tmptree_read(&f->tree, "dir/moved"), "hello");
	assert_int_equal(fuse_client_rename(c, dir, "moved", dir, "inner",
					    LX_RENAME_NOREPLACE), -LX_EEXIST);
	assert_int_equal(fuse_client_rename(c, dir, "moved", dir, "inner",
					    LX_RENAME_EXCHANGE), 0);
	assert_string_equal(tmptree_read(&f->tree, "dir/inner"), "hello");
}

static void keeps_an_unlinked_open_file(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	uint64_t node = fuse_client_walk(c, "file"), fh;
	struct fuse_attr attr;
	char buf[8];

	assert_int_equal(fuse_client_open(c, node, LX_O_RDONLY, &fh), 0);
	assert_int_equal(fuse_client_unlink(c, FUSE_ROOT_ID, "file"), 0);
	assert_int_equal(fuse_client_getattr(c, node, &attr), 0);
	assert_int_equal(attr.nlink, 0);
	assert_int_equal(fuse_client_read(c, node, fh, 0, buf, 8), 5);
	assert_int_equal(fuse_client_release(c, node, fh), 0);
}

static void has_extended_attributes(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	uint64_t node = fuse_client_walk(c, "file");
	char buf[64];
	int ret = fuse_client_setxattr(c, node, "user.color", "blue", 4, 0);

	if (ret == -LX_EOPNOTSUPP)
		skip();         /* the host's file system has none */
	assert_int_equal(ret, 0);
	assert_int_equal(fuse_client_setxattr(c, node, "user.color", "red", 3,
					      LX_XATTR_CREATE), -LX_EEXIST);
	assert_int_equal(fuse_client_getxattr(c, node, "user.color", buf, 0),
			 4);
	assert_int_equal(fuse_client_getxattr(c, node, "user.color", buf,
					      sizeof(buf)), 4);
	assert_memory_equal(buf, "blue", 4);
	assert_int_equal(fuse_client_getxattr(c, node, "user.color", buf, 2),
			 -LX_ERANGE);
	assert_true(fuse_client_listxattr(c, node, buf, sizeof(buf)) >= 11);
	assert_int_equal(fuse_client_removexattr(c, node, "user.color"), 0);
	assert_int_equal(fuse_client_getxattr(c, node, "user.color", buf,
					      sizeof(buf)), -LX_ENODATA);
}

static void tells_about_the_file_system(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_kstatfs st;

	assert_int_equal(fuse_client_statfs(&f->client, &st), 0);
	assert_true(st.blocks >= st.bfree && st.bsize);
	assert_int_equal(st.namelen, 255);
}

static void sees_what_the_host_changes(void **state)
{
	struct device_fixture *f = *state;
	struct fuse_client *c = &f->client;
	struct fuse_attr attr;
	uint64_t node = fuse_client_walk(c, "file");

	tmptree_write(&f->tree, "file", "longer than before");
	assert_int_equal(fuse_client_getattr(c, node, &attr), 0);
	assert_int_equal(attr.size, 18);
	tmptree_write(&f->tree, "fresh", "");
	assert_true(fuse_client_walk(c, "fresh"));
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		device_test(answers_init),
		mount_test(looks_up),
		mount_test(creates_writes_and_reads),
		mount_test(moves_a_mebibyte_at_a_time),
		mount_test(opens_what_is_there),
		mount_test(sets_attributes),
		mount_test(sets_attributes_of_the_root),
		mount_test(lists_directories),
		mount_test(makes_and_removes_names),
		mount_test(renames),
		mount_test(keeps_an_unlinked_open_file),
		mount_test(has_extended_attributes),
		mount_test(tells_about_the_file_system),
		mount_test(sees_what_the_host_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return run_with_all_rings(run, false);
}
