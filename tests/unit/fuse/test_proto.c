/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

struct proto_row {
	const char *name;
	uint64_t value;
};

extern const struct proto_row proto_ours[], proto_linux[];

static uint64_t ours(const char *name)
{
	for (const struct proto_row *row = proto_ours; row->name; row++)
		if (!strcmp(row->name, name))
			return row->value;
	fail_msg("fuse_proto.h lacks %s", name);
	return 0;
}

static void is_what_the_kernel_header_says(void **state)
{
	unsigned rows = 0;

	(void)state;
	for (const struct proto_row *row = proto_linux; row->name; row++) {
		if (ours(row->name) != row->value)
			fail_msg("%s is %#llx here, %#llx in the kernel",
				 row->name,
				 (unsigned long long)ours(row->name),
				 (unsigned long long)row->value);
		rows++;
	}
	assert_in_range(rows, 380, 1000);
}

/* Numbers newer than a stable distribution's headers, from their source. */
static void has_what_came_after_the_installed_header(void **state)
{
	(void)state;
	assert_int_equal(ours("FUSE_STATX"), 52);
	assert_int_equal(ours("FUSE_COPY_FILE_RANGE_64"), 53);
	assert_int_equal(ours("FUSE_NOTIFY_RESEND"), 7);
	assert_int_equal(ours("FUSE_NOTIFY_INC_EPOCH"), 8);
	assert_int_equal(ours("FUSE_NOTIFY_PRUNE"), 9);
	assert_int_equal(ours("FUSE_EXT_GROUPS"), 32);
	assert_int_equal(ours("FUSE_CREATE_SUPP_GROUP"), 1ull << 34);
	assert_int_equal(ours("FUSE_REQUEST_TIMEOUT"), 1ull << 42);
	assert_int_equal(ours("fuse_init_out.max_stack_depth"), 36 << 16 | 4);
	assert_int_equal(ours("fuse_init_out.request_timeout"), 40 << 16 | 2);
	assert_int_equal(ours("fuse_open_out.backing_id"), 12 << 16 | 4);
	assert_int_equal(ours("fuse_statx_out.stat"), 32 << 16 | 256);
	assert_int_equal(ours("fuse_statx.mtime"), 112 << 16 | 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_what_the_kernel_header_says),
		cmocka_unit_test(has_what_came_after_the_installed_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
