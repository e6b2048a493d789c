/* SPDX-License-Identifier: MIT */
#include "tests/unit/fuse/fake_fs.h"

#include "fuse/fuse_dirent.h"
#include "fuse/fuse_said.h"

/* What a reply with this record says. */
static const char *print(uint32_t opcode, const void *record, size_t len)
{
	const struct fuse_message m = { .req.opcode = opcode };
	static struct fuse_line line;
	struct fuse_said said;

	fuse_said_init(&said);
	if (record)
		fuse_said_record(&said, record, len);
	line.text[0] = '\0';
	line.len = 0;
	fuse_said_print(&said, &m, &line);
	return line.text;
}

static const struct fuse_attr attr = {
	.ino = 7, .mode = 0100644, .nlink = 1, .size = 9,
};
#define ATTR " ino 7 mode 0100644 nlink 1 size 9"

static void tells_entries(void **state)
{
	static const uint32_t opcodes[] = {
		FUSE_LOOKUP, FUSE_SYMLINK, FUSE_MKNOD, FUSE_MKDIR, FUSE_LINK,
	};
	struct fuse_entry_out entry = { .nodeid = 5, .attr = attr };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(opcodes); i++)
		assert_string_equal(print(opcodes[i], &entry, sizeof(entry)),
				    " node 5" ATTR);
	entry.nodeid = 0;
	assert_string_equal(print(FUSE_LOOKUP, &entry, sizeof(entry)),
			    " no node");
}

static void tells_what_was_opened(void **state)
{
	const struct {
		struct fuse_entry_out entry;
		struct fuse_open_out open;
	} created = {
		.entry = { .nodeid = 5, .attr = attr },
		.open = { .fh = 16, .open_flags = 1 },
	};

	(void)state;
	assert_string_equal(print(FUSE_CREATE, &created, sizeof(created)),
			    " node 5" ATTR " fh 0x10 open_flags 0x1");
	assert_string_equal(print(FUSE_TMPFILE, &created, sizeof(created)),
			    " node 5" ATTR " fh 0x10 open_flags 0x1");
	assert_string_equal(print(FUSE_OPEN, &created.open,
				  sizeof(created.open)),
			    " fh 0x10 open_flags 0x1");
	assert_string_equal(print(FUSE_OPENDIR, &created.open,
				  sizeof(created.open)),
			    " fh 0x10 open_flags 0x1");
}

static void tells_attributes(void **state)
{
	const struct fuse_attr_out out = { .attr = attr };
	const struct fuse_statx_out stx = {
		.stat = { .ino = 7, .mode = 0100644, .nlink = 1, .size = 9 },
	};
	const struct fuse_statfs_out st = {
		.st = { .blocks = 3, .bavail = 2, .frsize = 4096 },
	};

	(void)state;
	assert_string_equal(print(FUSE_GETATTR, &out, sizeof(out)), ATTR);
	assert_string_equal(print(FUSE_SETATTR, &out, sizeof(out)), ATTR);
	assert_string_equal(print(FUSE_STATX, &stx, sizeof(stx)), ATTR);
	assert_string_equal(print(FUSE_STATFS, &st, sizeof(st)),
			    " blocks 3 bavail 2 frsize 4096");
}

static void tells_numbers(void **state)
{
	const struct fuse_init_out init = {
		.major = 7, .minor = 45, .flags = 1, .flags2 = 1,
		.max_write = 4096,
	};
	const struct fuse_write_out write = { .size = 12 };
	const struct fuse_copy_file_range_out copied = { .bytes_copied = 13 };
	const struct fuse_getxattr_out xattr = { .size = 14 };
	const struct fuse_lseek_out seek = { .offset = 15 };
	struct fuse_lk_out lk = {
		.lk = { .start = 1, .end = 2, .type = LX_F_WRLCK, .pid = 3 },
	};

	(void)state;
	assert_string_equal(print(FUSE_INIT, &init, sizeof(init)),
			    " version 7.45 flags 0x100000001 max_write 4096");
	assert_string_equal(print(FUSE_WRITE, &write, sizeof(write)),
			    " size 12");
	assert_string_equal(print(FUSE_COPY_FILE_RANGE, &write, sizeof(write)),
			    " size 12");
	assert_string_equal(print(FUSE_COPY_FILE_RANGE_64, &copied,
				  sizeof(copied)), " size 13");
	assert_string_equal(print(FUSE_GETXATTR, &xattr, sizeof(xattr)),
			    " size 14");
	assert_string_equal(print(FUSE_LISTXATTR, &xattr, sizeof(xattr)),
			    " size 14");
	assert_string_equal(print(FUSE_LSEEK, &seek, sizeof(seek)),
			    " offset 15");
	assert_string_equal(print(FUSE_GETLK, &lk, sizeof(lk)),
			    " type 1 start 1 end 2 pid 3");
	lk.lk.type = LX_F_UNLCK;
	assert_string_equal(print(FUSE_GETLK, &lk, sizeof(lk)), " type 2");
}

static void tells_the_first_and_the_last_of_a_directory(void **state)
{
	const struct fuse_message m = { .req.opcode = FUSE_READDIRPLUS };
	char room[4096], name[FUSE_SAID_NAME + 10];
	struct iov iov = { .base = room, .len = sizeof(room) };
	struct iov_tail dst = iov_tail_init(&iov, 1);
	struct fuse_line line = { .len = 0 };
	struct fuse_said said;
	struct fuse_dirents dirents = {
		.dst = &dst, .left = sizeof(room), .said = &said,
	};

	(void)state;
	fuse_said_init(&said);
	fuse_said_print(&said, &m, &line);
	assert_string_equal(line.text, " entries 0");
	line.len = 0;
	assert_true(fuse_dirents_add(&dirents, 1, 1, 0, "a\n", 2, NULL));
	fuse_said_print(&said, &m, &line);
	assert_string_equal(line.text, " entries 1 \"a\\x0a\"");
	line.len = 0;
	memset(name, 'x', sizeof(name));
	assert_true(fuse_dirents_add(&dirents, 1, 1, 0, "b", 1, NULL));
	assert_true(fuse_dirents_add(&dirents, 1, 1, 0, name, sizeof(name),
				     NULL));
	fuse_said_print(&said, &m, &line);
	assert_memory_equal(line.text, " entries 3 \"a\\x0a\" to \"xxx", 25);
	assert_int_equal(strlen(said.last), FUSE_SAID_NAME - 1);
}

static void says_nothing_without_a_record(void **state)
{
	static const char large[sizeof(struct fuse_said) + 1];

	(void)state;
	assert_string_equal(print(FUSE_READ, NULL, 0), "");
	assert_string_equal(print(FUSE_GETXATTR, NULL, 0), "");
	assert_string_equal(print(FUSE_LOOKUP, large, sizeof(large)), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_entries),
		cmocka_unit_test(tells_what_was_opened),
		cmocka_unit_test(tells_attributes),
		cmocka_unit_test(tells_numbers),
		cmocka_unit_test(tells_the_first_and_the_last_of_a_directory),
		cmocka_unit_test(says_nothing_without_a_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
