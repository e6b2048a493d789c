/* SPDX-License-Identifier: MIT */
/*
 * Where everything of the ABI lies, on hosts with 64-bit pointers.  Compiled
 * with today's and with the frozen header: a line of these tables never
 * changes, new members get new lines.
 */
#include "include/pciplug.h"

#include "common/bytes.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

struct member {
	const char *name;
	size_t offset, pinned;
};

#define HOST(name, pinned) \
	{ #name, offsetof(struct pciplug_host, name), pinned }
#define PLUGIN(name, pinned) \
	{ #name, offsetof(struct pciplug_plugin, name), pinned }
#define DOORBELL(name, pinned) \
	{ #name, offsetof(struct pciplug_doorbell, name), pinned }
#define BAR(name, pinned) \
	{ #name, offsetof(struct pciplug_bar, name), pinned }

static const struct member members[] = {
	HOST(size, 0),
	HOST(flags, 4),
	HOST(ctx, 8),
	HOST(msix_signal, 16),
	HOST(intx_set, 24),
#ifndef ABI_OLDER
	HOST(mem_read, 32),
	HOST(mem_write, 40),
	HOST(bar_map, 48),
	HOST(bar_unmap, 56),
	HOST(doorbell_add, 64),
	HOST(doorbell_del, 72),
	HOST(log, 80),
	HOST(log_file, 88),
	HOST(devices, 96),
	HOST(reserved, 100),
#endif

	PLUGIN(size, 0),
	PLUGIN(reserved, 4),
	PLUGIN(name, 8),
	PLUGIN(version, 16),
	PLUGIN(description, 24),
	PLUGIN(option, 32),
	PLUGIN(option_value, 40),
	PLUGIN(option_help, 48),
	PLUGIN(create, 56),
	PLUGIN(destroy, 64),
	PLUGIN(bar_info, 72),
	PLUGIN(cfg_read, 80),
	PLUGIN(cfg_write, 88),
	PLUGIN(bar_read, 96),
	PLUGIN(bar_write, 104),
	PLUGIN(mem_add, 112),
	PLUGIN(mem_remove, 120),
	PLUGIN(start, 128),
	PLUGIN(stop, 136),
	PLUGIN(reset, 144),
#ifndef ABI_OLDER
	PLUGIN(inspect, 152),
	PLUGIN(paths, 160),
	PLUGIN(save, 168),
	PLUGIN(restore, 176),
#endif

	BAR(size, 0),
	BAR(flags, 4),
	BAR(length, 8),

	DOORBELL(size, 0),
	DOORBELL(bar, 4),
	DOORBELL(offset, 8),
	DOORBELL(value, 16),
	DOORBELL(length, 24),
	DOORBELL(reserved, 28),
	DOORBELL(event, 32),
};

static void every_member_is_where_it_was(void **state)
{
	(void)state;
	if (sizeof(void *) != 8)
		skip();
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (members[i].offset != members[i].pinned)
			fail_msg("%s is at %zu, not at %zu", members[i].name,
				 members[i].offset, members[i].pinned);
}

/* A new member needs a new line above, and the new size here. */
static void nothing_is_behind_the_last_member(void **state)
{
	(void)state;
	if (sizeof(void *) != 8)
		skip();
#ifdef ABI_OLDER
	assert_int_equal(sizeof(struct pciplug_host), 32);
	assert_int_equal(sizeof(struct pciplug_plugin), 152);
#else
	assert_int_equal(sizeof(struct pciplug_host), 104);
	assert_int_equal(sizeof(struct pciplug_plugin), 184);
#endif
	assert_int_equal(sizeof(struct pciplug_bar), 16);
	assert_int_equal(sizeof(struct pciplug_doorbell), 40);
}

static void numbers_keep_their_meaning(void **state)
{
	(void)state;
	assert_string_equal(PCIPLUG_ENTRY_V1, "pciplug_entry_v1");
	assert_int_equal(PCIPLUG_LOG_ERROR, 1);
	assert_int_equal(PCIPLUG_LOG_WARN, 2);
	assert_int_equal(PCIPLUG_LOG_INFO, 3);
	assert_int_equal(PCIPLUG_LOG_DEBUG, 4);
	assert_int_equal(PCIPLUG_LOG_TRACE, 5);
	assert_int_equal(PCIPLUG_MEM_READ, 1);
	assert_int_equal(PCIPLUG_MEM_WRITE, 2);
	assert_int_equal(PCIPLUG_HOST_MSIX_TABLE, 1);
	assert_int_equal(PCIPLUG_BAR_64BIT, 1);
	assert_int_equal(PCIPLUG_BAR_PREFETCHABLE, 2);
	assert_int_equal(PCIPLUG_BAR_MSIX_TABLE, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member_is_where_it_was),
		cmocka_unit_test(nothing_is_behind_the_last_member),
		cmocka_unit_test(numbers_keep_their_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
