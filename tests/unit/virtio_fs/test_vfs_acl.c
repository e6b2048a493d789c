/* SPDX-License-Identifier: MIT */
#include "virtio/fs/vfs_acl.h"

#include "common/bytes.h"
#include "lxutil/lx.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ENTRIES 7
#define SIZE (4 + ENTRIES * 8)
#define NOBODY UINT32_MAX

struct maps {
	struct vfs_idmap *uids, *gids;
};

static int maps_up(void **state)
{
	struct maps *m = calloc(1, sizeof(*m));
	char error[256];

	if (!m ||
	    vfs_idmap_add(&m->uids, "map:0:1000:10 forbid-guest:50:1", error,
			  sizeof(error)) ||
	    vfs_idmap_add(&m->gids, "map:0:2000:10 squash-host:1:65534:9",
			  error, sizeof(error)))
		return -1;
	*state = m;
	return 0;
}

static int maps_down(void **state)
{
	struct maps *m = *state;

	vfs_idmap_free(m->uids);
	vfs_idmap_free(m->gids);
	free(m);
	return 0;
}

static void put_entry(uint8_t *at, uint16_t tag, uint16_t perm, uint32_t id)
{
	le16_store(at, tag);
	le16_store(at + 2, perm);
	le32_store(at + 4, id);
}

/* user::rwx user:A:r-x user:B:--- group::r-x group:C:-w- mask::rwx other::r */
static void put_acl(uint8_t acl[SIZE], uint32_t a, uint32_t b, uint32_t c)
{
	le32_store(acl, 2);
	put_entry(acl + 4, 0x01, 7, NOBODY);
	put_entry(acl + 12, 0x02, 5, a);
	put_entry(acl + 20, 0x02, 0, b);
	put_entry(acl + 28, 0x04, 5, NOBODY);
	put_entry(acl + 36, 0x08, 2, c);
	put_entry(acl + 44, 0x10, 7, NOBODY);
	put_entry(acl + 52, 0x20, 4, NOBODY);
}

static void knows_its_names(void **state)
{
	(void)state;
	assert_true(vfs_acl_is_name("system.posix_acl_access"));
	assert_true(vfs_acl_is_name("system.posix_acl_default"));
	assert_false(vfs_acl_is_name("system.posix_acl"));
	assert_false(vfs_acl_is_name("system.posix_acl_access2"));
	assert_false(vfs_acl_is_name("user.system.posix_acl_access"));
}

static void users_and_groups_have_maps_of_their_own(void **state)
{
	struct maps *m = *state;
	uint8_t guest[SIZE], host[SIZE], expected[SIZE];

	put_acl(guest, 3, 60, 3);
	put_acl(expected, 1003, 60, 2003);
	assert_int_equal(vfs_acl_to_host(m->uids, m->gids, guest, SIZE, host),
			 0);
	assert_memory_equal(host, expected, SIZE);
	assert_int_equal(vfs_acl_to_guest(m->uids, m->gids, host, SIZE, host),
			 0);
	assert_memory_equal(host, guest, SIZE);
}

static void one_map_leaves_the_others_alone(void **state)
{
	struct maps *m = *state;
	uint8_t guest[SIZE], host[SIZE], expected[SIZE];

	put_acl(guest, 3, 4, 5);
	put_acl(expected, 3, 4, 2005);
	assert_int_equal(vfs_acl_to_host(NULL, m->gids, guest, SIZE, host), 0);
	assert_memory_equal(host, expected, SIZE);
	put_acl(guest, 3, 4, 65534);
	put_acl(host, 3, 4, 5);
	assert_int_equal(vfs_acl_to_guest(NULL, m->gids, host, SIZE, host), 0);
	assert_memory_equal(host, guest, SIZE);
}

static void refuses_forbidden_ids_to_the_guest_only(void **state)
{
	struct maps *m = *state;
	uint8_t acl[SIZE], got[SIZE];

	put_acl(acl, 3, 50, 3);
	assert_int_equal(vfs_acl_to_host(m->uids, m->gids, acl, SIZE, got),
			 -LX_EPERM);
	put_acl(acl, 1003, 50, 50);
	assert_int_equal(vfs_acl_to_guest(m->uids, m->gids, acl, SIZE, got),
			 0);
	/* A group of that number is no user of that number. */
	put_acl(acl, 3, 4, 50);
	assert_int_equal(vfs_acl_to_host(m->uids, m->gids, acl, SIZE, got), 0);
}

/* In memory of exactly that size, for address sanitizers. */
static int translate(struct maps *m, const uint8_t *acl, size_t size)
{
	uint8_t *in = malloc(size + !size), *out = malloc(size + !size);
	int err, back;

	assert_true(in && out);
	memcpy(in, acl, size);
	err = vfs_acl_to_host(m->uids, m->gids, in, size, out);
	back = vfs_acl_to_guest(m->uids, m->gids, in, size, out);
	assert_int_equal(err, back);
	free(in);
	free(out);
	return err;
}

static void refuses_what_is_cut_anywhere(void **state)
{
	uint8_t acl[SIZE];

	put_acl(acl, 1, 2, 3);
	for (size_t size = 0; size <= SIZE; size++)
		assert_int_equal(translate(*state, acl, size),
				 !size || size % 8 == 4 ? 0 : -LX_EINVAL);
}

static void refuses_more_than_an_attribute_holds(void **state)
{
	size_t size = LX_XATTR_SIZE_MAX + 4;
	uint8_t *acl = calloc(1, size);

	assert_non_null(acl);
	le32_store(acl, 2);
	for (size_t at = 4; at < size; at += 8)
		put_entry(acl + at, 0x02, 7, 5);
	assert_int_equal(translate(*state, acl, size), -LX_EINVAL);
	assert_int_equal(translate(*state, acl, size - 8), 0);
	free(acl);
}

static void refuses_other_versions(void **state)
{
	static const uint32_t versions[] = { 0, 1, 3, 0x02000000, UINT32_MAX };
	uint8_t acl[SIZE];

	put_acl(acl, 1, 2, 3);
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		le32_store(acl, versions[i]);
		assert_int_equal(translate(*state, acl, SIZE),
				 -LX_EOPNOTSUPP);
	}
}

static void refuses_entries_that_are_none(void **state)
{
	uint8_t acl[SIZE];

	for (uint32_t tag = 0; tag <= UINT16_MAX; tag++) {
		put_acl(acl, 1, 2, 3);
		le16_store(acl + 52, (uint16_t)tag);
		assert_int_equal(translate(*state, acl, SIZE),
				 is_pow2(tag) && tag <= 0x20 ? 0 : -LX_EINVAL);
	}
	put_acl(acl, 1, 2, 3);
	le16_store(acl + 6, 8);
	assert_int_equal(translate(*state, acl, SIZE), -LX_EINVAL);
	le16_store(acl + 6, UINT16_MAX);
	assert_int_equal(translate(*state, acl, SIZE), -LX_EINVAL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, maps_up, maps_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_its_names),
		TEST(users_and_groups_have_maps_of_their_own),
		TEST(one_map_leaves_the_others_alone),
		TEST(refuses_forbidden_ids_to_the_guest_only),
		TEST(refuses_what_is_cut_anywhere),
		TEST(refuses_more_than_an_attribute_holds),
		TEST(refuses_other_versions),
		TEST(refuses_entries_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
