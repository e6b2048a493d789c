/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_idmap.h"

#include "common/bytes.h"
#include "lxutil/lx.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define EPERM_ID UINT64_MAX

static struct vfs_idmap *map_of(const char *rules)
{
	struct vfs_idmap *map = NULL;
	char error[256] = "";

	if (vfs_idmap_add(&map, rules, error, sizeof(error)))
		fail_msg("%s", error);
	return map;
}

static uint64_t to_host(const struct vfs_idmap *map, uint32_t id)
{
	uint32_t host = 7777777;
	int err = vfs_idmap_to_host(map, id, &host);

	if (!err)
		return host;
	assert_int_equal(err, -LX_EPERM);
	assert_int_equal(host, 7777777);
	return EPERM_ID;
}

static void no_map_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(to_host(NULL, 0), 0);
	assert_int_equal(to_host(NULL, UINT32_MAX), UINT32_MAX);
	assert_int_equal(vfs_idmap_to_guest(NULL, 1000), 1000);
	vfs_idmap_free(NULL);
}

static const struct {
	const char *rules;
	bool to_host;
	uint32_t id;
	uint64_t expected;
} lookups[] = {
	{ "guest:0:1000:1", true, 0, 1000 },
	{ "guest:0:1000:1", true, 1, 1 },
	{ "guest:0:1000:1", false, 1000, 1000 },
	{ "host:1000:0:1", false, 1000, 0 },
	{ "host:1000:0:1", true, 0, 0 },
	{ "map:0:1000:1", true, 0, 1000 },
	{ "map:0:1000:1", false, 1000, 0 },
	{ "map:0:1000:1", false, 0, 0 },
	{ "map:100:1000:10", true, 99, 99 },
	{ "map:100:1000:10", true, 100, 1000 },
	{ "map:100:1000:10", true, 109, 1009 },
	{ "map:100:1000:10", true, 110, 110 },
	{ "map:100:1000:10", false, 999, 999 },
	{ "map:100:1000:10", false, 1009, 109 },
	{ "map:100:1000:10", false, 1010, 1010 },
	{ "squash-guest:0:1001:4294967295", true, 0, 1001 },
	{ "squash-guest:0:1001:4294967295", true, 4294967294, 1001 },
	{ "squash-guest:0:1001:4294967295", true, 4294967295, 4294967295 },
	{ "squash-guest:0:1001:4294967295", false, 1001, 1001 },
	{ "squash-host:5:9:3", false, 4, 4 },
	{ "squash-host:5:9:3", false, 5, 9 },
	{ "squash-host:5:9:3", false, 7, 9 },
	{ "squash-host:5:9:3", false, 8, 8 },
	{ "squash-host:5:9:3", true, 9, 9 },
	{ "forbid-guest:1:4294967294", true, 0, 0 },
	{ "forbid-guest:1:4294967294", true, 1, EPERM_ID },
	{ "forbid-guest:1:4294967294", true, 4294967294, EPERM_ID },
	{ "forbid-guest:1:4294967294", false, 1, 1 },
	/* Several rules, in any order; the directions do not disturb. */
	{ "guest:20:200:5 guest:10:100:5 forbid-guest:15:5", true, 14, 104 },
	{ "guest:20:200:5 guest:10:100:5 forbid-guest:15:5", true, 15,
	  EPERM_ID },
	{ "guest:20:200:5 guest:10:100:5 forbid-guest:15:5", true, 20, 200 },
	{ "guest:20:200:5 guest:10:100:5 forbid-guest:15:5", true, 25, 25 },
	{ " host:1:2:1\n\tguest:1:3:1 ", true, 1, 3 },
	{ " host:1:2:1\n\tguest:1:3:1 ", false, 1, 2 },
	{ "map:4294967294:0:1", true, 4294967294, 0 },
	{ "map:4294967294:0:1", false, 0, 4294967294 },
};

static void translates_as_the_rules_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lookups); i++) {
		struct vfs_idmap *map = map_of(lookups[i].rules);
		uint64_t got = lookups[i].to_host ?
			       to_host(map, lookups[i].id) :
			       vfs_idmap_to_guest(map, lookups[i].id);

		if (got != lookups[i].expected)
			fail_msg("%s: %u becomes %llu", lookups[i].rules,
				 lookups[i].id, (unsigned long long)got);
		vfs_idmap_free(map);
	}
}

static void rules_add_up(void **state)
{
	struct vfs_idmap *map = NULL;
	char rule[64], error[256];

	(void)state;
	/* Backwards and with gaps, so that each is inserted at the front. */
	for (int i = 999; i >= 0; i--) {
		snprintf(rule, sizeof(rule), "map:%d:%d:3", i * 4,
			 100000 + i * 4);
		assert_int_equal(vfs_idmap_add(&map, rule, error,
					       sizeof(error)), 0);
	}
	for (uint32_t id = 0; id < 4000; id++) {
		uint32_t host = id % 4 == 3 ? id : id + 100000;

		assert_int_equal(to_host(map, id), host);
		assert_int_equal(vfs_idmap_to_guest(map, host), id);
	}
	vfs_idmap_free(map);
}

static const struct {
	const char *rules;
	const char *error;
} refused[] = {
	{ "", "'': expected a rule" },
	{ " \n", "'': expected a rule" },
	{ "map", "'map': expected map:GUEST:HOST:COUNT" },
	{ "0:1000:1", "expected map, guest, host" },
	{ ":0:1000:1", "expected map, guest, host" },
	{ "MAP:0:1000:1", "expected map, guest, host" },
	{ "map:0:1000", "expected map:GUEST:HOST:COUNT" },
	{ "map:0:1000:1:2", "expected map:GUEST:HOST:COUNT" },
	{ "map:0:1000:1:2:3:4:5:6", "expected map:GUEST:HOST:COUNT" },
	{ "forbid-guest:0:1000:1", "expected forbid-guest:GUEST:COUNT" },
	{ "forbid-guest:0", "expected forbid-guest:GUEST:COUNT" },
	{ "map::1000:1", "'': expected a number" },
	{ "map:0:1000:", "'': expected a number" },
	{ "map:-1:1000:1", "'-1': expected a number" },
	{ "map:+1:1000:1", "'+1': expected a number" },
	{ "map:0x1:1000:1", "'0x1': expected a number" },
	{ "map:0:1000:1.", "'1.': expected a number" },
	{ "map:0:4294967296:1", "'4294967296': expected a number" },
	{ "map:0:1:18446744073709551617", "expected a number" },
	{ "map:0:1000:0", "expected a count of at least 1" },
	{ "map:4294967295:0:1", "ids from 4294967295 on" },
	{ "map:0:4294967295:1", "ids from 4294967295 on" },
	{ "squash-guest:0:4294967295:1", "ids from 4294967295 on" },
	{ "squash-guest:1:0:4294967295", "ids from 1 on" },
	{ "guest:0:2:4294967294", "ids from 2 on" },
	{ "forbid-guest:4294967294:2", "ids from 4294967294 on" },
	{ "map:0:1000:1 map:0:2000:1", "has the guest ids 0 to 0" },
	{ "map:0:1000:1 map:1:1000:1", "has the host ids 1000 to 1000" },
	{ "guest:5:0:5 forbid-guest:0:6", "has the guest ids 5 to 9" },
	{ "guest:5:0:5 squash-guest:9:1:1", "has the guest ids 5 to 9" },
	{ "guest:5:0:5 guest:6:1:2", "has the guest ids 5 to 9" },
	{ "host:1:1:2 squash-host:0:1:100", "has the host ids 1 to 2" },
	{ "map:0:1000:1:1111111111111111111111111111111111111111111111111111",
	  "a rule is not as long as this" },
};

static void refuses_what_is_no_map(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct vfs_idmap *map = NULL;
		char error[256] = "";

		if (vfs_idmap_add(&map, refused[i].rules, error,
				  sizeof(error)) != -LX_EINVAL)
			fail_msg("'%s' is taken", refused[i].rules);
		if (!strstr(error, refused[i].error))
			fail_msg("'%s': %s", refused[i].rules, error);
		assert_null(strchr(error, '\n'));
		vfs_idmap_free(map);
	}
}

static void errors_fit_any_buffer(void **state)
{
	(void)state;
	for (size_t size = 1; size < 80; size++) {
		struct vfs_idmap *map = NULL;
		char error[81];

		memset(error, 'x', sizeof(error));
		assert_int_equal(vfs_idmap_add(&map, "map:0:1000:x", error,
					       size), -LX_EINVAL);
		assert_true(strnlen(error, size) < size);
		assert_int_equal(error[size], 'x');
		vfs_idmap_free(map);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_map_changes_nothing),
		cmocka_unit_test(translates_as_the_rules_say),
		cmocka_unit_test(rules_add_up),
		cmocka_unit_test(refuses_what_is_no_map),
		cmocka_unit_test(errors_fit_any_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
